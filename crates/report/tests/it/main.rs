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
mod receipt_tools;
mod receipts;
mod robustness;
mod scripts;
mod story;
mod template;
