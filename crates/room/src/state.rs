//! The state of a room: everything in it at one instant, with the status of each document.

use std::collections::HashMap;

use crate::{
    Day, DocumentStatus, ExpiryState, Requirement, Side, Time, Verdict, VersionId, VesselId, VesselStatus,
    content::{Approval, Decision, Document, Party, Room, Version, Vessel},
};

/// Everything in a room at one instant: what all rules, pages, responses and reports start from.
///
/// It is read whole, in one transaction, and holds the instant that it is true for. Whether a document has expired, or
/// a notice is overdue, depends on the time; with `now` in the value, every rule that is asked about it takes the same
/// time, and a record can be read again years later with the same result.
///
/// The status of a document is computed here, from its versions and decisions. A column for it was not taken: it would
/// be wrong at midnight, when a certificate expires and nobody writes. Queries that fetch what each rule needs were not
/// taken either: they would be many, and those of two transactions would see two instants. The price is that a large
/// room is read whole for a small question, which is why decisions that later ones replace are usually left out.
#[derive(Debug, Clone)]
pub struct RoomState {
    /// The room with its details.
    pub room: Room,
    /// The parties, in the order in which they joined.
    pub parties: Vec<Party>,
    /// The vessels, in the order in which they were named.
    pub vessels: Vec<Vessel>,
    /// The documents: those of the vessels in their order, then the room's own.
    pub documents: Vec<DocumentState>,
    /// The approvals of all vessels.
    pub approvals: Vec<Approval>,
    /// The instant that the state is true for.
    pub now: Time,
}

/// A slot with everything that was uploaded to it.
#[derive(Debug, Clone)]
pub struct DocumentState {
    /// The slot with its terms.
    pub slot: Document,
    /// Its versions, oldest first.
    pub versions: Vec<VersionState>,
    /// The side of the vessel that it belongs to, if it belongs to one that has a side.
    pub own_side: Option<Side>,
    /// The status that follows from versions and decisions.
    pub status: DocumentStatus,
    /// Whether the STS operation needs it: it is not optional, not waived, and not of a vessel that was withdrawn.
    pub needed: bool,
}

/// A version with what was decided on it.
#[derive(Debug, Clone)]
pub struct VersionState {
    /// The version that was uploaded.
    pub version: Version,
    /// The decisions, oldest first: all of them in a record, otherwise the latest of each party, or a page of them.
    pub decisions: Vec<Decision>,
    /// How many decisions there are, with those that were not read.
    pub decision_count: i64,
}

/// What is in a room as it is stored, from which [`RoomState::of`] makes the state.
#[derive(Debug)]
pub struct Content {
    /// The room with its details.
    pub room: Room,
    /// The parties, in the order in which they joined.
    pub parties: Vec<Party>,
    /// The vessels, in the order in which they were named.
    pub vessels: Vec<Vessel>,
    /// The slots: those of the vessels in their order, then the room's own.
    pub slots: Vec<Document>,
    /// The versions of all documents; those of one document oldest first.
    pub versions: Vec<Version>,
    /// Decisions on the versions; those on one version oldest first.
    pub decisions: Vec<Decision>,
    /// How many decisions there are on each version that has any.
    pub decision_counts: HashMap<VersionId, i64>,
    /// The approvals of all vessels.
    pub approvals: Vec<Approval>,
}

impl RoomState {
    /// Makes the state of a room at the instant `now` from what is stored.
    pub fn of(content: Content, now: Time) -> Self {
        let Content { room, parties, vessels, slots, versions, decisions, decision_counts, approvals } = content;
        let mut decisions = grouped(decisions, |decision| decision.version);
        let with_decisions = |version: Version| VersionState {
            decisions: decisions.remove(&version.id).unwrap_or_default(),
            decision_count: decision_counts.get(&version.id).copied().unwrap_or_default(),
            version,
        };
        let versions = versions.into_iter().map(with_decisions).collect();
        let mut versions = grouped(versions, |state: &VersionState| state.version.document);
        let end = room.end_of_operation(now).day();
        let documents = slots
            .into_iter()
            .map(|slot| {
                let versions = versions.remove(&slot.id).unwrap_or_default();
                let vessel = vessels.iter().find(|vessel| Some(vessel.id) == slot.vessel);
                let own_side = vessel.and_then(|vessel| vessel.details.role.side());
                let status = |version: &VersionState| version.status((&slot, own_side), end);
                DocumentState {
                    status: in_force(&versions).map_or(DocumentStatus::Missing, status),
                    own_side,
                    needed: is_needed(&slot, &vessels),
                    versions,
                    slot,
                }
            })
            .collect();
        Self { room, parties, vessels, documents, approvals, now }
    }

