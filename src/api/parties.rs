//! The parties of a room.

use room::{Party, PartyId, Role, RoomId, Side};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Tx},
    domain::{
        accounts::look_alikes,
        input::Change,
        log::Once,
        rooms::parties::{self, NewParty, PartyDetails, SeveralParties},
    },
    error::Result,
    http::{
        Access::May, Caller, Created, Id, IfMatch, InRoom, Json, Listed, NoContent, Query, Routes, Seeking, Tagged,
    },
    policy::Action::{RoomManageParties, RoomView},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/rooms/{room_id}/parties", May(RoomView), list, "Who takes part, in the order they joined")
        .post("/rooms/{room_id}/parties", May(RoomManageParties), add, "Adds a party")
        .refusing(&["409"])
        .post(
            "/rooms/{room_id}/parties/several",
            May(RoomManageParties),
            add_several,
            "Adds several parties: all of them, or none if one cannot be added",
        )
        .refusing(&["409"])
        .get("/rooms/{room_id}/parties/{party_id}", May(RoomView), get, "A party")
        .patch(
            "/rooms/{room_id}/parties/{party_id}",
            May(RoomManageParties),
            change,
            "Changes a party's name, address, roles, company or side; what is left out stays",
        )
        .delete("/rooms/{room_id}/parties/{party_id}", May(RoomManageParties), remove, "Removes a party")
}

/// A person in a room.
#[derive(Serialize, ToSchema)]
struct PartyView {
    #[schema(value_type = String, format = "uuid")]
    id: PartyId,
    /// The first of `roles`, for programs that know of one only.
    role: Role,
    /// All roles of the person in the room, in one order: owner, broker, charterer, seller, buyer.
    roles: Vec<Role>,
    name: String,
    email: String,
    company: Option<String>,
    side: Option<Side>,
    /// What looks odd about the address or the name: it looks like another party's, or mixes scripts. Left out if
    /// nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl PartyView {
    /// Shows one party with the warnings about it.
    async fn of_one(app: &App, room: RoomId, party: Party) -> Result<Self> {
        // An address looks odd beside another one, so that one party cannot be judged without the others.
        let all = app.db.read(async |tx| db::parties::all(tx, room).await).await?;
        let warnings = look_alikes::among_parties(&all, std::iter::once(&party));
        Ok(Self::with(party, warnings.into_iter().flatten().collect()))
    }

    fn with(party: Party, warnings: Vec<String>) -> Self {
        let roles = party.all_roles().iter().collect();
        let Party { id, role, name, email, company, side, .. } = party;
        Self { id, role, roles, name, email, company, side, warnings }
    }
}

async fn list(app: App, room: InRoom, Query(Seeking(seek)): Query<Seeking>) -> Result<Listed<PartyView>> {
    let read =
        async |tx: &mut Tx| Ok((db::parties::list(tx, room.id, &seek).await?, db::parties::all(tx, room.id).await?));
    let ((parties, total, page), all) = app.db.read(read).await?;
    let warnings = look_alikes::among_parties(&all, parties.iter());
    let rows = parties.into_iter().zip(warnings).collect();
    let path = format!("/rooms/{}/parties", room.id);
    let view = |(party, warnings)| PartyView::with(party, warnings);
    Ok(Listed::found((rows, total, page), &seek, path, |(party, _)| party.id.to_string(), view))
}

async fn add(
    app: App,
    caller: Caller,
    room: InRoom,
    once: Option<Once>,
    Json(body): Json<NewParty>,
) -> Result<Created<PartyView>> {
    let party = parties::add(&app, &caller.actor(), room.id, body, once).await?;
    let path = format!("/rooms/{}/parties/{}", room.id, party.id);
    Ok(Created::at(&path, PartyView::of_one(&app, room.id, party).await?))
}

/// The parties that were added.
#[derive(Serialize, ToSchema)]
struct AddedParties {
    /// In the order of the request.
    #[schema(max_items = 100)]
    parties: Vec<PartyView>,
}

async fn add_several(
    app: App,
    caller: Caller,
    room: InRoom,
    once: Option<Once>,
    Json(body): Json<SeveralParties>,
) -> Result<Created<AddedParties>> {
    let parties = parties::add_several(&app, &caller.actor(), room.id, body, once).await?;
    let all = app.db.read(async |tx| db::parties::all(tx, room.id).await).await?;
    let warnings = look_alikes::among_parties(&all, parties.iter());
    let views = parties.into_iter().zip(warnings).map(|(party, warnings)| PartyView::with(party, warnings)).collect();
    Ok(Created::at(&format!("/rooms/{}/parties", room.id), AddedParties { parties: views }))
}

async fn get(app: App, room: InRoom, Id(id): Id<PartyId>) -> Result<Tagged<PartyView>> {
    let party = app.db.read(async |tx| parties::find(tx, room.id, id).await).await?;
    Ok(Tagged(parties::tag(&party), PartyView::of_one(&app, room.id, party).await?))
}

async fn change(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(party): Id<PartyId>,
    IfMatch(basis): IfMatch,
    Json(body): Json<Change<PartyDetails>>,
) -> Result<Tagged<PartyView>> {
    let party = parties::change(&app, &caller.actor(), room.id, party, body.starting_from(basis)).await?;
    Ok(Tagged(parties::tag(&party), PartyView::of_one(&app, room.id, party).await?))
}

async fn remove(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(party): Id<PartyId>,
    IfMatch(basis): IfMatch,
) -> Result<NoContent> {
    parties::remove(&app, &caller.actor(), room.id, party, basis).await?;
    Ok(NoContent)
}
