//! Whose report is drawn next: rooms take turns, so that thirty snapshots of one do not keep another's waiting.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use room::RoomId;

/// When each room with work had its last turn. It is a matter of fairness alone: each server has its own, and a restart
/// forgets it.
#[derive(Debug, Default)]
pub(super) struct Turns {
    given: Mutex<Given>,
}

#[derive(Debug, Default)]
struct Given {
    count: u64,
    last: HashMap<RoomId, u64>,
}

impl Turns {
    /// Gives a turn to the room, of those with work, that has waited for one the longest; of those that never had one, to
    /// the first. Rooms without work are forgotten.
    pub(super) fn next(&self, with_work: &[RoomId]) -> Option<RoomId> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.last.retain(|room, _| with_work.contains(room));
        let next = *with_work.iter().min_by_key(|room| given.last.get(room))?;
        given.count += 1;
        let turn = given.count;
        given.last.insert(next, turn);
        Some(next)
    }
}
