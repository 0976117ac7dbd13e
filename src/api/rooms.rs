//! Rooms: opened, changed, taken through their phases, deleted.

use room::{CargoProfile, Phase, Role, Room, RoomId, RoomStatus, SnapshotId, Time};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    cockpit::Q_SAYS,
    why::{NoReason, Why},
};
use crate::{
    app::App,
    db::{self, seek::Seek},
    domain::{
        accounts::two_people::Outcome,
        clearance::cockpit,
        input::Change,
        lifecycle::{
            deletion::{self, Deletion},
            phases::{self, NewPhase},
        },
        log::Once,
        rooms::{self, NewRoom, RoomDetails, details::tag},
    },
    error::Result,
    http::{
        Access::May, Caller, Created, DoneOrRequested, FromPairs, Given, IfMatch, InRoom, Json, Kind, Listed, Query,
        Routes, Seeking, Tagged,
    },
    policy::Action::{RoomCreate, RoomDelete, RoomList, RoomUpdate, RoomView as View},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/rooms", May(RoomList), list, "One's rooms, or those looked for, the newest first; an admin's are all")
        .post("/rooms", May(RoomCreate), create, "Opens a room")
        .get("/rooms/{room_id}", May(View), get, "A room")
        .patch("/rooms/{room_id}", May(RoomUpdate), update, "Changes a room; what is left out stays")
        .refusing(&["409"])
        .delete(
            "/rooms/{room_id}",
            May(RoomDelete),
            delete,
            "Deletes a room, but for its log; inside its retention, asks for it, or confirms what was asked",
        )
        .refusing(&["409"])
        .post(
            "/rooms/{room_id}/phase",
            May(RoomUpdate),
            change_phase,
            "Takes the operation to its next phase if its gate is passed, or over it with a reason; or back",
        )
        .refusing(&["409"])
}

/// A room: one STS operation.
#[derive(Serialize, ToSchema)]
struct RoomView {
    #[schema(value_type = String, format = "uuid")]
    id: RoomId,
    title: String,
    location: String,
    /// The ETA: when the STS operation is expected to begin.
    #[schema(value_type = String, format = "date-time")]
    sts_eta: Time,
    description: Option<String>,
    cargo_profile: Option<CargoProfile>,
    status: RoomStatus,
    phase: Phase,
    #[schema(value_type = String, format = "date-time")]
    created_at: Time,
    created_by: String,
    /// How long the STS operation is planned to take, in hours.
    planned_duration_hours: i64,
    /// When the transfer was completed, which is when its phase was left; `null` before that.
    #[schema(value_type = Option<String>, format = "date-time")]
    transfer_completed_at: Option<Time>,
    #[schema(value_type = Option<String>, format = "date-time")]
    closed_at: Option<Time>,
}

impl From<Room> for RoomView {
    fn from(room: Room) -> Self {
        Self {
            id: room.id,
            title: room.title,
            location: room.location,
            sts_eta: room.sts_eta,
            description: room.description,
            cargo_profile: room.cargo_profile,
            status: room.status,
            phase: room.phase,
            created_at: room.created_at,
            created_by: room.created_by,
            planned_duration_hours: room.planned_duration_hours,
            transfer_completed_at: room.transfer_completed_at,
            closed_at: room.closed_at,
        }
    }
}

/// The result of a change of phase.
#[derive(Serialize, ToSchema)]
struct PhaseView {
    #[schema(value_type = String, format = "uuid")]
    room_id: RoomId,
    from: Phase,
    phase: Phase,
    /// The blockers that were overridden.
    overridden: Vec<String>,
    /// The snapshot that was taken with the change, if one was.
    #[schema(value_type = Option<String>, format = "uuid")]
    snapshot_id: Option<SnapshotId>,
}

#[derive(Serialize, ToSchema)]
struct RoomDeleted {
    message: &'static str,
    #[schema(value_type = String, format = "uuid")]
    room_id: RoomId,
}

#[derive(Serialize, ToSchema)]
struct RoomDeletionAsked {
    message: &'static str,
    #[schema(value_type = String, format = "uuid")]
    room_id: RoomId,
    /// Until when another admin may confirm it.
    #[schema(value_type = String, format = "date-time")]
    confirm_by: Time,
}

