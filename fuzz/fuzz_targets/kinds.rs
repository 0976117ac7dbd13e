//! A file that a party uploads: its kind is the same however its bytes are cut into pieces.
#![no_main]

#[path = "../bodies/kinds.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
