//! Snapshots: taken, drawn, sealed, compared, verified, deleted.
//!
//! Uses `clearance`, `retention` and what is below them.

pub mod compare;
pub mod record;
pub mod rendering;
pub mod sealing;
pub mod snapshot;
pub mod verifying;

pub use snapshot::*;
