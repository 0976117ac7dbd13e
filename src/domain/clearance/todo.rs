//! The tasks in a room: documents by what they wait for, those that block the next phase first.

use room::{
    Awaited, Criticality, Day, DocumentId, DocumentState, DocumentStatus, NoticeState, Phase, Role, RoomState,
    Standing, Time, VesselId, clearance, clocks, standing::holds_up,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::portion::fitting;

/// The tasks in a room, as lists by kind; a document can be in several of them.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Todo {
    /// Documents that are needed and have no version that counts.
    pub missing: Vec<Task>,
    /// Documents whose version in force a party rejects.
    pub rejected: Vec<Task>,
    /// Documents that expire before the STS operation ends, or soon after it.
    pub expiring: Vec<Task>,
    /// Documents that expire, of whose version in force nobody has said when.
    pub undated: Vec<Task>,
    /// Documents whose version in force awaits a decision.
    pub under_review: Vec<Task>,
    /// Documents that should have been resolved by now: the phase that they gate has begun, or the ETA has passed.
    pub overdue: Vec<Task>,
    /// Documents and vessels that await the decision of the caller.
    pub waiting_for_me: Vec<Task>,
}

/// One thing to do, about a document or a vessel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Task {
    /// The name of the document or vessel: `Aegean Star: Officer matrix`.
    pub name: String,
    /// The id of the document, if the task is about one.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub document_id: Option<DocumentId>,
    /// The id of the vessel, if the task is about one, or about a document of one.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub vessel_id: Option<VesselId>,
    /// The status of the document; null if the task is about a vessel.
    pub status: Option<DocumentStatus>,
    /// The criticality of the document; `high` for a vessel.
    pub criticality: Criticality,
    /// Whether the next phase waits for it.
    pub blocks_next_phase: bool,
    /// The last day on which its version in force is valid.
    #[schema(value_type = Option<String>, format = "date")]
    pub expires_on: Option<Day>,
    /// When it is due: at the ETA, or when a notice has to be given; null for what comes after the transfer.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub due_at: Option<Time>,
}

/// The number of tasks of each kind.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[expect(missing_docs, reason = "each counts the list of the same name")]
pub struct TodoCounts {
    pub missing: usize,
    pub rejected: usize,
    pub expiring: usize,
    pub undated: usize,
    pub under_review: usize,
    pub overdue: usize,
    pub waiting_for_me: usize,
}

impl Todo {
    /// Returns how many tasks each list has.
    pub fn counts(&self) -> TodoCounts {
        TodoCounts {
            missing: self.missing.len(),
            rejected: self.rejected.len(),
            expiring: self.expiring.len(),
            undated: self.undated.len(),
            under_review: self.under_review.len(),
            overdue: self.overdue.len(),
            waiting_for_me: self.waiting_for_me.len(),
        }
    }

    /// Cuts each list to at most this many bytes of JSON.
    #[must_use]
    pub fn within(self, bytes: usize) -> Self {
        let Self { missing, rejected, expiring, undated, under_review, overdue, waiting_for_me } = self;
        let [missing, rejected, expiring, undated, under_review, overdue, waiting_for_me] =
            [missing, rejected, expiring, undated, under_review, overdue, waiting_for_me]
                .map(|tasks| fitting(tasks, bytes));
        Self { missing, rejected, expiring, undated, under_review, overdue, waiting_for_me }
    }
}

/// Returns the tasks in a room for the account with this address. `deciders` are the roles that may decide on
/// documents.
pub fn of(state: &RoomState, standing: &Standing, email: &str, deciders: &[Role]) -> Todo {
    let waits = |wanted: DocumentStatus| {
        let waiting = state.documents.iter().filter(|document| document.needed && document.status == wanted);
        in_order(waiting.map(|document| task(state, document)).collect())
    };
    // From the standing, not from a day here: report and cockpit have to agree on what expires soon.
    let find = |id: DocumentId| state.documents.iter().find(move |document| document.slot.id == id);
    let expiring = standing.expiring_soon.iter().filter_map(|expiry| find(expiry.document_id));
    let undated = standing.undated.iter().filter_map(|undated| find(undated.document_id));
    Todo {
        missing: waits(DocumentStatus::Missing),
        rejected: waits(DocumentStatus::Rejected),
        expiring: in_order(expiring.map(|document| task(state, document)).collect()),
        undated: in_order(undated.map(|document| task(state, document)).collect()),
        under_review: waits(DocumentStatus::UnderReview),
        overdue: overdue(state, standing),
        waiting_for_me: waiting_for(state, email, deciders),
    }
}

