//! The time limits of the trade: notice to the coastal State, demurrage claim, retention.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{ClaimState, DocumentState, NoticeState, Room, RoomState, Time};

/// The type of document that is the notice to the coastal State. The notice counts as given once a file is uploaded,
/// unless a party rejects that file.
pub const NOTICE_DOCUMENT: &str = "NOTIF_48H";
/// How long before the STS operation the notice has to be given (MARPOL Annex I reg. 42.1).
const NOTICE_BEFORE: Duration = Duration::from_hours(48);
/// How far the ETA may move before the notice has to be revised (MARPOL Annex I reg. 42.3).
const ETA_MAY_MOVE: Duration = Duration::from_hours(6);
/// How long after the end of the transfer a demurrage claim can be presented, with all its documents.
const CLAIM_WITHIN: Duration = Duration::from_hours(90 * 24);
/// For how many years records of STS operations are kept at least (MARPOL Annex I reg. 41.5).
pub const KEPT_AT_LEAST_YEARS: u32 = 3;

/// The clocks of a room.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Clocks {
    /// When the STS operation is planned to end: its ETA plus its planned duration.
    #[schema(value_type = String, format = "date-time")]
    pub planned_end: Time,
    /// The notice to the coastal State, or `null` if the room needs none.
    pub coastal_notice: Option<CoastalNotice>,
    /// The time for a demurrage claim, or `null` before the transfer is completed.
    pub claim: Option<Claim>,
    /// How long the documents are kept, or `null` before the room is closed. Nothing is deleted by itself when it ends.
    pub retention: Option<Retention>,
}

/// The notice to the coastal State, which is due 48 hours before the STS operation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CoastalNotice {
    /// When the notice is due.
    #[schema(value_type = String, format = "date-time")]
    pub due_at: Time,
    /// Whether the notice was given, is due or has to be revised.
    pub state: NoticeState,
    /// When it was first given.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub given_at: Option<Time>,
    /// The ETA in the latest notice.
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
    /// Whether the time is running or has passed.
    pub state: ClaimState,
}

/// How long a room's documents are kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Retention {
    /// When the room was closed.
    #[schema(value_type = String, format = "date-time")]
    pub closed_at: Time,
    /// The end of the time that the rule asks for: three years later (MARPOL Annex I reg. 41.5).
    #[schema(value_type = String, format = "date-time")]
    pub at_least_until: Time,
    /// The end of the time that this server keeps them for, by its setting `retention_years`.
    #[schema(value_type = String, format = "date-time")]
    pub until: Time,
}

/// Computes the clocks of a room at its instant. `retention_years` is the server's setting.
pub fn of_room(state: &RoomState, retention_years: u32) -> Clocks {
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

/// Computes where the notice to the coastal State stands. A version that was withdrawn or that a party rejects does not
/// count as given.
fn coastal_notice(room: &Room, notice: &DocumentState, now: Time) -> CoastalNotice {
    let due_at = room.sts_eta.before(NOTICE_BEFORE);
    let given = || notice.versions.iter().filter(|state| state.version.counts() && state.rejection().is_none());
    // The first notice decides whether it was in time (reg. 42.1), the latest one which ETA the coastal State knows
    // (reg. 42.3). When that one was uploaded does not matter: a revision may come within the 48 hours.
    let given_at = given().next().map(|first| first.version.uploaded_at);
    let notified_eta = given().next_back().and_then(|last| last.version.told_eta);
    let state = match given_at.zip(notified_eta) {
        None if now > due_at => NoticeState::Overdue,
        None => NoticeState::Open,
        Some((_, eta)) if eta.apart(room.sts_eta) > ETA_MAY_MOVE => NoticeState::Revise,
        // Compared with the ETA in the notice, not the room's: if the ETA becomes up to six hours earlier, a notice
        // that was given in time is not late for that.
        Some((given_at, eta)) if given_at > eta.before(NOTICE_BEFORE) => NoticeState::GivenLate,
        Some(_) => NoticeState::Given,
    };
    CoastalNotice { due_at, state, given_at, notified_eta }
}
