//! Where an STS operation stands: what keeps it from its next phase, how many documents are done, what expires.

use std::iter;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    BlockerKind, Criticality, Day, DocumentId, DocumentState, DocumentStatus, Phase, RoomState, VesselId, VesselRole,
    awaited::waits_for,
    clearance::{self, Clearance},
    clocks::{self, Clocks},
    visible::cut,
};

/// The longest part of a reason that a blocker quotes, in characters: a room may have hundreds of blockers.
const LONGEST_QUOTED: usize = 200;

/// Where an STS operation stands: the answer to "what is left to do before the next phase".
///
/// It is computed from a [`RoomState`] whenever it is needed, and stored only within a record. Pages, the API, the
/// cockpit and the report all call [`Standing::of`], and the gate of a phase the same [`blockers`]: what a user is
/// shown as outstanding is what the gate refuses, and what the report of the same instant says. Counters in the room's
/// row, kept by every operation, were not taken: they would need an update when only time passes, and a mistake in one
/// would last.
///
/// Blockers carry a sentence and the ids that it is about; a page makes links of the ids, the report prints the
/// sentence. The setting `retention_years` is an argument, since this crate knows no settings.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The number of documents that are needed.
    pub total_required_docs: usize,
    /// How many of them are approved and valid to the end of the STS operation.
    pub resolved_required_docs: usize,
    /// The phase that comes next, or `None` after the last.
    pub next_phase: Option<Phase>,
    /// What keeps the STS operation from that phase.
    pub blockers: Vec<Blocker>,
    /// Documents that expire before the end of the STS operation or soon after it, the earliest first.
    pub expiring_soon: Vec<Expiry>,
    /// Documents that expire, and of which nobody has said when.
    pub undated: Vec<Undated>,
    /// The time limits of the trade.
    pub clocks: Clocks,
}

/// One thing that keeps an STS operation from a phase.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Blocker {
    /// What kind of blocker it is.
    pub kind: BlockerKind,
    /// What is wrong, in a sentence.
    pub detail: String,
    /// The document that it is about, if any.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub document_id: Option<DocumentId>,
    /// The vessel that it is about, if any.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub vessel_id: Option<VesselId>,
    /// The role that no vessel has, if that is what is wrong.
    #[serde(skip)]
    pub vessel_role: Option<VesselRole>,
}

/// A blocker that was overridden, as the entry of the step names it: by its kind and what it was about.
///
/// It has no sentence: what was wrong follows from the entries before it, and a reader makes the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverriddenBlocker {
    /// What kind of blocker it was.
    pub kind: BlockerKind,
    /// The document that it was about, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_id: Option<DocumentId>,
    /// The vessel that it was about, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vessel_id: Option<VesselId>,
    /// The role that no vessel had, if that was what was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vessel_role: Option<VesselRole>,
}

impl From<&Blocker> for OverriddenBlocker {
    fn from(blocker: &Blocker) -> Self {
        let Blocker { kind, document_id, vessel_id, vessel_role, .. } = *blocker;
        Self { kind, document_id, vessel_id, vessel_role }
    }
}

/// A document that expires before the end of the STS operation, or soon after it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Expiry {
    /// The id of the document.
    #[schema(value_type = String, format = "uuid")]
    pub document_id: DocumentId,
    /// The document's name, with its vessel's before it.
    pub name: String,
    /// The vessel that it belongs to, if any.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub vessel_id: Option<VesselId>,
    /// The last day on which it is valid.
    #[schema(value_type = String, format = "date")]
    pub expires_on: Day,
    /// Whether it expires before the end of the STS operation.
    pub before_end: bool,
}

/// A document that expires, of whose version in force nobody has said when.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Undated {
    /// The id of the document.
    #[schema(value_type = String, format = "uuid")]
    pub document_id: DocumentId,
    /// The document's name, with its vessel's before it.
    pub name: String,
    /// The vessel that it belongs to, if any.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub vessel_id: Option<VesselId>,
}

impl Standing {
    /// Computes where an STS operation stands. `retention_years` is the server's setting.
    pub fn of(state: &RoomState, retention_years: u32) -> Self {
        let needed = || state.documents.iter().filter(|document| document.needed);
        let next_phase = state.room.phase.next();
        Self {
            total_required_docs: needed().count(),
            resolved_required_docs: needed().filter(|document| document.is_resolved()).count(),
            next_phase,
            blockers: next_phase.map_or_else(Vec::new, |next| blockers(state, next)),
            expiring_soon: expiring_soon(state),
            undated: undated(state),
            clocks: clocks::of_room(state, retention_years),
        }
    }

    /// Returns how many of the needed documents are done, in percent; 0 if none is needed.
    pub fn progress_percentage(&self) -> usize {
        (self.resolved_required_docs * 100).checked_div(self.total_required_docs).unwrap_or_default()
    }
}

/// Returns what keeps an STS operation from a phase: vessels first, then documents, the most critical first.
pub fn blockers(state: &RoomState, phase: Phase) -> Vec<Blocker> {
    let mut blockers = vessel_blockers(state, phase);
    blockers.extend(blockers_of_gates(state, |gate| holds_up(gate, phase)));
    blockers
}

