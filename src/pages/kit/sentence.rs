//! Entries of a log as sentences. Each sentence follows the name of who did it, which it does not repeat.

use std::collections::HashMap;

use maud::{Markup, html};
use room::{RoomState, Time};
use serde_json::Value;

use super::{
    show::{self, count, label},
    who::Who,
    words,
};
use crate::db::{activity::Entry, snapshots::Titled};

/// The things that sentences can call by their names and link to.
#[derive(Default)]
pub(crate) struct Known<'a> {
    room: Option<&'a RoomState>,
    snapshots: HashMap<String, String>,
    who: Who,
}

impl<'a> Known<'a> {
    /// Returns what is in a room now; what was deleted since is named as the entry has it.
    pub(crate) fn in_room(room: &'a RoomState, snapshots: Vec<Titled>, who: Who) -> Self {
        let snapshots = snapshots.into_iter().map(|snapshot| (snapshot.id.to_string(), snapshot.title)).collect();
        Self { room: Some(room), snapshots, who }
    }

    /// Returns the names of people.
    pub(crate) fn who(&self) -> &Who {
        &self.who
    }
}

/// An entry to be put into a sentence.
struct Sentence<'a> {
    meta: &'a Value,
    known: &'a Known<'a>,
}

/// Puts the entries of one action into words.
type Phrase = fn(&Sentence<'_>) -> Markup;

/// The phrases of everything that happens in rooms, by action.
const ROOM: &[(&str, Phrase)] = &[
    (
        "room_created",
        |s| html! { "opened the room " (s.quoted("title")) ", " (s.text("location")) ", ETA " (s.value("sts_eta")) },
    ),
    ("room_adopted", |s| html! { "took over what the tables told, part " (s.value("part")) " of " (s.value("of")) }),
    ("adopted_again", |s| {
        html! {
            "took over what the tables told in place of what the log told, with "
            (s.differences()) ", part " (s.value("part")) " of " (s.value("of"))
        }
    }),
    ("state_marked", |_| html! { "noted the hash of all that the log tells up to here" }),
    ("log_continued", |s| {
        html! {
            "had the log go on under another name from an earlier copy of the database; "
            (s.value("lost_size")) " entries had been signed" (s.because("reason"))
        }
    }),
    ("adoption_ended", |_| html! { "gave the log back to an earlier version of the program, which logs less" }),
    ("room_updated", |s| html! { "changed the room: " (s.changes()) }),
    ("room_deletion_asked", |s| html! { "asked for the deletion of the room" (s.to_confirm()) (s.because("reason")) }),
    ("room_deleted", |s| {
        html! {
            "deleted the room " (s.quoted("title")) ", with " (s.snapshots()) (s.asked_for()) (s.because("reason"))
        }
    }),
    ("party_added", |s| html! { "added " (s.strong("name")) " as " (s.roles()) }),
    ("party_updated", |s| html! { "changed what is known of " (s.who("email")) ": " (s.changes()) }),
    ("party_removed", |s| html! { "removed " (s.strong("name")) ", " (s.word("role")) }),
    ("phase_changed", phase_changed),
    ("vessel_added", |s| html! { "named the vessel " (s.strong("name")) ", " (s.word("role")) (s.imo()) }),
    ("vessel_updated", |s| html! { "changed the vessel " (s.strong("name")) ": " (s.changes()) }),
    ("vessel_removed", |s| html! { "removed the vessel " (s.strong("name")) (s.imo()) }),
    ("documents_opened", |s| html! { "opened " (s.number_of("document_types", "document")) " for " (s.vessel()) }),
    ("documents_closed", |s| html! { "closed " (s.number_of("document_types", "document")) " of " (s.vessel()) }),
    (
        "document_requirement_changed",
        |s| html! { "made " (s.document()) " " (s.word("to")) "; it was " (s.word("from")) },
    ),
    ("document_waived", |s| html! { "waived " (s.document()) (s.because("reason")) }),
    ("document_waiver_withdrawn", |s| html! { "withdrew the waiver of " (s.document()) }),
    (
        "document_uploaded",
        |s| html! { "uploaded " (s.version()) ": " (s.text("file_name")) ", " (s.size()) (s.valid()) (s.file_notice()) },
    ),
    ("version_withdrawn", |s| html! { "withdrew " (s.version()) (s.because("reason")) }),
    ("version_date_waived", |s| html! { "said that " (s.version()) " needs no date" (s.because("reason")) }),
    ("document_decided", |s| html! { (verb(s.text("verdict"))) " " (s.version()) (s.because("comment")) }),
    ("document_downloaded", |s| html! { "downloaded " (s.version()) (s.part("part")) }),
    ("document_previewed", |s| html! { "looked at a preview of " (s.version()) }),
    (
        "approval_given",
        |s| html! { (clearing(s.text("status"))) " the vessel " (s.strong("vessel")) (s.because("comment")) },
    ),
    ("approval_changed", |s| {
        html! {
            "changed the word of " (s.who("party")) " on the vessel " (s.strong("vessel")) " from " (s.word("from")) " to "
            (s.word("to")) (s.because("comment"))
        }
    }),
    ("approval_revoked", |s| {
        html! {
            "revoked the word of " (s.who("party")) " on the vessel " (s.strong("vessel")) ", which was " (s.word("from"))
            (s.because("reason"))
        }
    }),
    ("snapshot_created", |s| html! { "took the snapshot " (s.snapshot()) (s.kind()) }),
    (
        "snapshot_rendered",
        |s| html! { "drew the snapshot " (s.snapshot()) " and noted the hash of what was drawn" (s.unsealed()) },
    ),
    ("snapshot_generated", |s| html! { "rendered the snapshot " (s.snapshot()) ", " (s.size()) (s.sealed()) }),
    ("snapshot_failed", |s| {
        html! {
            "gave up rendering the snapshot " (s.snapshot()) " after " (s.value("attempts")) " attempts" (s.because("reason"))
        }
    }),
    ("snapshot_retried", |s| html! { "had the snapshot " (s.snapshot()) " rendered again" }),
    ("snapshot_downloaded", |s| html! { "downloaded the snapshot " (s.snapshot()) (s.part("range")) }),
    ("snapshot_previewed", |s| html! { "looked at a preview of the snapshot " (s.snapshot()) }),
    (
        "snapshot_deletion_asked",
        |s| html! { "asked for the deletion of the snapshot " (s.snapshot()) (s.to_confirm()) },
    ),
    ("snapshot_deleted", |s| html! { "deleted the snapshot " (s.snapshot()) (s.kind()) (s.asked_for()) }),
    ("hold_placed", |s| html! { "placed " (s.held_thing()) " under hold" }),
    ("hold_lift_asked", |s| html! { "asked to lift the hold on " (s.held_thing()) (s.to_confirm()) }),
    ("hold_lifted", |s| html! { "lifted the hold on " (s.held_thing()) (s.asked_for()) }),
    ("rows_repaired", |_| html! { "wrote rows anew that were not what this log tells" }),
    ("log_exported", |s| html! { "exported the log, " (s.value("entries")) " entries" }),
    ("access_denied", |s| {
        html! { "was refused " code { (s.text("permission")) } " as " (s.word("role")) (times(&s.meta["repeated"])) }
    }),
];

/// The phrases of everything that happens outside of rooms, by action.
const PLATFORM: &[(&str, Phrase)] = &[
    ("user_added", |s| html! { "added the account " (s.strong("email")) " as " (s.word("role")) (s.asked_for()) }),
    ("user_updated", |s| html! { "changed the account " (s.strong("email")) ": " (s.changes()) }),
    (
        "user_role_changed",
        |s| html! { "made " (s.strong("email")) " " (s.word("to")) "; the role was " (s.word("from")) (s.asked_for()) },
    ),
    ("user_disabled", |s| html! { "disabled the account " (s.strong("email")) }),
    ("user_enabled", |s| html! { "enabled the account " (s.strong("email")) }),
    ("password_changed", |s| html! { "changed the password of " (s.strong("email")) (s.asked_for()) }),
    ("password_confirmed", |_| html! { "gave their password again" }),
    ("account_request_made", |s| {
        html! { "asked to " (account_deed(s.text("deed"))) ", " (s.strong("email")) (s.to_confirm()) }
    }),
    ("account_request_withdrawn", |s| {
        html! {
            "withdrew what " (s.who("asked_by")) " had asked for, to " (account_deed(s.text("deed"))) ", " (s.strong("email"))
        }
    }),
    ("signed_in", |_| html! { "signed in" }),
    ("sign_in_refused", |s| {
        html! { "refused a sign-in " (s.to_account()) ": " (refusal(s.text("reason"))) ", from " (s.networks()) (times(s.meta)) }
    }),
    ("request_refused", |s| {
        html! { "refused a request " (s.of_account()) ": " (refusal(s.text("reason"))) ", from " (s.networks()) (times(s.meta)) }
    }),
    ("signed_out", |_| html! { "signed out" }),
    ("session_ended", |_| html! { "ended one of their sessions" }),
    ("other_sessions_ended", |s| html! { "ended their other sessions, " (s.value("sessions")) " in all" }),
    ("document_type_added", |s| html! { "added the document type " (s.strong("name")) ", " (s.text("code")) }),
    ("document_type_updated", |s| html! { "changed the document type " (s.strong("code")) ": " (s.changes()) }),
    ("log_key_added", |s| html! { "began to sign logs with the key " code { (s.text("public_key")) } }),
    ("log_key_rotated", |s| {
        html! {
            "replaced the key that signs logs, " code { (s.text("from")) } ", by " code { (s.text("to")) }
        }
    }),
    ("log_key_revoked", |s| {
        html! {
            "declared that the key " code { (s.text("public_key")) } " counts no more from entry " (s.value("from")) " of "
            code { (s.text("heads_origin")) } " on"
        }
    }),
    ("log_lost", |s| {
        html! {
            "gave up the log of a room, of which the database has nothing any more; "
            (s.value("lost_size")) " entries had been signed" (s.because("reason"))
        }
    }),
    ("platform_adopted", |s| {
        html! {
            "took over what the tables told of accounts, catalogue and keys, part " (s.value("part")) " of " (s.value("of"))
        }
    }),
    (
        "schema_taken_back",
        |s| html! { "took the schema of the database back by " (s.number_of("migrations", "migration")) },
    ),
];

/// Returns every action of a room's log, in the order of the filter that offers them.
pub(crate) fn room_actions<'a>() -> impl Iterator<Item = &'a str> {
    ROOM.iter().map(|(action, _)| *action)
}

/// Returns an entry as what follows the name of who did it.
pub(crate) fn render_entry(entry: &Entry, known: &Known<'_>) -> Markup {
    // A newer version may have written actions that this one does not know: a log outlives the versions of the program.
    let phrase = ROOM.iter().chain(PLATFORM).find(|(action, _)| *action == entry.action);
    html! {
        @if let Some((_, phrase)) = phrase { (phrase(&Sentence { meta: &entry.meta, known })) }
        @else { (label(&entry.action)) }
    }
}

fn phase_changed(s: &Sentence<'_>) -> Markup {
    html! {
        "moved the room from " (s.word("from")) " to " strong { (s.word("to")) }
        @if s.meta["at"].is_string() { ", as of " (s.value("at")) }
        @if s.meta["overridden"].as_array().is_some_and(|list| !list.is_empty()) { ", over " (s.overridden()) }
        (s.because("reason"))
    }
}

fn verb(verdict: &str) -> &'static str {
    match verdict {
        "approved" => "approved",
        "approved_with_subjects" => "approved with subjects",
        "rejected" => "rejected",
        _ => "decided on",
    }
}

