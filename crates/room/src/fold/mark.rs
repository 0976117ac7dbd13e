//! Marks: entries with the hash of the state that a log leads to, from which a later fold can start.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Fold, Stage, Subject, Why};
use crate::{Event, Leaf, Log, Time, canonical};

/// How many entries follow a mark before the next one is due. So many entries are folded at most to know a state, and each
/// of them costs a thousandth of writing it.
pub const MARKED_EACH: u64 = 1_000;

/// The state that a log leads to, with the entry that marks it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The event of the entry.
    pub event: Event,
    /// The state as canonical JSON (RFC 8785), of which the event has the SHA-256.
    pub state: Vec<u8>,
}

impl<S: Subject> Fold<S> {
    /// Returns whether the state is to be marked: it is known, and so many entries have come since the last mark.
    pub fn is_mark_due(&self) -> bool {
        self.state().is_some() && self.size - self.marked.0 >= MARKED_EACH
    }

    /// Returns the size of the state as JSON, in bytes, if the last entry marks it.
    pub fn marked_size(&self) -> Option<usize> {
        let (at, size) = self.marked;
        (at > 0 && at == self.size).then_some(size)
    }

    /// Returns the mark of the present state. `None` if the state is not known.
    ///
    /// # Errors
    ///
    /// Fails if the state cannot be written as JSON, which its types rule out.
    pub fn mark(&self) -> Result<Option<Mark>, serde_json::Error> {
        let Some(state) = self.state() else { return Ok(None) };
        let state = canonical::of_object(state)?;
        let state_sha256 = hex::encode(Sha256::digest(&state));
        Ok(Some(Mark { event: Event::StateMarked { state_sha256 }, state }))
    }

    /// Returns the fold of a log up to an entry that marks the state, and including it. `None` if the entry marks another
    /// state than this one, or none.
    ///
    /// Whether the log has that entry is for the caller to find out.
    pub fn at_mark(log: Log, entry: &Leaf, state: &[u8]) -> Option<Self> {
        let (Event::StateMarked { state_sha256 }, _) = Event::from_entry(&entry.action, &entry.meta).ok()? else {
            return None;
        };
        if state_sha256 != hex::encode(Sha256::digest(state)) {
            return None;
        }
        let bytes = state.len();
        let state: S = serde_json::from_slice(state).ok().filter(|state: &S| state.is_of(log))?;
        let (size, last) = (entry.seq + 1, Some(Time::from(entry.timestamp)));
        Some(Self { log, size, last, stage: Stage::Known(Box::new(state)), marked: (size, bytes) })
    }
}

/// Returns the size of the state as JSON, in bytes. Fails unless this is the state that a mark has the hash of.
pub(super) fn check(state: &impl Serialize, state_sha256: &str) -> Result<usize, Why> {
    let folded = canonical::of_object(state).map_err(|error| Why::Malformed(error.to_string()))?;
    if hex::encode(Sha256::digest(&folded)) == state_sha256 {
        return Ok(folded.len());
    }
    Err(Why::Against("it marks another state than the entries before it lead to".to_owned()))
}
