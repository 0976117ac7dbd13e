//! What leaves the server as a whole or as a picture: archives and previews.
//!
//! Uses `snapshots` and what is below it; nothing in `domain` uses it.

pub mod archive;
pub mod previews;
