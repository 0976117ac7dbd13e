//! An entry of a log as a leaf of its tree: the seven fields, in the bytes that are hashed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

impl Leaf {
    /// Returns the bytes that are hashed: canonical JSON (RFC 8785).
    ///
    /// # Errors
    ///
    /// Fails if `meta` holds a number that JSON cannot express.
    pub fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json_canonicalizer::to_vec(self)
    }
}
