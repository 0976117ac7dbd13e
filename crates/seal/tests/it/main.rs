//! What a seal promises, checked from outside: one binary, one module per subject.

mod harness;
mod identity;
mod sealing;
mod strangers;
mod tampering;
mod timestamp;
