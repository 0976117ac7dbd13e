//! A CSV snapshot that a stranger brings, as it is opened.
#![no_main]

#[path = "../bodies/zip.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
