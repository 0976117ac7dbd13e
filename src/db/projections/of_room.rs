//! The rows of the tables as the log of a room tells them.

use room::{
    Approval, Decision, HoldId, Party, Room, RoomId, SnapshotId, Time, Version, Vessel,
    fold::{Body, Hold, Request, Seal, Slot, Snapshot, SnapshotFile, State},
};
use uuid::Uuid;

use super::{PrivateTexts, Rows, Value, Values, keyed, search};
use crate::db::{document_types::roles_as_text, parties::former_addresses_as_text};

/// Returns the rows of each table, in the order of [`super::TABLES`].
pub fn rows(state: &State, texts: &PrivateTexts) -> [Rows; 16] {
    let room = state.room.id;
    let versions = || state.documents.values().flat_map(|slot| &slot.uploads);
    let seals = state.snapshots.iter().filter_map(|(id, snapshot)| Some((id, snapshot.file.as_ref()?.seal.as_ref()?)));
    [
        keyed([room_row(&state.room)]),
        keyed(state.parties.values().map(|party| party_row(room, party))),
        keyed(state.vessels.values().map(|vessel| vessel_row(room, vessel))),
        keyed(state.documents.values().map(|slot| slot_row(room, slot))),
        keyed(versions().map(|upload| version_row(&upload.version))),
        keyed(versions().filter_map(|upload| statements_row(&upload.version))),
        keyed(versions().flat_map(|upload| (0..).zip(&upload.decisions)).map(|(seq, made)| decision_row(seq, made))),
        keyed(state.approvals.values().map(|approval| approval_row(room, approval))),
        keyed(state.holds.iter().map(|(id, hold)| hold_row(room, *id, hold, texts))),
        keyed(state.requests.iter().map(|(subject, request)| request_row(room, *subject, request, texts))),
        keyed(state.snapshots.iter().map(|(id, snapshot)| snapshot_row(room, *id, snapshot))),
        keyed(state.snapshots.iter().filter_map(|(id, snapshot)| position_row(*id, snapshot))),
        keyed(state.snapshots.iter().filter_map(|(id, snapshot)| body_row(*id, snapshot))),
        keyed(state.snapshots.iter().filter_map(|(id, snapshot)| Some(file_row(*id, snapshot.file.as_ref()?)))),
        keyed(seals.map(|(id, seal)| seal_row(*id, seal))),
        search::rows(state),
    ]
}

/// Returns the hashes of the private texts that a state names.
pub fn private_hashes(state: &State) -> Vec<String> {
    let requests = state.requests.values().filter_map(|request| request.reason_hash.clone());
    state.holds.values().flat_map(hashes_of_hold).chain(requests).collect()
}

/// Returns the hashes of the private texts that a hold names.
pub fn hashes_of_hold(hold: &Hold) -> Vec<String> {
    let lifted = hold.lifted.iter().flat_map(|lifted| [Some(&lifted.reason_hash), lifted.confirm_reason_hash.as_ref()]);
    std::iter::once(Some(&hold.reason_hash)).chain(lifted).flatten().cloned().collect()
}

pub(super) fn party_row(room: RoomId, party: &Party) -> Values {
    vec![
        text(party.id),
        text(room),
        text(party.role),
        text(&party.name),
        text(&party.email),
        maybe(party.company.as_ref()),
        maybe(party.side),
        time(party.added_at),
        maybe(former_addresses_as_text(&party.formerly)),
        maybe(Some(party.all_roles()).filter(|roles| roles.are_several())),
    ]
}

pub(super) fn room_row(room: &Room) -> Values {
    vec![
        text(room.id),
        text(&room.title),
        text(&room.location),
        time(room.sts_eta),
        maybe(room.description.as_ref()),
        maybe(room.cargo_profile),
        text(room.status),
        text(room.phase),
        time(room.created_at),
        text(&room.created_by),
        Value::Integer(room.planned_duration_hours),
        Value::of(room.transfer_completed_at, time),
        Value::of(room.closed_at, time),
        Value::of(room.retained_from, time),
    ]
}

pub(super) fn vessel_row(room: RoomId, vessel: &Vessel) -> Values {
    let details = &vessel.details;
    vec![
        text(vessel.id),
        text(room),
        text(&details.name),
        maybe(details.imo_number.as_ref()),
        maybe(details.no_imo_reason.as_ref()),
        text(details.role),
        text(details.status),
        maybe(details.vessel_type.as_ref()),
        maybe(details.flag.as_ref()),
        maybe(details.owner.as_ref()),
        maybe(details.charterer.as_ref()),
        Value::of(details.length_m, Value::Real),
        Value::of(details.beam_m, Value::Real),
        Value::of(details.draught_m, Value::Real),
        Value::of(details.gross_tonnage, Value::Integer),
        Value::of(details.deadweight_t, Value::Integer),
        Value::of(details.year_built, Value::Integer),
        maybe(details.class_society.as_ref()),
        time(vessel.added_at),
    ]
}

pub(super) fn slot_row(room: RoomId, Slot { document, .. }: &Slot) -> Values {
    let waiver = document.waiver.as_ref();
    vec![
        text(document.id),
        text(room),
        maybe(document.vessel),
        text(&document.document_type),
        Value::Integer(document.position),
        text(&document.name),
        text(&document.category),
        text(document.requirement),
        text(document.criticality),
        Value::of(document.validity_days, Value::Integer),
        Value::of(document.warn_days, Value::Integer),
        text(document.gate),
        maybe(waiver.map(|waiver| &waiver.reason)),
        maybe(waiver.map(|waiver| &waiver.by)),
        Value::of(waiver.map(|waiver| waiver.at), time),
        time(document.opened_at),
        maybe(roles_as_text(&document.must_approve)),
    ]
}

