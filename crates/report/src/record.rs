//! The record: the frozen state of a room that a snapshot holds and a report is drawn from.
//!
//! The server captures it and stores its canonical form (RFC 8785); this crate reads that form
//! back. Everything a reader of the report may want is in it, so rendering looks nothing up.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::error::ReportError;
pub use crate::schema::{SCHEMA, SCHEMA_1, SCHEMA_2};

/// The frozen state of a room at the instant of one snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`SCHEMA`], or [`SCHEMA_2`] or [`SCHEMA_1`] in an old record.
    pub schema: String,
    /// The snapshot that this record belongs to.
    pub snapshot: SnapshotFacts,
    /// The room.
    pub room: RoomFacts,
    /// Where the operation stood: progress, what blocked it, clocks; absent in [`SCHEMA_1`] alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// The vessels, in the order they were named.
    #[serde(default)]
    pub vessels: Vec<VesselFacts>,
    /// The documents: those of the vessels in their order, then the room's own; absent where the
    /// snapshot was asked without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<Vec<DocumentFacts>>,
    /// The parties' clearances of the vessels; absent where the snapshot was asked without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Vec<ApprovalFacts>>,
    /// Who takes part, in the order they joined.
    pub parties: Vec<PartyFacts>,
    /// The log's entries, oldest first; absent where the snapshot was asked without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<Vec<EntryFacts>>,
    /// How much there was, whether or not the record holds all of it.
    pub counts: Counts,
    /// What the record leaves out because there was too much of it; empty when complete.
    pub limits: Vec<Limit>,
    /// Where the room's log stood before the entry that announces this snapshot.
    pub log: LogPosition,
}

impl Record {
    /// Whether the record is from before there were vessels and documents.
    pub(crate) fn predates_documents(&self) -> bool {
        self.schema == SCHEMA_1
    }
}

/// The snapshot as its report names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotFacts {
    /// UUID.
    pub id: String,
    /// The title its creator gave, or the default one.
    pub title: String,
    /// `pdf`, `json` or `csv`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The sections that were asked for.
    pub options: SectionOptions,
    /// The instant that the record shows.
    pub created_at: Timestamp,
    /// Who took it.
    pub created_by: Creator,
}

/// The sections that a snapshot was asked to include.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionOptions {
    /// Documents with their versions.
    pub include_documents: bool,
    /// Entries of the room's log.
    pub include_activity: bool,
    /// Clearances of the vessels.
    pub include_approvals: bool,
}

/// Who took the snapshot, with the role held then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Creator {
    /// E-mail address, in lower case.
    pub email: String,
    /// Name as the account has it.
    pub name: String,
    /// Role in the room, or `admin`.
    pub role: String,
}

/// The room: one ship-to-ship operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomFacts {
    /// UUID.
    pub id: String,
    /// Title.
    pub title: String,
    /// Where the vessels meet, in words.
    pub location: String,
    /// Estimated time of arrival at the place of the transfer.
    pub sts_eta: Timestamp,
    /// How long the operation is planned to take, in hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_duration_hours: Option<u64>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `oil`, `chem`, `lpg_lng` or `bulk`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cargo_profile: Option<String>,
    /// `active`.
    pub status: String,
    /// `nomination`, `clearance`, …
    pub phase: String,
    /// When the room was opened.
    pub created_at: Timestamp,
    /// E-mail address of who opened it.
    pub created_by: String,
}

/// Where the operation stood at the instant of the snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Resolved of the required documents, in percent; 0 where none is required.
    pub progress_percentage: u64,
    /// Documents that are required: those waived are not.
    pub total_required_docs: u64,
    /// Those of them that are approved and outlast the operation.
    pub resolved_required_docs: u64,
    /// The phase that comes next; absent in the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_phase: Option<String>,
    /// What kept the operation from its next phase; empty where nothing did.
    pub blockers: Vec<BlockerFacts>,
    /// Documents that run out before the operation ends, or soon after it.
    pub expiring_soon: Vec<ExpiryFacts>,
    /// The trade's own clocks.
    pub clocks: ClockFacts,
}

