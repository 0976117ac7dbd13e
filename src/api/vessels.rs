//! The vessels of a room.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, vessels::Vessel},
    domain::{
        Change, Time, VesselId,
        idempotency::Once,
        vessels::{self, VesselDetails},
    },
    error::Result,
    http::{Access::May, Caller, Created, Id, InRoom, Json, Listed, NoContent, Paging, Query, Routes},
    policy::Action::{VesselCreate, VesselDelete, VesselList, VesselUpdate, VesselView as View},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/rooms/{room_id}/vessels", May(VesselList), list, "The vessels, in the order they were named")
        .post(
            "/rooms/{room_id}/vessels",
            May(VesselCreate),
            add,
            "Names a vessel; its documents are asked for from then on",
        )
        .refusing(&["409"])
        .get("/rooms/{room_id}/vessels/{vessel_id}", May(View), get, "A vessel")
        .patch(
            "/rooms/{room_id}/vessels/{vessel_id}",
            May(VesselUpdate),
            change,
            "Changes a vessel, or withdraws it; what is left out stays",
        )
        .refusing(&["409"])
        .delete(
            "/rooms/{room_id}/vessels/{vessel_id}",
            May(VesselDelete),
            remove,
            "Removes a vessel named by mistake; one with papers is withdrawn instead",
        )
        .refusing(&["409"])
}

/// A vessel of the operation.
#[derive(Serialize, ToSchema)]
pub(super) struct VesselView {
    #[schema(value_type = String, format = "uuid")]
    id: VesselId,
    #[serde(flatten)]
    details: VesselDetails,
    #[schema(value_type = String, format = "date-time")]
    added_at: Time,
}

impl From<Vessel> for VesselView {
    fn from(Vessel { id, details, added_at }: Vessel) -> Self {
        Self { id, details, added_at }
    }
}

async fn list(app: App, room: InRoom, Query(Paging(page)): Query<Paging>) -> Result<Listed<VesselView>> {
    let vessels = app.db.read(async |tx| db::vessels::all(tx, room.id).await).await?;
    let views = vessels.into_iter().map(VesselView::from).collect();
    Ok(Listed::part_of(views, page, format!("/rooms/{}/vessels", room.id)))
}

async fn add(
    app: App,
    caller: Caller,
    room: InRoom,
    once: Option<Once>,
    Json(asked): Json<VesselDetails>,
) -> Result<Created<VesselView>> {
    let vessel = vessels::add(&app, &caller.actor(), room.id, asked, once).await?;
    Ok(Created::at(&format!("/rooms/{}/vessels/{}", room.id, vessel.id), vessel.into()))
}

async fn get(app: App, room: InRoom, Id(id): Id<VesselId>) -> Result<Json<VesselView>> {
    Ok(Json(app.db.read(async |tx| vessels::find(tx, room.id, id).await).await?.into()))
}

async fn change(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<VesselId>,
    Json(asked): Json<Change<VesselDetails>>,
) -> Result<Json<VesselView>> {
    Ok(Json(vessels::change(&app, &caller.actor(), room.id, id, asked).await?.into()))
}

async fn remove(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>) -> Result<NoContent> {
    vessels::remove(&app, &caller.actor(), room.id, id).await?;
    Ok(NoContent)
}
