//! The parties of a room.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, parties::Party},
    domain::{
        PartyId, Role,
        idempotency::Once,
        parties::{self, NewParty},
    },
    error::Result,
    http::{Access::May, Caller, Created, Id, InRoom, Json, Listed, NoContent, Paging, Query, Routes},
    policy::Action::{RoomManageParties, RoomView},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/rooms/{room_id}/parties", May(RoomView), list, "Who takes part, in the order they joined")
        .post("/rooms/{room_id}/parties", May(RoomManageParties), add, "Adds a party")
        .refusing(&["409"])
        .delete("/rooms/{room_id}/parties/{party_id}", May(RoomManageParties), remove, "Removes a party")
}

/// A person in a room.
#[derive(Serialize, ToSchema)]
struct PartyView {
    #[schema(value_type = String, format = "uuid")]
    id: PartyId,
    role: Role,
    name: String,
    email: String,
    company: Option<String>,
}

impl From<Party> for PartyView {
    fn from(Party { id, role, name, email, company, .. }: Party) -> Self {
        Self { id, role, name, email, company }
    }
}

async fn list(app: App, room: InRoom, Query(Paging(page)): Query<Paging>) -> Result<Listed<PartyView>> {
    let (parties, total) = app.db.read(async |tx| db::parties::list(tx, room.id, page).await).await?;
    let path = format!("/rooms/{}/parties", room.id);
    Ok(Listed::new(parties.into_iter().map(PartyView::from).collect(), total, page, path))
}

async fn add(
    app: App,
    caller: Caller,
    room: InRoom,
    once: Option<Once>,
    Json(asked): Json<NewParty>,
) -> Result<Created<PartyView>> {
    let party = parties::add(&app, &caller.actor(), room.id, asked, once).await?;
    Ok(Created::at(&format!("/rooms/{}/parties/{}", room.id, party.id), party.into()))
}

async fn remove(app: App, caller: Caller, room: InRoom, Id(party): Id<PartyId>) -> Result<NoContent> {
    parties::remove(&app, &caller.actor(), room.id, party).await?;
    Ok(NoContent)
}
