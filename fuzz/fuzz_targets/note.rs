//! Keys and a checkpoint that a stranger brings: keys up to an empty line, then the signed note.
#![no_main]

#[path = "../bodies/note.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|text: &str| body::run(text));
