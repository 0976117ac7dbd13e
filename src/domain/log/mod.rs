//! The log, which every change goes through: an operation, what it may append, what may be proved of it.
//!
//! Everything else in `domain` may use this folder; it uses nothing of `domain`.

pub mod actor;
pub mod idempotency;
pub mod keys;
pub mod operation;
pub mod proofs;
pub mod refusals;
pub mod schema;

pub use actor::Actor;
pub use idempotency::Once;
pub use operation::{OpenLog, confirm, operation};
