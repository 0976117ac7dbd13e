//! The rows of the tables as the log of a room tells them, in the text form of [`crate::db::projections`].

use std::collections::{BTreeMap, HashMap};

use room::{
    Approval, Decision, DocumentId, RoomId, Version, Vessel,
    fold::{Hold, Request, Seal, Slot, Snapshot, State},
};

use crate::db::projections::Values;

/// The texts behind the salted hashes of a log, by hash.
pub(super) type PrivateTexts = HashMap<String, String>;

/// The rows of one table by their ids, which are in the first column.
pub(super) type Rows = BTreeMap<String, Values>;

/// Returns the rows of each table, in the order of [`crate::db::projections::TABLES`].
pub(super) fn rows(state: &State, texts: &PrivateTexts) -> [Rows; 12] {
    let room = state.room.id;
    let versions = || state.documents.values().flat_map(|slot| &slot.uploads);
    let seals = state.snapshots.iter().filter_map(|(id, snapshot)| Some((id, snapshot.file.as_ref()?.seal.as_ref()?)));
    [
        keyed([room_row(state)]),
        keyed(state.parties.values().map(|party| {
            vec![
                text(party.id),
                text(room),
                text(party.role),
                text(&party.name),
                text(&party.email),
                maybe(party.company.as_ref()),
                maybe(party.side),
                text(party.added_at),
            ]
        })),
        keyed(state.vessels.values().map(|vessel| vessel_row(room, vessel))),
        keyed(state.documents.values().map(|slot| slot_row(room, slot))),
        keyed(versions().map(|upload| version_row(&upload.version))),
        keyed(versions().flat_map(|upload| (0..).zip(&upload.decisions)).map(|(seq, made)| decision_row(seq, made))),
        keyed(state.approvals.values().map(|approval| approval_row(room, approval))),
        keyed(state.holds.iter().map(|(id, hold)| hold_row(room, text(id), hold, texts))),
        keyed(state.requests.iter().map(|(subject, request)| request_row(room, text(subject), request, texts))),
        keyed(state.snapshots.iter().map(|(id, snapshot)| {
            let key = snapshot.file.is_some().then(|| Snapshot::file_key(room, *id, snapshot.kind));
            vec![
                text(id),
                text(room),
                text(&snapshot.title),
                text(&snapshot.created_by),
                text(snapshot.status),
                key,
                text(snapshot.file.as_ref().map_or(0, |file| file.size)),
                text(snapshot.kind),
                text(&snapshot.options),
                text(snapshot.created_at),
            ]
        })),
        keyed(state.snapshots.iter().filter_map(|(id, snapshot)| {
            let file = snapshot.file.as_ref()?;
            Some(vec![text(id), text(&file.sha256), text(&file.renderer), text(&file.fonts)])
        })),
        keyed(seals.map(|(id, seal)| seal_row(text(id), seal))),
    ]
}

/// Returns the hashes of the private texts that a state names.
pub(super) fn private_hashes(state: &State) -> Vec<String> {
    let holds = state.holds.values().flat_map(|hold| {
        let lifted =
            hold.lifted.iter().flat_map(|lifted| [Some(&lifted.reason_hash), lifted.confirm_reason_hash.as_ref()]);
        std::iter::once(Some(&hold.reason_hash)).chain(lifted)
    });
    let requests = state.requests.values().map(|request| request.reason_hash.as_ref());
    holds.chain(requests).flatten().cloned().collect()
}

pub(super) fn keyed(rows: impl IntoIterator<Item = Values>) -> Rows {
    rows.into_iter().map(|row| (row.first().cloned().flatten().unwrap_or_default(), row)).collect()
}

