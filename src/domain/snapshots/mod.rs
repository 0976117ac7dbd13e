//! Snapshots of rooms: how they are taken, drawn, sealed, compared, verified and deleted.
//!
//! `generating` → `completed`, or `failed` → (retry) → `generating`. The record is captured and stored in the
//! transaction of the request (`take.rs`). A job draws the file from it later (`attempts.rs`), and it can be drawn
//! again at any time, byte for byte.
//!
//! A sealed PDF is its report and its seal, nothing else. The seal is kept in the database before the file is stored,
//! and the first one is kept for good. `rendering.rs` makes a snapshot's bytes, for the job and for a repair.
//!
//! Uses `clearance`, `retention` and what is below them.

pub mod attempts;
pub mod compare;
pub mod deletion;
pub mod download;
pub mod record;
pub mod rendering;
pub mod sealing;
pub mod take;
pub mod verifying;

pub use attempts::{ENDED_ITS_PROCESS, MOST_ATTEMPTS, attempt_failed, complete, retry};
pub use deletion::{Deletion, delete, remove};
pub use download::{downloadable, file_key, log_download, told_file};
pub use take::{CheckedRequest, NewSnapshot, default_title, find, freeze, take};
