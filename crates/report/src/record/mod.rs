//! The record: the frozen state of a room that a snapshot holds and a report is drawn from.
//!
//! [`Record`] is the form in which it is drawn, and in which records of schemas 1 to 3 were stored as canonical JSON (RFC
//! 8785). A record of schema 4 is [`crate::folded::Folded`], and is taken apart into that. It has everything that a reader
//! of the report may want, so rendering looks nothing up.

mod facts;
mod read;

pub use crate::schema::{SCHEMA, SCHEMA_1, SCHEMA_2, SCHEMA_3};
pub use facts::*;
pub use read::{Stored, read, read_stored, schema};
