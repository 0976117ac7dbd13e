//! What is in a room: the rows of its content, one type each.

use std::time::Duration;

use crate::{
    ApprovalId, ApprovalStatus, CargoProfile, Criticality, Day, DecisionId, DocumentId, FileKind, Hash, PartyId, Phase,
    Requirement, Role, RoomId, RoomStatus, Side, Time, Verdict, VersionId, VesselId, vessel::VesselDetails,
};

/// One STS operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// Id.
    pub id: RoomId,
    /// Title.
    pub title: String,
    /// Where the vessels meet, in words.
    pub location: String,
    /// Estimated time of arrival there.
    pub sts_eta: Time,
    /// Free text.
    pub description: Option<String>,
    /// What is transferred.
    pub cargo_profile: Option<CargoProfile>,
    /// Whether it is in use.
    pub status: RoomStatus,
    /// Where the operation stands.
    pub phase: Phase,
    /// When it was opened.
    pub created_at: Time,
    /// Address of who opened it.
    pub created_by: String,
    /// How long the operation is planned to take, in hours.
    pub planned_duration_hours: i64,
    /// When the transfer was completed.
    pub transfer_completed_at: Option<Time>,
    /// When the room was closed.
    pub closed_at: Option<Time>,
    /// When it was last closed, by the server's clock; stays when the room is taken back.
    pub retained_from: Option<Time>,
}

impl Room {
    /// Whether the snapshots of a room are inside their retention, so that it takes two admins to delete one. Those of a
    /// room that was never closed are not: no retention has begun.
    ///
    /// It counts from when the server was told that the room is closed, and goes on when the room is taken back: else
    /// whoever may do that, or may tell an earlier day, would delete alone.
    pub fn is_retained(&self, retention_years: u32, now: Time) -> bool {
        self.retained_from.is_some_and(|from| now < from.years_later(retention_years))
    }

    /// The planned end of a room's operation.
    pub fn planned_end(&self) -> Time {
        self.sts_eta.after(Duration::from_hours(self.planned_duration_hours.unsigned_abs()))
    }

    /// What a document's expiry is held against: the end of the transfer where that is known; before, its
    /// planned end, or now where that has passed and nobody moved it.
    pub fn end_of_operation(&self, now: Time) -> Time {
        self.transfer_completed_at.unwrap_or_else(|| self.planned_end().max(now))
    }
}

/// A person in a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Party {
    /// Id.
    pub id: PartyId,
    /// What they are in this room.
    pub role: Role,
    /// Name.
    pub name: String,
    /// Address; an account of the same address is this person.
    pub email: String,
    /// Company.
    pub company: Option<String>,
    /// The side they act for; none for neither.
    pub side: Option<Side>,
    /// When they were added.
    pub added_at: Time,
}

/// A ship in a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Vessel {
    /// Id.
    pub id: VesselId,
    /// What is known of it.
    pub details: VesselDetails,
    /// When it was named.
    pub added_at: Time,
}

/// A slot: what a type asks of a vessel or of the room, on the terms the type had when it opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Id.
    pub id: DocumentId,
    /// The vessel; none where it is the room's own.
    pub vessel: Option<VesselId>,
    /// Code of its type.
    pub document_type: String,
    /// Place in the catalogue.
    pub position: i64,
    /// Name.
    pub name: String,
    /// Category.
    pub category: String,
    /// Whether it is needed.
    pub requirement: Requirement,
    /// How much hangs on it.
    pub criticality: Criticality,
    /// Days that a version is valid where nobody says otherwise.
    pub validity_days: Option<i64>,
    /// Days before its end from which it is told to run out.
    pub warn_days: Option<i64>,
    /// The phase that is not entered (`clearance`: not left) without it.
    pub gate: Phase,
    /// That it is not needed here.
    pub waiver: Option<Waiver>,
    /// When it opened.
    pub opened_at: Time,
}

/// That a document is not needed.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiver {
    /// Why.
    pub reason: String,
    /// Address of who said so.
    pub by: String,
    /// When.
    pub at: Time,
}

/// An uploaded file of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Id.
    pub id: VersionId,
    /// The document.
    pub document: DocumentId,
    /// 1, 2, 3, …
    pub number: i64,
    /// Key in the store.
    pub file_url: String,
    /// The name that the uploader gave it.
    pub file_name: String,
    /// What it is, by its content.
    pub kind: FileKind,
    /// Bytes.
    pub size: i64,
    /// SHA-256.
    pub sha256: Hash,
    /// The last day on which it is valid; none where it does not run out.
    pub expires_on: Option<Day>,
    /// Whether that day was reckoned from the type's default validity.
    pub expiry_assumed: bool,
    /// What the uploader said of it.
    pub notes: Option<String>,
    /// Of a notice to the coastal State: the ETA that it tells.
    pub told_eta: Option<Time>,
    /// Address of who uploaded it.
    pub uploaded_by: String,
    /// Their role then.
    pub uploader_role: Role,
    /// When.
    pub uploaded_at: Time,
}

/// A party's verdict on a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Id.
    pub id: DecisionId,
    /// The version.
    pub version: VersionId,
    /// Address of who decided.
    pub party: String,
    /// Their role then.
    pub role: Role,
    /// The verdict.
    pub verdict: Verdict,
    /// The subjects, or the reason of a rejection.
    pub comment: Option<String>,
    /// When.
    pub decided_at: Time,
}

/// A party's clearance of a vessel.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// Id.
    pub id: ApprovalId,
    /// The vessel.
    pub vessel: VesselId,
    /// Address of whose it is.
    pub party: String,
    /// Their role when they last spoke.
    pub role: Role,
    /// The side they spoke for; none for neither.
    pub side: Option<Side>,
    /// What they say.
    pub status: ApprovalStatus,
    /// The subjects, or the reason.
    pub comment: Option<String>,
    /// When they last spoke.
    pub decided_at: Time,
}
