//! The parties' approvals of the vessels, and what each party still has to do.
//!
//! Uses `documents`, `rooms` and what is below them.

pub mod approvals;
pub mod cockpit;
pub mod todo;
