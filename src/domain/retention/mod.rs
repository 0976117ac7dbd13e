//! Retention: what is not deleted at all, and what takes two admins to delete.
//!
//! Nothing under hold is deleted: the operations refuse it, a trigger on `snapshots` does, and so does `migrate down`.
//! It takes two admins to lift a hold, and to delete a snapshot inside its retention or the room with it.
//!
//! A retention counts from when the server was told that the room is closed (`rooms.retained_from`), not from the day
//! that was given for it, and goes on in a room that is taken back.
//!
//! Uses `rooms` and what is below it.

pub mod confirmations;
pub mod holds;
