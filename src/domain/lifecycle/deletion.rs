//! The deletion of a room. The room leaves every list; its log stays.

use std::collections::BTreeMap;

use room::{Deed, Event, Log, Room, RoomId, SnapshotId, Time, fold};
use serde_json::Map;

use crate::{
    app::App,
    db::{self, Tx, confirmations::Request, holds::Hold},
    domain::{
        accounts::{sessions, two_people::Outcome},
        input::{Basis, Fields},
        log::{Actor, Edited, operation, refuse_overtaken},
        retention::{
            confirmations::{self, Vote},
            holds,
        },
        rooms::{RoomDetails, in_use, in_use_by},
        snapshots,
    },
    error::{Error, Result},
};

/// The request to delete a room.
#[derive(Debug, Clone, Default)]
pub struct Deletion {
    /// Delete its snapshots with it.
    pub force: bool,
    /// The reason of the deletion, required with `force`; the log keeps it.
    pub reason: Option<String>,
    /// What the deletion starts from.
    pub basis: Basis,
}

/// What the deletion of a room would be up against now.
#[derive(Debug)]
pub struct BeforeDeletion {
    /// The number of snapshots in the room.
    pub snapshots: usize,
    /// The number of uploaded versions in the room.
    pub papers: usize,
    /// The hold that forbids it, on the room or on a snapshot in it.
    pub hold: Option<Hold>,
    /// Whether it takes two admins.
    pub takes_two: bool,
    /// The request of an admin that another one may confirm.
    pub request: Option<Request>,
}

impl BeforeDeletion {
    /// Reads this for a room, and changes nothing.
    pub async fn of(app: &App, room: RoomId) -> Result<Self> {
        let (now, retention_years) = (app.now(), app.config.retention_years);
        let read = async |tx: &mut Tx| {
            let found = in_use(tx, room).await?;
            let snapshots = db::snapshots::all(tx, room).await?.len();
            let is_this = |request: &Request| request.deed == Deed::DeleteRoom && request.subject == room.0;
            Ok(Self {
                snapshots,
                papers: db::document_versions::of_room(tx, room).await?.len(),
                hold: holds::holding(tx, room, None).await?,
                takes_two: takes_two(&found, snapshots, retention_years, now),
                request: confirmations::open(tx, room, now).await?.into_iter().find(is_this),
            })
        };
        app.db.read(read).await
    }

    /// Returns whether the room can only be deleted by force, and with a reason.
    pub fn takes_force(&self) -> bool {
        takes_force(self.snapshots, self.papers)
    }

    /// Returns whether this deletion would be refused because it is not by force. A hold refuses it before that, with
    /// or without force.
    pub fn lacks_force(&self, deletion: &Deletion) -> bool {
        self.hold.is_none() && self.takes_force() && !deletion.force
    }
}

fn takes_force(snapshots: usize, papers: usize) -> bool {
    snapshots + papers > 0
}

fn takes_two(room: &Room, snapshots: usize, retention_years: u32, now: Time) -> bool {
    snapshots > 0 && room.is_retained(retention_years, now)
}

/// Returns the snapshots of a room, oldest first.
fn by_age(snapshots: &BTreeMap<SnapshotId, fold::Snapshot>) -> Vec<(SnapshotId, &fold::Snapshot)> {
    let mut by_age: Vec<_> = snapshots.iter().map(|(id, snapshot)| (*id, snapshot)).collect();
    by_age.sort_by_key(|(id, snapshot)| (snapshot.created_at, *id));
    by_age
}

/// Deletes a room. It leaves every list and is no longer found; its log stays.
///
/// A room with snapshots or uploaded versions is deleted only by force and with a reason. Each snapshot leaves its
/// tombstone in the log, and its file is removed. The uploaded versions are kept, as the rules ask, but are no longer
/// shown to anybody.
///
/// The deletion of a room is no way around what protects its snapshots. It is refused if the room or one of its
/// snapshots is under hold. If the snapshots are inside their retention, it takes two admins, the second within a day
/// of the first.
pub async fn delete(app: &App, by: &Actor, room: RoomId, request: Deletion) -> Result<Outcome> {
    let mut fields = Fields::default();
    let reason = fields.optional_text("reason", request.reason.as_deref());
    if request.force && reason.is_none() {
        fields.fault("reason", "must be given with `force`; the log keeps it");
    }
    fields.done()?;
    let retention_years = app.config.retention_years;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let found = in_use_by(log)?.room.clone();
        let present = RoomDetails::from(&found);
        refuse_overtaken(tx, log, Edited::Room, &present, (&request.basis, &Map::new())).await?;
        // Without a snapshot, any hold counts: the room's own, and that of each snapshot in it.
        holds::refuse_held(tx, log, None).await?;
        let contained = log.room()?.snapshots.clone();
        let papers = log.room()?.documents.values().map(|slot| slot.uploads.len()).sum();
        let snapshots = contained.len();
        if takes_force(snapshots, papers) && !request.force {
            return Err(Error::RoomNotEmpty { snapshots, papers });
        }
        sessions::ask_for_password(tx, log).await?;
        let asked_by = if takes_two(&found, snapshots, retention_years, log.now) {
            match confirmations::vote(tx, log, room, (Deed::DeleteRoom, room.0)).await? {
                Vote::Asked(until) => {
                    let title = found.title;
                    log.append(tx, &Event::RoomDeletionAsked { title, snapshots, reason, until }).await?;
                    return Ok(Outcome::Asked(until));
                }
                Vote::Confirmed(first) => Some(first.asked_by),
            }
        } else {
            None
        };
        // Each with its own entry: the tombstone has the hashes, by which a file that somebody still has is recognised.
        for (id, snapshot) in by_age(&contained) {
            snapshots::remove(tx, log, (id, snapshot), asked_by.clone()).await?;
        }
        // The row stays, and with it the log, whose entries nothing deletes. All requests end: there is nothing left that
        // another admin could confirm.
        log.append(tx, &Event::RoomDeleted { title: found.title, snapshots, reason, asked_by }).await?;
        Ok(Outcome::Done(()))
    })
    .await
}
