//! A room as it stands: everything in it at one instant, and the status of each document.

use std::collections::HashMap;

use crate::{
    Day, DocumentStatus, Requirement, Time, Verdict, VersionId, VesselId, VesselStatus,
    content::{Approval, Decision, Document, Party, Room, Version, Vessel},
};

/// Everything in a room.
#[derive(Debug, Clone)]
pub struct RoomState {
    /// The room.
    pub room: Room,
    /// Who takes part, in the order they joined.
    pub parties: Vec<Party>,
    /// The vessels, in the order they were named.
    pub vessels: Vec<Vessel>,
    /// The documents: those of the vessels in their order, then the room's own.
    pub documents: Vec<DocumentState>,
    /// The clearances of the vessels.
    pub approvals: Vec<Approval>,
    /// The instant.
    pub now: Time,
}

/// A document with all that was uploaded to it.
#[derive(Debug, Clone)]
pub struct DocumentState {
    /// The slot.
    pub slot: Document,
    /// Its versions, oldest first.
    pub versions: Vec<VersionState>,
    /// Where it stands.
    pub status: DocumentStatus,
    /// Whether the operation waits for it: required, not waived, and not of a vessel that was withdrawn.
    pub needed: bool,
}

/// A version with what was decided on it.
#[derive(Debug, Clone)]
pub struct VersionState {
    /// The version.
    pub version: Version,
    /// The decisions, oldest first: of a whole state all of them, otherwise the last word of each party, or the newest.
    pub decisions: Vec<Decision>,
    /// How many decisions there are.
    pub decision_count: i64,
}

/// What is in a room, as it is stored: what [`RoomState::of`] is made from.
#[derive(Debug)]
pub struct Content {
    /// The room.
    pub room: Room,
    /// Who takes part, in the order they joined.
    pub parties: Vec<Party>,
    /// The vessels, in the order they were named.
    pub vessels: Vec<Vessel>,
    /// The slots: those of the vessels in their order, then the room's own.
    pub slots: Vec<Document>,
    /// The versions of all documents; those of one document oldest first.
    pub versions: Vec<Version>,
    /// Decisions on them; those on one version oldest first.
    pub decisions: Vec<Decision>,
    /// How many decisions there are on each version that has any.
    pub decision_counts: HashMap<VersionId, i64>,
    /// The clearances of the vessels.
    pub approvals: Vec<Approval>,
}

impl RoomState {
    /// Puts together what is in a room at the instant `now`.
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
                DocumentState {
                    status: versions.last().map_or(DocumentStatus::Missing, |newest| newest.status(end)),
                    needed: is_needed(&slot, &vessels),
                    versions,
                    slot,
                }
            })
            .collect();
        Self { room, parties, vessels, documents, approvals, now }
    }

    /// A vessel of the room.
    pub fn vessel(&self, id: VesselId) -> Option<&Vessel> {
        self.vessels.iter().find(|vessel| vessel.id == id)
    }

    /// The vessels that take part.
    pub fn active_vessels(&self) -> impl Iterator<Item = &Vessel> {
        self.vessels.iter().filter(|vessel| vessel.details.status == VesselStatus::Active)
    }

    /// What a document is called among all of the room's: with its vessel's name, where it has one.
    pub fn title_of(&self, slot: &Document) -> String {
        match slot.vessel.and_then(|vessel| self.vessel(vessel)) {
            Some(vessel) => format!("{}: {}", vessel.details.name, slot.name),
            None => slot.name.clone(),
        }
    }
}

impl DocumentState {
    /// The version that counts.
    pub fn newest(&self) -> Option<&VersionState> {
        self.versions.last()
    }

    /// Whether the version that counts is this person's own paper, on which others decide.
    pub fn is_own(&self, email: &str) -> bool {
        let all = || self.versions.iter().map(|state| &state.version);
        self.newest().is_some_and(|newest| is_own_paper(&newest.version, all(), email))
    }

    /// Whether nothing waits for it any more.
    pub fn is_resolved(&self) -> bool {
        self.status == DocumentStatus::Approved
    }
}

impl VersionState {
    /// The last word of each party, in the order in which these were said.
    pub fn standing_decisions(&self) -> Vec<&Decision> {
        let later = |at: usize, party: &str| self.decisions[at + 1..].iter().any(|later| later.party == party);
        let numbered = self.decisions.iter().enumerate();
        numbered.filter(|(at, decision)| !later(*at, &decision.party)).map(|(_, decision)| decision).collect()
    }

    /// The decision that stands in the way, if a party rejects the version.
    pub fn rejection(&self) -> Option<&Decision> {
        self.standing_decisions().into_iter().rev().find(|decision| decision.verdict == Verdict::Rejected)
    }

    /// Where a document stands whose newest version this is, in an operation that ends on that day.
    fn status(&self, end: Day) -> DocumentStatus {
        if self.rejection().is_some() {
            DocumentStatus::Rejected
        } else if self.version.expires_on.is_some_and(|last| last < end) {
            DocumentStatus::Expired
        } else if self.decisions.is_empty() {
            DocumentStatus::UnderReview
        } else {
            DocumentStatus::Approved
        }
    }
}

/// Whether the newest version of a document is a person's own paper, on which others decide: the same bytes may have been
/// uploaded again by somebody else, with another expiry.
pub fn is_own_paper<'a>(newest: &Version, mut all: impl Iterator<Item = &'a Version>, email: &str) -> bool {
    all.any(|version| version.sha256 == newest.sha256 && version.uploaded_by == email)
}

fn is_needed(slot: &Document, vessels: &[Vessel]) -> bool {
    let withdrawn =
        |id| vessels.iter().any(|vessel| vessel.id == id && vessel.details.status == VesselStatus::Withdrawn);
    // Only what is conditional can be waived, also where it was so when it was.
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
