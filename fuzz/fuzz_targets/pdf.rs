//! A PDF snapshot that a stranger brings: its seal and its receipt are split from it, and it is opened.
#![no_main]

#[path = "../bodies/pdf.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
