//! The parts of a state that an entry can change, each of which one row of a table repeats.

use uuid::Uuid;

use crate::{ApprovalId, DecisionId, DocumentId, HoldId, PartyId, SnapshotId, UserId, VersionId, VesselId};

/// A part of a room that an entry has changed, added or removed.
///
/// The order is that in which the parts refer to each other: a part comes after those that it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The details of the room itself.
    Room,
    /// A party with its name, company and side.
    Party(PartyId),
    /// A vessel with its particulars.
    Vessel(VesselId),
    /// A slot, without what was uploaded to it.
    Document(DocumentId),
    /// A version of a document, without what was stated of it and decided on it since.
    Version(DocumentId, VersionId),
    /// What was stated of a version: that it was withdrawn, that it needs no date.
    Statements(DocumentId, VersionId),
    /// A decision on a version.
    Decision(DocumentId, VersionId, DecisionId),
    /// An approval of a vessel.
    Approval(ApprovalId),
    /// A snapshot with its file.
    Snapshot(SnapshotId),
    /// A hold, in force or lifted.
    Hold(HoldId),
    /// What one admin has asked for, by the id of what it is to be done to.
    Request(Uuid),
}

/// A part of the platform that an entry has changed or added.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlatformPart {
    /// An account with its name and role.
    Account(UserId),
    /// A document type of the catalogue, by its code.
    DocumentType(String),
    /// A public key that signs checkpoints, as its `signed-note` verifier key.
    Key(String),
}
