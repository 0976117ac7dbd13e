//! What a report is drawn from: the record, and the facts that are not in it.

use super::cell::Value;
use crate::edition::Edition;
use crate::record::{ClockFacts, Counts, Record};

/// The record, with what else a report states.
pub(crate) struct Context {
    /// Edition that is drawn.
    pub(crate) edition: Edition,
    /// Record that is drawn.
    pub(crate) record: Record,
    /// SHA-256 of the record's bytes, in hexadecimal digits.
    pub(crate) sha256: String,
    /// How the report comes to its proof.
    pub(crate) proof: Proof,
    /// Name of the renderer, as the file states it.
    pub(crate) renderer: String,
    /// Name of the font set.
    pub(crate) fonts: String,
}

/// How a report comes to the proof that the room's log holds it.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// It has none: there were no proofs yet.
    None,
    /// It is drawn with this proof, whose text is part of the file.
    Inside(String),
    /// It takes a receipt, which is added when it is drawn. Nothing that is drawn depends on it.
    Receipt,
}

/// The number of digits of the probe's hash that pages show. Metadata, tables and the log have all 64.
const PRINTED: usize = 16;

impl Context {
    /// Returns the renderer's name as pages show it, with the first digits of its probe's hash.
    pub(in crate::content) fn renderer_in_print(&self) -> &str {
        let shown = self.renderer.find('+').map_or(self.renderer.len(), |plus| plus + 1 + PRINTED);
        self.renderer.get(..shown).unwrap_or(&self.renderer)
    }

    /// Returns the clocks. A record of the first schema has none.
    pub(super) fn clocks(&self) -> Option<&ClockFacts> {
        self.record.standing.as_ref().map(|standing| &standing.clocks)
    }

    /// Returns a count. A record of the first schema has none of those that are asked for here.
    pub(super) fn counted(&self, count: fn(&Counts) -> u64) -> Value {
        (!self.record.predates_documents()).then(|| count(&self.record.counts)).into()
    }
}
