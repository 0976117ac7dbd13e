//! Holds: a room or a snapshot under hold is not deleted until two admins have lifted the hold.
//!
//! The log, which every party reads, has who placed and lifted a hold and when. The reasons are for admins alone: they
//! stay with the hold, which is kept after it has been lifted.

use room::{Deed, Event, HoldId, Log, Room, RoomId, SnapshotId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::confirmations::{self, Vote};
use crate::{
    app::App,
    db::{
        self, Tx,
        confirmations::Request,
        holds::{Hold, Lifted},
        seek::{Found, Seek},
    },
    domain::{
        accounts::{
            sessions,
            two_people::{self, Outcome},
        },
        input::Fields,
        log::{Actor, Once, OpenLog, operation, private},
        rooms,
    },
    error::{Error, Result},
};

/// The request to place a hold.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// Why the hold is placed; only admins see it.
    #[schema(value_type = room::bounds::Reason)]
    pub reason: String,
    /// The snapshot to hold; if it is left out, the whole room is held.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub snapshot_id: Option<SnapshotId>,
}

/// A hold, with the request to lift it that another admin may confirm.
pub type HoldNow = (Hold, Option<Request>);

/// Places a hold on a room or on one of its snapshots, in any phase. It is not deleted from then on.
pub async fn place(app: &App, by: &Actor, room: RoomId, request: NewHold, once: Option<Once>) -> Result<HoldNow> {
    let mut fields = Fields::default();
    let reason = fields.text("reason", &request.reason);
    fields.done()?;
    let id = HoldId(app.new_id());
    operation(app, Log::Room(room), by, async move |tx, log| {
        rooms::in_use_by(log)?;
        if let Some(made) = Once::repeats(once.as_ref(), tx, log, &request, id.0).await? {
            let made = db::holds::find(tx, room, HoldId(made)).await?.ok_or(Error::NotFound("hold"))?;
            return Ok(with_request(made, &confirmations::open(tx, room, log.clock()).await?));
        }
        let state = rooms::in_use_by(log)?;
        if let Some(snapshot) = request.snapshot_id {
            state.snapshots.get(&snapshot).ok_or(Error::NotFound("snapshot"))?;
        }
        let placed_by = log.by().word().to_owned();
        let snapshot = request.snapshot_id;
        let hold = Hold { id, room, snapshot, reason, placed_by, placed_at: log.now, lifted: None };
        if log.room()?.holds.values().any(|other| other.lifted.is_none() && other.snapshot == snapshot) {
            let what = if snapshot.is_some() { "snapshot" } else { "room" };
            return Err(Error::conflict(format!("the {what} is under hold already")));
        }
        // Without the reason: all parties read the log, and a legal dispute may be with one of them.
        let reason_hash = private::keep(tx, &hold.reason).await?;
        log.append(tx, &Event::HoldPlaced { hold_id: id, snapshot_id: snapshot, reason_hash }).await?;
        Ok((hold, None))
    })
    .await
}

/// Asks to lift a hold, for a reason; or lifts it, if another admin has asked for that within a day. The reason of the
/// second admin is optional.
pub async fn lift(app: &App, by: &Actor, room: RoomId, id: HoldId, reason: Option<String>) -> Result<Outcome<Lifted>> {
    let mut fields = Fields::default();
    let reason = fields.optional_text("reason", reason.as_deref());
    fields.done()?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let hold = rooms::in_use_by(log)?.holds.get(&id).ok_or(Error::NotFound("hold"))?;
        if let Some(lifted) = &hold.lifted {
            return Err(Error::conflict(format!("{} has lifted the hold already", lifted.by)));
        }
        let snapshot_id = hold.snapshot;
        sessions::ask_for_password(tx, log).await?;
        match confirmations::vote(tx, log, room, (Deed::LiftHold, id.0)).await? {
            Vote::Asked(until) => {
                let reason = reason.ok_or_else(|| {
                    Error::field("reason", "must be given to ask that a hold is lifted; it is kept with the hold")
                })?;
                let reason_hash = private::keep(tx, &reason).await?;
                log.append(tx, &Event::HoldLiftAsked { hold_id: id, snapshot_id, until, reason_hash }).await?;
                Ok(Outcome::Asked(until))
            }
            Vote::Confirmed(request) => {
                // From the log's hash: the reason in the row of the request may be another one.
                let asked_for = match &request.reason_hash {
                    Some(hash) => private::find(tx, hash).await?,
                    None => request.reason,
                };
                let lifted = Lifted {
                    asked_by: request.asked_by,
                    by: log.by().word().to_owned(),
                    at: log.now,
                    reason: asked_for.unwrap_or_default(),
                    confirm_reason: reason,
                };
                let asked_by = lifted.asked_by.clone();
                let reason_hash = private::keep(tx, &lifted.reason).await?;
                let confirm_reason_hash = match &lifted.confirm_reason {
                    Some(reason) => Some(private::keep(tx, reason).await?),
                    None => None,
                };
                let event = Event::HoldLifted { hold_id: id, snapshot_id, asked_by, reason_hash, confirm_reason_hash };
                log.append(tx, &event).await?;
                Ok(Outcome::Done(lifted))
            }
        }
    })
    .await
}

