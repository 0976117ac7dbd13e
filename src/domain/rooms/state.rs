//! Reads what is in a room, at one instant.

use room::{Content, Decision, Room, RoomId, RoomState, Time};

use crate::{
    app::App,
    db::{self, Tx},
    domain::rooms,
    error::Result,
};

/// Reads everything in a room as it stands now.
pub async fn now(app: &App, room: RoomId) -> Result<RoomState> {
    let now = app.now();
    app.db.read_at_length(async move |tx| read(tx, room, now).await).await
}

/// Reads everything in a room that has not been deleted, of the decisions the last word of each party.
pub async fn read(tx: &mut Tx, room: RoomId, now: Time) -> Result<RoomState> {
    let room = rooms::in_use(tx, room).await?;
    of(tx, room, now).await
}

/// Reads a room that has not been deleted with every decision there is, for a record. One party can make very many,
/// so that what is only shown is read without those that count no more.
pub async fn read_whole(tx: &mut Tx, room: RoomId, now: Time) -> Result<RoomState> {
    let room = rooms::in_use(tx, room).await?;
    let decisions = db::decisions::of_room(tx, room.id).await?;
    with(tx, room, now, decisions).await
}

/// Reads everything in this room, of the decisions the last word of each party.
pub async fn of(tx: &mut Tx, room: Room, now: Time) -> Result<RoomState> {
    let decisions = db::decisions::last_words(tx, room.id).await?;
    with(tx, room, now, decisions).await
}

async fn with(tx: &mut Tx, room: Room, now: Time, decisions: Vec<Decision>) -> Result<RoomState> {
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
