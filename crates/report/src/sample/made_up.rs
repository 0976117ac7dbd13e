//! Times, hashes and ids that are made up. The same arguments give the same values.

use std::fmt::Write as _;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::hex::hex;

/// When the room of the sample was opened, in seconds since 1970: 16 November 2026, 08:12:40 UTC.
const OPENED: i64 = 1_794_816_760;

/// The time from the opening to the snapshot, in seconds: a week and some hours.
pub(super) const SPAN: i64 = 643_891;

/// Returns the time so many seconds after the opening, but not after the snapshot.
pub(super) fn time(seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(SPAN).min(SPAN);
    Timestamp::from_second(OPENED + seconds).unwrap_or_default()
}

/// Returns the time so many hours after the opening, but not after the snapshot.
pub(super) fn hour(hours: u64) -> Timestamp {
    time(hours * 3_600 + 431)
}

pub(super) fn at(seconds: u64) -> String {
    time(seconds).to_string()
}

/// Returns a made-up hash.
pub(super) fn digest(of: &str, number: u64) -> String {
    hex(&Sha256::digest(format!("{of} {number}")))
}

/// Returns a made-up UUID that looks like one of version 7.
pub(super) fn uuid(of: &str, number: u64) -> String {
    let hex = digest(of, number);
    let mut uuid = String::with_capacity(36);
    let _ = write!(uuid, "0199{}-{}-7{}-a{}-{}", &hex[..4], &hex[4..8], &hex[8..11], &hex[11..14], &hex[14..26]);
    uuid
}
