//! What a row is about, in words by which a person finds it.

use room::{
    DocumentId,
    fold::{PlatformState, Slot, State},
};

/// Returns what a row is about, in words by which a person finds it: a vessel's name, a document's name with its
/// version.
pub(super) fn of_room(table: &str, id: &str, state: &State) -> String {
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
        "document_versions" | "version_statements" => version(id),
        "decisions" => decision_label(state, id),
        "approvals" => id.parse().ok().and_then(|id| state.approvals.get(&id)).map(|approval| {
            let vessel = state.vessel_name(Some(approval.vessel)).unwrap_or_default();
            format!("{} on {vessel}", approval.party)
        }),
        "snapshots" | "snapshot_positions" | "snapshot_bodies" | "snapshot_files" | "snapshot_seals" => {
            id.parse().ok().and_then(|id| state.snapshots.get(&id)).map(|snapshot| format!("\"{}\"", snapshot.title))
        }
        "search_texts" if id == state.room.id.to_string() => Some(state.room.title.clone()),
        "search_texts" => {
            let subjects = ["parties", "vessels", "document_versions"].map(|table| of_room(table, id, state));
            subjects.into_iter().find(|subject| subject != id)
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

/// Returns what a row is about, in words by which a person finds it: the address of an account. A document type and a
/// key are named by themselves.
pub(super) fn of_platform(table: &str, id: &str, state: &PlatformState) -> String {
    let account = || state.users.get(&id.parse().ok()?).map(|account| account.email.clone());
    let named = if table == "users" { account() } else { None };
    // The log does not know a row that was added, which only its id names then.
    named.unwrap_or_else(|| id.to_owned())
}
