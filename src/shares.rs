//! A semaphore that is fair to claimants, not to requests: no single claimant can take all of a scarce resource.
//!
//! A plain semaphore serves requests in the order they came: a client with a hundred requests makes all others wait for
//! a hundred. [`Shares`] counts by key (an account, a room, a client's network): a key holds at most its share of the
//! units, and if several keys wait, each of them gets one unit in turn.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// A number of units, of which each key can hold a limited part. A clone is another handle to the same units.
///
/// A unit stands for anything that is counted: a worker, a thread, a KiB of memory.
pub struct Shares<K: Eq + Hash + Clone> {
    table: Arc<Mutex<Table<K>>>,
}

/// Which keys hold units and which wait. A key is in `held` only while it holds a unit, and in `waiting` and `turns`
/// only while a request of its waits: the table is no larger than the work at hand, however many keys there have been.
struct Table<K> {
    free: usize,
    most: usize,
    held: HashMap<K, usize>,
    waiting: HashMap<K, VecDeque<Ticket>>,
    /// The keys that wait, each once, in the order of their turns.
    turns: VecDeque<K>,
    last_ticket: u64,
}

/// A request that waits: its number, and the way to call it.
struct Ticket {
    number: u64,
    called: oneshot::Sender<()>,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// Makes `total` units, of which each key can hold `most` at once.
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

    /// Takes one unit, or returns `None` if none is free or the key holds its most.
    pub fn try_take(&self, key: K) -> Option<Seat<K>> {
        self.try_take_units(key, 1)
    }

    /// Takes this many units at once, or none of them.
    pub fn try_take_units(&self, key: K, units: usize) -> Option<Seat<K>> {
        let granted = self.lock().grant(&key, units);
        granted.then(|| Seat { shares: self.clone(), key, units })
    }

    /// Waits for one unit.
    ///
    /// A waiter whose key holds its most does not keep others waiting, and keys are served in turn, however many
    /// requests each of them has. Dropping the future gives up the wait and leaves no trace. There is no time limit:
    /// callers with one wrap this in `tokio::time::timeout`.
    pub async fn take(&self, key: K) -> Seat<K> {
        let mut waiting = {
            // Trying and queueing are one step under the lock. A unit given back between them would find nobody
            // waiting, and would not call this request.
            let mut table = self.lock();
            if table.grant(&key, 1) {
                return Seat { shares: self.clone(), key, units: 1 };
            }
            table.last_ticket += 1;
            let number = table.last_ticket;
            let (called, call) = oneshot::channel();
            let queue = table.waiting.entry(key.clone()).or_default();
            queue.push_back(Ticket { number, called });
            // A key has one turn, however many of its requests wait: that is what makes the turns fair.
            if queue.len() == 1 {
                table.turns.push_back(key.clone());
            }
            Waiting { shares: self.clone(), key: Some(key), number, call }
        };
        // Cannot fail: the sender lives in the table until the unit is granted, and the table as long as this handle.
        let _ = (&mut waiting.call).await;
        waiting.into_seat()
    }

    /// Returns how many units are taken, by all keys together.
    pub fn taken(&self) -> usize {
        self.lock().held.values().sum()
    }

    /// Returns how many units this key holds.
    pub fn taken_by(&self, key: &K) -> usize {
        self.lock().held.get(key).copied().unwrap_or_default()
    }

    /// Returns how many keys the table remembers, because they hold a unit or wait for one.
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
    /// Books units for a key if its share and the free units allow it.
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

    /// Takes units back, and calls requests that wait for them.
    fn release(&mut self, key: &K, units: usize) {
        if let Some(held) = self.held.get_mut(key) {
            *held -= units;
            if *held == 0 {
                self.held.remove(key);
            }
        }
        self.free += units;
        // Usually one unit comes back and one request is called, but a seat may have held many units, and a key at its
        // most may have blocked requests that can go on now.
        while self.free > 0 && self.call_next() {}
    }

    /// Gives one unit to the first key in turn that may have one, and sends that key to the end of the turns. Returns
    /// `false` if no key that waits may have one.
    fn call_next(&mut self) -> bool {
        // A key that holds its most keeps its place in the turns, and is passed over for now.
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
        // Granted before the request is called: until it runs, the unit must not go to anybody else.
        self.grant(&key, 1);
        // A request that was dropped at this moment gives the unit back: its `Waiting` waits for this lock, finds no
        // ticket any more, and so knows that it was granted one.
        if let Some(ticket) = ticket {
            let _ = ticket.called.send(());
        }
        true
    }

    /// Removes a waiting request. Returns `false` if it was called already.
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

/// A request that waits for a unit. Dropped early, it leaves the queue, or gives back the unit it was granted
/// meanwhile.
struct Waiting<K: Eq + Hash + Clone> {
    shares: Shares<K>,
    /// `None` once the unit belongs to a [`Seat`].
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

/// Units that one request holds; dropping the seat gives them back.
#[must_use = "the units are given back when the seat is dropped"]
pub struct Seat<K: Eq + Hash + Clone> {
    shares: Shares<K>,
    key: K,
    units: usize,
}

impl<K: Eq + Hash + Clone> Seat<K> {
    /// Takes this many more units, or returns `false` and keeps those it has.
    #[must_use]
    pub fn grow(&mut self, units: usize) -> bool {
        let granted = self.shares.lock().grant(&self.key, units);
        if granted {
            self.units += units;
        }
        granted
    }

    /// Returns how many units this seat holds.
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
