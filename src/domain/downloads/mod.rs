//! Downloads of more or less than one file: archives of whole rooms, and previews of single pages.
//!
//! Uses `snapshots` and what is below it; nothing in `domain` uses it.

pub mod archive;
pub mod previews;
