//! The record as it is drawn, field by field, and as records of schemas 1 to 3 were stored.

use jiff::{Timestamp, civil::Date};
use room::LeafRef;
use room::fold::{EntryOutline, LastAdoption};
use serde::{Deserialize, Serialize};

use crate::schema::SCHEMA_1;

/// The frozen state of a room at the time of one snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Schema of the record that this is drawn from.
    pub schema: String,
    /// Snapshot that this record belongs to.
    pub snapshot: SnapshotFacts,
    /// Room that was frozen.
    pub room: RoomFacts,
    /// Standing of the operation: its progress, what blocked it, its clocks. Only absent in [`SCHEMA_1`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Vessels, in the order in which they were named.
    #[serde(default)]
    pub vessels: Vec<VesselFacts>,
    /// Documents: those of the vessels in their order, then the room's own. Absent if the snapshot was asked without
    /// them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<Vec<DocumentFacts>>,
    /// Clearances of the vessels by the parties. Absent if the snapshot was asked without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Vec<ApprovalFacts>>,
    /// Whether the vessels that have a side are cleared. Empty if the snapshot was asked without approvals, and in
    /// records of schemas 1 to 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clearances: Vec<ClearanceFacts>,
    /// Parties, in the order in which they joined.
    pub parties: Vec<PartyFacts>,
    /// Entries of the log, oldest first. Absent if the snapshot was asked without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<Vec<EntryFacts>>,
    /// How much there was, whether or not the record holds all of it.
    pub counts: Counts,
    /// What the record leaves out because there was too much of it. Empty if it is complete.
    pub limits: Vec<Limit>,
    /// Position of the room's log before the entry that announces this snapshot.
    pub log: LogPosition,
}

impl DocumentFacts {
    /// Returns the version in force: the newest one that was not withdrawn.
    pub fn in_force(&self) -> Option<&VersionFacts> {
        self.versions.iter().rfind(|version| version.withdrawn.is_none())
    }
}

impl Record {
    /// Whether the record is from before there were vessels and documents.
    pub(crate) fn predates_documents(&self) -> bool {
        self.schema == SCHEMA_1
    }

    /// Returns where the room's log was last adopted, as the entries that the record holds tell it. `None` if it was
    /// not, or if the record has no entries or not those that say so.
    pub fn last_adoption(&self) -> Option<LastAdoption> {
        last_adoption(self.activity.as_deref().unwrap_or_default())
    }
}

/// Returns where these entries tell that the log was last adopted, as [`Record::last_adoption`] does.
pub fn last_adoption(entries: &[EntryFacts]) -> Option<LastAdoption> {
    LastAdoption::among(entries.iter().map(|EntryFacts { seq, action, timestamp, meta, .. }| EntryOutline {
        seq: *seq,
        action,
        timestamp: *timestamp,
        meta,
    }))
}

/// The snapshot, as its report names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotFacts {
    /// Id of the snapshot, a UUID.
    pub id: String,
    /// Title that its creator gave it, or the default one.
    pub title: String,
    /// Format: `pdf`, `json` or `csv`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Sections that were asked for.
    pub options: SectionOptions,
    /// Time at which it was taken.
    pub created_at: Timestamp,
    /// Instant that it shows, if that is not the one at which it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Person who took the snapshot.
    pub created_by: Creator,
}

/// The sections that a snapshot was asked to include.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own, in the API as in the log")]
pub struct SectionOptions {
    /// Whether documents with their versions are included.
    pub include_documents: bool,
    /// Whether entries of the room's log are included.
    pub include_activity: bool,
    /// Whether clearances of the vessels are included.
    pub include_approvals: bool,
    /// Whether only the summary is drawn, and not what it sums up. The record has everything all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub summary_only: bool,
}

/// The person who took the snapshot, with the role held at that time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Creator {
    /// E-mail address in lower case.
    pub email: String,
    /// Name as the account has it.
    pub name: String,
    /// Role in the room, or `admin`.
    pub role: String,
}

