//! The phrases: one for each action, as a template.
//!
//! A template is words with fields in braces. The character before a field's name says how it is put into words: none as
//! it stands, `*` as the name that stands out, `_` as a word of a vocabulary, `=` as a value, `@` as a person, `%` as
//! code. `!` asks for one of the parts that `super::Sentence::part` lists, with its argument behind a blank.

/// The phrases of everything that happens in rooms, by action, in the order in which filters offer them.
pub(super) const ROOM: &[(&str, &str)] = &[
    ("room_created", "opened the room “{title}”, {location}, ETA {=sts_eta}"),
    ("room_adopted", "took over what the tables told, part {=part} of {=of}"),
    (
        "adopted_again",
        "took over what the tables told in place of what the log told, with {!differences}, part {=part} of {=of}",
    ),
    ("state_marked", "noted the hash of all that the log tells up to here"),
    (
        "log_continued",
        "had the log go on under another name from an earlier copy of the database; {=lost_size} entries had been \
         signed{!because reason}",
    ),
    ("adoption_ended", "gave the log back to an earlier version of the program, which logs less"),
    ("room_updated", "changed the room: {!changes}"),
    ("room_deletion_asked", "asked for the deletion of the room{!to_confirm}{!because reason}"),
    ("room_deleted", "deleted the room “{title}”, with {!snapshots}{!asked_for}{!because reason}"),
    ("party_added", "added {*name} as {!roles}"),
    ("party_updated", "changed what is known of {@email}: {!changes}"),
    ("party_removed", "removed {*name}, {_role}"),
    ("phase_changed", "moved the room from {_from} to {!phase}{!as_of}{!overridden}{!because reason}"),
    ("vessel_added", "named the vessel {*name}, {_role}{!imo}"),
    ("vessel_updated", "changed the vessel {*name}: {!changes}"),
    ("vessel_removed", "removed the vessel {*name}{!imo}"),
    ("documents_opened", "opened {!documents} for {!vessel}"),
    ("documents_closed", "closed {!documents} of {!vessel}"),
    ("document_requirement_changed", "made {!document} {_to}; it was {_from}"),
    ("document_waived", "waived {!document}{!because reason}"),
    ("document_waiver_withdrawn", "withdrew the waiver of {!document}"),
    ("document_uploaded", "uploaded {!version}: {file_name}, {!size}{!valid}{!file_notice}"),
    ("version_withdrawn", "withdrew {!version}{!because reason}"),
    ("version_date_waived", "said that {!version} needs no date{!because reason}"),
    ("document_decided", "{!verdict} {!version}{!in_roles}{!because comment}"),
    ("document_downloaded", "downloaded {!version}{!range part}"),
    ("document_previewed", "looked at a preview of {!version}"),
    ("approval_given", "{!clearing} the vessel {*vessel}{!because comment}"),
    (
        "approval_changed",
        "changed the reply of {@party} on the vessel {*vessel} from {!reply from} to {!reply to}{!because comment}",
    ),
    (
        "approval_revoked",
        "revoked the reply of {@party} on the vessel {*vessel}, which was {!reply from}{!because reason}",
    ),
    ("snapshot_created", "took the snapshot {!snapshot}{!kind}"),
    ("snapshot_rendered", "drew the snapshot {!snapshot} and noted the hash of what was drawn{!unsealed}"),
    ("snapshot_generated", "rendered the snapshot {!snapshot}, {!size}{!sealed}"),
    ("snapshot_failed", "gave up rendering the snapshot {!snapshot} after {=attempts} attempts{!because reason}"),
    ("snapshot_retried", "had the snapshot {!snapshot} rendered again"),
    ("snapshot_downloaded", "downloaded the snapshot {!snapshot}{!range range}"),
    ("snapshot_previewed", "looked at a preview of the snapshot {!snapshot}"),
    ("snapshot_deletion_asked", "asked for the deletion of the snapshot {!snapshot}{!to_confirm}"),
    ("snapshot_deleted", "deleted the snapshot {!snapshot}{!kind}{!asked_for}"),
    ("hold_placed", "placed {!held} under hold"),
    ("hold_lift_asked", "asked to lift the hold on {!held}{!to_confirm}"),
    ("hold_lifted", "lifted the hold on {!held}{!asked_for}"),
    ("rows_repaired", "wrote rows anew that were not what this log tells"),
    ("log_exported", "exported the log, {=entries} entries"),
    ("access_denied", "was refused {%permission} as {_role}{!repeated}"),
];

