//! A log up to some entry: its tree, and the state that its entries lead to.

use room::{
    Leaf, Log, Time,
    fold::{Contradiction, Fold, Mark, Part, PlatformFold, PlatformPart, PlatformState, State},
};

use super::tally::Tally;
use crate::evidence::{CompactRange, Hash, Node, leaf_hash};

/// What every state takes, whatever is in it, in bytes.
const LEAST_WEIGHT: usize = 4 * 1024;

/// How many bytes of memory one byte of JSON takes in a state, about.
const BYTES_IN_MEMORY: usize = 4;

/// How many bytes of memory the tally of one actor takes, about.
const TALLY_WEIGHT: usize = 128;

/// A log up to some entry: its tree, and the state that its entries lead to.
#[derive(Debug, Clone)]
pub struct Held {
    folded: Folded,
    pub(super) range: CompactRange,
    /// What each actor has added. Empty for the platform's log.
    tally: Tally,
    pub(super) weight: usize,
}

#[derive(Debug, Clone)]
enum Folded {
    Room(Fold),
    Platform(PlatformFold),
}

/// The parts of a state that an entry has changed.
#[derive(Debug)]
pub enum Changed {
    /// Parts of a room.
    Room(Vec<Part>),
    /// Parts of the platform.
    Platform(Vec<PlatformPart>),
}

impl Held {
    /// Returns the empty log.
    pub fn of_empty(log: Log) -> Self {
        let folded = match log {
            Log::Room(room) => Folded::Room(Fold::new(room)),
            Log::Platform => Folded::Platform(PlatformFold::of_platform()),
        };
        Self { folded, range: CompactRange::empty(), tally: Tally::default(), weight: LEAST_WEIGHT }
    }

    /// Returns the log up to an entry that marks its state, and including it: `before` is the tree over the entries before
    /// it, `canonical` its canonical JSON. `None` if it marks another state than this one.
    pub fn at_mark(log: Log, mut before: CompactRange, entry: &Leaf, canonical: &[u8], state: &[u8]) -> Option<Self> {
        let folded = match log {
            Log::Room(_) => Folded::Room(Fold::at_mark(log, entry, state)?),
            Log::Platform => Folded::Platform(PlatformFold::at_mark(log, entry, state)?),
        };
        before.push(leaf_hash(canonical));
        let tally = Tally::after(before.size(), Time::from(entry.timestamp));
        Some(Self { folded, range: before, tally, weight: weight_of(state.len()) })
    }

    /// Returns the mark of the state, if it is time for one.
    ///
    /// # Errors
    ///
    /// Fails if the state cannot be written as JSON, which its types rule out.
    pub fn due_mark(&self) -> Result<Option<Mark>, serde_json::Error> {
        match &self.folded {
            Folded::Room(fold) if fold.is_mark_due() => fold.mark(),
            Folded::Platform(fold) if fold.is_mark_due() => fold.mark(),
            Folded::Room(_) | Folded::Platform(_) => Ok(None),
        }
    }

    /// Returns the tree over the entries.
    pub fn range(&self) -> &CompactRange {
        &self.range
    }

    /// Returns what each actor has added on the day of the last entry.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Returns the time of the last entry. `None` if there is none.
    pub fn last(&self) -> Option<Time> {
        match &self.folded {
            Folded::Room(fold) => fold.last(),
            Folded::Platform(fold) => fold.last(),
        }
    }

    /// Returns the room as the log tells it. `None` if the log is not a room's, or does not tell everything.
    pub fn room(&self) -> Option<&State> {
        match &self.folded {
            Folded::Room(fold) => fold.state(),
            Folded::Platform(_) => None,
        }
    }

    /// Returns the platform as its log tells it. `None` if the log is a room's, or does not tell everything.
    pub fn platform(&self) -> Option<&PlatformState> {
        match &self.folded {
            Folded::Room(_) => None,
            Folded::Platform(fold) => fold.state(),
        }
    }

    /// Returns whether the log tells everything.
    pub fn tells_everything(&self) -> bool {
        self.room().is_some() || self.platform().is_some()
    }

    /// Adds the next entry, whose canonical JSON is `canonical`. Returns what it has changed, its hash and the nodes of
    /// the tree that it completes.
    ///
    /// # Errors
    ///
    /// Fails if the entry cannot follow those before it. The state is of no use then.
    pub fn apply(&mut self, entry: &Leaf, canonical: &[u8]) -> Result<(Changed, Hash, Vec<Node>), Contradiction> {
        let changed = match &mut self.folded {
            Folded::Room(fold) => Changed::Room(fold.apply(entry)?),
            Folded::Platform(fold) => Changed::Platform(fold.apply(entry)?),
        };
        let marked_size = match &self.folded {
            Folded::Room(fold) => fold.marked_size(),
            Folded::Platform(fold) => fold.marked_size(),
        };
        // What entries replace is not taken off again, so the weight is an upper bound until the next mark.
        if let Some(size) = marked_size {
            self.weight = weight_of(size);
        } else if !changed.is_empty() {
            self.weight += canonical.len() * BYTES_IN_MEMORY;
        }
        if matches!(self.folded, Folded::Room(_)) && self.tally.count(entry) {
            self.weight += TALLY_WEIGHT;
        }
        let hash = leaf_hash(canonical);
        let completed = self.range.push(hash);
        Ok((changed, hash, completed))
    }
}

fn weight_of(state: usize) -> usize {
    LEAST_WEIGHT + state * BYTES_IN_MEMORY
}

impl Changed {
    fn is_empty(&self) -> bool {
        match self {
            Self::Room(parts) => parts.is_empty(),
            Self::Platform(parts) => parts.is_empty(),
        }
    }
}
