//! The one test binary: through HTTP and the command line, on real databases.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;

mod activities;
mod auth;
mod bad_input;
mod crash;
mod evidence;
mod parties;
mod policy;
mod rooms;
mod snapshots;
mod surface;
mod tidy;
mod transactions;