fn clearing(status: &str) -> &'static str {
    match status {
        "approved" => "cleared",
        "approved_with_subjects" => "cleared with subjects",
        "rejected" => "rejected",
        _ => "is considering",
    }
}

fn refusal(reason: &str) -> &'static str {
    match reason {
        "wrong_credentials" => "the address or the password was wrong",
        "too_many_attempts" => "there were too many attempts",
        "given_password_ran_out" => "the password that was given has run out",
        "present_password" => "it was not the present password",
        "token" => "its session is none, or has ended",
        "foreign_origin" => "another site's page made it",
        "not_a_party" => "they are no party of the room",
        "quota_reached" => "they have added as much to the room as a party may in a day",
        _ => "the role does not allow it",
    }
}

fn times(counted: &Value) -> Markup {
    // Refusals that repeat within a minute are one entry with a count, so that nobody can flood a log.
    html! { @if let Some(times) = counted["times"].as_u64().filter(|times| *times > 1) { ", " (times) " times within a minute" } }
}

fn account_deed(deed: &str) -> &'static str {
    match deed {
        "add_admin" => "add an admin",
        "make_admin" => "make an admin of an account",
        _ => "give an admin a password",
    }
}

impl<'a> Sentence<'a> {
    fn text(&self, field: &str) -> &'a str {
        self.meta[field].as_str().unwrap_or_default()
    }

    fn strong(&self, field: &str) -> Markup {
        html! { strong { (self.text(field)) } }
    }

    fn quoted(&self, field: &str) -> Markup {
        html! { "“" (self.text(field)) "”" }
    }

    /// Returns a word of a vocabulary as it stands within a sentence.
    fn word(&self, field: &str) -> String {
        self.text(field).replace('_', " ")
    }

    /// Returns the roles that somebody was given: `owner and broker`.
    fn roles(&self) -> String {
        let several: Vec<_> = self.meta["roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if several.is_empty() { self.word("role") } else { several.join(" and ") }
    }

    fn value(&self, field: &str) -> Markup {
        words::value(field, &self.meta[field])
    }

    fn who(&self, field: &str) -> Markup {
        self.known.who.named(self.text(field))
    }

    fn changes(&self) -> Markup {
        words::changes(&self.meta["changes"])
    }

    fn number_of(&self, list: &str, one: &str) -> String {
        count(self.meta[list].as_array().map_or(0, Vec::len), one)
    }

    /// Returns the number of overridden blockers. Entries of version 1 list sentences, the last of which may say how many
    /// more there were.
    fn overridden(&self) -> String {
        let listed = self.meta["overridden"].as_array().map_or(0, Vec::len);
        let more = self.meta["more_overridden"].as_u64().and_then(|more| more.try_into().ok());
        count(listed.saturating_add(more.unwrap_or_default()), "blocker")
    }

    fn snapshots(&self) -> String {
        let number = self.meta["snapshots"].as_u64().and_then(|number| number.try_into().ok());
        count(number.unwrap_or_default(), "snapshot")
    }

    fn differences(&self) -> String {
        let number = self.meta["total"].as_u64().and_then(|number| number.try_into().ok());
        count(number.unwrap_or_default(), "difference")
    }

    fn because(&self, field: &str) -> Markup {
        let reason = self.text(field);
        html! { @if !reason.is_empty() { ": “" (reason) "”" } }
    }

    fn to_confirm(&self) -> Markup {
        html! { @if let Ok(until) = self.text("until").parse::<Time>() { "; another admin may confirm it until " (show::time(until)) } }
    }

    fn to_account(&self) -> Markup {
        html! { @if self.text("account").is_empty() { "to no account that there is" } @else { "to " (self.strong("account")) } }
    }

    fn of_account(&self) -> Markup {
        html! { @if self.text("account").is_empty() { "of somebody who is not signed in" } @else { "of " (self.strong("account")) } }
    }

    fn networks(&self) -> Markup {
        html! {
            @match self.meta["networks"].as_u64() {
                // Refusals of many kinds within a minute are counted together, with the number of their first 1,000
                // networks.
                Some(networks) => { (networks) " networks and more" }
                // Refusals by role that were counted together have no network at all.
                None if self.text("network").is_empty() => { "networks that were not kept" }
                None => { (self.text("network")) }
            }
        }
    }

    fn asked_for(&self) -> Markup {
        html! { @if !self.text("asked_by").is_empty() { ", which " (self.who("asked_by")) " had asked for" } }
    }

    fn imo(&self) -> Markup {
        html! { @if !self.text("imo_number").is_empty() { ", IMO " (self.text("imo_number")) } }
    }

    fn vessel(&self) -> Markup {
        html! { @if self.text("vessel").is_empty() { "the room" } @else { (self.strong("vessel")) } }
    }

    fn size(&self) -> Markup {
        show::size(self.meta["file_size"].as_i64().unwrap_or_default())
    }

    fn valid(&self) -> Markup {
        html! { @if !self.text("expires_on").is_empty() { ", valid until " (self.text("expires_on")) } }
    }

    fn file_notice(&self) -> Markup {
        match self.text("notice") {
            "needs_password" => html! { "; it needs a password" },
            "values_not_drawn" => html! { "; it is a form whose values are not drawn" },
            _ => html! {},
        }
    }

    fn kind(&self) -> Markup {
        html! { @if !self.text("snapshot_type").is_empty() { ", " (label(self.text("snapshot_type"))) } }
    }

    fn unsealed(&self) -> Markup {
        html! { @if !self.text("not_sealed").is_empty() { "; it is not sealed" (self.because("not_sealed")) } }
    }

    fn sealed(&self) -> Markup {
        html! { @if let Some(signer) = self.meta["seal"]["signer"].as_str() { ", sealed by " (signer) } }
    }

    fn part(&self, field: &str) -> Markup {
        html! {
            @match self.text(field) {
                "" => "",
                "archive" => ", within an archive",
                range if range.starts_with(|first: char| first.is_ascii_digit()) => { ", its bytes " (range) }
                other => { ", its " (other.replace('_', " ")) }
            }
        }
    }

    fn version(&self) -> Markup {
        html! { "version " (self.value("version")) " of " (self.document()) }
    }

    /// Returns a document by its name, with a link while it exists.
    fn document(&self) -> Markup {
        let id = self.text("document_id");
        let slot = self
            .known
            .room
            .and_then(|room| Some((room, room.documents.iter().find(|document| document.slot.id.to_string() == id)?)));
        html! {
            @if let Some((room, document)) = slot {
                a href={ "/rooms/" (room.room.id) "/documents/" (id) } { (room.title_of(&document.slot)) }
            } @else {
                // The slot is closed: the entry itself has the names of that day.
                @if !self.text("vessel").is_empty() { (self.text("vessel")) ": " }
                (self.text("document_type"))
            }
        }
    }

    /// Returns a snapshot by its title, with a link while it exists.
    fn snapshot(&self) -> Markup {
        let id = self.text("snapshot_id");
        let there = self.known.room.zip(self.known.snapshots.get(id));
        html! {
            @if let Some((room, title)) = there {
                a href={ "/rooms/" (room.room.id) "/snapshots/" (id) } { "“" (title) "”" }
            } @else if self.text("title").is_empty() {
                "that was deleted since"
            } @else {
                (self.quoted("title"))
            }
        }
    }

    fn held_thing(&self) -> Markup {
        html! { @if self.text("snapshot_id").is_empty() { "the room" } @else { "the snapshot " (self.snapshot()) } }
    }
}
