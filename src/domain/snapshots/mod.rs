//! Snapshots of rooms: how they are taken, drawn, sealed, compared, verified and deleted.
//!
//! `generating` → `completed`, or `failed` → (retry) → `generating`. Taking one appends an entry with the position that it
//! shows (`take.rs`, `position.rs`). A job makes the record from the log up to there (`record.rs`) and draws the body of
//! the file (`rendering.rs`); the log gets its hash, and the proof of that entry is the receipt (`receipts.rs`).
//!
//! A file is body, receipt and, if it is a PDF, seal, and nothing else. Receipt and seal are kept in the database before
//! the file is stored, so that it can be made again at any time, byte for byte.
//!
//! A file that this server has signed is held against its log when it is verified, and a contradiction is an alarm
//! (`own_log.rs`, `own_seal.rs`).
//!
//! Uses `clearance`, `retention` and what is below them.

pub mod attempts;
pub mod compare;
pub mod deletion;
pub mod download;
pub mod own_log;
mod own_seal;
pub mod position;
pub mod receipts;
pub mod record;
pub mod rendering;
pub mod sealing;
pub mod take;
pub mod verifying;
pub mod way_down;

pub use attempts::{ENDED_ITS_PROCESS, Failure, attempt_failed, complete, retry};
pub use deletion::{Deletion, delete, remove};
pub use download::{downloadable, file_key, log_download, told_file};
pub use take::{CheckedRequest, NewSnapshot, default_title, find, freeze, take};
