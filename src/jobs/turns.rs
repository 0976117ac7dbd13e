//! The order in which rooms get their reports drawn. They take turns, so that thirty snapshots of one room do not keep
//! the snapshot of another waiting.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use room::RoomId;

/// When each room with work had its last turn. This is a matter of fairness alone: each server has its own turns, and
/// forgets them when it stops.
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
    /// Gives a turn to the room that has waited for one the longest, of those with work. Of several that never had one,
    /// the first gets it. Rooms without work are forgotten.
    pub(super) fn next(&self, with_work: &[RoomId]) -> Option<RoomId> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.last.retain(|room, _| with_work.contains(room));
        // `None`, of a room that never had a turn, is less than any turn.
        let next = *with_work.iter().min_by_key(|room| given.last.get(room))?;
        given.count += 1;
        let turn = given.count;
        given.last.insert(next, turn);
        Some(next)
    }
}
