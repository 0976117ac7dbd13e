//! Finding a room for an operation, which refuses rooms that are deleted or closed.

use room::{Phase, Room, RoomId, RoomStatus};

use crate::{
    db::{self, Tx},
    error::{Error, Result},
};

/// Returns the room, unless it has been deleted.
pub async fn in_use(tx: &mut Tx, room: RoomId) -> Result<Room> {
    let found = db::rooms::find(tx, room).await?;
    found.filter(|room| room.status == RoomStatus::Active).ok_or(Error::NotFound("room"))
}

/// Returns the room, unless it has been deleted or closed.
pub async fn at_work(tx: &mut Tx, room: RoomId) -> Result<Room> {
    let room = in_use(tx, room).await?;
    if room.phase == Phase::Closed {
        return Err(Error::conflict(
            "the room is closed; a broker or an admin can take it back to `documents` with a reason",
        ));
    }
    Ok(room)
}
