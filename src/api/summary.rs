//! Where the operation of a room stands, on one page.

use room::{
    Clocks, Phase, RoomId, RoomState, Standing, Time,
    standing::{Blocker, Expiry},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::rooms,
    error::Result,
    http::{Access::May, InRoom, Json, Routes},
    policy::Action::RoomView,
    portion::fitting,
};

pub(super) fn routes() -> Routes {
    Routes::new().get(
        "/rooms/{room_id}/summary",
        May(RoomView),
        get,
        "Where the operation stands: progress, what keeps it from its next phase, what runs out, the clocks",
    )
}

/// Where an operation stands.
#[derive(Serialize, ToSchema)]
pub(super) struct SummaryView {
    #[schema(value_type = String, format = "uuid")]
    room_id: RoomId,
    title: String,
    location: String,
    #[schema(value_type = String, format = "date-time")]
    sts_eta: Time,
    phase: Phase,
    /// The phase that comes next; none after the last.
    next_phase: Option<Phase>,
    /// Resolved of the required documents, in percent; 0 where none is required.
    progress_percentage: usize,
    /// Documents that are required, and not waived.
    total_required_docs: usize,
    /// Those of them that are approved and outlast the operation.
    resolved_required_docs: usize,
    /// What keeps the operation from its next phase; the first of it where all would be too large.
    blockers: Vec<Blocker>,
    /// How many things keep it.
    blocker_count: usize,
    /// Documents that run out before the operation ends, or soon after it; the earliest first.
    /// Not all where they would be too large.
    expiring_soon: Vec<Expiry>,
    /// How many documents run out.
    expiring_count: usize,
    clocks: Clocks,
}

/// The largest `blockers` and `expiring_soon`, in bytes.
const MOST_BLOCKERS: usize = 400_000;
const MOST_EXPIRING: usize = 150_000;

impl SummaryView {
    pub(super) fn of(state: &RoomState, standing: Standing) -> Self {
        let room = &state.room;
        Self {
            room_id: room.id,
            title: room.title.clone(),
            location: room.location.clone(),
            sts_eta: room.sts_eta,
            phase: room.phase,
            next_phase: standing.next_phase,
            progress_percentage: standing.progress_percentage(),
            total_required_docs: standing.total_required_docs,
            resolved_required_docs: standing.resolved_required_docs,
            blocker_count: standing.blockers.len(),
            blockers: fitting(standing.blockers, MOST_BLOCKERS),
            expiring_count: standing.expiring_soon.len(),
            expiring_soon: fitting(standing.expiring_soon, MOST_EXPIRING),
            clocks: standing.clocks,
        }
    }
}

async fn get(app: App, room: InRoom) -> Result<Json<SummaryView>> {
    let state = rooms::state::now(&app, room.id).await?;
    let standing = Standing::of(&state, app.config.retention_years);
    Ok(Json(SummaryView::of(&state, standing)))
}
