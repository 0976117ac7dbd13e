//! What nobody deletes, and what takes two admins to delete.
//!
//! Uses `rooms` and what is below it.

pub mod confirmations;
pub mod holds;
