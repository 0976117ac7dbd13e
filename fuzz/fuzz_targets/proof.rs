//! A proof that a stranger brings: that an entry is in a log, or that a log extends an earlier state of itself.
#![no_main]

#[path = "../bodies/proof.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|text: &str| body::run(text));
