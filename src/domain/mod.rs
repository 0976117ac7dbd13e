//! Operations: every change is one transaction that commits with its log entries.
//!
//! One folder per subject, each of which uses only those to its right:
//!
//! ```text
//! backup -> lifecycle | downloads | news | fsck, system, attention, seal_certificate -> snapshots -> clearance | retention
//!     -> documents -> rooms -> accounts | start -> mail -> log, input
//! ```
//!
//! The doors (`api`, `pages`, `cli`) and `jobs` use it. It knows no HTTP, and all of its SQL is in `db`.

pub mod accounts;
pub mod attention;
pub mod backup;
pub mod clearance;
pub mod documents;
pub mod downloads;
pub mod fsck;
pub mod heads_log;
pub mod input;
pub mod lifecycle;
pub mod log;
pub mod mail;
pub mod news;
pub mod retention;
pub mod rooms;
pub mod seal_certificate;
pub mod snapshots;
pub mod start;
pub mod system;
