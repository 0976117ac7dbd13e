//! Clearance of the vessels: the approvals of the parties, and what follows from them for each side.

use room::{
    Approval, ApprovalId, ApprovalStatus, Party, Role, Side, Time, VesselId, VesselRole,
    clearance::{self, Clearance},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db,
    domain::{
        clearance::approvals::{self, ClearanceUpdate, NewClearance, Revocation},
        log::Once,
        rooms::{self, state::Seen},
    },
    error::Result,
    http::{Access::May, Caller, Created, Id, IfMatch, InRoom, Json, Listed, Paging, Query, Routes, Seeking, Tagged},
    policy::Action::{ApprovalCreate, ApprovalList, ApprovalRevoke, ApprovalUpdate, ApprovalView as View},
    portion::{fitting, fitting_last},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/rooms/{room_id}/approvals", May(ApprovalList), list, "What each party says of each vessel")
        .post("/rooms/{room_id}/approvals", May(ApprovalCreate), give, "Says what you think of the other side's vessel")
        .refusing(&["409"])
        .get("/rooms/{room_id}/approvals/{approval_id}", May(View), get, "What a party says of a vessel")
        .put(
            "/rooms/{room_id}/approvals/{approval_id}",
            May(ApprovalUpdate),
            update,
            "Changes what you say of a vessel",
        )
        .refusing(&["409"])
        .post(
            "/rooms/{room_id}/approvals/{approval_id}/revoke",
            May(ApprovalRevoke),
            revoke,
            "Takes a clearance back, for a reason: an owner theirs, a broker or an admin anyone's",
        )
        .refusing(&["409"])
        .get(
            "/rooms/{room_id}/clearance",
            May(ApprovalList),
            sides,
            "For each vessel: what the other side has said, and whose reply is awaited",
        )
}

/// A party's approval of a vessel.
#[derive(Serialize, ToSchema)]
struct ApprovalView {
    #[schema(value_type = String, format = "uuid")]
    id: ApprovalId,
    #[schema(value_type = String, format = "uuid")]
    vessel_id: VesselId,
    /// The e-mail address of the party.
    party: String,
    role: Role,
    side: Option<Side>,
    status: ApprovalStatus,
    /// What has to come true for the approval to hold, with `approved_with_subjects`.
    subjects: Option<String>,
    /// Why the vessel was declined, with `rejected`.
    reason: Option<String>,
    #[schema(value_type = String, format = "date-time")]
    decided_at: Time,
}

impl From<Approval> for ApprovalView {
    fn from(approval: Approval) -> Self {
        let Approval { id, vessel, party, role, side, status, comment, decided_at } = approval;
        let (subjects, reason) = status.subjects_or_reason(comment);
        Self { id, vessel_id: vessel, party, role, side, status, subjects, reason, decided_at }
    }
}

/// The state of a vessel's clearance.
#[derive(Serialize, ToSchema)]
struct ClearanceView {
    #[schema(value_type = String, format = "uuid")]
    vessel_id: VesselId,
    vessel: String,
    role: VesselRole,
    /// The side that has to clear it.
    cleared_by: Side,
    cleared: bool,
    /// The replies of all parties but those of the vessel's own side. Only the last ones if all would be too large.
    decided: Vec<ApprovalView>,
    /// How many parties have replied.
    decided_count: usize,
    /// The parties from whom a reply is awaited. Only the first ones if all would be too large.
    open: Vec<Speaker>,
    /// From how many parties a reply is awaited.
    open_count: usize,
}

/// The largest `decided` of a vessel, in bytes.
const MOST_DECIDED: usize = 1_000_000;
/// The largest `open` of a vessel, in bytes.
const MOST_OPEN: usize = 400_000;

/// A party from whom a reply is awaited.
#[derive(Serialize, ToSchema)]
struct Speaker {
    email: String,
    name: String,
    role: Role,
    company: Option<String>,
}

impl From<&Party> for Speaker {
    fn from(party: &Party) -> Self {
        let Party { email, name, role, company, .. } = party.clone();
        Self { email, name, role, company }
    }
}

impl From<Clearance<'_>> for ClearanceView {
    fn from(clearance: Clearance<'_>) -> Self {
        Self {
            vessel_id: clearance.vessel.id,
            vessel: clearance.vessel.details.name.clone(),
            role: clearance.vessel.details.role,
            cleared_by: clearance.by,
            cleared: clearance.is_cleared,
            decided_count: clearance.decided.len(),
            decided: fitting_last(
                clearance.decided.into_iter().cloned().map(ApprovalView::from).collect(),
                MOST_DECIDED,
            ),
            open_count: clearance.open.len(),
            open: fitting(clearance.open.into_iter().map(Speaker::from).collect(), MOST_OPEN),
        }
    }
}

async fn list(app: App, room: InRoom, Query(Seeking(seek)): Query<Seeking>) -> Result<Listed<ApprovalView>> {
    let found = app.db.read(async |tx| db::approvals::list(tx, room.id, &seek).await).await?;
    let path = format!("/rooms/{}/approvals", room.id);
    Ok(Listed::found(found, &seek, path, |approval| approval.id.to_string(), ApprovalView::from))
}

async fn give(
    app: App,
    caller: Caller,
    room: InRoom,
    once: Option<Once>,
    Json(body): Json<NewClearance>,
) -> Result<Created<ApprovalView>> {
    let approval = approvals::give(&app, &caller.actor(), room.id, body, once).await?;
    Ok(Created::at(&format!("/rooms/{}/approvals/{}", room.id, approval.id), approval.into()))
}

async fn get(app: App, room: InRoom, Id(id): Id<ApprovalId>) -> Result<Tagged<ApprovalView>> {
    Ok(tagged(app.db.read(async |tx| approvals::find(tx, room.id, id).await).await?))
}

fn tagged(approval: Approval) -> Tagged<ApprovalView> {
    Tagged(approvals::tag(Some(&approval)), approval.into())
}

async fn update(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<ApprovalId>,
    IfMatch(basis): IfMatch,
    Json(body): Json<ClearanceUpdate>,
) -> Result<Tagged<ApprovalView>> {
    Ok(tagged(approvals::update(&app, &caller.actor(), room.id, id, (body, basis)).await?))
}

async fn revoke(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<ApprovalId>,
    (IfMatch(basis), once): (IfMatch, Option<Once>),
    Json(body): Json<Revocation>,
) -> Result<Tagged<ApprovalView>> {
    Ok(tagged(approvals::revoke(&app, &caller.actor(), room.id, id, (body, basis), once).await?))
}

async fn sides(app: App, room: InRoom, Query(Paging(page)): Query<Paging>) -> Result<Listed<ClearanceView>> {
    let Seen { state, .. } = rooms::state::now(&app, room.id).await?;
    let views = clearance::of_vessels(&state).into_iter().map(ClearanceView::from).collect();
    Ok(Listed::part_of(views, page, format!("/rooms/{}/clearance", room.id)))
}
