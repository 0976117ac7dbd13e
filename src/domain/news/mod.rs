//! News: what people are told by mail of their rooms.
//!
//! - Nothing is written with what happens: the log is what news follow from. Each room's log is gone through once, behind
//!   its head; what is in it that somebody has to know becomes a row for each of them, and so does what only time brings.
//! - Rows wait until they are due by what each person has chosen, and are then put into one mail. What has been settled
//!   meanwhile is left out: nobody is called to a decision that is made.
//! - Nobody is told of what they did themselves, of anything twice, or of a room in which they are no party any more.
//!
//! Uses `clearance` and what is below it; jobs and doors use it.

pub mod choices;
mod following;
mod gathering;
mod matters;
mod words;

pub use following::{follow, follow_clocks};
pub use gathering::gather;
