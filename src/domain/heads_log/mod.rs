//! The log of heads: the salted heads of all other logs, and nothing else. Outsiders may read it, and witnesses cosign it,
//! so that nobody can be shown another history under the name of a log of this server.
//!
//! It has entries of its own, since it tells nothing of rooms: none of the operations of `domain::log` are on it.

mod gather;
mod proofs;
mod tiles;
mod witnessing;

pub use gather::{gather, go_on};
pub use proofs::{checkpoint, prove};
pub use tiles::{Tile, tile};
pub use witnessing::bring_to_witnesses;
