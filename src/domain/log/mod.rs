//! The logs, and the operations that append to them: every change of what the server knows goes through here.
//!
//! - [`OpenLog`] is the only way into a log. An operation locks the log before it looks at the room: the row that it
//!   locks in `room_logs` puts everything that happens in a room into one order. A record that is read under that lock
//!   therefore shows one instant, on both databases.
//! - Appending hashes the entry's canonical JSON, adds the hash to the compact range, writes the inner nodes that this
//!   completes (`log_nodes`) and signs the new head (`room_logs.checkpoint`), all in the operation's transaction. The
//!   proof of any entry is then read from O(log n) rows.
//! - The actor of an entry is a user's address, `operator` for what is done at the command line, or `system` for what
//!   jobs do. What only jobs write (leases, the removal of what has expired) is no action and has no entry; neither has
//!   the time when a session was last used.
//! - What starts from an older state than that of now is refused under the lock, with what has changed since (`edits`).
//! - A party adds no more to a room in a day than its quota allows (`quota`).
//! - Refusals are logged and cannot flood a log: the first of its kind in a minute is logged at once, further ones in
//!   one entry when the minute is over, and only a limited number of kinds is told apart.
//!
//! Everything else in `domain` may use this folder; it uses nothing of `domain` but `input`.

pub mod actor;
pub mod adoption;
mod confirming;
pub mod continuation;
pub mod edits;
pub mod heads;
pub mod idempotency;
pub mod keys;
mod marks;
pub mod operation;
pub mod platform_adoption;
pub mod private;
pub mod proofs;
pub mod quota;
pub mod reading;
pub mod readoption;
pub mod refusals;
pub mod room_rows;
pub mod schema;
mod state;
pub mod trust;

pub use actor::Actor;
pub use edits::{Edited, refuse_overtaken};
pub use idempotency::Once;
pub use operation::{OpenLog, confirm, of_platform, of_room, operation, unlocked};
pub use state::{bring_up, seen};
pub use trust::trusted;