fn task(state: &RoomState, document: &DocumentState) -> Task {
    let slot = &document.slot;
    let blocks = |next| document.needed && !document.is_resolved() && holds_up(slot.gate, next);
    Task {
        name: state.title_of(slot),
        document_id: Some(slot.id),
        vessel_id: slot.vessel,
        status: Some(document.status),
        criticality: slot.criticality,
        blocks_next_phase: state.room.phase.next().is_some_and(blocks),
        expires_on: document.in_force().and_then(|newest| newest.version.expires_on),
        due_at: is_before_the_transfer(slot.gate).then_some(state.room.sts_eta),
    }
}

fn is_before_the_transfer(gate: Phase) -> bool {
    gate <= Phase::Transfer
}

/// Sorts tasks: those that block the next phase first, then by criticality.
fn in_order(mut tasks: Vec<Task>) -> Vec<Task> {
    // A stable sort: among equals the order stays as it was, which for documents is that of the catalogue.
    tasks.sort_by_key(|task| (!task.blocks_next_phase, task.criticality));
    tasks
}

fn overdue(state: &RoomState, standing: &Standing) -> Vec<Task> {
    let eta_passed = state.now > state.room.sts_eta;
    let late = state.documents.iter().filter(|document| {
        let gate = document.slot.gate;
        document.needed
            && !document.is_resolved()
            && (holds_up(gate, state.room.phase) || (eta_passed && is_before_the_transfer(gate)))
    });
    let mut tasks: Vec<_> = late.map(|document| task(state, document)).collect();
    let notice = standing.clocks.coastal_notice.as_ref();
    if let Some(notice) = notice.filter(|notice| matches!(notice.state, NoticeState::Overdue | NoticeState::Revise)) {
        let is_notice = |document: &&DocumentState| document.slot.document_type == clocks::NOTICE_DOCUMENT;
        let document = state.documents.iter().find(is_notice);
        // MARPOL Annex I reg. 42: the notice is due 48 h before the ETA, so it has its own `due_at`. It may be in the
        // list with the ETA already, and is not to be there twice.
        tasks.retain(|task| document.is_none_or(|document| task.document_id != Some(document.slot.id)));
        tasks.extend(document.map(|document| Task { due_at: Some(notice.due_at), ..task(state, document) }));
    }
    in_order(tasks)
}

/// Returns the tasks that wait for the decision of the account with this address. `deciders` are the roles that may
/// decide on documents.
pub fn waiting_for(state: &RoomState, email: &str, deciders: &[Role]) -> Vec<Task> {
    let Some(me) = state.parties.iter().find(|party| party.email == email) else { return Vec::new() };
    if !me.all_roles().iter().any(|role| deciders.contains(&role)) {
        return Vec::new();
    }
    let mine = |document: &&DocumentState| {
        // A document that names roles waits for those who have one of them, whatever they have said in another one.
        if !document.slot.must_approve.is_empty() {
            let awaits_me = |awaited: Awaited<'_>| awaited.parties.contains(&me);
            return document.needed && document.awaited(&state.parties).into_iter().any(awaits_me);
        }
        // One's own upload is never on one's list, since only others decide on it, nor is what one's side does not decide.
        document.needed
            && (me.side.is_none() || me.side != document.own_side)
            && document.in_force().is_some_and(|newest| {
                !document.is_own(&state.parties, email)
                    && newest.decisions.iter().all(|decision| decision.party != email)
            })
            && document.status == DocumentStatus::UnderReview
    };
    let documents = state.documents.iter().filter(mine).map(|document| task(state, document));
    let vessels = clearance::of_vessels(state).into_iter().filter(|clearance| clearance.open.contains(&me));
    let vessels = vessels.map(|clearance| Task {
        name: format!("Clearance of {}", clearance.vessel.details.name),
        document_id: None,
        vessel_id: Some(clearance.vessel.id),
        status: None,
        criticality: Criticality::High,
        blocks_next_phase: !clearance.is_cleared && state.room.phase == Phase::Clearance,
        expires_on: None,
        due_at: Some(state.room.sts_eta),
    });
    in_order(vessels.chain(documents).collect())
}