/// The query of a list of rooms.
struct RoomQuery {
    /// The words to look for, as they came.
    text: String,
    seek: Seek,
    /// The filter as it came, for the links to the other parts of the list.
    filter_query: String,
}

impl FromPairs for RoomQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Seeking::PARAMETERS[0],
        Seeking::PARAMETERS[1],
        Seeking::PARAMETERS[2],
        Seeking::PARAMETERS[3],
        ("q", Kind::Line, Q_SAYS),
    ];

    fn read(given: &mut Given) -> Self {
        let (seek, filter_query) = Seeking::read_with_filter(given);
        Self { text: given.line("q").unwrap_or_default(), seek, filter_query }
    }
}

/// The query of a deletion: whether the room's snapshots are deleted with it.
struct DeletionQuery {
    force: bool,
}

impl FromPairs for DeletionQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[(
        "force",
        Kind::Flag,
        "`true`: delete the room's snapshots with it; takes a `reason` in the body, which the log keeps",
    )];

    fn read(given: &mut Given) -> Self {
        NoReason::refuse(given);
        Self { force: given.flag("force") }
    }
}

async fn list(app: App, caller: Caller, Query(query): Query<RoomQuery>) -> Result<Listed<RoomView>> {
    // The policy lets everyone list rooms; which ones is data scope (level four): those of which they are a party.
    let party = (caller.role != Role::Admin).then_some(caller.user.email.as_str());
    let RoomQuery { text, seek, filter_query } = query;
    let words = cockpit::words(&text)?;
    let found = app.db.read(async |tx| db::rooms::list(tx, party, &words, &seek).await).await?;
    Ok(Listed::found(found, &seek, format!("/rooms{filter_query}"), |room| room.id.to_string(), RoomView::from))
}

async fn create(app: App, caller: Caller, once: Option<Once>, Json(body): Json<NewRoom>) -> Result<Created<RoomView>> {
    let room = rooms::open(&app, &caller.actor(), body, once).await?;
    Ok(Created::at(&format!("/rooms/{}", room.id), room.into()))
}

async fn get(app: App, room: InRoom) -> Result<Tagged<RoomView>> {
    let room = app.db.read(async |tx| rooms::in_use(tx, room.id).await).await?;
    Ok(Tagged(tag(&room), room.into()))
}

async fn update(
    app: App,
    caller: Caller,
    room: InRoom,
    IfMatch(basis): IfMatch,
    Json(body): Json<Change<RoomDetails>>,
) -> Result<Tagged<RoomView>> {
    let room = rooms::change(&app, &caller.actor(), room.id, body.starting_from(basis)).await?;
    Ok(Tagged(tag(&room), room.into()))
}

async fn delete(
    app: App,
    caller: Caller,
    room: InRoom,
    Query(DeletionQuery { force }): Query<DeletionQuery>,
    IfMatch(basis): IfMatch,
    body: Option<Json<Why>>,
) -> Result<DoneOrRequested<Json<RoomDeleted>, RoomDeletionAsked>> {
    let room_id = room.id;
    let deletion = Deletion { force, reason: Why::of(body), basis };
    Ok(match deletion::delete(&app, &caller.actor(), room_id, deletion).await? {
        Outcome::Done(()) => DoneOrRequested::Done(Json(RoomDeleted { message: "Room deleted", room_id })),
        Outcome::Asked(confirm_by) => {
            let message = "Another admin has to confirm that the room is deleted";
            DoneOrRequested::Requested(RoomDeletionAsked { message, room_id, confirm_by })
        }
    })
}

async fn change_phase(
    app: App,
    caller: Caller,
    room: InRoom,
    once: Option<Once>,
    Json(body): Json<NewPhase>,
) -> Result<Json<PhaseView>> {
    let changed = phases::change(&app, &caller.actor(), room.id, body, once).await?;
    Ok(Json(PhaseView {
        room_id: room.id,
        from: changed.from,
        phase: changed.to,
        overridden: changed.overridden,
        snapshot_id: changed.snapshot,
    }))
}
