//! A CSV snapshot that a stranger brings: it is opened, scanned and read.
#![no_main]

#[path = "../bodies/zip.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
