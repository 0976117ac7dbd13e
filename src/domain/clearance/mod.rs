//! The clearances of the vessels, and what each party has still to do.
//!
//! Uses `documents`, `rooms` and what is below them.

pub mod approvals;
pub mod cockpit;
pub mod todo;
