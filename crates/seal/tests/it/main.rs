//! What a seal promises, checked from outside: one binary, one module per subject.

mod authorities;
mod harness;
mod hostile;
mod identity;
mod receipts;
mod sealing;
mod strangers;
mod tampering;
mod timestamp;
