//! A form that a stranger sends: the size of its pieces, the content type up to a line end, then the body.
#![no_main]

#[path = "../bodies/form.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| body::run(input.0, input.1));
