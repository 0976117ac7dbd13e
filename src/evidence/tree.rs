//! The tree of RFC 6962: appending to it, and proving what is in it.

use std::cell::RefCell;

use sha2::{Digest, Sha256};
use tlog_tiles::tlog::{self, HashReader};

pub use room::Hash;

/// The hash of a leaf (RFC 6962 §2.1): SHA-256 of a zero byte and the entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    tlog::record_hash(entry).0
}

/// The hash of a node over two (RFC 6962 §2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    tlog::node_hash(tlog::Hash(*left), tlog::Hash(*right)).0
}

/// A place in the tree: the root of the perfect subtree over the `2^level` leaves from
/// `index · 2^level` on. Level 0 are the leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Height over the leaves.
    pub level: u8,
    /// Number among those of its level, from 0.
    pub index: u64,
}

/// A hash in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Where it is.
    pub place: Place,
    /// What it is.
    pub hash: Hash,
}

/// A tree's size and the roots of its perfect subtrees, the largest first: one for each bit of the
/// size. Enough to append a leaf and to tell the root.
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

    /// Adds a leaf; answers the subtrees that it completes, the lowest first. There is one for each
    /// trailing one bit of the size.
    pub fn push(&mut self, leaf: Hash) -> Vec<Node> {
        let mut root = leaf;
        let mut completed = Vec::new();
        for height in 0..self.size.trailing_ones() {
            let Some(left) = self.subtrees.pop() else { break };
            root = node_hash(&left, &root);
            let level = u8::try_from(height + 1).unwrap_or(u8::MAX);
            completed.push(Node { place: Place { level, index: self.size >> level }, hash: root });
        }
        self.subtrees.push(root);
        self.size += 1;
        completed
    }

    /// The inclusion path (RFC 6962 §2.1.1) that the next leaf will have once it is the last one.
    pub fn path_of_next(&self) -> Vec<Hash> {
        self.subtrees.iter().rev().copied().collect()
    }

    /// The tree whose next leaf has this path: the reverse of [`CompactRange::path_of_next`].
    pub fn from_path_of_next(size: u64, path: &[Hash]) -> Option<Self> {
        let subtrees: Vec<Hash> = path.iter().rev().copied().collect();
        (subtrees.len() == size.count_ones() as usize).then_some(Self { size, subtrees })
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

/// What a log is asked to show. It is answered from O(log n) stored nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// That the entry at `index` is in the tree of `size` (RFC 6962 §2.1.1); `index` is below `size`.
    Inclusion {
        /// Of the entry.
        index: u64,
        /// Of the tree.
        size: u64,
    },
    /// That the tree of size `to` extends the one of size `from` (RFC 6962 §2.1.2);
    /// `from` is at least 1, and at most `to`.
    Consistency {
        /// The smaller size.
        from: u64,
        /// The larger size.
        to: u64,
    },
    /// The root of the tree of `size`: one hash.
    Root {
        /// Of the tree.
        size: u64,
    },
}

impl Question {
    /// The nodes that the answer is made of; none where the sizes make no sense.
    pub fn places(self) -> Vec<Place> {
        let asked = Asked::default();
        // What the nodes hold does not matter yet.
        let _ = self.ask(&asked);
        let place = |index| {
            let (level, index) = tlog::split_stored_hash_index(index);
            Place { level, index }
        };
        asked.indexes.into_inner().into_iter().map(place).collect()
    }

    /// The answer, from the hashes of [`Question::places`] in their order; none where they are not
    /// as many, or the sizes make no sense.
    pub fn answer(self, hashes: &[Hash]) -> Option<Vec<Hash>> {
        self.ask(&Given(hashes)).map(|proof| proof.into_iter().map(|hash| hash.0).collect())
    }

    fn ask(self, nodes: &impl HashReader) -> Option<Vec<tlog::Hash>> {
        match self {
            Self::Inclusion { index, size } => tlog::prove_record(size, index, nodes).ok(),
            Self::Consistency { from, to } => tlog::prove_tree(to, from, nodes).ok(),
            Self::Root { size } => tlog::tree_hash(size, nodes).ok().map(|root| vec![root]),
        }
    }
}

/// Notes which nodes are read.
#[derive(Default)]
struct Asked {
    indexes: RefCell<Vec<u64>>,
}

impl HashReader for Asked {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        self.indexes.borrow_mut().extend(indexes);
        Ok(vec![tlog::EMPTY_HASH; indexes.len()])
    }
}

/// Has the nodes that are read, in their order.
struct Given<'a>(&'a [Hash]);

impl HashReader for Given<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        if indexes.len() != self.0.len() {
            return Err(tlog::Error::InvalidInput("another number of nodes".into()));
        }
        Ok(self.0.iter().copied().map(tlog::Hash).collect())
    }
}

/// Whether the path shows that the tree of `size` with this root holds the leaf at `index`.
pub fn holds(path: &[Hash], size: u64, root: Hash, index: u64, leaf: Hash) -> bool {
    let path = path.iter().copied().map(tlog::Hash).collect();
    tlog::check_record(&path, size, tlog::Hash(root), index, tlog::Hash(leaf)).is_ok()
}

/// Whether the proof shows that the newer tree (size, root) extends the older one.
pub fn extends(proof: &[Hash], newer: (u64, Hash), older: (u64, Hash)) -> bool {
    let proof = proof.iter().copied().map(tlog::Hash).collect();
    tlog::check_tree(&proof, newer.0, tlog::Hash(newer.1), older.0, tlog::Hash(older.1)).is_ok()
}
