//! What the report promises, checked from outside: one binary, one module per subject.

mod attachments;
mod bounds;
mod clearance;
mod csv;
mod determinism;
mod fonts;
mod harness;
mod json;
mod memory;
mod open;
mod paper;
mod pdf;
mod robustness;
mod scripts;