/// The phrases of everything that happens outside of rooms, by action.
pub(super) const PLATFORM: &[(&str, &str)] = &[
    ("user_added", "added the account {*email} as {_role}{!asked_for}"),
    ("user_updated", "changed the account {*email}: {!changes}"),
    ("user_role_changed", "made {*email} {_to}; the role was {_from}{!asked_for}"),
    ("user_disabled", "disabled the account {*email}"),
    ("user_enabled", "enabled the account {*email}"),
    ("password_changed", "changed the password of {*email}{!asked_for}"),
    ("password_confirmed", "gave their password again"),
    ("account_request_made", "asked to {!account_deed}, {*email}{!to_confirm}"),
    ("account_request_withdrawn", "withdrew what {@asked_by} had asked for, to {!account_deed}, {*email}"),
    ("link_changed", "{!link_deed} {*email}"),
    ("signed_in", "signed in"),
    ("sign_in_refused", "refused a sign-in {!to_account}: {!refusal}, from {!networks}{!times}"),
    ("request_refused", "refused a request {!of_account}: {!refusal}, from {!networks}{!times}"),
    ("signed_out", "signed out"),
    ("session_ended", "ended one of their sessions"),
    ("other_sessions_ended", "ended their other sessions, {=sessions} in all"),
    ("document_type_added", "added the document type {*name}, {code}"),
    ("document_type_updated", "changed the document type {*code}: {!changes}"),
    ("log_key_added", "began to sign logs with the key {%public_key}"),
    ("log_key_rotated", "replaced the key that signs logs, {%from}, by {%to}"),
    ("log_key_revoked", "declared that the key {%public_key} counts no more from entry {=from} of {%heads_origin} on"),
    (
        "log_lost",
        "gave up the log of a room, of which the database has nothing any more; {=lost_size} entries had been \
         signed{!because reason}",
    ),
    ("platform_adopted", "took over what the tables told of accounts, catalogue and keys, part {=part} of {=of}"),
    ("schema_taken_back", "took the schema of the database back by {!migrations}"),
];

/// Returns what somebody did with a version.
pub(super) fn verdict(verdict: &str) -> &'static str {
    match verdict {
        "approved" => "approved",
        "approved_with_subjects" => "approved on subjects",
        "rejected" => "rejected",
        _ => "decided on",
    }
}

/// Returns what somebody did with a vessel.
pub(super) fn clearing(status: &str) -> &'static str {
    match status {
        "approved" => "cleared",
        "approved_with_subjects" => "cleared on subjects",
        "rejected" => "declined",
        _ => "is considering",
    }
}

/// Returns what a reply on a vessel was: the same as [`clearing`], of somebody who need not be considering any more.
pub(super) fn reply(status: &str) -> &'static str {
    if status == "pending" { "pending" } else { clearing(status) }
}

/// Returns why somebody was refused.
pub(super) fn refusal(reason: &str) -> &'static str {
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

/// Returns what was asked for, of an account.
pub(super) fn account_deed(deed: &str) -> &'static str {
    match deed {
        "add_admin" => "add an admin",
        "make_admin" => "make an admin of an account",
        _ => "give an admin a password",
    }
}

/// Returns what was done about an invitation or a link, of whom the words that follow name.
pub(super) fn link_deed(deed: &str) -> &'static str {
    match deed {
        "invited" => "invited to a room",
        "invited_again" => "invited again to a room",
        "invitation_withdrawn" => "withdrew the invitation to a room of",
        _ => "made a link to choose a password for",
    }
}

/// Returns what is to be known of a file before it is opened.
pub(super) fn file_notice(notice: &str) -> &'static str {
    match notice {
        "needs_password" => "; it needs a password",
        "values_not_drawn" => "; it is a form whose values are not drawn",
        _ => "",
    }
}
