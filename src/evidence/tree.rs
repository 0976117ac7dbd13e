//! The Merkle tree of RFC 6962 §2.1: how it grows, and how proofs are made from its nodes and checked.

use std::cell::RefCell;

use sha2::{Digest, Sha256};
use tlog_tiles::tlog::{self, HashReader};

pub use room::Hash;

/// Returns the hash of a leaf (RFC 6962 §2.1): the SHA-256 of a zero byte and the entry.
///
/// The zero byte keeps leaves and nodes apart: without it, a node's two hashes could be shown as an entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    tlog::record_hash(entry).0
}

/// Returns the hash of the node over two others (RFC 6962 §2.1): the SHA-256 of a byte of 1 and the two hashes.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    tlog::node_hash(tlog::Hash(*left), tlog::Hash(*right)).0
}

/// The place of a node in the tree: the root of the perfect subtree over the `2^level` leaves from
/// `index · 2^level` on. The leaves have level 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The node's height above the leaves.
    pub level: u8,
    /// The node's number among those of its level, from 0.
    pub index: u64,
}

/// A node of the tree with its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// The node's place in the tree.
    pub place: Place,
    /// The hash of the subtree below it.
    pub hash: Hash,
}

/// A log's tree, reduced to what it needs to grow: its size, and the roots of its perfect subtrees, the largest
/// first.
///
/// The tree of RFC 6962 §2.1 splits at the largest power of two below its size, so it falls into a row of perfect
/// subtrees, one for each bit that is set in the size. Their roots, at most 64 hashes, are enough to append a leaf
/// and to compute the root: [`CompactRange::push`] merges them as a binary counter carries its ones, and
/// [`CompactRange::root`] folds them from the smallest to the largest. This is what the head of a log stores, so of
/// all that came before an append reads one row, and it computes O(log n) hashes, however long the log is.
///
/// The hashes of all leaves were not taken: every append would read the whole log while it holds the log's lock.
/// Neither were the appending functions of `tlog_tiles`: they read stored nodes through a synchronous trait, and
/// the database is asynchronous. The nodes inside the subtrees are not kept here. `push` returns each one when it is
/// complete, after which it never changes; proofs read them from where they were stored (see [`Question`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    subtrees: Vec<Hash>,
}

impl CompactRange {
    /// Returns the tree that has no leaves.
    pub fn empty() -> Self {
        Self { size: 0, subtrees: Vec::new() }
    }

    /// Reads the stored form. `None` if the bytes cannot belong to a tree of that size.
    ///
    /// Only their number is checked. Whether they are the hashes of the log's entries is for `fsck` to find out.
    pub fn from_parts(size: u64, frontier: &[u8]) -> Option<Self> {
        let (subtrees, rest) = frontier.as_chunks::<32>();
        (rest.is_empty() && subtrees.len() == size.count_ones() as usize)
            .then(|| Self { size, subtrees: subtrees.to_vec() })
    }

    /// Returns the places of the subtrees' roots in a tree of this size, in the order of the stored form.
    pub fn places_of(size: u64) -> Vec<Place> {
        let levels = (0..64u8).rev().filter(|level| size >> level & 1 == 1);
        levels.map(|level| Place { level, index: (size >> level) - 1 }).collect()
    }

    /// Returns the number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the stored form of the subtrees' roots: their bytes, one after another.
    pub fn frontier(&self) -> Vec<u8> {
        self.subtrees.concat()
    }

    /// Adds a leaf. Returns the nodes that it completes, the lowest first: one for each trailing one bit of the
    /// size before it.
    pub fn push(&mut self, leaf: Hash) -> Vec<Node> {
        let mut root = leaf;
        let mut completed = Vec::new();
        // As in a binary counter, the new leaf carries: it merges with a subtree of its own height while there is one.
        for height in 0..self.size.trailing_ones() {
            let Some(left) = self.subtrees.pop() else { break };
            root = node_hash(&left, &root);
            let level = u8::try_from(height + 1).unwrap_or(u8::MAX);
            // The size is still the index of the new leaf, and its ancestor at a level has that index shifted.
            completed.push(Node { place: Place { level, index: self.size >> level }, hash: root });
        }
        self.subtrees.push(root);
        self.size += 1;
        completed
    }

    /// Returns the inclusion path (RFC 6962 §2.1.1) that the next leaf will have while it is the last one.
    ///
    /// All leaves to the left of the last one are in perfect subtrees, so its siblings on the way to the root are just
    /// the roots kept here, from the smallest on. Take the path before the push, which merges these roots.
    pub fn path_of_next(&self) -> Vec<Hash> {
        self.subtrees.iter().rev().copied().collect()
    }

    /// Returns the tree whose next leaf has this path: the reverse of [`CompactRange::path_of_next`]. `None` if the
    /// path is not as long as that of a last leaf.
    ///
    /// With it a verifier learns from one proof what the log's root was before the entry.
    pub fn from_path_of_next(size: u64, path: &[Hash]) -> Option<Self> {
        let subtrees: Vec<Hash> = path.iter().rev().copied().collect();
        (subtrees.len() == size.count_ones() as usize).then_some(Self { size, subtrees })
    }

