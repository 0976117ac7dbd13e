//! A file that a party uploads: its kind is found out while its bytes go by, however they are cut.
#![no_main]

#[path = "../bodies/kinds.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
