//! Reads the leaves of logs, and hashes them.

use report::{Bounds, Exceeded, record::EntryFacts};
use room::Leaf;

use super::{Hash, leaf_hash};

/// How much an entry may be: it tells of one act in a few values.
const BOUNDS: Bounds = Bounds { record: Bounds::BESIDE, values: 10_000, depth: 32 };

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

/// Returns the leaf of a record's entry, in the log of its room.
pub fn leaf_of_record(room: &str, entry: &EntryFacts) -> Leaf {
    Leaf {
        action: entry.action.clone(),
        actor: entry.actor.clone(),
        id: entry.id.clone(),
        meta: entry.meta.clone(),
        room_id: Some(room.to_owned()),
        seq: entry.seq,
        timestamp: entry.timestamp,
    }
}

/// Returns the hash of a leaf (RFC 6962 §2.1).
pub fn hash_of(leaf: &Leaf) -> Result<Hash, LeafError> {
    Ok(leaf_hash(&leaf.canonical()?))
}

/// Reads a leaf from its canonical bytes, and refuses any others.
pub fn read_leaf(bytes: &[u8]) -> Result<Leaf, LeafError> {
    BOUNDS.scan(bytes)?;
    let leaf: Leaf = serde_json::from_slice(bytes)?;
    if leaf.canonical()? == bytes { Ok(leaf) } else { Err(LeafError::NotCanonical) }
}
