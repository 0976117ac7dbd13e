//! Leaves: the canonical bytes of an entry (RFC 8785), how they are read, and their hash.

use report::{Bounds, Exceeded};
use room::{Leaf, LeafRef};

use super::{Hash, leaf_hash};

/// The bounds of an entry. It describes one act in a few values, and may come from a stranger's file.
const BOUNDS: Bounds = Bounds { record: Bounds::BESIDE, values: 10_000, depth: 32 };

/// Why bytes are not a leaf.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    /// They are not JSON with the fields of an entry.
    #[error("it is no entry of a log: {0}")]
    Malformed(#[from] serde_json::Error),
    /// They are larger, or nested deeper, than an entry may be.
    #[error("it is too much to be read: {0}")]
    TooMuch(#[from] Exceeded),
    /// They are an entry, but not in the form in which it is hashed.
    #[error("it is not in canonical form (RFC 8785)")]
    NotCanonical,
}

/// Returns the hash of a leaf (RFC 6962 §2.1).
pub fn hash_of<'a>(leaf: impl Into<LeafRef<'a>>) -> Result<Hash, LeafError> {
    Ok(leaf_hash(&leaf.into().canonical()?))
}

/// Reads a leaf from its canonical bytes, and refuses any others.
pub fn read_leaf(bytes: &[u8]) -> Result<Leaf, LeafError> {
    // Before any value is built: a bomb of nested arrays must not take memory.
    BOUNDS.scan(bytes)?;
    let leaf: Leaf = serde_json::from_slice(bytes)?;
    // One entry has one form. A second spelling, a repeated key, or a field that `Leaf` lacks would have a hash of its
    // own, and could show a reader something else than what is checked here.
    if leaf.canonical()? == bytes { Ok(leaf) } else { Err(LeafError::NotCanonical) }
}