/// Something that keeps the operation from its next phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockerFacts {
    /// `document_missing`, `document_under_review`, `document_rejected`, `document_expired`,
    /// `vessel_missing`, `vessel_not_cleared` or `vessel_rejected`.
    pub kind: String,
    /// What is wrong, in a sentence.
    pub detail: String,
    /// The document, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_id: Option<String>,
    /// The vessel, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vessel_id: Option<String>,
}

/// A document that runs out before the operation ends, or soon after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpiryFacts {
    /// The document.
    pub document_id: String,
    /// Its name.
    pub name: String,
    /// The vessel it belongs to, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vessel_id: Option<String>,
    /// The last day on which it is valid.
    pub expires_on: Date,
    /// Whether it runs out before the planned end of the operation.
    pub before_end: bool,
}

/// The trade's own clocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClockFacts {
    /// The planned end of the operation: its ETA and its planned duration.
    pub planned_end: Timestamp,
    /// The notice to the coastal State (MARPOL Annex I reg. 42); absent where the room needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coastal_notice: Option<NoticeFacts>,
    /// The 90 days in which a demurrage claim is to be presented; absent before the transfer is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimFacts>,
    /// How long the room's papers are kept; absent before the room is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionFacts>,
}

/// The notice to the coastal State: 48 hours before the transfer (MARPOL Annex I reg. 42.1), and again
/// where the ETA moves by more than 6 hours (reg. 42.3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoticeFacts {
    /// When it is due.
    pub due_at: Timestamp,
    /// `open`, `overdue`, `given`, `given_late` or `revise`.
    pub state: String,
    /// When it was first given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_at: Option<Timestamp>,
    /// The ETA that was last told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notified_eta: Option<Timestamp>,
}

/// The 90 days in which a demurrage claim is to be presented with all its papers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimFacts {
    /// When the transfer was completed.
    pub started_at: Timestamp,
    /// When the claim is barred.
    pub deadline: Timestamp,
    /// `running` or `passed`.
    pub state: String,
}

/// How long the room's papers are kept. Nothing is deleted when this is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetentionFacts {
    /// When the room was closed.
    pub closed_at: Timestamp,
    /// Three years later (MARPOL Annex I reg. 41.5).
    pub at_least_until: Timestamp,
    /// As the server is set up: ten years, unless it says otherwise.
    pub until: Timestamp,
}

/// A vessel in the room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VesselFacts {
    /// UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Seven digits, the last of which checks the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imo_number: Option<String>,
    /// Why it has no IMO number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_imo_reason: Option<String>,
    /// `discharging`, `receiving` or `other`.
    pub role: String,
    /// `active` or `withdrawn`.
    pub status: String,
    /// What kind of ship, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vessel_type: Option<String>,
    /// Flag State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// Owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Charterer.
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
    /// Year of build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year_built: Option<u64>,
    /// Classification society.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_society: Option<String>,
    /// When it was named.
    pub added_at: Timestamp,
}

/// A document: a slot that its type opens for a vessel or for the room, and what was uploaded to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DocumentFacts {
    /// UUID.
    pub id: String,
    /// Code of its type: `Q88`.
    pub document_type: String,
    /// Name.
    pub name: String,
    /// `vetting`, `statutory`, …
    pub category: String,
    /// The vessel it belongs to; absent where it is the room's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vessel_id: Option<String>,
    /// `required`, `conditional` or `optional`.
    pub requirement: String,
    /// `high`, `med` or `low`.
    pub criticality: String,
    /// The phase that is not entered (`clearance`: not left) without it.
    pub gate: String,
    /// `missing`, `under_review`, `approved`, `rejected` or `expired`.
    pub status: String,
    /// That it is not needed here, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverFacts>,
    /// What was uploaded, oldest first.
    pub versions: Vec<VersionFacts>,
}

