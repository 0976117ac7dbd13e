//! The documents of a room: what is uploaded, what parties decide on it, what is waived.
//!
//! Uses `rooms` and what is below it.

pub mod decisions;
pub mod file_kinds;
pub mod history;
pub mod versions;
pub mod waivers;

pub use file_kinds::Inspection;
pub use waivers::{NewWaiver, find, vessel_name, waive, withdraw_waiver};
