//! What the verifier answers: its checks, and what the file tells of itself.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::evidence::Hash;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It holds.
    Ok,
    /// It does not.
    Failed,
    /// It could not be made.
    Skipped,
}

impl CheckOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Failed, Self::Skipped];

    /// In a word that is not overlooked.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// `file`, `seal`, `record`, `log entry`, `inclusion`, `entries`, `checkpoint`, `rendering`, `older file`
    #[schema(value_type = String)]
    pub name: Cow<'static, str>,
    /// How it came out.
    pub outcome: CheckOutcome,
    /// What was found, in words.
    pub detail: String,
}

/// A file and its checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Examined {
    /// What the file is.
    pub facts: Facts,
    /// The checks, in the order in which they rest on each other.
    pub checks: Vec<Check>,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Facts {
    /// `PDF`, `JSON` or `CSV`
    #[schema(value_type = String)]
    pub kind: Cow<'static, str>,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes, in lower-case hex.
    pub sha256: String,
    /// What its record says of itself; absent where it cannot be read. It is true only where the file verifies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
}

/// What a record says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Told {
    /// The room.
    pub room_id: String,
    /// Its title.
    pub room_title: String,
    /// The snapshot.
    pub snapshot_id: String,
    /// Its title.
    pub snapshot_title: String,
    /// The instant that it shows.
    #[schema(value_type = String, format = "date-time")]
    pub taken_at: Timestamp,
    /// E-mail address of who took it.
    pub taken_by: String,
    /// Their role then.
    pub role: String,
    /// The log's name in its checkpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Position in the log of the entry that announces it, from 0.
    pub position: u64,
    /// The key that the file says its checkpoint is signed with. Whoever forges a file can print any key in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Whether every check is ok.
    pub verified: bool,
    /// Whether every check is ok, in words.
    pub verdict: String,
    /// The file, the newer of two.
    #[serde(flatten)]
    pub file: Examined,
    /// The older of two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older: Option<Examined>,
}

impl Report {
    pub(super) fn of(file: Examined, older: Option<Examined>) -> Self {
        let of_file = file.checks.iter().filter(|check| check.outcome != CheckOutcome::Ok);
        let faults = of_file.map(|check| (check, ""));
        let of_older = older.iter().flat_map(|older| &older.checks);
        let of_older = of_older.filter(|check| check.outcome != CheckOutcome::Ok).map(|check| (check, " of the older"));
        let mut failed: Vec<_> = faults.chain(of_older).collect();
        // What was skipped mostly follows from what has failed.
        if failed.iter().any(|(check, _)| check.outcome == CheckOutcome::Failed) {
            failed.retain(|(check, _)| check.outcome == CheckOutcome::Failed);
        }
        let named: Vec<_> = failed.iter().map(|(check, whose)| format!("{}{whose}", check.name)).collect();
        let verdict =
            if named.is_empty() { "verified".to_owned() } else { format!("does not verify: {}", named.join(", ")) };
        Self { verified: named.is_empty(), verdict, file, older }
    }
}

impl Facts {
    pub(super) fn of(bytes: &[u8], sha256: Hash) -> Self {
        let kind = match bytes.first() {
            Some(b'%') => "PDF",
            Some(b'{') => "JSON",
            _ => "CSV",
        };
        Self { kind: kind.into(), size: bytes.len() as u64, sha256: hex::encode(sha256), told: None }
    }
}
