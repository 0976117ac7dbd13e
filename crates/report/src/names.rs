//! The file names of the parts that every format carries.

/// The record's file name, beside or in a report.
pub(crate) const RECORD_FILE: &str = "record.json";

/// The proof's file name, beside or in a report.
pub(crate) const PROOF_FILE: &str = "proof.tlog";