/// A room, which is one ship-to-ship operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomFacts {
    /// Id of the room, a UUID.
    pub id: String,
    /// Title of the room.
    pub title: String,
    /// Place of the transfer, in words.
    pub location: String,
    /// Estimated time of arrival at the place of the transfer.
    pub sts_eta: Timestamp,
    /// Planned duration of the operation, in hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_duration_hours: Option<u64>,
    /// Description of the operation, free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Cargo: `oil`, `chem`, `lpg_lng` or `bulk`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cargo_profile: Option<String>,
    /// Status of the room, such as `active`.
    pub status: String,
    /// Phase of the operation, such as `nomination` or `clearance`.
    pub phase: String,
    /// Time at which the room was opened.
    pub created_at: Timestamp,
    /// E-mail address of the person who opened it.
    pub created_by: String,
}

/// The standing of the operation at the time of the snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Share of the required documents that are resolved, in percent. 0 if none is required.
    pub progress_percentage: u64,
    /// Number of required documents, without those that were waived.
    pub total_required_docs: u64,
    /// Number of required documents that are approved and outlast the operation.
    pub resolved_required_docs: u64,
    /// Phase that comes next. Absent in the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_phase: Option<String>,
    /// What kept the operation from its next phase. Empty if nothing did.
    pub blockers: Vec<BlockerFacts>,
    /// Documents that expire before the operation ends, or soon after it.
    pub expiring_soon: Vec<ExpiryFacts>,
    /// Documents that expire, and of which nobody has said when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undated: Vec<UndatedFacts>,
    /// Clocks of the trade, with their deadlines.
    pub clocks: ClockFacts,
}

/// Something that keeps the operation from its next phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockerFacts {
    /// Kind of blocker: `document_missing`, `document_under_review`, `document_rejected`, `document_expired`,
    /// `vessel_missing`, `vessel_not_cleared` or `vessel_rejected`.
    pub kind: String,
    /// What is wrong, in a sentence.
    pub detail: String,
    /// Id of the document, if the blocker is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_id: Option<String>,
    /// Id of the vessel, if the blocker is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vessel_id: Option<String>,
}

/// A document that expires before the operation ends, or soon after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpiryFacts {
    /// Id of the document.
    pub document_id: String,
    /// Name of the document.
    pub name: String,
    /// Id of the vessel that it belongs to, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vessel_id: Option<String>,
    /// Last day on which it is valid.
    pub expires_on: Date,
    /// Whether it expires before the planned end of the operation.
    pub before_end: bool,
}

/// A document that expires, of which nobody has said when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UndatedFacts {
    /// Id of the document.
    pub document_id: String,
    /// Name of the document.
    pub name: String,
    /// Id of the vessel that it belongs to, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vessel_id: Option<String>,
}

/// The deadlines that the trade and its law set for an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClockFacts {
    /// Planned end of the operation: its ETA plus its planned duration.
    pub planned_end: Timestamp,
    /// Notice to the coastal State (MARPOL Annex I, reg. 42). Absent if the room needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coastal_notice: Option<NoticeFacts>,
    /// The 90 days in which a demurrage claim is to be presented. Absent before the transfer is completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimFacts>,
    /// How long the room's papers are kept. Absent before the room is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionFacts>,
}

/// The notice to the coastal State: 48 hours before the transfer (MARPOL Annex I, reg. 42.1), and again if the ETA
/// moves by more than 6 hours (reg. 42.3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoticeFacts {
    /// Time by which the notice is due.
    pub due_at: Timestamp,
    /// State of the notice: `open`, `overdue`, `given`, `given_late` or `revise`.
    pub state: String,
    /// Time at which it was first given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_at: Option<Timestamp>,
    /// ETA that the coastal State was last told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notified_eta: Option<Timestamp>,
}

/// The 90 days in which a demurrage claim is to be presented with all its papers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimFacts {
    /// Time at which the transfer was completed.
    pub started_at: Timestamp,
    /// Time from which on the claim is barred.
    pub deadline: Timestamp,
    /// State of the clock: `running` or `passed`.
    pub state: String,
}

/// How long the room's papers are kept. Nothing is deleted when this is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetentionFacts {
    /// Time at which the room was closed.
    pub closed_at: Timestamp,
    /// Three years later (MARPOL Annex I, reg. 41.5).
    pub at_least_until: Timestamp,
    /// End of the server's own retention: ten years later, unless it is set up otherwise.
    pub until: Timestamp,
}

