//! What a log is about, by which one fold serves the logs of rooms and that of the platform.

use serde::{Serialize, de::DeserializeOwned};

use super::{AdoptionPart, Why};
use crate::{Event, Log, Time};

/// What a log is about, as the log tells it: [`State`](super::State) for a room's, and
/// [`PlatformState`](super::PlatformState) for the platform's.
pub trait Subject: Sized + Serialize + DeserializeOwned {
    /// A part of it, which one row of a table repeats.
    type Part: Ord + std::fmt::Debug;

    /// Returns all of its parts.
    fn parts(&self) -> Vec<Self::Part>;

    /// Returns what the first entry of a log makes, in a log that begins with events of versions.
    ///
    /// # Errors
    ///
    /// Fails if the log cannot begin with this event.
    fn begin(log: Log, first: Event, actor: &str, at: Time) -> Result<Self, Why>;

    /// Returns whether this is what the log is about.
    fn is_of(&self, log: Log) -> bool;

    /// Returns the event that has this part of an adopted state.
    fn adopted(part: AdoptionPart) -> Event;

    /// Returns the part of an adopted state that an event has, if it is one that adopts.
    fn part_in(event: &Event) -> Option<AdoptionPart>;

    /// Returns whether an event may come while the log does not tell everything. It is then passed over.
    fn needs_no_state(_: &Event) -> bool {
        false
    }

    /// Applies an event that follows those that led to this state. Returns the parts that it has changed.
    ///
    /// # Errors
    ///
    /// Fails if the event cannot follow them.
    fn apply(&mut self, event: Event, actor: &str, at: Time) -> Result<Vec<Self::Part>, Why>;
}
