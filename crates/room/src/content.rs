//! What is in a room, with one type for each kind of row.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    ApprovalId, ApprovalStatus, CargoProfile, Criticality, Day, DecisionId, DocumentId, ExpiryState, FileKind,
    FileNotice, Hash, PartyId, Phase, Requirement, Role, Roles, RoomId, RoomStatus, Side, Time, Verdict, VersionId,
    VesselId, vessel::VesselDetails,
};

/// One STS operation as the server knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// The id of the room.
    pub id: RoomId,
    /// The title that its broker gave it.
    pub title: String,
    /// Where the vessels meet, in words.
    pub location: String,
    /// Estimated time of arrival there.
    pub sts_eta: Time,
    /// A description, in free text.
    pub description: Option<String>,
    /// The kind of cargo that is transferred, if it is known.
    pub cargo_profile: Option<CargoProfile>,
    /// Whether the room is in use.
    pub status: RoomStatus,
    /// The phase of the STS operation.
    pub phase: Phase,
    /// When the room was opened.
    pub created_at: Time,
    /// Address of the user who opened it.
    pub created_by: String,
    /// How long the STS operation is planned to take, in hours.
    pub planned_duration_hours: i64,
    /// When the transfer was completed.
    pub transfer_completed_at: Option<Time>,
    /// When the room was closed, as the user gave it.
    pub closed_at: Option<Time>,
    /// When the room was last closed, by the server's clock; kept when the room is taken back to an earlier phase.
    pub retained_from: Option<Time>,
}

impl Room {
    /// Returns whether the room's snapshots are inside their retention, in which it takes two admins to delete one. The
    /// snapshots of a room that was never closed are not: no retention has begun.
    ///
    /// Retention counts from when the server learned that the room is closed, and goes on when the room is taken back.
    /// Otherwise one person who may take a room back, or may close it with an earlier date, could delete alone.
    pub fn is_retained(&self, retention_years: u32, now: Time) -> bool {
        self.retained_from.is_some_and(|from| now < from.years_later(retention_years))
    }

    /// Returns when the STS operation is planned to end: its ETA plus its planned duration.
    pub fn planned_end(&self) -> Time {
        self.sts_eta.after(Duration::from_hours(self.planned_duration_hours.unsigned_abs()))
    }

    /// Returns the instant until which documents have to be valid: the end of the transfer once that is known, and
    /// before that the planned end, or `now` if the planned end has passed.
    pub fn end_of_operation(&self, now: Time) -> Time {
        self.transfer_completed_at.unwrap_or_else(|| self.planned_end().max(now))
    }

    /// Takes the room to another phase, with the clocks that the phase starts or stops. They start at `at`, when it
    /// happened; the retention that is enforced starts at `now`, when the server learned of it.
    pub fn enter(&mut self, to: Phase, at: Time, now: Time) {
        self.phase = to;
        // The claim clock keeps its first start while the room moves among later phases, and stops if the room goes
        // back.
        self.transfer_completed_at = (to > Phase::Transfer).then(|| self.transfer_completed_at.unwrap_or(at));
        self.closed_at = (to == Phase::Closed).then_some(at);
        // From `now`, since an earlier date of closing would shorten the retention. It is never cleared: taking the
        // room back must not let one admin delete its snapshots.
        if to == Phase::Closed {
            self.retained_from = Some(now);
        }
    }
}

/// A person in a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The id of the party.
    pub id: PartyId,
    /// The person's role in this room; the first one if they have several.
    pub role: Role,
    /// All their roles, if they have several. [`Party::all_roles`] has them in any case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// The person's name in this room.
    pub name: String,
    /// The person's address; an account with the same address is theirs.
    pub email: String,
    /// Addresses that the person had in this room before, each of which was put right. What was done under them stays
    /// theirs: nobody decides on a paper that they uploaded under another address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formerly: Vec<String>,
    /// The company they work for.
    pub company: Option<String>,
    /// The side that they act for, if any.
    pub side: Option<Side>,
    /// When they were added to the room.
    pub added_at: Time,
}

impl Party {
    /// Returns the person's roles in this room.
    pub fn all_roles(&self) -> Roles {
        Roles::of(self.roles.iter().copied()).unwrap_or_else(|| self.role.into())
    }

    /// Returns the party with these roles.
    #[must_use]
    pub fn with_roles(self, roles: Roles) -> Self {
        let all = if roles.are_several() { roles.iter().collect() } else { Vec::new() };
        Self { role: roles.first(), roles: all, ..self }
    }

    /// Returns whether this is the person's address, or was before it was put right.
    pub fn has_had(&self, address: &str) -> bool {
        self.email == address || self.formerly.iter().any(|former| former == address)
    }
}

/// A ship in a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vessel {
    /// The id of the vessel.
    pub id: VesselId,
    /// What the room knows of it.
    #[serde(with = "crate::vessel::in_the_log")]
    pub details: VesselDetails,
    /// When it was named in the room.
    pub added_at: Time,
}

