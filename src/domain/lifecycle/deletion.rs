//! The deletion of a room: it leaves every list, and its log stays.

use room::{Deed, Event, Log, Room, RoomId, RoomStatus, Time};

use crate::{
    app::App,
    db::{self, Tx, confirmations::Request, holds::Hold},
    domain::{
        accounts::{sessions, two_people::Outcome},
        input::Fields,
        log::{Actor, operation},
        retention::{
            confirmations::{self, Word},
            holds,
        },
        rooms::in_use,
        snapshots,
    },
    error::{Error, Result},
};

/// How a room is to be deleted.
#[derive(Debug, Clone, Default)]
pub struct Deletion {
    /// Delete its snapshots with it.
    pub force: bool,
    /// Why; required with `force`.
    pub reason: Option<String>,
}

/// What the deletion of a room meets as things are.
#[derive(Debug)]
pub struct BeforeDeletion {
    /// Snapshots in it.
    pub snapshots: usize,
    /// Papers in it.
    pub papers: usize,
    /// A hold that forbids it.
    pub hold: Option<Hold>,
    /// Whether it takes two admins.
    pub takes_two: bool,
    /// That an admin has asked for it, where another may confirm it.
    pub request: Option<Request>,
}

impl BeforeDeletion {
    /// Looks, and changes nothing.
    pub async fn of(app: &App, room: RoomId) -> Result<Self> {
        let (now, retention_years) = (app.now(), app.config.retention_years);
        let read = async |tx: &mut Tx| {
            let found = in_use(tx, room).await?;
            let snapshots = db::snapshots::all(tx, room).await?.len();
            let asked = |request: &Request| request.deed == Deed::DeleteRoom && request.subject == room.0;
            Ok(Self {
                snapshots,
                papers: db::document_versions::of_room(tx, room).await?.len(),
                hold: holds::holding(tx, room, None).await?,
                takes_two: takes_two(&found, snapshots, retention_years, now),
                request: confirmations::open(tx, room, now).await?.into_iter().find(asked),
            })
        };
        app.db.read(read).await
    }

    /// Whether the room can only be deleted by force, and with a reason.
    pub fn takes_force(&self) -> bool {
        takes_force(self.snapshots, self.papers)
    }

    /// Whether this deletion would be refused because it is not by force. A hold is refused first, with or without force.
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

/// Deletes a room: it leaves every list and answers as if it had never been, but for its log.
///
/// A room that holds snapshots or papers is deleted only by force and with a reason. Each snapshot leaves
/// its tombstone in the log, and its file is removed; the papers are kept, as the rules ask, and nobody
/// sees them any more.
///
/// It is no way around what keeps a snapshot: nobody deletes a room that is under hold, or has a snapshot that is;
/// and where its snapshots are inside their retention it takes two admins, the second within a day of the first.
pub async fn delete(app: &App, by: &Actor, room: RoomId, asked: Deletion) -> Result<Outcome> {
    let mut fields = Fields::default();
    let reason = fields.optional_text("reason", asked.reason.as_deref());
    if asked.force && reason.is_none() {
        fields.fault("reason", "must be given with `force`; the log keeps it");
    }
    fields.done()?;
    let retention_years = app.config.retention_years;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let mut found = in_use(tx, room).await?;
        holds::refuse_held(tx, room, None).await?;
        let contained = db::snapshots::all(tx, room).await?;
        let (snapshots, papers) = (contained.len(), db::document_versions::of_room(tx, room).await?.len());
        if takes_force(snapshots, papers) && !asked.force {
            return Err(Error::RoomNotEmpty { snapshots, papers });
        }
        sessions::ask_for_password(tx, log).await?;
        let asked_by = if takes_two(&found, snapshots, retention_years, log.now) {
            match confirmations::hear(tx, log, room, (Deed::DeleteRoom, room.0), reason.clone()).await? {
                Word::First(until) => {
                    let title = found.title;
                    log.append(tx, &Event::RoomDeletionAsked { title, snapshots, reason, until }).await?;
                    return Ok(Outcome::Asked(until));
                }
                Word::Second(request) => Some(request.asked_by),
            }
        } else {
            None
        };
        for snapshot in &contained {
            snapshots::remove(tx, log, snapshot, asked_by.clone()).await?;
        }
        db::confirmations::drop_old(tx, room, Time::LATEST).await?;
        found.status = RoomStatus::Deleted;
        db::rooms::update(tx, &found).await?;
        log.append(tx, &Event::RoomDeleted { title: found.title, snapshots, reason, asked_by }).await?;
        Ok(Outcome::Done(()))
    })
    .await
}
