//! Reads records of all schemas from their canonical bytes.

use serde::Deserialize;

use super::facts::{EntryFacts, Record};
use crate::error::ReportError;
use crate::folded::{self, Folded};
use crate::schema::{SCHEMA, SCHEMA_1, SCHEMA_2, SCHEMA_3};

/// A record as it was stored or made. `E` is an entry of the log, as in [`Folded`].
#[derive(Debug, Clone, PartialEq)]
pub enum Stored<E = EntryFacts> {
    /// A record of schema 1, 2 or 3.
    Captured(Box<Record>),
    /// A record of schema 4.
    Folded(Box<Folded<E>>),
}

impl Stored {
    /// Returns what is drawn of the record.
    pub fn drawn(self) -> Record {
        match self {
            Self::Captured(record) => *record,
            Self::Folded(folded) => folded.drawn(),
        }
    }
}

/// Reads a record from its canonical bytes, in the form in which it is drawn.
///
/// # Errors
///
/// If the bytes are no record, or one of a schema that this version does not know.
pub fn read(bytes: &[u8]) -> Result<Record, ReportError> {
    read_stored(bytes).map(Stored::drawn)
}

/// Reads a record from its canonical bytes.
///
/// # Errors
///
/// If the bytes are no record, or one of a schema that this version does not know.
pub fn read_stored<'a, E: Deserialize<'a>>(bytes: &'a [u8]) -> Result<Stored<E>, ReportError> {
    // Most are of this schema, and large: they are read once.
    let newest = folded::read(bytes);
    if let Ok(folded) = newest {
        return Ok(Stored::Folded(Box::new(folded)));
    }
    // The schema on its own, so that a later record is named by its schema and not called malformed.
    let schema = schema(bytes)?;
    match &*schema {
        SCHEMA => newest.map(|folded| Stored::Folded(Box::new(folded))),
        SCHEMA_3 | SCHEMA_2 | SCHEMA_1 => {
            serde_json::from_slice(bytes).map(Stored::Captured).map_err(ReportError::Malformed)
        }
        _ => Err(ReportError::Schema { found: schema }),
    }
}

/// Returns the schema of a record, which need not be one that this version knows.
///
/// # Errors
///
/// If the bytes are no record.
pub fn schema(bytes: &[u8]) -> Result<String, ReportError> {
    #[derive(Deserialize)]
    struct Header {
        schema: String,
    }
    serde_json::from_slice(bytes).map(|header: Header| header.schema).map_err(ReportError::Malformed)
}
