//! The evidence: logs as Merkle trees, signed checkpoints of them, and proofs. Pure: no database, no HTTP.
//!
//! The formats are public ones: RFC 6962 for the tree, RFC 8785 for what a leaf hashes, and C2SP's
//! `signed-note`, `tlog-checkpoint` and `tlog-proof` for what leaves the server.

mod checkpoint;
mod key;
mod leaf;
mod proof;
mod tree;
pub mod verify;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use key::{KeyError, LogKey, PublicKeys, succession, vouches};
pub use leaf::{LeafError, hash_of, leaf_of_record, read_leaf};
pub use proof::{ConsistencyProof, LogProof, ProofError};
pub use tree::{CompactRange, Hash, Node, Place, Question, extends, holds, leaf_hash, node_hash};
