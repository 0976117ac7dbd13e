//! The trade's own clocks: the notice to the coastal State, the claim, retention.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{ClaimState, DocumentState, NoticeState, Room, RoomState, Time};

/// The type of document that tells the coastal State; to upload it is to have told, unless a party rejects it.
pub const NOTICE_DOCUMENT: &str = "NOTIF_48H";
/// How long before the operation the coastal State is told (MARPOL Annex I reg. 42.1).
const NOTICE_BEFORE: Duration = Duration::from_hours(48);
/// An ETA that moves by more than this is told again (MARPOL Annex I reg. 42.3).
const ETA_MAY_MOVE: Duration = Duration::from_hours(6);
/// A demurrage claim is presented with all its papers within this, counted from the end of the transfer.
const CLAIM_WITHIN: Duration = Duration::from_hours(90 * 24);
/// Records of STS operations are kept so many years at least (MARPOL Annex I reg. 41.5).
pub const KEPT_AT_LEAST_YEARS: u32 = 3;

/// Where the clocks stand.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Clocks {
    /// The planned end of the operation: its ETA and its planned duration.
    #[schema(value_type = String, format = "date-time")]
    pub planned_end: Time,
    /// The notice to the coastal State; none where the room needs none.
    pub coastal_notice: Option<CoastalNotice>,
    /// The time for a demurrage claim; none before the transfer is completed.
    pub claim: Option<Claim>,
    /// How long the papers are kept; none before the room is closed. Nothing is deleted when it is over.
    pub retention: Option<Retention>,
}

/// The notice to the coastal State, 48 hours before the operation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CoastalNotice {
    /// When it is due.
    #[schema(value_type = String, format = "date-time")]
    pub due_at: Time,
    /// Where it stands.
    pub state: NoticeState,
    /// When it was first given.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub given_at: Option<Time>,
    /// The ETA that was last told.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub notified_eta: Option<Time>,
}

/// The time for a demurrage claim.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Claim {
    /// When the transfer was completed.
    #[schema(value_type = String, format = "date-time")]
    pub started_at: Time,
    /// When the claim is barred: 90 days later.
    #[schema(value_type = String, format = "date-time")]
    pub deadline: Time,
    /// Whether it runs.
    pub state: ClaimState,
}

/// How long a room's papers are kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Retention {
    /// When the room was closed.
    #[schema(value_type = String, format = "date-time")]
    pub closed_at: Time,
    /// Three years later (MARPOL Annex I reg. 41.5).
    #[schema(value_type = String, format = "date-time")]
    pub at_least_until: Time,
    /// As the setting `retention_years` says.
    #[schema(value_type = String, format = "date-time")]
    pub until: Time,
}

/// Reads the clocks of a room. `retention_years` is the setting.
pub fn read(state: &RoomState, retention_years: u32) -> Clocks {
    let RoomState { room, now, .. } = state;
    let notice = state.documents.iter().find(|document| document.slot.document_type == NOTICE_DOCUMENT);
    Clocks {
        planned_end: room.planned_end(),
        coastal_notice: notice.filter(|notice| notice.needed).map(|notice| coastal_notice(room, notice, *now)),
        claim: room.transfer_completed_at.map(|started_at| {
            let deadline = started_at.after(CLAIM_WITHIN);
            let state = if *now <= deadline { ClaimState::Running } else { ClaimState::Passed };
            Claim { started_at, deadline, state }
        }),
        retention: room.closed_at.map(|closed_at| Retention {
            closed_at,
            at_least_until: closed_at.years_later(KEPT_AT_LEAST_YEARS),
            until: closed_at.years_later(retention_years),
        }),
    }
}

/// A notice that a party rejects was not given.
fn coastal_notice(room: &Room, notice: &DocumentState, now: Time) -> CoastalNotice {
    let due_at = room.sts_eta.before(NOTICE_BEFORE);
    let given = || notice.versions.iter().filter(|version| version.rejection().is_none());
    let given_at = given().next().map(|first| first.version.uploaded_at);
    let notified_eta = given().next_back().and_then(|last| last.version.told_eta);
    let state = match given_at.zip(notified_eta) {
        None if now > due_at => NoticeState::Overdue,
        None => NoticeState::Open,
        Some((_, eta)) if eta.apart(room.sts_eta) > ETA_MAY_MOVE => NoticeState::Revise,
        Some((given_at, eta)) if given_at > eta.before(NOTICE_BEFORE) => NoticeState::GivenLate,
        Some(_) => NoticeState::Given,
    };
    CoastalNotice { due_at, state, given_at, notified_eta }
}
