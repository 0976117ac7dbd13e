//! The tree of a log, computed again from its leaves and compared with the stored nodes.

use std::collections::HashMap;

use crate::evidence::{self, Hash, Place};

/// The tree over the leaves read so far: a [`CompactRange`](evidence::CompactRange) in which roots may be unknown.
///
/// A node that hangs on a lost leaf cannot be computed. Its stored hash is taken instead, so that one loss does not
/// hide the faults of what comes after it. If that stored hash is wrong, the root is not the one that was signed.
#[derive(Debug, Default)]
pub(super) struct Recomputed {
    size: u64,
    subtrees: Vec<Subtree>,
}

/// A perfect subtree. Its root is `None` if a leaf is lost and no node is stored in its place.
#[derive(Debug, Clone, Copy)]
struct Subtree {
    root: Option<Hash>,
    /// Whether the stored node at its root is missing or does not fit. It has been reported, or one below it has.
    reported: bool,
}

/// A node whose stored hash is missing, or is not that of the leaves below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadNode {
    /// The node's place in the tree.
    pub(super) place: Place,
    /// Whether no hash is stored at all.
    pub(super) missing: bool,
}

impl Recomputed {
    /// Returns the number of leaves, lost ones included.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf, which is `None` if it is lost. Returns those of the nodes it completes that are not as stored.
    ///
    /// Of bad nodes above one another only the lowest is returned: one fault makes all nodes above it differ.
    pub(super) fn push(&mut self, leaf: Option<Hash>, stored: &HashMap<Place, Vec<u8>>) -> Vec<BadNode> {
        let mut bad = Vec::new();
        let mut node = Subtree { root: leaf, reported: false };
        for height in 0..self.size.trailing_ones() {
            let Some(left) = self.subtrees.pop() else { break };
            let level = u8::try_from(height + 1).unwrap_or(u8::MAX);
            let place = Place { level, index: self.size >> level };
            let computed = left.root.zip(node.root).map(|(left, right)| evidence::node_hash(&left, &right));
            // A stored value that is not of 32 bytes becomes a hash of zeros, which fits no node.
            let kept: Option<Hash> = stored.get(&place).map(|hash| hash.as_slice().try_into().unwrap_or_default());
            // With a child unknown there is nothing to compare with: then it is enough that a node is stored.
            let fits = kept.is_some() && (computed.is_none() || computed == kept);
            let below = left.reported || node.reported;
            if !fits && !below {
                bad.push(BadNode { place, missing: kept.is_none() });
            }
            // The computed hash goes up, not the stored one: only so does a good node above a bad one count as good.
            node = Subtree { root: computed.or(kept), reported: !fits };
        }
        self.subtrees.push(node);
        self.size += 1;
        bad
    }

    /// Returns whether the stored frontier is that of this tree, apart from subtrees that have been reported already.
    ///
    /// Roots that are unknown are filled in from the frontier, so that [`Recomputed::root`] can be compared with what
    /// was signed although an entry is lost.
    pub(super) fn fits(&mut self, frontier: &[Hash]) -> bool {
        let mut fits = frontier.len() == self.subtrees.len();
        for (subtree, stored) in self.subtrees.iter_mut().zip(frontier) {
            let computed = *subtree.root.get_or_insert(*stored);
            fits &= subtree.reported || computed == *stored;
        }
        fits
    }

    /// Returns the root. `None` if the tree is empty or the root of a subtree is unknown.
    pub(super) fn root(&self) -> Option<Hash> {
        let mut smallest_first = self.subtrees.iter().rev().map(|subtree| subtree.root);
        let smallest = smallest_first.next()??;
        smallest_first.try_fold(smallest, |right, left| Some(evidence::node_hash(&left?, &right)))
    }
}