/// Returns what each phase to come waits for, beside what an earlier one of them waits for. Together they are what keeps the
/// STS operation from its end: the [`blockers`] of [`Phase::Closed`].
pub fn outstanding(state: &RoomState) -> Vec<(Phase, Vec<Blocker>)> {
    let now = state.room.phase;
    let phases = iter::successors(now.next(), |phase| phase.next());
    let earlier = iter::once(None).chain(phases.clone().map(Some));
    let of_phase = |(phase, earlier): (Phase, Option<Phase>)| {
        let told = earlier.map_or_else(Vec::new, |earlier| vessel_blockers(state, earlier));
        let mut blockers = vessel_blockers(state, phase);
        blockers.retain(|blocker| !told.contains(blocker));
        let is_new = |gate| holds_up(gate, phase) && !earlier.is_some_and(|earlier| holds_up(gate, earlier));
        blockers.extend(blockers_of_gates(state, is_new));
        (phase, blockers)
    };
    phases.zip(earlier).map(of_phase).filter(|(_, blockers)| !blockers.is_empty()).collect()
}

/// Returns what keeps the documents of some gates from being done, the most critical ones first.
fn blockers_of_gates(state: &RoomState, is_meant: impl Fn(Phase) -> bool) -> Vec<Blocker> {
    let gated = |criticality| {
        let documents = state.documents.iter().filter(move |document| document.slot.criticality == criticality);
        documents.filter(|document| document.needed && is_meant(document.slot.gate))
    };
    let documents = Criticality::ALL.into_iter().flat_map(gated);
    documents.flat_map(|document| document_blockers(state, document)).collect()
}

/// Returns whether a document of this gate has to be done before the STS operation enters `phase`.
pub fn holds_up(gate: Phase, phase: Phase) -> bool {
    // Documents of the gate `clearance` are examined in that phase, so they hold up leaving it, not entering it. A room
    // is closed only when every needed document is done, whatever its gate.
    phase == Phase::Closed || if gate == Phase::Clearance { phase > gate } else { phase >= gate }
}

/// Returns what keeps a document from being done: where it stands, and that its date is missing.
fn document_blockers(state: &RoomState, document: &DocumentState) -> impl Iterator<Item = Blocker> {
    // A rejected version needs another one in its place, which is asked for its date itself.
    let undated = document.is_undated() && document.status != DocumentStatus::Rejected;
    let undated = undated.then(|| {
        let detail =
            format!("{} – no date given: it needs the date, or a waiver of it", state.title_of(&document.slot));
        (BlockerKind::DocumentUndated, detail)
    });
    status_blocker(state, document).into_iter().chain(undated).map(|(kind, detail)| Blocker {
        kind,
        detail,
        document_id: Some(document.slot.id),
        vessel_id: document.slot.vessel,
        vessel_role: None,
    })
}

fn status_blocker(state: &RoomState, document: &DocumentState) -> Option<(BlockerKind, String)> {
    let title = state.title_of(&document.slot);
    let in_force = document.in_force();
    let expiry = in_force.and_then(|found| found.version.expires_on);
    Some(match document.status {
        DocumentStatus::Approved => return None,
        DocumentStatus::Missing => (BlockerKind::DocumentMissing, format!("{title} – missing")),
        DocumentStatus::UnderReview => {
            let awaited = document.awaited(&state.parties);
            let waits = if document.awaits_another_side() {
                "waits for an approval that is not of the vessel's own side".into()
            } else if awaited.is_empty() {
                "waits for somebody's approval".into()
            } else {
                waits_for(&awaited)
            };
            (BlockerKind::DocumentUnderReview, format!("{title} – {waits}"))
        }
        DocumentStatus::Rejected => {
            let rejection = in_force.and_then(|found| found.rejection());
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
    })
}

fn vessel_blockers(state: &RoomState, phase: Phase) -> Vec<Blocker> {
    if phase < Phase::Clearance {
        return Vec::new();
    }
    // Both vessels have to be named to enter clearance, and cleared to leave it.
    let missing = [VesselRole::Discharging, VesselRole::Receiving]
        .into_iter()
        .filter(|role| state.active_vessels().all(|vessel| vessel.details.role != *role))
        .map(|role| Blocker {
            kind: BlockerKind::VesselMissing,
            detail: format!("No {role} vessel is named"),
            document_id: None,
            vessel_id: None,
            vessel_role: Some(role),
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
    Some(Blocker { kind, detail, document_id: None, vessel_id: Some(clearance.vessel.id), vessel_role: None })
}

fn undated(state: &RoomState) -> Vec<Undated> {
    let undated = state.documents.iter().filter(|document| document.needed && document.is_undated());
    undated
        .map(|document| Undated {
            document_id: document.slot.id,
            name: state.title_of(&document.slot),
            vessel_id: document.slot.vessel,
        })
        .collect()
}

fn expiring_soon(state: &RoomState) -> Vec<Expiry> {
    let end = state.room.end_of_operation(state.now).day();
    let mut expiring: Vec<_> = state
        .documents
        .iter()
        .filter(|document| document.needed)
        .filter_map(|document| {
            let expires_on = document.in_force()?.version.expires_on?;
            // Days of warning count from the end of the STS operation, not from today: a certificate is of no use to an
            // operation that is postponed beyond it.
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
