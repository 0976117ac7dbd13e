//! The compact range of an RFC 6962 tree: enough of it to append a leaf and to tell the root.

use sha2::{Digest, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// The hash of a leaf (RFC 6962 §2.1): SHA-256 of a zero byte and the entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// A tree's size and the roots of its perfect subtrees, the largest first: one for each bit of the size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    subtrees: Vec<Hash>,
}

impl CompactRange {
    /// The tree without leaves.
    pub fn empty() -> Self {
        Self { size: 0, subtrees: Vec::new() }
    }

    /// Reads the stored form; none where the bytes cannot belong to a tree of that size.
    pub fn from_parts(size: u64, frontier: &[u8]) -> Option<Self> {
        let (subtrees, rest) = frontier.as_chunks::<32>();
        (rest.is_empty() && subtrees.len() == size.count_ones() as usize)
            .then(|| Self { size, subtrees: subtrees.to_vec() })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The stored form of the subtrees' roots.
    pub fn frontier(&self) -> Vec<u8> {
        self.subtrees.concat()
    }

    /// Adds a leaf. Each trailing one bit of the size is a subtree that the new leaf completes into
    /// a larger one.
    pub fn push(&mut self, leaf: Hash) {
        let completed = self.size.trailing_ones() as usize;
        let kept = self.subtrees.len() - completed;
        let root = self.subtrees.drain(kept..).rev().fold(leaf, |right, left| node_hash(&left, &right));
        self.subtrees.push(root);
        self.size += 1;
    }

    /// The tree's root (RFC 6962 §2.1); that of the empty tree is the SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let mut smallest_first = self.subtrees.iter().rev();
        match smallest_first.next() {
            Some(smallest) => smallest_first.fold(*smallest, |right, left| node_hash(left, &right)),
            None => Sha256::digest([]).into(),
        }
    }
}