/// A vessel that takes part in the operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VesselFacts {
    /// Id of the vessel, a UUID.
    pub id: String,
    /// Name of the vessel.
    pub name: String,
    /// IMO number: seven digits, the last of which is a check digit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imo_number: Option<String>,
    /// Why the vessel has no IMO number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_imo_reason: Option<String>,
    /// Role in the transfer: `discharging`, `receiving` or `other`.
    pub role: String,
    /// Status in the room: `active` or `withdrawn`.
    pub status: String,
    /// Type of ship, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vessel_type: Option<String>,
    /// Flag State of the vessel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// Owner of the vessel, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Charterer of the vessel, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charterer: Option<String>,
    /// Length over all, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_m: Option<f64>,
    /// Beam, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beam_m: Option<f64>,
    /// Summer draught, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draught_m: Option<f64>,
    /// Gross tonnage, which has no unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gross_tonnage: Option<u64>,
    /// Deadweight, in tonnes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadweight_t: Option<u64>,
    /// Year in which it was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year_built: Option<u64>,
    /// Classification society of the vessel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_society: Option<String>,
    /// Time at which it was named.
    pub added_at: Timestamp,
}

/// A document: a slot that its type opens for a vessel or for the room, and what was uploaded to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DocumentFacts {
    /// Id of the document, a UUID.
    pub id: String,
    /// Code of its type, such as `Q88`.
    pub document_type: String,
    /// Name of the document.
    pub name: String,
    /// Category, such as `vetting` or `statutory`.
    pub category: String,
    /// Id of the vessel it belongs to. Absent for the room's own documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vessel_id: Option<String>,
    /// How it is needed: `required`, `conditional` or `optional`.
    pub requirement: String,
    /// How critical it is: `high`, `med` or `low`.
    pub criticality: String,
    /// Phase that is not entered without it (for `clearance`: not left).
    pub gate: String,
    /// Roles of which each has to approve the version in force. Absent if the type names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub must_approve: Vec<String>,
    /// Those of these roles whose approval is awaited, each with the e-mail addresses of the parties who may give it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaited: Vec<(String, Vec<String>)>,
    /// Whether the version in force has approvals of the vessel's own side alone. Absent if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits_another_side: bool,
    /// Status: `missing`, `under_review`, `approved`, `rejected` or `expired`.
    pub status: String,
    /// Why it is not needed here, if it was waived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverFacts>,
    /// Uploaded versions, oldest first.
    pub versions: Vec<VersionFacts>,
}

/// The withdrawal of a version, which counts no more then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithdrawalFacts {
    /// Reason for the withdrawal.
    pub reason: String,
    /// E-mail address of the person who withdrew it.
    pub by: String,
    /// Time of the withdrawal, in UTC.
    pub at: Timestamp,
}

/// The waiver of a document, or of the date of a version, which is not needed then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaiverFacts {
    /// Reason for the waiver.
    pub reason: String,
    /// E-mail address of the person who waived it.
    pub by: String,
    /// Time of the waiver, in UTC.
    pub at: Timestamp,
}

/// One uploaded file of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionFacts {
    /// Id of the version, a UUID.
    pub id: String,
    /// Number of the version, counted from 1.
    pub number: u64,
    /// Name of the file, as the uploader gave it.
    pub file_name: String,
    /// Media type, as found in the content.
    pub media_type: String,
    /// Size of the file, in bytes.
    pub file_size: u64,
    /// SHA-256 of the file, in lower-case hex.
    pub sha256: String,
    /// Last day on which it is valid. Absent if none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Date>,
    /// Whether that day was derived from the type's default validity, and not given.
    pub expiry_assumed: bool,
    /// What is known of that day: `given`, `assumed`, `not_given`, `waived` or `none`. Absent in records of schemas 1 to 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<String>,
    /// Why it needs no date, if a party stated that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_waived: Option<WaiverFacts>,
    /// Why it counts no more, if it was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<WithdrawalFacts>,
    /// Note of the uploader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// E-mail address of the uploader.
    pub uploaded_by: String,
    /// Role of the uploader at that time.
    pub uploaded_by_role: String,
    /// Time of the upload, in UTC.
    pub uploaded_at: Timestamp,
    /// Decisions on it, oldest first. The last one of each party counts.
    pub decisions: Vec<DecisionFacts>,
}

