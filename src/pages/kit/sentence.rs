//! Entries of a log as sentences: each is what follows the name of who did it.

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

/// What sentences name, and lead to.
#[derive(Default)]
pub(crate) struct Known<'a> {
    room: Option<&'a RoomState>,
    snapshots: HashMap<String, String>,
    who: Who,
}

impl<'a> Known<'a> {
    /// What there is in a room.
    pub(crate) fn of(room: &'a RoomState, snapshots: Vec<Titled>, who: Who) -> Self {
        let snapshots = snapshots.into_iter().map(|snapshot| (snapshot.id.to_string(), snapshot.title)).collect();
        Self { room: Some(room), snapshots, who }
    }

    /// Those whom it names.
    pub(crate) fn who(&self) -> &Who {
        &self.who
    }
}

/// An entry about to be told.
struct Told<'a> {
    meta: &'a Value,
    known: &'a Known<'a>,
}

type Sentence = fn(&Told<'_>) -> Markup;

/// Of everything that happens in rooms.
const ROOM: &[(&str, Sentence)] = &[
    (
        "room_created",
        |t| html! { "opened the room " (t.quoted("title")) ", " (t.text("location")) ", ETA " (t.value("sts_eta")) },
    ),
    ("room_updated", |t| html! { "changed the room: " (t.changes()) }),
    ("room_deletion_asked", |t| html! { "asked for the deletion of the room" (t.to_confirm()) (t.because("reason")) }),
    ("room_deleted", |t| {
        html! {
            "deleted the room " (t.quoted("title")) ", with " (t.snapshots()) (t.asked_for()) (t.because("reason"))
        }
    }),
    ("party_added", |t| html! { "added " (t.strong("name")) " as " (t.word("role")) }),
    ("party_updated", |t| html! { "changed what is known of " (t.who("email")) ": " (t.changes()) }),
    ("party_removed", |t| html! { "removed " (t.strong("name")) ", " (t.word("role")) }),
    ("phase_changed", phase_changed),
    ("vessel_added", |t| html! { "named the vessel " (t.strong("name")) ", " (t.word("role")) (t.imo()) }),
    ("vessel_updated", |t| html! { "changed the vessel " (t.strong("name")) ": " (t.changes()) }),
    ("vessel_removed", |t| html! { "removed the vessel " (t.strong("name")) (t.imo()) }),
    ("documents_opened", |t| html! { "opened " (t.number_of("document_types", "document")) " for " (t.vessel()) }),
    ("documents_closed", |t| html! { "closed " (t.number_of("document_types", "document")) " of " (t.vessel()) }),
    (
        "document_requirement_changed",
        |t| html! { "made " (t.document()) " " (t.word("to")) "; it was " (t.word("from")) },
    ),
    ("document_waived", |t| html! { "waived " (t.document()) (t.because("reason")) }),
    ("document_waiver_withdrawn", |t| html! { "withdrew the waiver of " (t.document()) }),
    (
        "document_uploaded",
        |t| html! { "uploaded " (t.version()) ": " (t.text("file_name")) ", " (t.size()) (t.valid()) },
    ),
    ("document_decided", |t| html! { (verb(t.text("verdict"))) " " (t.version()) (t.because("comment")) }),
    ("document_downloaded", |t| html! { "downloaded " (t.version()) (t.part("part")) }),
    ("document_previewed", |t| html! { "looked at a preview of " (t.version()) }),
    (
        "approval_given",
        |t| html! { (clearing(t.text("status"))) " the vessel " (t.strong("vessel")) (t.because("comment")) },
    ),
    ("approval_changed", |t| {
        html! {
            "changed the word of " (t.who("party")) " on the vessel " (t.strong("vessel")) " from " (t.word("from")) " to "
            (t.word("to")) (t.because("comment"))
        }
    }),
    ("approval_revoked", |t| {
        html! {
            "revoked the word of " (t.who("party")) " on the vessel " (t.strong("vessel")) ", which was " (t.word("from"))
            (t.because("reason"))
        }
    }),
    ("snapshot_created", |t| html! { "took the snapshot " (t.snapshot()) (t.kind()) }),
    ("snapshot_generated", |t| html! { "rendered the snapshot " (t.snapshot()) ", " (t.size()) (t.sealed()) }),
    ("snapshot_failed", |t| {
        html! {
            "gave up rendering the snapshot " (t.snapshot()) " after " (t.value("attempts")) " attempts" (t.because("reason"))
        }
    }),
    ("snapshot_retried", |t| html! { "had the snapshot " (t.snapshot()) " rendered again" }),
    ("snapshot_downloaded", |t| html! { "downloaded the snapshot " (t.snapshot()) (t.part("range")) }),
    ("snapshot_previewed", |t| html! { "looked at a preview of the snapshot " (t.snapshot()) }),
    (
        "snapshot_deletion_asked",
        |t| html! { "asked for the deletion of the snapshot " (t.snapshot()) (t.to_confirm()) },
    ),
    ("snapshot_deleted", |t| html! { "deleted the snapshot " (t.snapshot()) (t.kind()) (t.asked_for()) }),
    ("hold_placed", |t| html! { "placed " (t.held()) " under hold" }),
    ("hold_lift_asked", |t| html! { "asked to lift the hold on " (t.held()) (t.to_confirm()) }),
    ("hold_lifted", |t| html! { "lifted the hold on " (t.held()) (t.asked_for()) }),
    ("log_exported", |t| html! { "exported the log, " (t.value("entries")) " entries" }),
    ("access_denied", |t| {
        html! { "was refused " code { (t.text("permission")) } " as " (t.word("role")) (times(&t.meta["repeated"])) }
    }),
];

/// Of everything that happens outside of rooms.
const PLATFORM: &[(&str, Sentence)] = &[
    ("user_added", |t| html! { "added the account " (t.strong("email")) " as " (t.word("role")) (t.asked_for()) }),
    ("user_updated", |t| html! { "changed the account " (t.strong("email")) ": " (t.changes()) }),
    (
        "user_role_changed",
        |t| html! { "made " (t.strong("email")) " " (t.word("to")) "; the role was " (t.word("from")) (t.asked_for()) },
    ),
    ("user_disabled", |t| html! { "disabled the account " (t.strong("email")) }),
    ("user_enabled", |t| html! { "enabled the account " (t.strong("email")) }),
    ("password_changed", |t| html! { "changed the password of " (t.strong("email")) (t.asked_for()) }),
    ("password_confirmed", |_| html! { "gave their password again" }),
    ("account_request_made", |t| {
        html! { "asked to " (account_deed(t.text("deed"))) ", " (t.strong("email")) (t.to_confirm()) }
    }),
    ("account_request_withdrawn", |t| {
        html! {
            "withdrew what " (t.who("asked_by")) " had asked for, to " (account_deed(t.text("deed"))) ", " (t.strong("email"))
        }
    }),
    ("signed_in", |_| html! { "signed in" }),
    ("sign_in_refused", |t| {
        html! { "refused a sign-in " (t.to_account()) ": " (refusal(t.text("reason"))) ", from " (t.networks()) (times(t.meta)) }
    }),
    ("request_refused", |t| {
        html! { "refused a request " (t.of_account()) ": " (refusal(t.text("reason"))) ", from " (t.networks()) (times(t.meta)) }
    }),
    ("signed_out", |_| html! { "signed out" }),
    ("session_ended", |_| html! { "ended one of their sessions" }),
    ("other_sessions_ended", |t| html! { "ended their other sessions, " (t.value("sessions")) " in all" }),
    ("document_type_added", |t| html! { "added the document type " (t.strong("name")) ", " (t.text("code")) }),
    ("document_type_updated", |t| html! { "changed the document type " (t.strong("code")) ": " (t.changes()) }),
    ("log_key_added", |t| html! { "began to sign logs with the key " code { (t.text("public_key")) } }),
    ("log_key_rotated", |t| {
        html! {
            "replaced the key that signs logs, " code { (t.text("from")) } ", by " code { (t.text("to")) }
        }
    }),
    (
        "schema_taken_back",
        |t| html! { "took the schema of the database back by " (t.number_of("migrations", "migration")) },
    ),
];

/// What is done in rooms, by the words of the log.
pub(crate) fn room_actions<'a>() -> impl Iterator<Item = &'a str> {
    ROOM.iter().map(|(action, _)| *action)
}

/// What an entry tells, after the name of who did it; the words of the log alone where it is of a kind that this version
/// does not know.
pub(crate) fn of(entry: &Entry, known: &Known<'_>) -> Markup {
    let sentence = ROOM.iter().chain(PLATFORM).find(|(action, _)| *action == entry.action);
    html! {
        @if let Some((_, sentence)) = sentence { (sentence(&Told { meta: &entry.meta, known })) }
        @else { (label(&entry.action)) }
    }
}

fn phase_changed(t: &Told<'_>) -> Markup {
    html! {
        "moved the room from " (t.word("from")) " to " strong { (t.word("to")) }
        @if t.meta["at"].is_string() { ", as of " (t.value("at")) }
        @if t.meta["overridden"].as_array().is_some_and(|list| !list.is_empty()) {
            ", over " (t.number_of("overridden", "blocker"))
        }
        (t.because("reason"))
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
        _ => "the role does not allow it",
    }
}

fn times(of: &Value) -> Markup {
    html! { @if let Some(times) = of["times"].as_u64().filter(|times| *times > 1) { ", " (times) " times within a minute" } }
}

fn account_deed(deed: &str) -> &'static str {
    match deed {
        "add_admin" => "add an admin",
        "make_admin" => "make an admin of an account",
        _ => "give an admin a password",
    }
}

