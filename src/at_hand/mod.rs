//! The states of the logs that are in use, kept for who writes or reads next, so that they need not fold the whole log.
//!
//! A state is known by the size and the root of the log that it is the fold of, and is only used where a transaction
//! sees a log with just these. So a state of entries that were rolled back, or that another node has outrun, decides
//! nothing: it is dropped, or brought up to date. Losing what is kept here loses nothing but time.
//!
//! Of a log there are up to two: the one that operations take and append to, and the one that readers share, which never
//! has an entry that is not committed. Only that of the platform may have some of the commit that SQLite is about to make,
//! since operations on rooms read it as their transactions see it.

mod held;
mod tally;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use room::Log;

pub use self::{
    held::{Changed, Held},
    tally::{Added, AddedByActor, Tally, UPLOADED},
};

/// Who uses a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// An operation, which appends to it: nobody else has it meanwhile, and it may have entries that are rolled back.
    Operation,
    /// A reader, who shares it with others.
    Reader,
}

/// Of how many marks it is kept what was added before them on their day; when there are more, all are counted anew.
const MOST_COUNTED: usize = 1_024;

/// Where a state was begun that somebody was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At one that was at hand.
    AtHand,
    /// At an entry that marks the state.
    Mark,
    /// At the first entry.
    First,
}

impl Start {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AtHand, Self::Mark, Self::First];

    /// Returns its word in the metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::AtHand => "at_hand",
            Self::Mark => "mark",
            Self::First => "first",
        }
    }
}

/// The states that are kept, within a bound of memory.
#[derive(Debug)]
pub struct AtHand {
    most: usize,
    kept: Mutex<Kept>,
    /// A lock for each log that is being folded at length.
    folding: Mutex<HashMap<Log, Arc<tokio::sync::Mutex<()>>>>,
    /// What each actor has added on the day of an entry that marks a state, up to it: by log and its size there.
    earlier: Mutex<HashMap<(Log, u64), Arc<AddedByActor>>>,
    counts: Counts,
}

/// What there was to do for those who wanted a state, since the start.
#[derive(Debug, Default)]
struct Counts {
    starts: [AtomicU64; 3],
    folded: AtomicU64,
    folding_micros: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    logs: HashMap<Log, Copies>,
    weight: usize,
    /// Counts the uses, by which the log that was not used for longest is known.
    uses: u64,
}

/// The states of a log that are kept.
#[derive(Debug, Default)]
struct Copies {
    operations: Option<Held>,
    readers: Option<Arc<Held>>,
    used: u64,
}

impl Copies {
    fn weight(&self) -> usize {
        self.operations.as_ref().map_or(0, |held| held.weight) + self.readers.as_ref().map_or(0, |held| held.weight)
    }

    fn are_gone(&self) -> bool {
        self.operations.is_none() && self.readers.is_none()
    }
}

impl Kept {
    /// Changes the copies of a log, and drops those of others if they take too much. Those of the log used last stay, and
    /// those of the platform's, which every operation needs: it and a room that alone takes too much would otherwise
    /// drop each other by turns.
    fn change<T>(&mut self, log: Log, most: usize, change: impl FnOnce(&mut Copies) -> T) -> T {
        self.uses += 1;
        let uses = self.uses;
        let copies = self.logs.entry(log).or_default();
        let before = copies.weight();
        copies.used = uses;
        let changed = change(copies);
        let now = copies.weight();
        if copies.are_gone() {
            self.logs.remove(&log);
        }
        self.weight = self.weight - before + now;
        while self.weight > most {
            let others = self.logs.iter().filter(|(other, _)| **other != log && **other != Log::Platform);
            let Some(oldest) = others.min_by_key(|(_, copies)| copies.used).map(|(log, _)| *log) else { break };
            self.weight -= self.logs.remove(&oldest).map_or(0, |dropped| dropped.weight());
        }
        changed
    }
}

