//! The one test binary: through HTTP and the command line, on real databases.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;

mod activities;
mod approvals;
mod archive;
mod auth;
mod bad_input;
mod browser;
mod catalogue;
mod cli;
mod cockpit;
mod compare;
mod crash;
mod database_files;
mod decisions;
mod downloads;
mod events;
mod evidence;
mod file_kinds;
mod fsck;
mod fsck_runs;
mod holds;
mod jobs;
mod log;
mod migrations;
mod operation;
mod pages;
mod parties;
mod phases;
mod policy;
mod previews;
mod rooms;
mod sealing;
mod serve;
mod sessions;
mod snapshots;
mod surface;
mod system;
mod tidy;
mod transactions;
mod upload_forms;
mod uploads;
mod users;
mod verify;
mod vessels;
