//! A PDF snapshot that a stranger brings: its seal is split from it and checked, and it is opened.
#![no_main]

#[path = "../bodies/pdf.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
