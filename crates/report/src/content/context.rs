//! What a report is drawn from: the record, and what is not in it.

use super::cell::Value;
use crate::edition::Edition;
use crate::record::{ClockFacts, Counts, Record};

/// What facts are told about.
pub(crate) struct Context {
    /// The edition that is drawn.
    pub(crate) edition: Edition,
    /// The record.
    pub(crate) record: Record,
    /// SHA-256 of its bytes, in hex.
    pub(crate) sha256: String,
    /// The proof that the room's log holds the snapshot, if there is one.
    pub(crate) proof: Option<String>,
    /// Name of the font set.
    pub(crate) fonts: String,
}

impl Context {
    /// The clocks, which a record of the first schema does not have.
    pub(super) fn clocks(&self) -> Option<&ClockFacts> {
        self.record.standing.as_ref().map(|standing| &standing.clocks)
    }

    /// A count that a record of the first schema does not have.
    pub(super) fn counted(&self, count: fn(&Counts) -> u64) -> Value {
        (!self.record.predates_documents()).then(|| count(&self.record.counts)).into()
    }
}
