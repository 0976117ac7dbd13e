//! The body of a file: what the log has the hash of.

use sha2::{Digest as _, Sha256};

/// What the room's log states of a file that has a receipt, in its entry `snapshot_rendered`.
///
/// What is hashed depends on the format: of a PDF everything before the receipt's update, of JSON the envelope without
/// its key `proof`, of a zip the file `SHA256SUMS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// SHA-256 of the bytes that are hashed.
    pub sha256: [u8; 32],
    /// Number of bytes that are hashed.
    pub size: u64,
}

impl Body {
    /// Returns what the log states of a body with these bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { sha256: Sha256::digest(bytes).into(), size: bytes.len() as u64 }
    }
}
