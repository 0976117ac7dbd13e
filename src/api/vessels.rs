//! The vessels of a room: named, changed, withdrawn, removed.

use room::{Time, Vessel, VesselDetails, VesselId, VesselRole, VesselStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db,
    domain::{input::Change, log::Once, rooms::vessels},
    error::Result,
    http::{
        Access::May, Caller, Created, Id, IfMatch, InRoom, Json, Listed, NoContent, Query, Routes, Seeking, Tagged,
    },
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

/// A vessel of a room.
#[derive(Serialize, ToSchema)]
pub(super) struct VesselView {
    #[schema(value_type = String, format = "uuid")]
    id: VesselId,
    name: String,
    imo_number: Option<String>,
    /// Why the vessel has no IMO number, if it has none.
    no_imo_reason: Option<String>,
    /// The part that the vessel has in the transfer.
    role: VesselRole,
    /// Whether the vessel takes part, or was withdrawn.
    status: VesselStatus,
    /// The kind of ship, in words.
    vessel_type: Option<String>,
    /// The State whose flag the vessel flies.
    flag: Option<String>,
    owner: Option<String>,
    charterer: Option<String>,
    /// The length over all, in metres.
    length_m: Option<f64>,
    /// The beam, in metres.
    beam_m: Option<f64>,
    /// The summer draught, in metres.
    draught_m: Option<f64>,
    /// The gross tonnage, which has no unit.
    gross_tonnage: Option<i64>,
    /// The deadweight, in tonnes.
    deadweight_t: Option<i64>,
    /// The year in which she was built.
    year_built: Option<i64>,
    /// The classification society that classed her.
    class_society: Option<String>,
    #[schema(value_type = String, format = "date-time")]
    added_at: Time,
}

/// Field by field, and not with `#[serde(flatten)]`: `VesselDetails` refuses unknown fields and has bounds in its
/// schema, which hold for what a client sends and not for what it is shown.
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

async fn list(app: App, room: InRoom, Query(Seeking(seek)): Query<Seeking>) -> Result<Listed<VesselView>> {
    let found = app.db.read(async |tx| db::vessels::list(tx, room.id, &seek).await).await?;
    let path = format!("/rooms/{}/vessels", room.id);
    Ok(Listed::found(found, &seek, path, |vessel| vessel.id.to_string(), VesselView::from))
}

async fn add(
    app: App,
    caller: Caller,
    room: InRoom,
    once: Option<Once>,
    Json(body): Json<VesselDetails>,
) -> Result<Created<VesselView>> {
    let vessel = vessels::add(&app, &caller.actor(), room.id, body, once).await?;
    Ok(Created::at(&format!("/rooms/{}/vessels/{}", room.id, vessel.id), vessel.into()))
}

async fn get(app: App, room: InRoom, Id(id): Id<VesselId>) -> Result<Tagged<VesselView>> {
    let vessel = app.db.read(async |tx| vessels::find(tx, room.id, id).await).await?;
    Ok(Tagged(vessels::tag(&vessel), vessel.into()))
}

async fn change(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<VesselId>,
    IfMatch(basis): IfMatch,
    Json(body): Json<Change<VesselDetails>>,
) -> Result<Tagged<VesselView>> {
    let vessel = vessels::change(&app, &caller.actor(), room.id, id, body.starting_from(basis)).await?;
    Ok(Tagged(vessels::tag(&vessel), vessel.into()))
}

async fn remove(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<VesselId>,
    IfMatch(basis): IfMatch,
) -> Result<NoContent> {
    vessels::remove(&app, &caller.actor(), room.id, id, basis).await?;
    Ok(NoContent)
}