/// Returns a value as the text of its column. A reference or an id is written as it displays itself.
#[expect(clippy::unnecessary_wraps, reason = "a column that is never NULL, among others that may be")]
#[expect(clippy::needless_pass_by_value, reason = "values and references alike")]
pub(super) fn text(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

pub(super) fn maybe(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn room_row(state: &State) -> Values {
    let room = &state.room;
    vec![
        text(room.id),
        text(&room.title),
        text(&room.location),
        text(room.sts_eta),
        maybe(room.description.as_ref()),
        maybe(room.cargo_profile),
        text(room.status),
        text(room.phase),
        text(room.created_at),
        text(&room.created_by),
        text(room.planned_duration_hours),
        maybe(room.transfer_completed_at),
        maybe(room.closed_at),
        maybe(room.retained_from),
    ]
}

fn vessel_row(room: RoomId, vessel: &Vessel) -> Values {
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
        maybe(details.length_m),
        maybe(details.beam_m),
        maybe(details.draught_m),
        maybe(details.gross_tonnage),
        maybe(details.deadweight_t),
        maybe(details.year_built),
        maybe(details.class_society.as_ref()),
        text(vessel.added_at),
    ]
}

fn slot_row(room: RoomId, Slot { document, .. }: &Slot) -> Values {
    let waiver = document.waiver.as_ref();
    vec![
        text(document.id),
        text(room),
        maybe(document.vessel),
        text(&document.document_type),
        text(document.position),
        text(&document.name),
        text(&document.category),
        text(document.requirement),
        text(document.criticality),
        maybe(document.validity_days),
        maybe(document.warn_days),
        text(document.gate),
        maybe(waiver.map(|waiver| &waiver.reason)),
        maybe(waiver.map(|waiver| &waiver.by)),
        maybe(waiver.map(|waiver| waiver.at)),
        text(document.opened_at),
    ]
}

fn version_row(version: &Version) -> Values {
    vec![
        text(version.id),
        text(version.document),
        text(version.number),
        text(&version.file_url),
        text(&version.file_name),
        text(version.kind),
        text(version.size),
        Some(hex::encode(version.sha256)),
        maybe(version.expires_on),
        text(version.expiry_assumed),
        maybe(version.notes.as_ref()),
        maybe(version.told_eta),
        text(&version.uploaded_by),
        text(version.uploader_role),
        text(version.uploaded_at),
    ]
}

fn decision_row(seq: usize, decision: &Decision) -> Values {
    vec![
        text(decision.id),
        text(decision.version),
        text(seq),
        text(&decision.party),
        text(decision.role),
        text(decision.verdict),
        maybe(decision.comment.as_ref()),
        text(decision.decided_at),
    ]
}

fn approval_row(room: RoomId, approval: &Approval) -> Values {
    vec![
        text(approval.id),
        text(room),
        text(approval.vessel),
        text(&approval.party),
        text(approval.role),
        maybe(approval.side),
        text(approval.status),
        maybe(approval.comment.as_ref()),
        text(approval.decided_at),
    ]
}

/// Returns the text behind a hash. If it is missing, which is a finding of its own, the hash stands for it.
fn private(hash: &str, texts: &PrivateTexts) -> String {
    texts.get(hash).map_or_else(|| format!("the text with the hash {hash}"), Clone::clone)
}

fn hold_row(room: RoomId, id: Option<String>, hold: &Hold, texts: &PrivateTexts) -> Values {
    let lifted = hold.lifted.as_ref();
    vec![
        id,
        text(room),
        maybe(hold.snapshot),
        Some(private(&hold.reason_hash, texts)),
        text(&hold.placed_by),
        text(hold.placed_at),
        maybe(lifted.map(|lifted| &lifted.asked_by)),
        lifted.map(|lifted| private(&lifted.reason_hash, texts)),
        maybe(lifted.map(|lifted| &lifted.by)),
        maybe(lifted.map(|lifted| lifted.at)),
        lifted.and_then(|lifted| Some(private(lifted.confirm_reason_hash.as_ref()?, texts))),
    ]
}

fn request_row(room: RoomId, subject: Option<String>, request: &Request, texts: &PrivateTexts) -> Values {
    let reason = match (&request.reason, &request.reason_hash) {
        (Some(reason), _) => text(reason),
        (None, Some(hash)) => Some(private(hash, texts)),
        (None, None) => None,
    };
    vec![subject, text(request.deed), text(room), text(&request.asked_by), text(request.asked_at), reason]
}

fn seal_row(snapshot: Option<String>, seal: &Seal) -> Values {
    vec![
        snapshot,
        text(seal.sealed_at),
        text(&seal.sha256),
        text(&seal.signer),
        text(seal.self_made),
        maybe(seal.trusted_time),
        maybe(seal.note.as_ref()),
    ]
}

/// Returns what a row is about, in words by which a person finds it: a vessel's name, a document's name with its
/// version.
pub(super) fn label_of(table: &str, id: &str, state: &State) -> String {
    let version = |id: &str| {
        let mut uploads =
            state.documents.values().flat_map(|slot| slot.uploads.iter().map(move |upload| (slot, upload)));
        let (slot, upload) = uploads.find(|(_, upload)| upload.version.id.to_string() == id)?;
        Some(format!("version {} of {}", upload.version.number, document_name(state, slot)))
    };
    let named = match table {
        "rooms" => Some(state.room.title.clone()),
        "parties" => id.parse().ok().and_then(|id| state.parties.get(&id)).map(|party| party.email.clone()),
        "vessels" => id.parse().ok().and_then(|id| state.vessels.get(&id)).map(|vessel| vessel.details.name.clone()),
        "documents" => {
            let id: Option<DocumentId> = id.parse().ok();
            id.and_then(|id| state.documents.get(&id)).map(|slot| document_name(state, slot))
        }
        "document_versions" => version(id),
        "decisions" => decision_label(state, id),
        "approvals" => id.parse().ok().and_then(|id| state.approvals.get(&id)).map(|approval| {
            let vessel = state.vessel_name(Some(approval.vessel)).unwrap_or_default();
            format!("{} on {vessel}", approval.party)
        }),
        "snapshots" | "snapshot_files" | "snapshot_seals" => {
            id.parse().ok().and_then(|id| state.snapshots.get(&id)).map(|snapshot| format!("\"{}\"", snapshot.title))
        }
        _ => None,
    };
    // The log does not know a row that was added, which only its id names then.
    named.unwrap_or_else(|| id.to_owned())
}

fn document_name(state: &State, slot: &Slot) -> String {
    match state.vessel_name(slot.document.vessel) {
        Some(vessel) => format!("{vessel}: {}", slot.document.name),
        None => slot.document.name.clone(),
    }
}

fn decision_label(state: &State, id: &str) -> Option<String> {
    let slots = state.documents.values();
    let mut decisions = slots.flat_map(|slot| {
        slot.uploads.iter().flat_map(move |upload| upload.decisions.iter().map(move |made| (slot, upload, made)))
    });
    let (slot, upload, decision) = decisions.find(|(_, _, decision)| decision.id.to_string() == id)?;
    let (party, number) = (&decision.party, upload.version.number);
    Some(format!("{party} on version {number} of {}", document_name(state, slot)))
}