    /// Returns the tree's root (RFC 6962 §2.1). That of the empty tree is the SHA-256 of no bytes.
    pub fn root(&self) -> Hash {
        // The tree splits off its largest subtree first, so the smallest two are joined deepest.
        let mut smallest_first = self.subtrees.iter().rev();
        match smallest_first.next() {
            Some(smallest) => smallest_first.fold(*smallest, |right, left| node_hash(left, &right)),
            None => Sha256::digest([]).into(),
        }
    }
}

/// What a log is asked to prove. The answer is made from O(log n) stored nodes, in two steps: [`Question::places`]
/// names them, the caller reads them from the database, and [`Question::answer`] makes the proof of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// That the entry at `index` is in the tree of `size` (RFC 6962 §2.1.1); `index` is below `size`.
    Inclusion {
        /// The position of the entry, from 0.
        index: u64,
        /// The number of entries in the tree.
        size: u64,
    },
    /// That the tree of size `to` extends the one of size `from` (RFC 6962 §2.1.2);
    /// `from` is at least 1, and at most `to`.
    Consistency {
        /// The size of the older tree.
        from: u64,
        /// The size of the newer tree.
        to: u64,
    },
    /// The root of the tree of `size`: one hash.
    Root {
        /// The number of entries in the tree.
        size: u64,
    },
}

impl Question {
    /// Returns the places of the nodes that the answer is made of. Empty if the sizes make no sense.
    pub fn places(self) -> Vec<Place> {
        let wanted = WantedNodes::default();
        // Which nodes a proof takes follows from the sizes alone. So the prover runs on empty hashes, only to learn
        // the places: they can then be read in one query, and asynchronously, which `HashReader` is not.
        let _ = self.prove(&wanted);
        let place = |index| {
            let (level, index) = tlog::split_stored_hash_index(index);
            Place { level, index }
        };
        wanted.indexes.into_inner().into_iter().map(place).collect()
    }

    /// Returns the proof, made from the hashes of [`Question::places`] in their order. `None` if there are more or
    /// fewer hashes than that, or if the sizes make no sense.
    pub fn answer(self, hashes: &[Hash]) -> Option<Vec<Hash>> {
        self.prove(&GivenNodes(hashes)).map(|proof| proof.into_iter().map(|hash| hash.0).collect())
    }

    fn prove(self, nodes: &impl HashReader) -> Option<Vec<tlog::Hash>> {
        match self {
            Self::Inclusion { index, size } => tlog::prove_record(size, index, nodes).ok(),
            Self::Consistency { from, to } => tlog::prove_tree(to, from, nodes).ok(),
            Self::Root { size } => tlog::tree_hash(size, nodes).ok().map(|root| vec![root]),
        }
    }
}

/// A reader that records which nodes the prover wants, and returns empty hashes for them.
#[derive(Default)]
struct WantedNodes {
    indexes: RefCell<Vec<u64>>,
}

impl HashReader for WantedNodes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        self.indexes.borrow_mut().extend(indexes);
        Ok(vec![tlog::EMPTY_HASH; indexes.len()])
    }
}

/// A reader that returns the given hashes, which are in the order in which the prover wants them.
struct GivenNodes<'a>(&'a [Hash]);

impl HashReader for GivenNodes<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        // The prover asserts that it gets as many hashes as it wants: an error here becomes `None`, not a panic.
        if indexes.len() != self.0.len() {
            return Err(tlog::Error::InvalidInput("another number of nodes".into()));
        }
        Ok(self.0.iter().copied().map(tlog::Hash).collect())
    }
}

/// Returns whether the path shows that the tree of `size` with this root holds the leaf at `index`
/// (RFC 9162 §2.1.3.2). Who signed the root is not checked here.
pub fn holds(path: &[Hash], size: u64, root: Hash, index: u64, leaf: Hash) -> bool {
    // The path's length follows from `size` and `index`, so a path that is too long or too short is refused too:
    // an inner node cannot be passed off as a leaf by cutting the path.
    let path = path.iter().copied().map(tlog::Hash).collect();
    tlog::check_record(&path, size, tlog::Hash(root), index, tlog::Hash(leaf)).is_ok()
}

/// Returns whether the proof shows that the newer tree (size, root) extends the older one (RFC 9162 §2.1.4.2).
/// `false` if the older size is 0 or above the newer: RFC 6962 §2.1.2 has no proof for these.
pub fn extends(proof: &[Hash], newer: (u64, Hash), older: (u64, Hash)) -> bool {
    // Both roots are computed from the same hashes, and both have to match: the newer root alone would say nothing
    // about the entries that the older checkpoint was signed over.
    let proof = proof.iter().copied().map(tlog::Hash).collect();
    tlog::check_tree(&proof, newer.0, tlog::Hash(newer.1), older.0, tlog::Hash(older.1)).is_ok()
}
