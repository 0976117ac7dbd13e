//! The standing of a room: its next phase, what keeps it from that, what expires, and the clocks.

use room::{
    Clocks, Phase, RoomId, RoomState, Standing, Time,
    standing::{Blocker, Expiry, Undated},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::rooms::{self, state::Seen},
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

/// The standing of an STS operation.
#[derive(Serialize, ToSchema)]
pub(super) struct SummaryView {
    #[schema(value_type = String, format = "uuid")]
    room_id: RoomId,
    title: String,
    location: String,
    #[schema(value_type = String, format = "date-time")]
    sts_eta: Time,
    phase: Phase,
    /// The phase that comes next, or `null` after the last.
    next_phase: Option<Phase>,
    /// How many of the needed documents are done, in percent; 0 if none is needed.
    progress_percentage: usize,
    /// How many documents are needed: neither optional nor waived, and of a vessel that takes part.
    total_required_docs: usize,
    /// How many of them are approved and stay valid to the end of the STS operation.
    resolved_required_docs: usize,
    /// The blockers that keep it from its next phase. Only the first ones if all would be too large.
    blockers: Vec<Blocker>,
    /// How many blockers there are in all.
    blocker_count: usize,
    /// The documents that expire before the STS operation ends, or soon after it, the earliest first. Only the first
    /// ones if all would be too large.
    expiring_soon: Vec<Expiry>,
    /// How many such documents there are in all.
    expiring_count: usize,
    /// The documents that expire, and of which nobody has said when. Only the first ones if all would be too large.
    undated: Vec<Undated>,
    /// How many such documents there are in all.
    undated_count: usize,
    clocks: Clocks,
    /// Why this is what the tables say and not what the room's log tells: the log is not sound. Missing if it is what the
    /// log tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    log_fault: Option<String>,
}

/// The largest `blockers`, in bytes.
const MOST_BLOCKERS: usize = 400_000;
/// The largest `expiring_soon`, and the largest `undated`, in bytes.
const MOST_EXPIRING: usize = 150_000;

impl SummaryView {
    /// Shows the standing of this room.
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
            undated_count: standing.undated.len(),
            undated: fitting(standing.undated, MOST_EXPIRING),
            clocks: standing.clocks,
            log_fault: None,
        }
    }
}

async fn get(app: App, room: InRoom) -> Result<Json<SummaryView>> {
    let Seen { state, log_fault } = rooms::state::now(&app, room.id).await?;
    let standing = Standing::of(&state, app.config.retention_years);
    Ok(Json(SummaryView { log_fault, ..SummaryView::of(&state, standing) }))
}
