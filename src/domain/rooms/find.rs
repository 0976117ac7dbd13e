//! Finding a room for an operation, which refuses rooms that are deleted or closed.

use room::{Log, Phase, Room, RoomId, RoomStatus, fold::State};

use crate::{
    app::App,
    db::{self, Tx},
    domain::log::{self, OpenLog},
    error::{Error, Result},
};

/// Returns the room, unless it has been deleted.
pub async fn in_use(tx: &mut Tx, room: RoomId) -> Result<Room> {
    let found = db::rooms::find(tx, room).await?;
    found.filter(|room| room.status == RoomStatus::Active).ok_or(Error::NotFound("room"))
}

/// Returns what is in the room of an operation, unless the room has been deleted: as its log tells it, whatever the rows
/// say.
pub fn in_use_by(log: &OpenLog) -> Result<&State> {
    let state = log.room()?;
    if state.room.status == RoomStatus::Active { Ok(state) } else { Err(Error::NotFound("room")) }
}

/// Returns what is in the room of an operation, unless the room has been deleted or closed: as its log tells it.
pub fn at_work_by(log: &OpenLog) -> Result<&State> {
    let state = in_use_by(log)?;
    if state.room.phase == Phase::Closed { Err(closed()) } else { Ok(state) }
}

/// Refuses a room that has been deleted or closed, as its log tells it, before there is an operation: what would be refused
/// then need not be sent first.
pub async fn refuse_closed(app: &App, room: RoomId) -> Result<()> {
    log::bring_up(app, Log::Room(room)).await?;
    let in_tx = app.clone();
    let state = |state: &State| (state.room.status, state.room.phase);
    match app.db.read_at_length(async move |tx| log::of_room(tx, &in_tx, room, state).await).await? {
        (RoomStatus::Active, Phase::Closed) => Err(closed()),
        (RoomStatus::Active, _) => Ok(()),
        _ => Err(Error::NotFound("room")),
    }
}

fn closed() -> Error {
    Error::conflict("the room is closed; a broker or an admin can take it back to `documents` with a reason")
}
