//! The keys of a server as it publishes them, with the notes by which one leads to another.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Succession;

/// The bytes and notes that are read: the text may come from anybody.
const MOST_BYTES: usize = 256 * 1024;
const MOST_NOTES: usize = 64;

/// What a server answers at `/.well-known/sts-clearance/keys`.
///
/// Nothing in it is believed: a note leads from a key that is trusted to another, if the keys have signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedKeys {
    /// The name of the server, which its key in force has.
    pub server: String,
    /// Its public keys, the one in force first.
    pub keys: Vec<String>,
    /// The notes in which one key says that another follows it, the oldest first.
    pub notes: Vec<String>,
    /// The time of the answer.
    pub as_of: Timestamp,
}

/// Why a text is no such answer.
#[derive(Debug, thiserror::Error)]
#[error("it is no answer of `/.well-known/sts-clearance/keys`: {0}")]
pub struct PublishedKeysError(String);

impl PublishedKeys {
    /// Reads the answer of a server.
    pub fn read(text: &str) -> Result<Self, PublishedKeysError> {
        if text.len() > MOST_BYTES {
            return Err(PublishedKeysError(format!("it has more than {MOST_BYTES} bytes")));
        }
        let read: Self = serde_json::from_str(text).map_err(|error| PublishedKeysError(error.to_string()))?;
        if read.notes.len() > MOST_NOTES {
            return Err(PublishedKeysError(format!("it has more than {MOST_NOTES} notes")));
        }
        Ok(read)
    }

    /// Returns what the notes say. One that says nothing of keys is passed over.
    pub fn successions(&self) -> Vec<Succession> {
        self.notes.iter().filter_map(|note| Succession::read(note)).collect()
    }
}