pub(super) fn version_row(version: &Version) -> Values {
    vec![
        text(version.id),
        text(version.document),
        Value::Integer(version.number),
        text(&version.file_url),
        text(&version.file_name),
        text(version.kind),
        Value::Integer(version.size),
        Value::Bytes(version.sha256.to_vec()),
        maybe(version.expires_on),
        Value::Bool(version.expiry_assumed),
        maybe(version.notes.as_ref()),
        Value::of(version.told_eta, time),
        text(&version.uploaded_by),
        text(version.uploader_role),
        time(version.uploaded_at),
        maybe(version.notice),
    ]
}

/// Returns the row of what was stated of a version since its upload, if anything was.
pub(super) fn statements_row(version: &Version) -> Option<Values> {
    let (withdrawn, waived) = (version.withdrawn.as_ref(), version.date_waived.as_ref());
    (withdrawn.is_some() || waived.is_some()).then(|| {
        vec![
            text(version.id),
            maybe(withdrawn.map(|withdrawn| &withdrawn.reason)),
            maybe(withdrawn.map(|withdrawn| &withdrawn.by)),
            Value::of(withdrawn.map(|withdrawn| withdrawn.at), time),
            maybe(waived.map(|waived| &waived.reason)),
            maybe(waived.map(|waived| &waived.by)),
            Value::of(waived.map(|waived| waived.at), time),
        ]
    })
}

pub(super) fn decision_row(seq: i64, decision: &Decision) -> Values {
    vec![
        text(decision.id),
        text(decision.version),
        Value::Integer(seq),
        text(&decision.party),
        text(decision.role),
        text(decision.verdict),
        maybe(decision.comment.as_ref()),
        time(decision.decided_at),
        maybe(roles_as_text(&decision.roles)),
        maybe(decision.side),
    ]
}

pub(super) fn approval_row(room: RoomId, approval: &Approval) -> Values {
    vec![
        text(approval.id),
        text(room),
        text(approval.vessel),
        text(&approval.party),
        text(approval.role),
        maybe(approval.side),
        text(approval.status),
        maybe(approval.comment.as_ref()),
        time(approval.decided_at),
    ]
}

/// Returns the text behind a hash. If it is missing, which is a finding of its own, the hash stands for it.
fn private(hash: &str, texts: &PrivateTexts) -> Value {
    Value::Text(texts.get(hash).map_or_else(|| format!("the text with the hash {hash}"), Clone::clone))
}

pub(super) fn hold_row(room: RoomId, id: HoldId, hold: &Hold, texts: &PrivateTexts) -> Values {
    let lifted = hold.lifted.as_ref();
    vec![
        text(id),
        text(room),
        maybe(hold.snapshot),
        private(&hold.reason_hash, texts),
        text(&hold.placed_by),
        time(hold.placed_at),
        maybe(lifted.map(|lifted| &lifted.asked_by)),
        Value::of(lifted, |lifted| private(&lifted.reason_hash, texts)),
        maybe(lifted.map(|lifted| &lifted.by)),
        Value::of(lifted.map(|lifted| lifted.at), time),
        Value::of(lifted.and_then(|lifted| lifted.confirm_reason_hash.as_ref()), |hash| private(hash, texts)),
    ]
}

pub(super) fn request_row(room: RoomId, subject: Uuid, request: &Request, texts: &PrivateTexts) -> Values {
    let reason = match (&request.reason, &request.reason_hash) {
        (Some(reason), _) => text(reason),
        (None, Some(hash)) => private(hash, texts),
        (None, None) => Value::Null,
    };
    vec![text(subject), text(request.deed), text(room), text(&request.asked_by), time(request.asked_at), reason]
}

fn seal_row(snapshot: SnapshotId, seal: &Seal) -> Values {
    vec![
        text(snapshot),
        time(seal.sealed_at),
        Value::hex(&seal.sha256),
        text(&seal.signer),
        Value::Bool(seal.self_made),
        Value::of(seal.trusted_time, time),
        maybe(seal.note.as_ref()),
    ]
}

pub(super) fn snapshot_row(room: RoomId, id: SnapshotId, snapshot: &Snapshot) -> Values {
    let file = snapshot.file.as_ref();
    vec![
        text(id),
        text(room),
        text(&snapshot.title),
        text(&snapshot.created_by),
        text(snapshot.status),
        maybe(file.map(|_| Snapshot::file_key(room, id, snapshot.kind))),
        Value::Integer(file.map_or(0, |file| file.size)),
        text(snapshot.kind),
        text(&snapshot.options),
        time(snapshot.created_at),
    ]
}

pub(super) fn position_row(id: SnapshotId, snapshot: &Snapshot) -> Option<Values> {
    snapshot.shows.as_ref().map(|shows| vec![text(id), integer(shows.size), time(shows.at)])
}

pub(super) fn body_row(id: SnapshotId, snapshot: &Snapshot) -> Option<Values> {
    let Body { sha256, size, renderer, fonts, .. } = snapshot.body.as_ref()?;
    let record = Value::hex(snapshot.record_sha256.as_deref()?);
    Some(vec![text(id), record, Value::hex(sha256), integer(*size), text(renderer), text(fonts)])
}

pub(super) fn file_row(snapshot: SnapshotId, file: &SnapshotFile) -> Values {
    vec![text(snapshot), Value::hex(&file.sha256), text(&file.renderer), text(&file.fonts)]
}

fn integer(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn text(value: impl ToString) -> Value {
    Value::text(value)
}

fn maybe(value: Option<impl ToString>) -> Value {
    Value::maybe(value)
}

fn time(time: Time) -> Value {
    Value::Time(time)
}
