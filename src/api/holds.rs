//! Legal holds on a room and its snapshots. For admins only, as are the reasons of holds.

use room::{HoldId, RoomId, SnapshotId, Time};
use serde::Serialize;
use utoipa::ToSchema;

use super::why::{NoReason, Why};
use crate::{
    app::App,
    domain::{
        accounts::two_people::Outcome,
        log::Once,
        retention::{
            confirmations,
            holds::{self, HoldNow, NewHold},
        },
    },
    error::Result,
    http::{Access::May, Caller, Created, DoneOrRequested, Id, InRoom, Json, Listed, Query, Routes, Seeking},
    policy::Action::{HoldCreate, HoldLift, HoldList, HoldView as View},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/rooms/{room_id}/holds", May(HoldList), list, "A room's holds, lifted ones too, the newest first")
        .post(
            "/rooms/{room_id}/holds",
            May(HoldCreate),
            place,
            "Places a hold: nobody deletes the room, or the snapshot, until it is lifted",
        )
        .refusing(&["409"])
        .get("/rooms/{room_id}/holds/{hold_id}", May(View), get, "A hold")
        .delete(
            "/rooms/{room_id}/holds/{hold_id}",
            May(HoldLift),
            lift,
            "Asks to lift a hold, for a reason in the body; lifts it where another admin has asked for it within a day",
        )
        .refusing(&["409"])
}

/// A hold on a room or a snapshot.
#[derive(Serialize, ToSchema)]
struct HoldView {
    #[schema(value_type = String, format = "uuid")]
    id: HoldId,
    #[schema(value_type = String, format = "uuid")]
    room_id: RoomId,
    /// The snapshot that is held, or `null` if the whole room is.
    #[schema(value_type = Option<String>, format = "uuid")]
    snapshot_id: Option<SnapshotId>,
    reason: String,
    /// The e-mail address of the admin who placed it.
    placed_by: String,
    #[schema(value_type = String, format = "date-time")]
    placed_at: Time,
    /// How the hold was lifted, or `null` while it is in force.
    lifted: Option<HoldLiftView>,
    /// The request to lift it that another admin may confirm.
    lift_request: Option<LiftRequestView>,
}

/// How a hold was lifted.
#[derive(Serialize, ToSchema)]
struct HoldLiftView {
    /// The e-mail address of the admin who asked for it.
    asked_by: String,
    /// The e-mail address of the admin who confirmed it.
    lifted_by: String,
    #[schema(value_type = String, format = "date-time")]
    lifted_at: Time,
    /// The reason that the admin who asked for it gave.
    reason: String,
    /// What the admin who confirmed it added, if anything.
    confirm_reason: Option<String>,
}

/// A request to lift a hold.
#[derive(Serialize, ToSchema)]
struct LiftRequestView {
    /// The e-mail address of the admin who asked.
    asked_by: String,
    #[schema(value_type = String, format = "date-time")]
    asked_at: Time,
    /// Until when another admin may confirm it.
    #[schema(value_type = String, format = "date-time")]
    until: Time,
    reason: Option<String>,
}

impl From<HoldNow> for HoldView {
    fn from((hold, request): HoldNow) -> Self {
        let lifted = hold.lifted.map(|lifted| HoldLiftView {
            asked_by: lifted.asked_by,
            lifted_by: lifted.by,
            lifted_at: lifted.at,
            reason: lifted.reason,
            confirm_reason: lifted.confirm_reason,
        });
        let lift_request = request.map(|request| LiftRequestView {
            until: confirmations::until(&request),
            asked_by: request.asked_by,
            asked_at: request.asked_at,
            reason: request.reason,
        });
        Self {
            id: hold.id,
            room_id: hold.room,
            snapshot_id: hold.snapshot,
            reason: hold.reason,
            placed_by: hold.placed_by,
            placed_at: hold.placed_at,
            lifted,
            lift_request,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct HoldLifted {
    message: &'static str,
    #[schema(value_type = String, format = "uuid")]
    hold_id: HoldId,
    /// The e-mail address of the admin who asked for it.
    asked_by: String,
}

#[derive(Serialize, ToSchema)]
struct HoldLiftAsked {
    message: &'static str,
    #[schema(value_type = String, format = "uuid")]
    hold_id: HoldId,
    /// Until when another admin may confirm it.
    #[schema(value_type = String, format = "date-time")]
    confirm_by: Time,
    /// The e-mail address of the admin who asked.
    asked_by: String,
}

async fn list(app: App, room: InRoom, Query(Seeking(seek)): Query<Seeking>) -> Result<Listed<HoldView>> {
    let found = holds::list(&app, room.id, &seek).await?;
    let path = format!("/rooms/{}/holds", room.id);
    Ok(Listed::found(found, &seek, path, |(hold, _)| hold.id.to_string(), HoldView::from))
}

async fn place(
    app: App,
    caller: Caller,
    room: InRoom,
    once: Option<Once>,
    Json(body): Json<NewHold>,
) -> Result<Created<HoldView>> {
    let view = HoldView::from(holds::place(&app, &caller.actor(), room.id, body, once).await?);
    Ok(Created::at(&format!("/rooms/{}/holds/{}", room.id, view.id), view))
}

async fn get(app: App, room: InRoom, Id(id): Id<HoldId>) -> Result<Json<HoldView>> {
    Ok(Json(holds::find(&app, room.id, id).await?.into()))
}

async fn lift(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(hold_id): Id<HoldId>,
    Query(NoReason): Query<NoReason>,
    body: Option<Json<Why>>,
) -> Result<DoneOrRequested<Json<HoldLifted>, HoldLiftAsked>> {
    Ok(match holds::lift(&app, &caller.actor(), room.id, hold_id, Why::of(body)).await? {
        Outcome::Done(lifted) => {
            DoneOrRequested::Done(Json(HoldLifted { message: "Hold lifted", hold_id, asked_by: lifted.asked_by }))
        }
        Outcome::Asked(confirm_by) => DoneOrRequested::Requested(HoldLiftAsked {
            message: "Another admin has to confirm that the hold is lifted",
            hold_id,
            confirm_by,
            asked_by: caller.user.email,
        }),
    })
}
