//! Reading the state of a room, all of it at one instant.

use room::{Content, Decision, Room, RoomId, RoomState, Time};

use crate::{
    app::App,
    db::{self, Tx},
    domain::{log::OpenLog, rooms},
    error::Result,
};

/// Reads the present state of a room in a transaction of its own.
pub async fn now(app: &App, room: RoomId) -> Result<RoomState> {
    let now = app.now();
    app.db.read_at_length(async move |tx| read(tx, room, now).await).await
}

/// Reads the state of a room that has not been deleted, with only the latest decision of each party.
pub async fn read(tx: &mut Tx, room: RoomId, now: Time) -> Result<RoomState> {
    let room = rooms::in_use(tx, room).await?;
    of(tx, room, now).await
}

/// Returns the state of the room of an operation, with all decisions: as its log tells it, whatever the rows say.
pub fn of_log(log: &OpenLog) -> Result<RoomState> {
    Ok(RoomState::of(Content::from(rooms::in_use_by(log)?), log.now))
}

/// Reads the state of this room, with only the latest decision of each party.
pub async fn of(tx: &mut Tx, room: Room, now: Time) -> Result<RoomState> {
    let decisions = db::decisions::last_words(tx, room.id).await?;
    with_decisions(tx, room, now, decisions).await
}

async fn with_decisions(tx: &mut Tx, room: Room, now: Time, decisions: Vec<Decision>) -> Result<RoomState> {
    let id = room.id;
    let content = Content {
        parties: db::parties::all(tx, id).await?,
        vessels: db::vessels::all(tx, id).await?,
        slots: db::documents::all(tx, id).await?,
        versions: db::document_versions::of_room(tx, id).await?,
        decisions,
        decision_counts: db::decisions::counts(tx, id).await?,
        approvals: db::approvals::all(tx, id).await?,
        room,
    };
    Ok(RoomState::of(content, now))
}
