//! The vessels of a room.

use room::{Time, Vessel, VesselDetails, VesselId, VesselRole, VesselStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db,
    domain::{input::Change, log::Once, rooms::vessels},
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
    name: String,
    imo_number: Option<String>,
    /// Why it has no IMO number.
    no_imo_reason: Option<String>,
    /// What it does in the transfer.
    role: VesselRole,
    /// Whether it takes part.
    status: VesselStatus,
    /// What kind of ship, in words.
    vessel_type: Option<String>,
    /// Flag State.
    flag: Option<String>,
    owner: Option<String>,
    charterer: Option<String>,
    /// Length over all, in metres.
    length_m: Option<f64>,
    /// Beam, in metres.
    beam_m: Option<f64>,
    /// Summer draught, in metres.
    draught_m: Option<f64>,
    /// Gross tonnage, which has no unit.
    gross_tonnage: Option<i64>,
    /// Deadweight, in tonnes.
    deadweight_t: Option<i64>,
    /// Year of build.
    year_built: Option<i64>,
    /// Classification society.
    class_society: Option<String>,
    #[schema(value_type = String, format = "date-time")]
    added_at: Time,
}

/// Not flattened: what a client may send of a vessel is closed to other fields, and bounded; what is shown is neither.
impl From<Vessel> for VesselView {
    fn from(Vessel { id, details, added_at }: Vessel) -> Self {
        Self {
            id,
            name: details.name,
            imo_number: details.imo_number,
            no_imo_reason: details.no_imo_reason,
            role: details.role,
            status: details.status,
            vessel_type: details.vessel_type,
            flag: details.flag,
            owner: details.owner,
            charterer: details.charterer,
            length_m: details.length_m,
            beam_m: details.beam_m,
            draught_m: details.draught_m,
            gross_tonnage: details.gross_tonnage,
            deadweight_t: details.deadweight_t,
            year_built: details.year_built,
            class_society: details.class_society,
            added_at,
        }
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