/// A slot: a document that a vessel or the room has to have, on the terms that its type had when the slot opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The id of the slot.
    pub id: DocumentId,
    /// The vessel that it belongs to, or `None` for the room's own.
    pub vessel: Option<VesselId>,
    /// The code of its document type.
    pub document_type: String,
    /// The type's position in the catalogue.
    pub position: i64,
    /// The type's name when the slot opened.
    pub name: String,
    /// The type's category when the slot opened.
    pub category: String,
    /// Whether the slot has to be filled.
    pub requirement: Requirement,
    /// How critical it is to the STS operation.
    pub criticality: Criticality,
    /// How many days a version is usually valid, which an uploader is told. If it is given, versions expire.
    pub validity_days: Option<i64>,
    /// Days after the end of the STS operation within which a version that expires is listed as expiring soon.
    pub warn_days: Option<i64>,
    /// The phase that cannot be entered without it (`clearance`: cannot be left).
    pub gate: Phase,
    /// The roles of which each has to approve the version in force, in their order. Empty if the
    /// type names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub must_approve: Vec<Role>,
    /// The statement that it is not needed, if a party made it.
    pub waiver: Option<Waiver>,
    /// When the slot opened.
    pub opened_at: Time,
}

/// The statement that a conditional document, or the date of a version, is not needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Why it is not needed.
    pub reason: String,
    /// Address of the user who waived it.
    pub by: String,
    /// When it was waived.
    pub at: Time,
}

/// The statement that a version was uploaded by mistake, and counts no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// Why it counts no more.
    pub reason: String,
    /// Address of the user who withdrew it.
    pub by: String,
    /// When it was withdrawn.
    pub at: Time,
}

/// An uploaded file of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The id of the version.
    pub id: VersionId,
    /// The document that it was uploaded to.
    pub document: DocumentId,
    /// The number among the document's versions, from 1.
    pub number: i64,
    /// The file's key in the store.
    pub file_url: String,
    /// The name that the uploader gave the file.
    pub file_name: String,
    /// The kind of file, by its content.
    pub kind: FileKind,
    /// The file's size, in bytes.
    pub size: i64,
    /// The file's SHA-256.
    #[serde(with = "hex::serde")]
    pub sha256: Hash,
    /// The last day on which it is valid. `None` if none was given.
    pub expires_on: Option<Day>,
    /// Whether that day was computed from the type's default validity, as earlier versions did.
    pub expiry_assumed: bool,
    /// What the uploader wrote about it.
    pub notes: Option<String>,
    /// The ETA that the file gives the coastal State, if it is a notice to it.
    pub told_eta: Option<Time>,
    /// Address of the user who uploaded it.
    pub uploaded_by: String,
    /// The uploader's role at the time.
    pub uploader_role: Role,
    /// When it was uploaded.
    pub uploaded_at: Time,
    /// The statement that it counts no more, if somebody made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Withdrawal>,
    /// The statement that it needs no date, although its type expires, if somebody made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_waived: Option<Waiver>,
    /// What is to be known of the file before it is opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<FileNotice>,
}

impl Version {
    /// Returns whether the version counts: it was not withdrawn.
    pub fn counts(&self) -> bool {
        self.withdrawn.is_none()
    }

    /// Returns what is known of its expiry, in a document of these terms.
    pub fn expiry(&self, slot: &Document) -> ExpiryState {
        match (self.expires_on, &self.date_waived) {
            (Some(_), _) if self.expiry_assumed => ExpiryState::Assumed,
            (Some(_), _) => ExpiryState::Given,
            (None, Some(_)) => ExpiryState::Waived,
            (None, None) if slot.validity_days.is_some() => ExpiryState::NotGiven,
            (None, None) => ExpiryState::None,
        }
    }

    /// Returns the key of a version's file in the store. It has nothing in it that a user typed.
    pub fn file_key(room: RoomId, document: DocumentId, version: VersionId, kind: FileKind) -> String {
        format!("rooms/{room}/documents/{document}/{version}.{kind}")
    }
}

/// A party's verdict on a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The id of the decision.
    pub id: DecisionId,
    /// The version that was decided on.
    pub version: VersionId,
    /// Address of the party who decided.
    pub party: String,
    /// The party's role at the time; the first one if the decision was made in several.
    pub role: Role,
    /// All roles in which it was made, if they are several: those that the document names and the party had.
    /// [`Decision::all_roles`] has them in any case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// The side that the party acted for at the time. `None` if for none, or if the entry does not say it: those of earlier
    /// versions do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// What was decided: approved, approved with subjects, or rejected.
    pub verdict: Verdict,
    /// The subjects, or the reason of a rejection.
    pub comment: Option<String>,
    /// When the decision was made.
    pub decided_at: Time,
}

impl Decision {
    /// Returns the roles in which the decision was made.
    pub fn all_roles(&self) -> Roles {
        Roles::of(self.roles.iter().copied()).unwrap_or_else(|| self.role.into())
    }
}

/// What a party says of a vessel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The id of the approval.
    pub id: ApprovalId,
    /// The vessel that it is about.
    pub vessel: VesselId,
    /// Address of the party whose approval it is.
    pub party: String,
    /// The party's role when the approval was last changed.
    pub role: Role,
    /// The side that the party acted for at that time, if any.
    pub side: Option<Side>,
    /// What the party says.
    pub status: ApprovalStatus,
    /// The subjects, or the reason of a rejection.
    pub comment: Option<String>,
    /// When the approval was last changed.
    pub decided_at: Time,
}
