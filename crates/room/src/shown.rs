//! What a snapshot shows of its room.

use serde::{Deserialize, Serialize};

use crate::Time;

/// What a snapshot shows: the room as its log told it at a position, to whoever took it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// The number of entries that it shows.
    pub size: u64,
    /// The root of the tree over them (RFC 6962 §2.1), in hexadecimal.
    pub root: String,
    /// The log's name in its checkpoints.
    pub origin: String,
    /// The public key that signs the log (C2SP `vkey`).
    pub key: String,
    /// The instant at which clocks and expiries are reckoned.
    pub at: Time,
    /// The name of whoever took it, as the account had it.
    pub name: String,
    /// The role of whoever took it.
    pub role: crate::Role,
    /// The years of retention that were set.
    pub retention_years: u32,
}
