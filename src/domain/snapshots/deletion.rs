//! The deletion of a snapshot, which leaves its entry in the log as a tombstone.

use std::time::Duration;

use room::{Deed, Event, Log, RoomId, SnapshotId, SnapshotStatus, fold};

use crate::{
    app::App,
    db::{self, Tx, confirmations::Request, holds::Hold, snapshots::Snapshot},
    domain::{
        accounts::{sessions, two_people::Outcome},
        log::{Actor, OpenLog, operation},
        retention::{
            confirmations::{self, Vote},
            holds,
        },
        rooms,
        snapshots::take::find,
    },
    error::{Error, Result},
};

/// How long after the deletion of a snapshot a worker may still store its file.
const STRAGGLERS: Duration = Duration::from_mins(10);

/// Deletes a snapshot for good; its tombstone stays in the log.
///
/// A snapshot that is under hold, or whose room is, is not deleted. Inside its retention ([`room::Room::is_retained`])
/// it takes two admins, the second within a day of the first. The snapshot of a room that was never closed is deleted
/// by one: no retention has begun.
pub async fn delete(app: &App, by: &Actor, room: RoomId, id: SnapshotId) -> Result<Outcome> {
    let retention_years = app.config.retention_years;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let is_retained = rooms::in_use_by(log)?.room.is_retained(retention_years, log.now);
        let snapshot = log.room()?.snapshots.get(&id).cloned().ok_or(Error::NotFound("snapshot"))?;
        // The hold comes first: no request for a deletion is opened, and no password is asked for, in vain.
        holds::refuse_held(tx, log, Some(id)).await?;
        sessions::ask_for_password(tx, log).await?;
        let asked_by = if is_retained {
            match confirmations::vote(tx, log, room, (Deed::DeleteSnapshot, id.0)).await? {
                Vote::Asked(until) => {
                    // Not an error: the request has to be committed with its entry.
                    let title = snapshot.title;
                    log.append(tx, &Event::SnapshotDeletionAsked { snapshot_id: id, title, until }).await?;
                    return Ok(Outcome::Asked(until));
                }
                Vote::Confirmed(request) => Some(request.asked_by),
            }
        } else {
            None
        };
        remove(tx, log, (id, &snapshot), asked_by).await?;
        Ok(Outcome::Done(()))
    })
    .await
}

/// What the deletion of a snapshot would be up against now.
#[derive(Debug)]
pub struct Deletion {
    /// The snapshot that would be deleted.
    pub snapshot: Snapshot,
    /// The hold that forbids it.
    pub hold: Option<Hold>,
    /// Whether it takes two admins.
    pub takes_two: bool,
    /// The request of an admin that another one may confirm.
    pub request: Option<Request>,
}

impl Deletion {
    /// Reads this for a snapshot, and changes nothing.
    pub async fn of(app: &App, room: RoomId, id: SnapshotId) -> Result<Self> {
        let now = app.now();
        let read = async |tx: &mut Tx| {
            let found = rooms::in_use(tx, room).await?;
            let is_this = |request: &Request| request.deed == Deed::DeleteSnapshot && request.subject == id.0;
            Ok(Self {
                snapshot: find(tx, room, id).await?,
                hold: holds::holding(tx, room, Some(id)).await?,
                takes_two: found.is_retained(app.config.retention_years, now),
                request: confirmations::open(tx, room, now).await?.into_iter().find(is_this),
            })
        };
        app.db.read(read).await
    }
}

/// Removes a snapshot's rows, lists its file for removal, and appends the tombstone. `asked_by` is the admin who had
/// asked for it, if it took two.
pub async fn remove(
    tx: &mut Tx,
    log: &mut OpenLog,
    (id, snapshot): (SnapshotId, &fold::Snapshot),
    asked_by: Option<String>,
) -> Result<()> {
    // The file goes only after the commit, by the list: a deletion that is rolled back must not have cost a file.
    db::snapshots::delete_kept(tx, id).await?;
    // A worker may be about to store the file, or may have died after it did. The removal waits until it has either
    // done so or lost its lease; otherwise a file would stay behind that no row names.
    let file_url = fold::Snapshot::file_key(log.room()?.room.id, id, snapshot.kind);
    let pause = if snapshot.status == SnapshotStatus::Completed { Duration::ZERO } else { STRAGGLERS };
    db::files::forget(tx, &file_url, log.clock().after(pause)).await?;
    let deleted = Event::SnapshotDeleted {
        snapshot_id: id,
        title: snapshot.title.clone(),
        snapshot_type: snapshot.kind,
        record_sha256: snapshot.record_sha256.clone(),
        file_sha256: snapshot.file.as_ref().map(|file| file.sha256.clone()),
        asked_by,
    };
    log.append(tx, &deleted).await
}