impl AtHand {
    /// Keeps states of about this many bytes in all. Those of the platform's log, and of the one that was used
    /// last, are kept whatever their size.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            kept: Mutex::default(),
            folding: Mutex::default(),
            earlier: Mutex::default(),
            counts: Counts::default(),
        }
    }

    /// Takes the state of a log, which is nobody else's until it is given back or shared. Operations take what they keep,
    /// since one at a time has the log; readers get a copy, or many who read at once would find nothing and each fold
    /// the log anew.
    pub fn take(&self, log: Log, user: User) -> Option<Held> {
        let mut kept = lock(&self.kept);
        if !kept.logs.contains_key(&log) {
            return None;
        }
        let (own, shared) = kept.change(log, self.most, |copies| match user {
            User::Operation => match copies.operations.take() {
                None => (None, copies.readers.clone()),
                own => (own, None),
            },
            User::Reader => match &copies.readers {
                None => (copies.operations.clone(), None),
                shared => (None, shared.clone()),
            },
        });
        drop(kept);
        own.or_else(|| shared.map(Arc::unwrap_or_clone))
    }

    /// Returns the state of a log that readers share.
    pub fn shared(&self, log: Log) -> Option<Arc<Held>> {
        let mut kept = lock(&self.kept);
        kept.logs.contains_key(&log).then(|| kept.change(log, self.most, |copies| copies.readers.clone()))?
    }

    /// Gives the state of a log back to operations, or a newer one. Of two, the one of the longer log is kept.
    pub fn give(&self, log: Log, held: Held) {
        lock(&self.kept).change(log, self.most, |copies| {
            if copies.operations.as_ref().is_none_or(|other| other.range.size() <= held.range.size()) {
                copies.operations = Some(held);
            }
        });
    }

    /// Lets readers share the state of a log, all of whose entries are committed. Of two, the one of the longer log is kept.
    pub fn share(&self, log: Log, held: Arc<Held>) {
        lock(&self.kept).change(log, self.most, |copies| {
            if copies.readers.as_ref().is_none_or(|other| other.range.size() <= held.range.size()) {
                copies.readers = Some(held);
            }
        });
    }

    /// Waits until nobody else folds this log at length, so that many who meet it cold do not all do the same work.
    pub async fn fold_alone(&self, log: Log) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut folding = lock(&self.folding);
            folding.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(folding.entry(log).or_default())
        };
        turn.lock_owned().await
    }

    /// Returns what each actor has added on the day of the last of so many entries of a log, up to it. `None` if it has not
    /// been counted.
    pub fn earlier(&self, log: Log, size: u64) -> Option<Arc<AddedByActor>> {
        lock(&self.earlier).get(&(log, size)).cloned()
    }

    /// Keeps what was counted, which never changes since entries do not.
    pub fn keep_earlier(&self, log: Log, size: u64, added: AddedByActor) {
        let mut earlier = lock(&self.earlier);
        if earlier.len() >= MOST_COUNTED {
            earlier.clear();
        }
        earlier.insert((log, size), Arc::new(added));
    }

    /// Notes that somebody was given a state, and where it was begun.
    pub fn note_start(&self, start: Start) {
        self.counts.starts[start as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that entries were read and folded.
    pub fn note_folded(&self, entries: usize, took: Duration) {
        self.counts.folded.fetch_add(entries as u64, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.counts.folding_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Returns how many times somebody was given a state that was begun there.
    pub fn starts(&self, start: Start) -> u64 {
        self.counts.starts[start as usize].load(Ordering::Relaxed)
    }

    /// Returns how many entries were folded, and how long that took.
    pub fn folded(&self) -> (u64, Duration) {
        let micros = self.counts.folding_micros.load(Ordering::Relaxed);
        (self.counts.folded.load(Ordering::Relaxed), Duration::from_micros(micros))
    }

    /// Returns of how many logs there are states, and about how many bytes these take.
    pub fn size(&self) -> (usize, usize) {
        let kept = lock(&self.kept);
        (kept.logs.len(), kept.weight)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread leaves is a map of whole states, each of which is checked before it is used.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
