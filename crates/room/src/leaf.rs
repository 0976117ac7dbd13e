//! An entry of a log as a leaf of the log's tree: its seven fields, in the bytes that are hashed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical;

/// An entry of a log with everything that its hash covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The type of the event, such as `room_created`.
    pub action: String,
    /// Who did it: the address of a user, `system` or `operator`.
    pub actor: String,
    /// The entry's id, a UUID.
    pub id: String,
    /// The fields of the event, as an object.
    pub meta: Value,
    /// The room whose log the entry is in, or `None` in the platform's log.
    pub room_id: Option<String>,
    /// The position in the log, from 0.
    pub seq: u64,
    /// When it happened, in UTC.
    pub timestamp: Timestamp,
}

impl Leaf {
    /// Returns the bytes that are hashed, in canonical JSON (RFC 8785).
    ///
    /// # Errors
    ///
    /// Fails if `meta` holds a number that JSON cannot express.
    pub fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        // The fields of a leaf are in the order of their names.
        if canonical::is_plain(&self.meta) && canonical::is_plain(&self.seq.into()) {
            return serde_json::to_vec(self);
        }
        serde_json_canonicalizer::to_vec(self)
    }
}