impl<'a> Told<'a> {
    fn text(&self, field: &str) -> &'a str {
        self.meta[field].as_str().unwrap_or_default()
    }

    fn strong(&self, field: &str) -> Markup {
        html! { strong { (self.text(field)) } }
    }

    fn quoted(&self, field: &str) -> Markup {
        html! { "“" (self.text(field)) "”" }
    }

    /// A word of a vocabulary, within a sentence.
    fn word(&self, field: &str) -> String {
        self.text(field).replace('_', " ")
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

    fn snapshots(&self) -> String {
        let number = self.meta["snapshots"].as_u64().and_then(|number| number.try_into().ok());
        count(number.unwrap_or_default(), "snapshot")
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
                Some(networks) => { (networks) " networks and more" }
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

    fn kind(&self) -> Markup {
        html! { @if !self.text("snapshot_type").is_empty() { ", " (label(self.text("snapshot_type"))) } }
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

    /// A document by its name, which leads to it while it is there.
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
                @if !self.text("vessel").is_empty() { (self.text("vessel")) ": " }
                (self.text("document_type"))
            }
        }
    }

    /// A snapshot by its title, which leads to it while it is there.
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

    fn held(&self) -> Markup {
        html! { @if self.text("snapshot_id").is_empty() { "the room" } @else { "the snapshot " (self.snapshot()) } }
    }
}
