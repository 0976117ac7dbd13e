//! Reading the state of a room, all of it at one instant.

use room::{Content, Log, Room, RoomId, RoomState, RoomStatus, Time};

use crate::{
    app::App,
    db::{self, Tx},
    domain::{log, log::OpenLog, rooms},
    error::{Error, Result},
};

/// How many entries are folded for a room in a list of rooms. With more it is cheaper to read its rows.
const CHEAP: u64 = 100;

/// A room as a reader sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What is in the room, with only the latest decision of each party.
    pub state: RoomState,
    /// Why the state is what the rows say and not what the log tells. `None` if it is what the log tells.
    pub log_fault: Option<String>,
}

/// Reads the present state of a room in a transaction of its own.
pub async fn now(app: &App, room: RoomId) -> Result<Seen> {
    let (now, in_tx) = (app.now(), app.clone());
    bring_up(app, room).await?;
    app.db.read_at_length(async move |tx| read(tx, &in_tx, room, now).await).await
}

/// Makes sure that a transaction in which a room is [read](read()) need not fold its log at length.
///
/// # Errors
///
/// Fails if the database cannot be read. Of a log that is not sound the transaction tells.
pub async fn bring_up(app: &App, room: RoomId) -> Result<()> {
    match log::bring_up(app, Log::Room(room)).await {
        Err(Error::LogNotSound(_)) => Ok(()),
        brought => brought,
    }
}

/// Reads the state of a room that has not been deleted: as its log tells it, and by its rows only if its log is not sound.
pub async fn read(tx: &mut Tx, app: &App, room: RoomId, now: Time) -> Result<Seen> {
    let log_fault = match log::seen(tx, app, Log::Room(room), u64::MAX).await {
        Ok(Some(held)) => match held.room() {
            Some(state) if state.room.status == RoomStatus::Active => {
                let state = RoomState::of(Content::with_last_words(state), now);
                return Ok(Seen { state, log_fault: None });
            }
            Some(_) => return Err(Error::NotFound("room")),
            None => "it is from an earlier version and could not be adopted".to_owned(),
        },
        Ok(None) => return Err(Error::NotFound("room")),
        Err(Error::LogNotSound(why)) => why,
        Err(error) => return Err(error),
    };
    let room = rooms::in_use(tx, room).await?;
    Ok(Seen { state: by_rows(tx, room, now).await?, log_fault: Some(log_fault) })
}

/// Returns the state of the room of an operation, with all decisions: as its log tells it, whatever the rows say.
pub fn of_log(log: &OpenLog) -> Result<RoomState> {
    Ok(RoomState::of(Content::from(rooms::in_use_by(log)?), log.now))
}

/// Reads the state of one of many rooms: as its log tells it if that is at hand or short, and else by its rows.
pub async fn of(tx: &mut Tx, app: &App, room: Room, now: Time) -> Result<RoomState> {
    let held = match log::seen(tx, app, Log::Room(room.id), CHEAP).await {
        Err(Error::LogNotSound(_)) => None,
        held => held?,
    };
    match held.as_ref().and_then(|held| held.room()) {
        Some(state) => Ok(RoomState::of(Content::with_last_words(state), now)),
        None => by_rows(tx, room, now).await,
    }
}

/// Reads the state of a room by its rows, with only the latest decision of each party.
pub async fn by_rows(tx: &mut Tx, room: Room, now: Time) -> Result<RoomState> {
    let id = room.id;
    let content = Content {
        parties: db::parties::all(tx, id).await?,
        vessels: db::vessels::all(tx, id).await?,
        slots: db::documents::all(tx, id).await?,
        versions: db::document_versions::of_room(tx, id).await?,
        decisions: db::decisions::last_words(tx, id).await?,
        decision_counts: db::decisions::counts(tx, id).await?,
        approvals: db::approvals::all(tx, id).await?,
        room,
    };
    Ok(RoomState::of(content, now))
}
