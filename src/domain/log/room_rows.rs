//! The state of a room as the rows of the tables tell it, for the adoption of its log.

use std::collections::{BTreeMap, HashMap};

use room::{
    Decision, Deed, DocumentId, HoldId, RoomId, SnapshotId, SnapshotStatus, VersionId,
    fold::{Hold, Lifted, Request, Seal, Slot, Snapshot, SnapshotFile, State, Upload},
};
use uuid::Uuid;

use super::private;
use crate::{
    db::{self, Tx},
    error::{Error, Result},
};

/// Reads the state of a room from its rows, also of one that was deleted. Who has opened which file stands in no row,
/// and is left empty.
///
/// The reasons of holds, which the log must not show, are kept as private texts, so this is for a transaction that
/// writes. Each time they get other salts, and other hashes.
pub async fn state(tx: &mut Tx, room: RoomId) -> Result<State> {
    let row = db::rooms::find(tx, room).await?;
    Ok(State {
        room: row.ok_or_else(|| Error::internal("the row of the room is missing"))?,
        parties: db::parties::all(tx, room).await?.into_iter().map(|party| (party.id, party)).collect(),
        vessels: db::vessels::all(tx, room).await?.into_iter().map(|vessel| (vessel.id, vessel)).collect(),
        documents: slots(tx, room).await?,
        approvals: db::approvals::all(tx, room).await?.into_iter().map(|approval| (approval.id, approval)).collect(),
        holds: holds(tx, room).await?,
        requests: requests(tx, room).await?,
        snapshots: snapshots(tx, room).await?,
        seen: BTreeMap::new(),
    })
}

async fn slots(tx: &mut Tx, room: RoomId) -> Result<BTreeMap<DocumentId, Slot>> {
    let documents = db::documents::all(tx, room).await?.into_iter();
    let mut slots: BTreeMap<_, _> =
        documents.map(|document| (document.id, Slot { document, uploads: Vec::new() })).collect();
    let mut decisions: HashMap<VersionId, Vec<Decision>> = HashMap::new();
    for decision in db::decisions::of_room(tx, room).await? {
        decisions.entry(decision.version).or_default().push(decision);
    }
    for version in db::document_versions::of_room(tx, room).await? {
        let decisions = decisions.remove(&version.id).unwrap_or_default();
        // Each has its slot: the query finds the versions by the slots of the room.
        if let Some(slot) = slots.get_mut(&version.document) {
            slot.uploads.push(Upload { version, decisions });
        }
    }
    Ok(slots)
}

async fn holds(tx: &mut Tx, room: RoomId) -> Result<BTreeMap<HoldId, Hold>> {
    let mut holds = BTreeMap::new();
    for row in db::holds::of_room(tx, room).await? {
        let lifted = match row.lifted {
            None => None,
            Some(lifted) => Some(Lifted {
                reason_hash: private::keep(tx, &lifted.reason).await?,
                confirm_reason_hash: keep_if_any(tx, lifted.confirm_reason.as_deref()).await?,
                asked_by: lifted.asked_by,
                by: lifted.by,
                at: lifted.at,
            }),
        };
        let reason_hash = private::keep(tx, &row.reason).await?;
        let (placed_by, placed_at) = (row.placed_by, row.placed_at);
        holds.insert(row.id, Hold { snapshot: row.snapshot, reason_hash, placed_by, placed_at, lifted });
    }
    Ok(holds)
}

async fn requests(tx: &mut Tx, room: RoomId) -> Result<BTreeMap<Uuid, Request>> {
    let mut requests = BTreeMap::new();
    for row in db::confirmations::stored(tx, room).await? {
        let (reason, reason_hash) = match row.deed {
            // The log has told it to all parties already.
            Deed::DeleteRoom => (row.reason, None),
            Deed::LiftHold | Deed::DeleteSnapshot => (None, keep_if_any(tx, row.reason.as_deref()).await?),
        };
        let (deed, asked_by, asked_at, until) =
            (row.deed, row.asked_by, row.asked_at, row.asked_at.after(Request::WAITS));
        requests.insert(row.subject, Request { deed, asked_by, asked_at, until, reason, reason_hash });
    }
    Ok(requests)
}

async fn keep_if_any(tx: &mut Tx, text: Option<&str>) -> Result<Option<String>> {
    match text {
        Some(text) => private::keep(tx, text).await.map(Some),
        None => Ok(None),
    }
}

async fn snapshots(tx: &mut Tx, room: RoomId) -> Result<BTreeMap<SnapshotId, Snapshot>> {
    let mut snapshots = BTreeMap::new();
    for row in db::snapshots::all(tx, room).await? {
        let options = serde_json::from_str(&row.data)
            .map_err(|error| Error::internal(format!("the options of the snapshot {}: {error}", row.id)))?;
        // Before the file is stored, a seal may be kept already. It is told with the file.
        let file = match row.status {
            SnapshotStatus::Completed => file(tx, &row).await?,
            SnapshotStatus::Generating | SnapshotStatus::Failed => None,
        };
        let snapshot = Snapshot {
            title: row.title,
            kind: row.kind,
            options,
            record_sha256: row.record_sha256.map(hex::encode),
            shows: None,
            body: None,
            created_by: row.created_by,
            created_at: row.created_at,
            status: row.status,
            file,
        };
        snapshots.insert(row.id, snapshot);
    }
    Ok(snapshots)
}

async fn file(tx: &mut Tx, row: &db::snapshots::Snapshot) -> Result<Option<SnapshotFile>> {
    let drawn_by = db::snapshots::drawn_by(tx, row.id).await?;
    let Some((sha256, (renderer, fonts))) = row.file_sha256.as_ref().zip(drawn_by) else { return Ok(None) };
    let seal = db::seals::find(tx, row.id).await?.map(Seal::from);
    Ok(Some(SnapshotFile { sha256: hex::encode(sha256), size: row.file_size, renderer, fonts, seal }))
}
