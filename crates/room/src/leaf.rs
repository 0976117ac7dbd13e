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
        LeafRef::from(self).canonical()
    }
}

/// A [`Leaf`] whose fields somebody else holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LeafRef<'a> {
    /// The type of the event.
    pub action: &'a str,
    /// The address of the user who did it, or `system` or `operator`.
    pub actor: &'a str,
    /// The entry's id, a UUID as text.
    pub id: &'a str,
    /// The fields of the event.
    pub meta: &'a Value,
    /// The room whose log the entry is in, or `None` in the platform's log.
    pub room_id: Option<&'a str>,
    /// The position in the log.
    pub seq: u64,
    /// When it happened.
    pub timestamp: Timestamp,
}

impl LeafRef<'_> {
    /// Returns the bytes that are hashed, as [`Leaf::canonical`] does.
    ///
    /// # Errors
    ///
    /// Fails if `meta` holds a number that JSON cannot express.
    pub fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = Vec::new();
        canonical::write_entry(&mut bytes, self, canonical::is_plain_entry(self.meta, self.seq))?;
        Ok(bytes)
    }
}

impl<'a> From<&'a Leaf> for LeafRef<'a> {
    fn from(leaf: &'a Leaf) -> Self {
        let Leaf { action, actor, id, meta, room_id, seq, timestamp } = leaf;
        Self { action, actor, id, meta, room_id: room_id.as_deref(), seq: *seq, timestamp: *timestamp }
    }
}
