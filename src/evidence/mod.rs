//! The evidence: the Merkle tree over a log. Pure: no database, no HTTP.

mod tree;

pub use tree::{CompactRange, Hash, leaf_hash};
