//! The evidence: logs as Merkle trees, their signed checkpoints, proofs, and the verifier of files.
//!
//! Pure functions on bytes and values, without database or HTTP, so the server, `fsck` and the offline `verify` share
//! them. The formats are public ones, so that others can check them with their own programs: RFC 6962 for the tree,
//! RFC 8785 for the bytes that a leaf hashes, and `signed-note`, `tlog-checkpoint`, `tlog-cosignature` and `tlog-proof` of
//! C2SP for what leaves the server.

mod checkpoint;
mod head;
mod key;
mod leaf;
mod note;
mod policy;
mod proof;
mod published_keys;
mod receipt;
mod revocation;
mod tree;
pub mod verify;
mod witness;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use head::{HeadProof, ServedReceipt, commitment};
use key::Revoked;
pub use key::{KeyError, LogKey, PublicKeys, Succession, succession, vouched, vouches};
pub use leaf::{LeafError, hash_of, read_leaf};
pub use policy::{Policy, PolicyError, Seen};
pub use proof::{ConsistencyProof, LogProof, ProofError};
pub use published_keys::{KeyNotes, PublishedKeys, PublishedKeysError};
pub use receipt::Receipt;
pub use revocation::Revocation;
pub use tree::{CompactRange, Hash, Node, Place, Question, extends, holds, leaf_hash, node_hash};
pub use witness::{Witness, WitnessKey, signed_alone, with_signatures};