/// Returns a part of a room's holds, the newest first and lifted ones included.
pub async fn list(app: &App, room: RoomId, seek: &Seek) -> Result<Found<HoldNow>> {
    let now = app.now();
    app.db
        .read(async |tx| {
            let (holds, total, page) = db::holds::list(tx, room, seek).await?;
            let requests = confirmations::open(tx, room, now).await?;
            Ok((holds.into_iter().map(|hold| with_request(hold, &requests)).collect(), total, page))
        })
        .await
}

/// The holds and open requests of all rooms, for admins.
#[derive(Debug)]
pub struct Overview {
    /// The requests that another admin can still confirm, each with its room, the oldest first.
    pub waiting: Vec<(Room, Request)>,
    /// A part of the holds, each with its room, those in force first.
    pub holds: Found<(Room, Hold)>,
}

/// Returns the open requests of all rooms, and a part of their holds.
pub async fn overview(app: &App, seek: &Seek) -> Result<Overview> {
    let since = app.now().before(two_people::WAITS);
    app.db
        .read(async |tx| {
            let requests = db::confirmations::open_anywhere(tx, since).await?;
            let (holds, total, page) = db::holds::everywhere(tx, seek).await?;
            // The rooms of both in one query, not one query for each row.
            let ids = requests.iter().map(|(room, _)| *room).chain(holds.iter().map(|hold| hold.room));
            let rooms = db::rooms::find_all(tx, &ids.collect()).await?;
            let room = |id: RoomId| rooms.get(&id).cloned();
            let waiting = requests.into_iter().filter_map(|(id, request)| Some((room(id)?, request))).collect();
            let holds = holds.into_iter().filter_map(|hold| Some((room(hold.room)?, hold))).collect();
            Ok(Overview { waiting, holds: (holds, total, page) })
        })
        .await
}

/// Returns the hold of this room with this id, lifted or not.
pub async fn find(app: &App, room: RoomId, id: HoldId) -> Result<HoldNow> {
    let now = app.now();
    app.db
        .read(async |tx| {
            let hold = db::holds::find(tx, room, id).await?.ok_or(Error::NotFound("hold"))?;
            Ok(with_request(hold, &confirmations::open(tx, room, now).await?))
        })
        .await
}

fn with_request(hold: Hold, requests: &[Request]) -> HoldNow {
    let request = requests.iter().find(|request| request.deed == Deed::LiftHold && request.subject == hold.id.0);
    let request = request.cloned();
    (hold, request)
}

/// Returns a hold in force on the room or on this snapshot. Without a snapshot, a hold on any snapshot of the room
/// counts.
pub async fn holding(tx: &mut Tx, room: RoomId, snapshot: Option<SnapshotId>) -> Result<Option<Hold>> {
    let mut in_force = db::holds::in_force(tx, room).await?.into_iter();
    Ok(in_force.find(|hold| hold.snapshot.is_none() || snapshot.is_none() || hold.snapshot == snapshot))
}

/// Returns an error that names a hold in force on the room of an operation or on this snapshot. Without a snapshot, a
/// hold on any snapshot of the room counts.
pub async fn refuse_held(tx: &mut Tx, log: &OpenLog, snapshot: Option<SnapshotId>) -> Result<()> {
    // From the log, so that nobody deletes what is held by deleting the hold's row first.
    let mut in_force: Vec<_> = log.room()?.holds.iter().filter(|(_, hold)| hold.lifted.is_none()).collect();
    in_force.sort_by_key(|(id, hold)| (hold.snapshot.is_some(), hold.placed_at, **id));
    let concerns = |held: Option<SnapshotId>| held.is_none() || snapshot.is_none() || held == snapshot;
    let Some((id, hold)) = in_force.into_iter().find(|(_, hold)| concerns(hold.snapshot)) else { return Ok(()) };
    let what = hold.snapshot.map_or_else(|| "the room".to_owned(), |held| format!("the snapshot `{held}`"));
    let reason = private::find(tx, &hold.reason_hash).await?;
    Err(Error::conflict(format!(
        "{what} is under the hold `{id}`, placed by {} on {}: {}; nobody deletes it before two admins have lifted the hold",
        hold.placed_by,
        hold.placed_at.to_the_minute(),
        reason.as_deref().unwrap_or("its reason is missing"),
    )))
}