/// That a document is not needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaiverFacts {
    /// Why.
    pub reason: String,
    /// E-mail address of who said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// One uploaded file of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionFacts {
    /// UUID.
    pub id: String,
    /// 1, 2, 3, …
    pub number: u64,
    /// The name that the uploader gave it.
    pub file_name: String,
    /// Media type, as found in the content.
    pub media_type: String,
    /// Bytes.
    pub file_size: u64,
    /// SHA-256 of the bytes, in lower-case hex.
    pub sha256: String,
    /// The last day on which it is valid; absent where it does not run out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Date>,
    /// Whether that day was reckoned from the type's default validity, and not given.
    pub expiry_assumed: bool,
    /// What the uploader said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// E-mail address of who uploaded it.
    pub uploaded_by: String,
    /// Their role then.
    pub uploaded_by_role: String,
    /// When.
    pub uploaded_at: Timestamp,
    /// What was decided on it, oldest first: the last of each party counts.
    pub decisions: Vec<DecisionFacts>,
}

/// A party's verdict on a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionFacts {
    /// UUID.
    pub id: String,
    /// E-mail address of who decided.
    pub by: String,
    /// Their role then.
    pub role: String,
    /// `approved`, `approved_with_subjects` or `rejected`.
    pub verdict: String,
    /// The subjects, or the reason of a rejection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When.
    pub decided_at: Timestamp,
}

/// A party's clearance of a vessel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalFacts {
    /// UUID.
    pub id: String,
    /// The vessel.
    pub vessel_id: String,
    /// E-mail address of whose it is.
    pub by: String,
    /// Their role then.
    pub role: String,
    /// The side they act for: `discharging` or `receiving`; absent for neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// `pending`, `approved`, `approved_with_subjects` or `rejected`.
    pub status: String,
    /// The subjects, or the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When it was last said.
    pub decided_at: Timestamp,
}

/// A person in the room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartyFacts {
    /// UUID.
    pub id: String,
    /// `owner`, `broker`, `charterer`, `seller`, `buyer` or `admin`.
    pub role: String,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// The addresses of parties whose address or name looks like this one's, and is another; three at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resembles: Vec<String>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The side they act for: `discharging` or `receiving`; absent for neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// When they were added.
    pub added_at: Timestamp,
}

/// One entry of the room's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryFacts {
    /// UUID.
    pub id: String,
    /// Position in the room's log, from 0.
    pub seq: u64,
    /// E-mail address of who did it, or `system`, or `operator`.
    pub actor: String,
    /// What was done: `room_created`, `party_added`, …
    pub action: String,
    /// When.
    pub timestamp: Timestamp,
    /// What the action was about; an object.
    pub meta: serde_json::Value,
}

/// Totals at the instant of the snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Parties in the room.
    pub parties: u64,
    /// Entries in the room's log.
    pub activity: u64,
    /// Vessels in the room.
    #[serde(default)]
    pub vessels: u64,
    /// Documents of the room and its vessels.
    #[serde(default)]
    pub documents: u64,
    /// Versions of those documents.
    #[serde(default)]
    pub versions: u64,
}

/// A section that holds less than there was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// The section's name in the record.
    pub section: String,
    /// How many rows the record holds: the newest.
    pub shown: u64,
    /// How many there were.
    pub total: u64,
}

/// A position in the room's log: the RFC 6962 tree over its entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogPosition {
    /// Number of entries.
    pub size: u64,
    /// Root hash of the tree over them (RFC 6962 §2.1), in lower-case hex.
    pub root: String,
    /// The log's name in its checkpoints (C2SP tlog-checkpoint).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The public key that its checkpoints are checked with (C2SP vkey).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Reads a record from its canonical bytes, and refuses a schema that this version does not know.
pub fn read(bytes: &[u8]) -> Result<Record, ReportError> {
    #[derive(Deserialize)]
    struct Header {
        schema: String,
    }
    let header: Header = serde_json::from_slice(bytes).map_err(ReportError::Malformed)?;
    if ![SCHEMA, SCHEMA_2, SCHEMA_1].contains(&&*header.schema) {
        return Err(ReportError::Schema { found: header.schema });
    }
    serde_json::from_slice(bytes).map_err(ReportError::Malformed)
}