/// A party's verdict on a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionFacts {
    /// Id of the decision, a UUID.
    pub id: String,
    /// E-mail address of the person who decided.
    pub by: String,
    /// Role of that person at that time; several with commas between them, if the document names several of theirs.
    pub role: String,
    /// Verdict: `approved`, `approved_with_subjects` or `rejected`.
    pub verdict: String,
    /// The subjects, or the reason of a rejection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Time of the decision, in UTC.
    pub decided_at: Timestamp,
}

/// A party's clearance of a vessel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalFacts {
    /// Id of the clearance, a UUID.
    pub id: String,
    /// Id of the vessel that is cleared.
    pub vessel_id: String,
    /// E-mail address of the person whose clearance it is.
    pub by: String,
    /// Role of that person at that time.
    pub role: String,
    /// Side that the party acts for: `discharging` or `receiving`. Absent for neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// Status: `pending`, `approved`, `approved_with_subjects` or `rejected`.
    pub status: String,
    /// The subjects, or the reason of a rejection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Time at which it last changed.
    pub decided_at: Timestamp,
}

/// Whether a vessel is cleared by the other side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClearanceFacts {
    /// Id of the vessel.
    pub vessel_id: String,
    /// Side that has to clear it: `discharging` or `receiving`.
    pub by: String,
    /// Whether it is cleared: approved by that side, and rejected by nobody.
    pub is_cleared: bool,
    /// E-mail addresses of the parties whose reply is awaited.
    pub open: Vec<String>,
}

/// A person who takes part in the room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartyFacts {
    /// Id of the party, a UUID.
    pub id: String,
    /// Role: `owner`, `broker`, `charterer`, `seller`, `buyer` or `admin`; if there are several, with a comma and a space
    /// between them.
    pub role: String,
    /// Name of the person.
    pub name: String,
    /// E-mail address of the person.
    pub email: String,
    /// Addresses of other parties whose address or name looks like this one's; three at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resembles: Vec<String>,
    /// Company of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Side that the party acts for: `discharging` or `receiving`. Absent for neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// Time at which the party was added.
    pub added_at: Timestamp,
}

/// One entry of the room's log. Its fields are in the order of their names, as in canonical JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryFacts {
    /// What was done, such as `room_created` or `party_added`.
    pub action: String,
    /// E-mail address of the person who did it, or `system`, or `operator`.
    pub actor: String,
    /// Id of the entry, a UUID.
    pub id: String,
    /// Details of the action, an object.
    pub meta: serde_json::Value,
    /// Position in the room's log, from 0.
    pub seq: u64,
    /// Time of the action, in UTC.
    pub timestamp: Timestamp,
}

impl EntryFacts {
    /// Returns the leaf of the entry, which is hashed. A record gives its room once: in the leaf, it is a field.
    pub fn leaf<'a>(&'a self, room: &'a str) -> LeafRef<'a> {
        let Self { action, actor, id, meta, seq, timestamp } = self;
        LeafRef { action, actor, id, meta, room_id: Some(room), seq: *seq, timestamp: *timestamp }
    }
}

/// The totals at the time of the snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Number of parties in the room.
    pub parties: u64,
    /// Number of entries in the room's log.
    pub activity: u64,
    /// Number of vessels in the room.
    #[serde(default)]
    pub vessels: u64,
    /// Number of documents of the room and its vessels.
    #[serde(default)]
    pub documents: u64,
    /// Number of versions of those documents.
    #[serde(default)]
    pub versions: u64,
}

/// A section that holds less than there was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Name of the section in the record.
    pub section: String,
    /// Number of rows that the record holds: the newest ones.
    pub shown: u64,
    /// Number of rows that there were.
    pub total: u64,
}

/// A position in the room's log: the RFC 6962 tree over its entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogPosition {
    /// Number of entries in the log.
    pub size: u64,
    /// Root hash of the tree over them (RFC 6962, 2.1), in lower-case hex.
    pub root: String,
    /// Name of the log in its checkpoints (C2SP tlog-checkpoint).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Public key of the log, which its checkpoints are checked with (C2SP vkey).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}
