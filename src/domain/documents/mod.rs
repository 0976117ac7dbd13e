//! The documents of a room: uploading versions, withdrawing and deciding on them, waiving what is not needed.
//!
//! An upload goes to `uploads/` in the store while it is hashed and inspected. It gets its final name once it is whole
//! and acceptable, and only then does a row name it; an upload that breaks off leaves nothing. One that comes in parts waits
//! in the data directory for the rest of it, and goes the same way once it is whole. A file is never held in memory as a
//! whole.
//!
//! Uses `rooms` and what is below it. `clearance`, `snapshots`, `downloads` and the doors may use this folder.

pub mod dates;
pub mod decisions;
pub mod file_kinds;
pub mod history;
pub mod matching;
pub mod place;
pub mod statements;
pub mod uploads;
pub mod versions;
pub mod waivers;

pub use file_kinds::Inspection;
pub use waivers::{NewWaiver, find, tag, waive, withdraw_waiver};
