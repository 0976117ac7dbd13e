//! The life of a room: its way from phase to phase, and its deletion.
//!
//! Uses `snapshots` and what is below it; nothing in `domain` uses it.

pub mod deletion;
pub mod phases;
