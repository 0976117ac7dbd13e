//! A leaf of a log: an entry, in the bytes that are hashed.

use jiff::Timestamp;
use report::{Bounds, Exceeded, record::EntryFacts};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Hash, leaf_hash};

/// How much an entry may be: it tells of one act in a few values.
const BOUNDS: Bounds = Bounds { record: Bounds::BESIDE, values: 10_000, depth: 32 };

/// An entry of a log with everything that its hash covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// What was done.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// UUID.
    pub id: String,
    /// What it was about; an object.
    pub meta: Value,
    /// The room whose log it is in; none in the log of the platform.
    pub room_id: Option<String>,
    /// Position in the log, from 0.
    pub seq: u64,
    /// When.
    pub timestamp: Timestamp,
}

/// Bytes that are no leaf.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    /// They are not the entry of a log.
    #[error("it is no entry of a log: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is more than an entry may be.
    #[error("it is too much to be read: {0}")]
    TooMuch(#[from] Exceeded),
    /// They are one, written otherwise than it is hashed.
    #[error("it is not in canonical form (RFC 8785)")]
    NotCanonical,
}

impl Leaf {
    /// The entry of a record, in the log of its room.
    pub fn of_record(room: &str, entry: &EntryFacts) -> Self {
        Self {
            action: entry.action.clone(),
            actor: entry.actor.clone(),
            id: entry.id.clone(),
            meta: entry.meta.clone(),
            room_id: Some(room.to_owned()),
            seq: entry.seq,
            timestamp: entry.timestamp,
        }
    }

    /// The bytes that are hashed: canonical JSON (RFC 8785).
    pub fn canonical(&self) -> Result<Vec<u8>, LeafError> {
        Ok(serde_json_canonicalizer::to_vec(self)?)
    }

    /// The leaf's hash (RFC 6962 §2.1).
    pub fn hash(&self) -> Result<Hash, LeafError> {
        Ok(leaf_hash(&self.canonical()?))
    }

    /// Reads the canonical bytes, and refuses any others.
    pub fn read(bytes: &[u8]) -> Result<Self, LeafError> {
        BOUNDS.scan(bytes)?;
        let leaf: Self = serde_json::from_slice(bytes)?;
        if leaf.canonical()? == bytes { Ok(leaf) } else { Err(LeafError::NotCanonical) }
    }
}
