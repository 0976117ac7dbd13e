//! The record: the frozen state of a room that a snapshot holds and a report is drawn from.
//!
//! The server captures it and stores its canonical form (RFC 8785); this crate reads that form
//! back. Everything a reader of the report may want is in it, so rendering looks nothing up.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ReportError;

/// The schema this version writes; a reader refuses a record of another schema.
pub const SCHEMA: &str = "sts-clearance/record/1";

/// The frozen state of a room at the instant of one snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The snapshot that this record belongs to.
    pub snapshot: SnapshotFacts,
    /// The room.
    pub room: RoomFacts,
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
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
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
}

/// Reads a record from its canonical bytes, and refuses another schema than [`SCHEMA`].
pub(crate) fn read(bytes: &[u8]) -> Result<Record, ReportError> {
    #[derive(Deserialize)]
    struct Header {
        schema: String,
    }
    let header: Header = serde_json::from_slice(bytes).map_err(ReportError::Malformed)?;
    if header.schema != SCHEMA {
        return Err(ReportError::Schema { found: header.schema });
    }
    serde_json::from_slice(bytes).map_err(ReportError::Malformed)
}
