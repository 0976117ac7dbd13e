//! Where an operation stands: what keeps it from its next phase, how far its documents are, what runs out.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    BlockerKind, Criticality, Day, DocumentId, DocumentState, DocumentStatus, Phase, RoomState, VesselId, VesselRole,
    clearance::{self, Clearance},
    clocks::{self, Clocks},
    visible::cut,
};

/// The most of a reason that a blocker quotes, in characters: there may be hundreds of them.
const LONGEST_QUOTED: usize = 200;

/// Where an operation stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Documents that are needed.
    pub total_required_docs: usize,
    /// Those of them that are approved and outlast the operation.
    pub resolved_required_docs: usize,
    /// The phase that comes next; none after the last.
    pub next_phase: Option<Phase>,
    /// What keeps the operation from it.
    pub blockers: Vec<Blocker>,
    /// Documents that run out before the operation ends, or soon after it; the earliest first.
    pub expiring_soon: Vec<Expiry>,
    /// The clocks.
    pub clocks: Clocks,
}

/// Something that keeps an operation from a phase.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Blocker {
    /// What kind of thing.
    pub kind: BlockerKind,
    /// What is wrong.
    pub detail: String,
    /// The document, where it is about one.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub document_id: Option<DocumentId>,
    /// The vessel, where it is about one.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub vessel_id: Option<VesselId>,
}

/// A document that runs out before the operation ends, or soon after it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Expiry {
    /// The document.
    #[schema(value_type = String, format = "uuid")]
    pub document_id: DocumentId,
    /// Its name.
    pub name: String,
    /// The vessel, where it belongs to one.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub vessel_id: Option<VesselId>,
    /// The last day on which it is valid.
    #[schema(value_type = String, format = "date")]
    pub expires_on: Day,
    /// Whether it runs out before the operation ends.
    pub before_end: bool,
}

impl Standing {
    /// Reads where an operation stands. `retention_years` is the setting.
    pub fn of(state: &RoomState, retention_years: u32) -> Self {
        let needed = || state.documents.iter().filter(|document| document.needed);
        let next_phase = state.room.phase.next();
        Self {
            total_required_docs: needed().count(),
            resolved_required_docs: needed().filter(|document| document.is_resolved()).count(),
            next_phase,
            blockers: next_phase.map_or_else(Vec::new, |next| blockers(state, next)),
            expiring_soon: expiring_soon(state),
            clocks: clocks::read(state, retention_years),
        }
    }

    /// Resolved of the needed documents, in percent; 0 where none is needed.
    pub fn progress_percentage(&self) -> usize {
        (self.resolved_required_docs * 100).checked_div(self.total_required_docs).unwrap_or_default()
    }
}

/// What keeps an operation from a phase: vessels first, then documents, the most critical first.
pub fn blockers(state: &RoomState, phase: Phase) -> Vec<Blocker> {
    let mut blockers = vessel_blockers(state, phase);
    for criticality in Criticality::ALL {
        let gated = state.documents.iter().filter(|document| {
            document.needed && document.slot.criticality == criticality && holds_up(document.slot.gate, phase)
        });
        blockers.extend(gated.filter_map(|document| document_blocker(state, document)));
    }
    blockers
}

/// Whether a document of this gate has to be there before that phase. The gate `clearance` is for
/// leaving it; nothing is left open at the end.
pub fn holds_up(gate: Phase, phase: Phase) -> bool {
    phase == Phase::Closed || if gate == Phase::Clearance { phase > gate } else { phase >= gate }
}

fn document_blocker(state: &RoomState, document: &DocumentState) -> Option<Blocker> {
    let title = state.title_of(&document.slot);
    let newest = document.newest();
    let expiry = newest.and_then(|newest| newest.version.expires_on);
    let (kind, detail) = match document.status {
        DocumentStatus::Approved => return None,
        DocumentStatus::Missing => (BlockerKind::DocumentMissing, format!("{title} – missing")),
        DocumentStatus::UnderReview => {
            (BlockerKind::DocumentUnderReview, format!("{title} – waits for somebody's approval"))
        }
        DocumentStatus::Rejected => {
            let rejection = newest.and_then(|newest| newest.rejection());
            let by = rejection.map_or("a party", |rejection| &rejection.party);
            let why = rejection.and_then(|rejection| rejection.comment.as_deref()).unwrap_or_default();
            let why = cut(why, LONGEST_QUOTED);
            (BlockerKind::DocumentRejected, format!("{title} – rejected by {by}: {why}"))
        }
        DocumentStatus::Expired => {
            let on = expiry.map(|day| day.to_string()).unwrap_or_default();
            let end = state.room.end_of_operation(state.now).day();
            (BlockerKind::DocumentExpired, format!("{title} – valid until {on}, and the operation ends on {end}"))
        }
    };
    Some(Blocker { kind, detail, document_id: Some(document.slot.id), vessel_id: document.slot.vessel })
}

fn vessel_blockers(state: &RoomState, phase: Phase) -> Vec<Blocker> {
    if phase < Phase::Clearance {
        return Vec::new();
    }
    let missing = [VesselRole::Discharging, VesselRole::Receiving]
        .into_iter()
        .filter(|role| state.active_vessels().all(|vessel| vessel.details.role != *role))
        .map(|role| Blocker {
            kind: BlockerKind::VesselMissing,
            detail: format!("No {role} vessel is named"),
            document_id: None,
            vessel_id: None,
        });
    let mut blockers: Vec<_> = missing.collect();
    if phase > Phase::Clearance {
        blockers.extend(clearance::of_vessels(state).into_iter().filter_map(|cleared| vessel_blocker(&cleared)));
    }
    blockers
}

fn vessel_blocker(clearance: &Clearance<'_>) -> Option<Blocker> {
    let name = &clearance.vessel.details.name;
    let (kind, detail) = match clearance.rejection {
        Some(rejection) => {
            let why = cut(rejection.comment.as_deref().unwrap_or_default(), LONGEST_QUOTED);
            (BlockerKind::VesselRejected, format!("{name} is rejected by {}: {why}", rejection.party))
        }
        None if clearance.is_cleared => return None,
        None => (BlockerKind::VesselNotCleared, format!("{name} has not been cleared by the other side")),
    };
    Some(Blocker { kind, detail, document_id: None, vessel_id: Some(clearance.vessel.id) })
}

fn expiring_soon(state: &RoomState) -> Vec<Expiry> {
    let end = state.room.end_of_operation(state.now).day();
    let mut expiring: Vec<_> = state
        .documents
        .iter()
        .filter(|document| document.needed)
        .filter_map(|document| {
            let expires_on = document.newest()?.version.expires_on?;
            let warned_until = end.days_later(document.slot.warn_days.unwrap_or_default());
            (expires_on < warned_until).then(|| Expiry {
                document_id: document.slot.id,
                name: state.title_of(&document.slot),
                vessel_id: document.slot.vessel,
                expires_on,
                before_end: expires_on < end,
            })
        })
        .collect();
    expiring.sort_by_key(|expiry| expiry.expires_on);
    expiring
}
