//! What each actor has added to a room's log on the day of its last entry.

use std::collections::HashMap;

use room::{Day, Leaf, Time};

/// The type of the entries that tell of an upload.
pub const UPLOADED: &str = "document_uploaded";

/// What somebody has added to a room on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Added {
    /// The entries of the log that name them as their actor.
    pub entries: u64,
    /// The size of the files that these entries tell of as uploaded, in bytes.
    pub bytes: u64,
}

impl Added {
    /// Returns what one entry of this type and with these fields adds.
    pub fn by_entry(action: &str, meta: &serde_json::Value) -> Self {
        let bytes = if action == UPLOADED { meta["file_size"].as_u64().unwrap_or_default() } else { 0 };
        Self { entries: 1, bytes }
    }
}

impl std::ops::AddAssign for Added {
    fn add_assign(&mut self, other: Self) {
        self.entries += other.entries;
        self.bytes += other.bytes;
    }
}

/// What each actor has added, by their word in the log.
pub type AddedByActor = HashMap<String, Added>;

/// What each actor has added on the day (UTC) of a log's last entry. It goes on with each entry, so that an operation need
/// not count.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    day: Option<Day>,
    uncounted: u64,
    by_actor: AddedByActor,
}

impl Tally {
    /// Returns a tally that begins after the entry at the end of so many, of this time.
    pub(super) fn after(uncounted: u64, last: Time) -> Self {
        Self { day: Some(last.day()), uncounted, by_actor: AddedByActor::new() }
    }

    /// Counts the next entry. Returns whether it is the first that is counted of its actor.
    pub(super) fn count(&mut self, entry: &Leaf) -> bool {
        let day = Time::from(entry.timestamp).day();
        if self.day != Some(day) {
            // Times in a log never run backwards: whatever comes before this entry is of an earlier day.
            *self = Self { day: Some(day), ..Self::default() };
        }
        let added = Added::by_entry(&entry.action, &entry.meta);
        if let Some(known) = self.by_actor.get_mut(&entry.actor) {
            *known += added;
            return false;
        }
        self.by_actor.insert(entry.actor.clone(), added);
        true
    }

    /// Returns what is counted of an actor on a day that is not before that of the last entry.
    pub fn of(&self, actor: &str, day: Day) -> Added {
        let is_today = self.day == Some(day);
        self.by_actor.get(actor).copied().filter(|_| is_today).unwrap_or_default()
    }

    /// Returns how many entries at the beginning of the log are not counted, although some may be of this day. `None` if
    /// there are none.
    pub fn uncounted(&self, day: Day) -> Option<u64> {
        (self.day == Some(day) && self.uncounted > 0).then_some(self.uncounted)
    }
}
