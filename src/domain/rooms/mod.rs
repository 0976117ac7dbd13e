//! A room and what it is about: its details, its parties, its vessels, and the slots that its cargo and its vessels ask
//! for.
//!
//! A slot keeps the terms that its document type had when it opened. An admin who edits the catalogue therefore changes
//! no STS operation that is under way, only the slots that open afterwards.
//!
//! Uses `accounts`, `log` and `input`; every folder about what happens in a room may use this one.

pub mod catalogue;
pub mod details;
pub mod find;
pub mod invitations;
pub mod parties;
pub mod pasted;
pub mod slots;
pub mod state;
pub mod vessels;

pub use details::{NewRoom, RoomDetails, change, open};
pub use find::{at_work_by, in_use, in_use_by, refuse_closed};
