//! Places for work that many want at once, shared out so that no single claimant can take all of them.
//!
//! A semaphore serves whoever came first: a client with a hundred requests makes everybody else wait for a hundred.
//! [`Shares`] counts by key (an account, a room, a client's network): a key has at most its share of the places, and
//! where several keys wait, each of them gets one place in turn.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// A number of places, of which each key can hold a limited part. A clone is another handle to the same places.
///
/// A place may stand for anything that is counted: a worker, a thread, a KiB of memory.
pub struct Shares<K: Eq + Hash + Clone> {
    table: Arc<Mutex<Table<K>>>,
}

/// Who holds and who waits. A key is in `held` only while it holds something, and in `waiting` and `turns` only while
/// somebody waits for it, so that the table is no larger than the work at hand.
struct Table<K> {
    free: usize,
    most: usize,
    held: HashMap<K, usize>,
    waiting: HashMap<K, VecDeque<Ticket>>,
    /// The keys that wait, the one whose turn is next first.
    turns: VecDeque<K>,
    last_ticket: u64,
}

/// One who waits: its number, and the way to call it.
struct Ticket {
    number: u64,
    called: oneshot::Sender<()>,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// Makes `total` places, of which each key can hold `most` at once.
    pub fn new(total: usize, most: usize) -> Self {
        let table = Table {
            free: total,
            most,
            held: HashMap::new(),
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            last_ticket: 0,
        };
        Self { table: Arc::new(Mutex::new(table)) }
    }

    /// Takes one place, or returns `None` if none is free or the key holds its most.
    pub fn try_take(&self, key: K) -> Option<Seat<K>> {
        self.try_take_units(key, 1)
    }

    /// Takes so many places at once, or none of them.
    pub fn try_take_units(&self, key: K, units: usize) -> Option<Seat<K>> {
        let granted = self.lock().grant(&key, units);
        granted.then(|| Seat { shares: self.clone(), key, units })
    }

    /// Waits for one place.
    ///
    /// A waiter whose key holds its most does not keep others waiting, and keys are served in turn, whoever of them
    /// came more often. Dropping the future gives up the wait and leaves no trace. There is no time limit: callers
    /// with one wrap this in `tokio::time::timeout`.
    pub async fn take(&self, key: K) -> Seat<K> {
        let mut waiting = {
            let mut table = self.lock();
            if table.grant(&key, 1) {
                return Seat { shares: self.clone(), key, units: 1 };
            }
            table.last_ticket += 1;
            let number = table.last_ticket;
            let (called, call) = oneshot::channel();
            let queue = table.waiting.entry(key.clone()).or_default();
            queue.push_back(Ticket { number, called });
            if queue.len() == 1 {
                table.turns.push_back(key.clone());
            }
            Waiting { shares: self.clone(), key: Some(key), number, call }
        };
        // The sender lives in the table until the place is granted, and the table as long as this handle.
        let _ = (&mut waiting.call).await;
        waiting.into_seat()
    }

    /// Returns how many places are taken, by all keys together.
    pub fn taken(&self) -> usize {
        self.lock().held.values().sum()
    }

    /// Returns how many places this key holds.
    pub fn taken_by(&self, key: &K) -> usize {
        self.lock().held.get(key).copied().unwrap_or_default()
    }

    /// Returns how many keys the table remembers, because they hold a place or wait for one.
    pub fn keys(&self) -> usize {
        let table = self.lock();
        table.held.keys().chain(table.waiting.keys().filter(|key| !table.held.contains_key(key))).count()
    }

    fn lock(&self) -> MutexGuard<'_, Table<K>> {
        // Every change of the table is complete before anything in it can panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Clone> Table<K> {
    /// Books places for a key if its share and the rest allow it.
    fn grant(&mut self, key: &K, units: usize) -> bool {
        let held = self.held.get(key).copied().unwrap_or_default();
        if units > self.free || units > self.most.saturating_sub(held) {
            return false;
        }
        if units > 0 {
            self.held.insert(key.clone(), held + units);
            self.free -= units;
        }
        true
    }

    /// Takes places back, and calls those who waited for them.
    fn release(&mut self, key: &K, units: usize) {
        if let Some(held) = self.held.get_mut(key) {
            *held -= units;
            if *held == 0 {
                self.held.remove(key);
            }
        }
        self.free += units;
        while self.free > 0 && self.call_next() {}
    }

    /// Gives one place to the first key in turn that may have one, and sends that key to the end of the turns.
    fn call_next(&mut self) -> bool {
        let may = |key: &K| self.held.get(key).copied().unwrap_or_default() < self.most;
        let Some(at) = self.turns.iter().position(may) else { return false };
        let Some(key) = self.turns.remove(at) else { return false };
        let Some(queue) = self.waiting.get_mut(&key) else { return false };
        let ticket = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&key);
        } else {
            self.turns.push_back(key.clone());
        }
        self.grant(&key, 1);
        // One who no longer listens gives the place back when its `Waiting` is dropped, which needs this lock.
        if let Some(ticket) = ticket {
            let _ = ticket.called.send(());
        }
        true
    }

    /// Strikes a waiter off; returns `false` if it was called already.
    fn forget(&mut self, key: &K, number: u64) -> bool {
        let Some(queue) = self.waiting.get_mut(key) else { return false };
        let Some(at) = queue.iter().position(|ticket| ticket.number == number) else { return false };
        queue.remove(at);
        if queue.is_empty() {
            self.waiting.remove(key);
            self.turns.retain(|waiting| waiting != key);
        }
        true
    }
}

impl<K: Eq + Hash + Clone> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self { table: Arc::clone(&self.table) }
    }
}

impl<K: Eq + Hash + Clone> fmt::Debug for Shares<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.lock();
        f.debug_struct("Shares").field("free", &table.free).field("most", &table.most).finish_non_exhaustive()
    }
}

/// One who waits for a place; dropped early, it is struck off, or gives back what it was granted meanwhile.
struct Waiting<K: Eq + Hash + Clone> {
    shares: Shares<K>,
    /// `None` once the place is a [`Seat`]'s.
    key: Option<K>,
    number: u64,
    call: oneshot::Receiver<()>,
}

impl<K: Eq + Hash + Clone> Waiting<K> {
    fn into_seat(mut self) -> Seat<K> {
        let key = self.key.take().expect("a wait becomes a seat once");
        Seat { shares: self.shares.clone(), key, units: 1 }
    }
}

impl<K: Eq + Hash + Clone> Drop for Waiting<K> {
    fn drop(&mut self) {
        let Some(key) = &self.key else { return };
        let mut table = self.shares.lock();
        if !table.forget(key, self.number) {
            table.release(key, 1);
        }
    }
}

/// Places that are taken; dropping it gives them back.
#[must_use = "the places are given back when the seat is dropped"]
pub struct Seat<K: Eq + Hash + Clone> {
    shares: Shares<K>,
    key: K,
    units: usize,
}

impl<K: Eq + Hash + Clone> Seat<K> {
    /// Takes so many places more, or returns `false` and keeps what it has.
    #[must_use]
    pub fn grow(&mut self, units: usize) -> bool {
        let granted = self.shares.lock().grant(&self.key, units);
        if granted {
            self.units += units;
        }
        granted
    }

    /// Returns how many places this seat holds.
    pub fn units(&self) -> usize {
        self.units
    }
}

impl<K: Eq + Hash + Clone> Drop for Seat<K> {
    fn drop(&mut self) {
        self.shares.lock().release(&self.key, self.units);
    }
}

impl<K: Eq + Hash + Clone> fmt::Debug for Seat<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("units", &self.units).finish_non_exhaustive()
    }
}
