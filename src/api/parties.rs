//! The parties of a room.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, parties::Party},
    domain::{
        Change, PartyId, Role, Side,
        idempotency::Once,
        parties::{self, NewParty, PartyDetails},
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
        .patch(
            "/rooms/{room_id}/parties/{party_id}",
            May(RoomManageParties),
            change,
            "Changes a party's name, company or side; what is left out stays",
        )
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
    side: Option<Side>,
}

impl From<Party> for PartyView {
    fn from(Party { id, role, name, email, company, side, .. }: Party) -> Self {
        Self { id, role, name, email, company, side }
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

async fn change(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(party): Id<PartyId>,
    Json(asked): Json<Change<PartyDetails>>,
) -> Result<Json<PartyView>> {
    Ok(Json(parties::change(&app, &caller.actor(), room.id, party, asked).await?.into()))
}

async fn remove(app: App, caller: Caller, room: InRoom, Id(party): Id<PartyId>) -> Result<NoContent> {
    parties::remove(&app, &caller.actor(), room.id, party).await?;
    Ok(NoContent)
}
