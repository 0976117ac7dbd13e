//! The Merkle tree of RFC 6962 §2.1: how it grows, and how proofs are made from its nodes and checked.

use std::{iter, ops::Range};

use sha2::{Digest, Sha256};

pub use room::Hash;

/// Returns the hash of a leaf (RFC 6962 §2.1): the SHA-256 of a zero byte and the entry.
///
/// The zero byte keeps leaves and nodes apart: without it, a node's two hashes could be shown as an entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// Returns the hash of the node over two others (RFC 6962 §2.1): the SHA-256 of a byte of 1 and the two hashes.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
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
/// The nodes inside the subtrees are not kept here. `push` returns each one when it is
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

    /// Returns the tree over these leaves.
    pub fn over(leaves: &[Hash]) -> Self {
        let mut tree = Self::empty();
        for leaf in leaves {
            tree.push(*leaf);
        }
        tree
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
        root_of(&self.subtrees).unwrap_or_else(|| Sha256::digest([]).into())
    }
}

/// Returns the root of the tree that falls into these perfect subtrees, the largest first. `None` if there are none.
fn root_of(subtrees: &[Hash]) -> Option<Hash> {
    // The tree splits off its largest subtree first, so the smallest two are joined deepest.
    let (smallest, larger) = subtrees.split_last()?;
    Some(larger.iter().rev().fold(*smallest, |right, left| node_hash(left, &right)))
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
        self.ranges().unwrap_or_default().iter().flat_map(places_under).collect()
    }

    /// Returns the proof, made from the hashes of [`Question::places`] in their order. `None` if there are more or
    /// fewer hashes than that, or if the sizes make no sense.
    pub fn answer(self, mut hashes: &[Hash]) -> Option<Vec<Hash>> {
        let mut answer = Vec::new();
        for range in self.ranges()? {
            let (subtrees, rest) = hashes.split_at_checked(places_under(&range).count())?;
            answer.push(root_of(subtrees)?);
            hashes = rest;
        }
        hashes.is_empty().then_some(answer)
    }

    /// Returns the leaves under each hash of the answer. `None` if the sizes make no sense.
    fn ranges(self) -> Option<Vec<Range<u64>>> {
        match self {
            Self::Inclusion { index, size } => (index < size).then(|| siblings(index..index + 1, size, false)),
            Self::Consistency { from, to } => (1..=to).contains(&from).then(|| siblings(0..from, to, true)),
            Self::Root { size } => (size > 0).then(|| iter::once(0..size).collect()),
        }
    }
}

/// Returns the leaves under each hash by which the root of the tree of `size` follows from what is known: `PATH` and
/// `SUBPROOF` of RFC 6962, §2.1.1 and §2.1.2, which go down the same way. What lies beside it is a hash each, deepest
/// first.
///
/// `known` ends where the way goes down to. If `is_whole`, the tree of these first leaves is known; where the way ends in
/// a part of it, that part is the first hash.
fn siblings(known: Range<u64>, size: u64, is_whole: bool) -> Vec<Range<u64>> {
    let (mut tree, mut beside) = (0..size, Vec::new());
    while tree.end > known.end || (!is_whole && tree.start < known.start) {
        // RFC 6962 §2.1: the largest power of two below the number of leaves, of which there are two at least.
        let middle = tree.start + (1 << (tree.end - tree.start - 1).ilog2());
        if known.end <= middle {
            beside.push(middle..tree.end);
            tree.end = middle;
        } else {
            beside.push(tree.start..middle);
            tree.start = middle;
        }
    }
    if is_whole && tree.start > 0 {
        beside.push(tree);
    }
    beside.reverse();
    beside
}

/// Returns the places of the perfect subtrees over these leaves, the largest first. The range has to begin where a tree of
/// its size can.
fn places_under(range: &Range<u64>) -> impl Iterator<Item = Place> + use<> {
    let (mut start, end) = (range.start, range.end);
    iter::from_fn(move || {
        let level = u8::try_from((end - start).checked_ilog2()?).ok()?;
        let place = Place { level, index: start >> level };
        start += 1 << level;
        Some(place)
    })
}

/// Returns whether the path shows that the tree of `size` with this root holds the leaf at `index`
/// (RFC 9162 §2.1.3.2). Who signed the root is not checked here.
pub fn holds(path: &[Hash], size: u64, root: Hash, index: u64, leaf: Hash) -> bool {
    // The path's length follows from `size` and `index`, so a path that is too long or too short is refused too:
    // an inner node cannot be passed off as a leaf by cutting the path.
    let Some(mut way) = Way::new(index, size) else { return false };
    let hash = path.iter().try_fold(leaf, |hash, beside| {
        Some(match way.up()? {
            Side::Left => node_hash(beside, &hash),
            Side::Right => node_hash(&hash, beside),
        })
    });
    way.is_at_root() && hash == Some(root)
}

/// Returns whether the proof shows that the newer tree (size, root) extends the older one (RFC 9162 §2.1.4.2).
/// `false` if the older size is 0 or above the newer: RFC 6962 §2.1.2 has no proof for these.
pub fn extends(proof: &[Hash], newer: (u64, Hash), older: (u64, Hash)) -> bool {
    if newer.0 == older.0 {
        return older.0 > 0 && proof.is_empty() && newer.1 == older.1;
    }
    let Some(mut way) = older.0.checked_sub(1).and_then(|last| Way::new(last, newer.0)) else { return false };
    // The way begins at the last perfect subtree of the older tree. If that is all of it, its root is not in the proof.
    way.climb_while_right();
    let (first, proof) = match proof.split_first() {
        _ if older.0.is_power_of_two() => (older.1, proof),
        Some((first, rest)) => (*first, rest),
        None => return false,
    };
    // Both roots are computed from the same hashes, and both have to match: the newer root alone would say nothing
    // about the entries that the older checkpoint was signed over.
    let roots = proof.iter().try_fold((first, first), |(older, newer), beside| {
        Some(match way.up()? {
            Side::Left => (node_hash(beside, &older), node_hash(beside, &newer)),
            Side::Right => (older, node_hash(&newer, beside)),
        })
    });
    way.is_at_root() && roots == Some((older.1, newer.1))
}

/// On which side of a node its sibling is.
enum Side {
    Left,
    Right,
}

/// The way from a leaf up to the root: `fn` and `sn` of RFC 9162 §2.1.3.2.
struct Way {
    /// The number of the node on its level, and that of the last node there.
    node: u64,
    last: u64,
}

impl Way {
    /// Begins at a leaf. `None` if the tree has no such leaf.
    fn new(index: u64, size: u64) -> Option<Self> {
        (index < size).then(|| Self { node: index, last: size - 1 })
    }

    /// Goes up to the next node that has a sibling, past it, and returns where the sibling is. `None` at the root.
    fn up(&mut self) -> Option<Side> {
        if self.is_at_root() {
            return None;
        }
        let is_right = self.node & 1 == 1;
        if !is_right && self.node == self.last {
            // The last node of a level without a sibling is, on the next level, the same one.
            let levels = self.node.trailing_zeros();
            (self.node, self.last) = (self.node >> levels, self.last >> levels);
        }
        let is_left = is_right || self.node == self.last;
        (self.node, self.last) = (self.node >> 1, self.last >> 1);
        Some(if is_left { Side::Left } else { Side::Right })
    }

    /// Goes up as long as the node is the right one of two.
    fn climb_while_right(&mut self) {
        let levels = self.node.trailing_ones();
        (self.node, self.last) = (self.node >> levels, self.last >> levels);
    }

    fn is_at_root(&self) -> bool {
        self.last == 0
    }
}