    /// Returns the room's vessel with this id, if there is one.
    pub fn vessel(&self, id: VesselId) -> Option<&Vessel> {
        self.vessels.iter().find(|vessel| vessel.id == id)
    }

    /// Returns the vessels that take part, without those that were withdrawn.
    pub fn active_vessels(&self) -> impl Iterator<Item = &Vessel> {
        self.vessels.iter().filter(|vessel| vessel.details.status == VesselStatus::Active)
    }

    /// Returns the document's name with its vessel's before it, since each vessel has documents of the same names.
    pub fn title_of(&self, slot: &Document) -> String {
        match slot.vessel.and_then(|vessel| self.vessel(vessel)) {
            Some(vessel) => format!("{}: {}", vessel.details.name, slot.name),
            None => slot.name.clone(),
        }
    }
}

impl DocumentState {
    /// Returns the version in force: the newest one that was not withdrawn.
    pub fn in_force(&self) -> Option<&VersionState> {
        in_force(&self.versions)
    }

    /// Returns whether the version in force is the own upload of the person with this address among `parties`, on which
    /// only others decide.
    pub fn is_own(&self, parties: &[Party], email: &str) -> bool {
        let all = || self.versions.iter().map(|state| &state.version);
        self.in_force().is_some_and(|state| is_own_paper(&state.version, all(), parties, email))
    }

    /// Returns what is known of the expiry of the version in force, if there is one.
    pub fn expiry(&self) -> Option<ExpiryState> {
        self.in_force().map(|state| state.version.expiry(&self.slot))
    }

    /// Returns whether the document expires, and nobody has said when.
    pub fn is_undated(&self) -> bool {
        self.expiry() == Some(ExpiryState::NotGiven)
    }

    /// Returns whether the document is done: approved, and valid to the end of the STS operation, as far as it expires.
    pub fn is_resolved(&self) -> bool {
        self.status == DocumentStatus::Approved && !self.is_undated()
    }
}

impl VersionState {
    /// Returns the latest decision of each party, in the order in which they were made.
    pub fn standing_decisions(&self) -> Vec<&Decision> {
        let is_replaced = |at: usize, party: &str| self.decisions[at + 1..].iter().any(|later| later.party == party);
        let numbered = self.decisions.iter().enumerate();
        numbered.filter(|(at, decision)| !is_replaced(*at, &decision.party)).map(|(_, decision)| decision).collect()
    }

    /// Returns the latest rejection that its party has not replaced, if there is one.
    pub fn rejection(&self) -> Option<&Decision> {
        self.standing_decisions().into_iter().rev().find(|decision| decision.verdict == Verdict::Rejected)
    }

    /// Returns the status of the document in this slot, whose version in force this is, for an STS operation that ends on
    /// the day `end`.
    fn status(&self, (slot, own): (&Document, Option<Side>), end: Day) -> DocumentStatus {
        // The order matters: one rejection outweighs any number of approvals, and no decision makes a document valid
        // that expires before the end.
        if self.rejection().is_some() {
            DocumentStatus::Rejected
        } else if self.version.expires_on.is_some_and(|last| last < end) {
            DocumentStatus::Expired
        } else if self.is_approved(slot, own) {
            DocumentStatus::Approved
        } else {
            DocumentStatus::UnderReview
        }
    }
}

/// Returns whether one of `all` versions of a document is the own upload of the person with this address, on which only
/// others decide.
pub fn is_own_paper<'a>(
    one: &Version,
    mut all: impl Iterator<Item = &'a Version>,
    parties: impl IntoIterator<Item = &'a Party>,
    email: &str,
) -> bool {
    let person = parties.into_iter().find(|party| party.email == email);
    let is_theirs = |address: &str| address == email || person.is_some_and(|person| person.has_had(address));
    // By the bytes, not by who uploaded that version: the same file may have been uploaded again by somebody
    // else, to correct its expiry, and is still the first uploader's, also if they have withdrawn it.
    all.any(|version| version.sha256 == one.sha256 && is_theirs(&version.uploaded_by))
}

/// Returns the version in force among the versions of a document, which are in their order.
fn in_force(versions: &[VersionState]) -> Option<&VersionState> {
    versions.iter().rfind(|state| state.version.counts())
}

fn is_needed(slot: &Document, vessels: &[Vessel]) -> bool {
    let withdrawn =
        |id| vessels.iter().any(|vessel| vessel.id == id && vessel.details.status == VesselStatus::Withdrawn);
    // A waiver stays when the slot's requirement changes, and counts only while the slot is conditional.
    let waived = slot.requirement == Requirement::Conditional && slot.waiver.is_some();
    slot.requirement != Requirement::Optional && !waived && !slot.vessel.is_some_and(withdrawn)
}

fn grouped<T, K: std::hash::Hash + Eq>(rows: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, Vec<T>> {
    let mut groups: HashMap<K, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}
