//! A JSON snapshot that a stranger brings: it is opened, scanned, read, and written in canonical form.
#![no_main]

#[path = "../bodies/json.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
