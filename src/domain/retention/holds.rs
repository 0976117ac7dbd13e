//! Holds: a room or a snapshot that nobody deletes, until two admins have lifted the hold.
//!
//! The log, which every party reads, tells who placed and lifted a hold and when. Why is for admins alone: it stays
//! with the hold, which is kept when it has been lifted.

use room::{Deed, Event, HoldId, Log, Room, RoomId, SnapshotId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::confirmations::{self, Word};
use crate::{
    app::App,
    db::{
        self, Page, Tx,
        confirmations::Request,
        holds::{Hold, Lifted},
    },
    domain::{
        accounts::{
            sessions,
            two_people::{self, Outcome},
        },
        input::Fields,
        log::{Actor, operation},
        rooms,
    },
    error::{Error, Result},
};

/// A hold to place.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// Why; only admins see it.
    #[schema(value_type = room::bounds::Reason)]
    pub reason: String,
    /// The snapshot to hold; the whole room where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub snapshot_id: Option<SnapshotId>,
}

/// A hold, with the request to lift it that another admin may confirm.
pub type HoldNow = (Hold, Option<Request>);

/// Places a hold on a room or on one of its snapshots, whatever the phase. From then on nobody deletes it.
pub async fn place(app: &App, by: &Actor, room: RoomId, asked: NewHold) -> Result<HoldNow> {
    let mut fields = Fields::default();
    let reason = fields.text("reason", &asked.reason);
    fields.done()?;
    let id = HoldId(app.new_id());
    operation(app, Log::Room(room), by, async move |tx, log| {
        rooms::in_use(tx, room).await?;
        if let Some(snapshot) = asked.snapshot_id {
            db::snapshots::find(tx, room, snapshot).await?.ok_or(Error::NotFound("snapshot"))?;
        }
        let placed_by = log.by().word().to_owned();
        let snapshot = asked.snapshot_id;
        let hold = Hold { id, room, snapshot, reason, placed_by, placed_at: log.now, lifted: None };
        if !db::holds::insert(tx, &hold).await? {
            let what = if snapshot.is_some() { "snapshot" } else { "room" };
            return Err(Error::conflict(format!("the {what} is under hold already")));
        }
        log.append(tx, &Event::HoldPlaced { hold_id: id, snapshot_id: snapshot }).await?;
        Ok((hold, None))
    })
    .await
}

/// Asks to lift a hold, for a reason; or lifts it, where another admin has asked for it within a day, with what the
/// caller has to add.
pub async fn lift(app: &App, by: &Actor, room: RoomId, id: HoldId, reason: Option<String>) -> Result<Outcome<Lifted>> {
    let mut fields = Fields::default();
    let reason = fields.optional_text("reason", reason.as_deref());
    fields.done()?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        rooms::in_use(tx, room).await?;
        let hold = db::holds::find(tx, room, id).await?.ok_or(Error::NotFound("hold"))?;
        if let Some(lifted) = hold.lifted {
            return Err(Error::conflict(format!("{} has lifted the hold already", lifted.by)));
        }
        let snapshot_id = hold.snapshot;
        sessions::ask_for_password(tx, log).await?;
        match confirmations::hear(tx, log, room, (Deed::LiftHold, id.0), reason.clone()).await? {
            Word::First(_) if reason.is_none() => {
                Err(Error::field("reason", "must be given to ask that a hold is lifted; it is kept with the hold"))
            }
            Word::First(until) => {
                log.append(tx, &Event::HoldLiftAsked { hold_id: id, snapshot_id, until }).await?;
                Ok(Outcome::Asked(until))
            }
            Word::Second(request) => {
                let lifted = Lifted {
                    asked_by: request.asked_by,
                    by: log.by().word().to_owned(),
                    at: log.now,
                    reason: request.reason.unwrap_or_default(),
                    confirm_reason: reason,
                };
                db::holds::lift(tx, id, &lifted).await?;
                let asked_by = lifted.asked_by.clone();
                log.append(tx, &Event::HoldLifted { hold_id: id, snapshot_id, asked_by }).await?;
                Ok(Outcome::Done(lifted))
            }
        }
    })
    .await
}

/// A page of a room's holds, lifted ones included, the newest first, and how many there are.
pub async fn list(app: &App, room: RoomId, page: Page) -> Result<(Vec<HoldNow>, i64)> {
    let now = app.now();
    app.db
        .read(async |tx| {
            let (holds, total) = db::holds::list(tx, room, page).await?;
            let requests = confirmations::open(tx, room, now).await?;
            Ok((holds.into_iter().map(|hold| with_request(hold, &requests)).collect(), total))
        })
        .await
}

/// What admins have to see to in all rooms.
#[derive(Debug)]
pub struct Overview {
    /// What one admin has asked for and another has still to confirm, each in its room; the oldest first.
    pub waiting: Vec<(Room, Request)>,
    /// A page of the holds, each on its room: those in force first.
    pub holds: Vec<(Room, Hold)>,
    /// How many holds there are.
    pub total: i64,
}

/// Reads what admins have to see to; of the holds a page.
pub async fn overview(app: &App, page: Page) -> Result<Overview> {
    let since = app.now().before(two_people::WAITS);
    app.db
        .read(async |tx| {
            let mut waiting = Vec::new();
            for (room, request) in db::confirmations::open_anywhere(tx, since).await? {
                waiting.extend(db::rooms::find(tx, room).await?.map(|room| (room, request)));
            }
            let (found, total) = db::holds::everywhere(tx, page).await?;
            let mut holds = Vec::new();
            for hold in found {
                holds.extend(db::rooms::find(tx, hold.room).await?.map(|room| (room, hold)));
            }
            Ok(Overview { waiting, holds, total })
        })
        .await
}

/// One hold of a room.
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

/// The hold that the room is under, or a snapshot of it: this one, or any where none is named.
pub async fn holding(tx: &mut Tx, room: RoomId, snapshot: Option<SnapshotId>) -> Result<Option<Hold>> {
    let mut in_force = db::holds::in_force(tx, room).await?.into_iter();
    Ok(in_force.find(|hold| hold.snapshot.is_none() || snapshot.is_none() || hold.snapshot == snapshot))
}

/// Refuses to go on where there is one.
pub async fn refuse_held(tx: &mut Tx, room: RoomId, snapshot: Option<SnapshotId>) -> Result<()> {
    let holding = holding(tx, room, snapshot).await?;
    let Some(Hold { id, snapshot: held, reason, placed_by, placed_at, .. }) = holding else { return Ok(()) };
    let what = held.map_or_else(|| "the room".to_owned(), |held| format!("the snapshot `{held}`"));
    Err(Error::conflict(format!(
        "{what} is under the hold `{id}`, placed by {placed_by} on {}: {reason}; nobody deletes it before two admins \
         have lifted the hold",
        placed_at.to_the_minute(),
    )))
}
