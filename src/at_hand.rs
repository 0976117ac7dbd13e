//! The states of the logs that are in use, kept for the next operation, so that it need not fold the whole log.
//!
//! A state is known by the size and the root of the log that it is the fold of, and is only used where a transaction
//! sees a log with just these. So a state of entries that were rolled back, or that another node has outrun, decides
//! nothing: it is dropped, or brought up to date. Losing what is kept here loses nothing but time.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use room::{
    Leaf, Log,
    fold::{Contradiction, Fold, Part, PlatformFold, PlatformPart, PlatformState, State},
};

use crate::evidence::{CompactRange, Hash, Node, leaf_hash};

/// What every state takes, whatever is in it, in bytes.
const LEAST_WEIGHT: usize = 4 * 1024;

/// How many bytes of memory one byte of an entry takes in a state, about.
const BYTES_IN_MEMORY: usize = 4;

/// A log up to some entry: its tree, and the state that its entries lead to.
#[derive(Debug)]
pub struct Held {
    folded: Folded,
    range: CompactRange,
    weight: usize,
}

#[derive(Debug)]
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
        Self { folded, range: CompactRange::empty(), weight: LEAST_WEIGHT }
    }

    /// Returns the tree over the entries.
    pub fn range(&self) -> &CompactRange {
        &self.range
    }

    /// Returns the time of the last entry. `None` if there is none.
    pub fn last(&self) -> Option<room::Time> {
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
        if !changed.is_empty() {
            self.weight += canonical.len() * BYTES_IN_MEMORY;
        }
        let hash = leaf_hash(canonical);
        let completed = self.range.push(hash);
        Ok((changed, hash, completed))
    }
}

impl Changed {
    fn is_empty(&self) -> bool {
        match self {
            Self::Room(parts) => parts.is_empty(),
            Self::Platform(parts) => parts.is_empty(),
        }
    }
}

/// The states that are kept, within a bound of memory.
#[derive(Debug)]
pub struct AtHand {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    states: HashMap<Log, (Held, u64)>,
    weight: usize,
    /// Counts the uses, by which the state that was not used for longest is known.
    uses: u64,
}

impl AtHand {
    /// Keeps states of about this many bytes in all. The one that was used last is kept whatever its size.
    pub fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    /// Takes the state of a log, which is nobody else's until it is given back.
    pub fn take(&self, log: Log) -> Option<Held> {
        let mut kept = self.lock();
        let (held, _) = kept.states.remove(&log)?;
        kept.weight -= held.weight;
        Some(held)
    }

    /// Gives the state of a log back, or a newer one. Of two, the one of the longer log is kept.
    pub fn give(&self, log: Log, held: Held) {
        let mut kept = self.lock();
        if let Some((other, _)) = kept.states.get(&log)
            && other.range.size() > held.range.size()
        {
            return;
        }
        kept.uses += 1;
        kept.weight += held.weight;
        let use_now = kept.uses;
        if let Some((replaced, _)) = kept.states.insert(log, (held, use_now)) {
            kept.weight -= replaced.weight;
        }
        while kept.weight > self.most && kept.states.len() > 1 {
            let Some(oldest) = kept.states.iter().min_by_key(|(_, (_, used))| *used).map(|(log, _)| *log) else {
                return;
            };
            if let Some((dropped, _)) = kept.states.remove(&oldest) {
                kept.weight -= dropped.weight;
            }
        }
    }

    /// Returns how many states are kept, and about how many bytes they take.
    pub fn size(&self) -> (usize, usize) {
        let kept = self.lock();
        (kept.states.len(), kept.weight)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // What a panicking thread leaves is a map of whole states, each of which is checked before it is used.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
