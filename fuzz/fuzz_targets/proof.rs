//! Proofs that a stranger brings: of an entry in a log, and that one log goes on from another.
#![no_main]

#[path = "../bodies/proof.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|text: &str| body::run(text));
