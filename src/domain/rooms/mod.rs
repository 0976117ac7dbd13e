//! A room and what it is about: its parties, its vessels, the slots that its cargo and its vessels ask for.
//!
//! Uses `accounts`, `log` and `input`; everything that happens in a room may use it.

pub mod catalogue;
pub mod details;
pub mod find;
pub mod parties;
pub mod slots;
pub mod state;
pub mod vessels;

pub use details::{NewRoom, RoomDetails, change, open};
pub use find::{at_work, in_use};
