//! A log's tree, computed again from its leaves and held against the stored nodes.

use std::collections::HashMap;

use crate::evidence::{self, Hash, Place};

/// The tree over the leaves so far. What hangs on a lost leaf is taken as it is stored, so that one loss
/// does not hide the rest.
#[derive(Debug, Default)]
pub(super) struct Recomputed {
    size: u64,
    subtrees: Vec<Subtree>,
}

#[derive(Debug, Clone, Copy)]
struct Subtree {
    root: Option<Hash>,
    /// Its root was found to be another than the stored one.
    told: bool,
}

/// A stored node that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadNode {
    /// Which.
    pub(super) place: Place,
    /// Whether there is none at all.
    pub(super) missing: bool,
}

impl Recomputed {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf, none where it is lost; answers the nodes it completes that are not as stored. Of nodes
    /// above one another only the lowest is told.
    pub(super) fn push(&mut self, leaf: Option<Hash>, stored: &HashMap<Place, Vec<u8>>) -> Vec<BadNode> {
        let mut bad = Vec::new();
        let mut node = Subtree { root: leaf, told: false };
        for height in 0..self.size.trailing_ones() {
            let Some(left) = self.subtrees.pop() else { break };
            let level = u8::try_from(height + 1).unwrap_or(u8::MAX);
            let place = Place { level, index: self.size >> level };
            let computed = left.root.zip(node.root).map(|(left, right)| evidence::node_hash(&left, &right));
            let kept: Option<Hash> = stored.get(&place).map(|hash| hash.as_slice().try_into().unwrap_or_default());
            let fits = kept.is_some() && (computed.is_none() || computed == kept);
            let below = left.told || node.told;
            if !fits && !below {
                bad.push(BadNode { place, missing: kept.is_none() });
            }
            node = Subtree { root: computed.or(kept), told: !fits };
        }
        self.subtrees.push(node);
        self.size += 1;
        bad
    }

    /// Whether the stored frontier is that of this tree, but for what has been told of it already. What is
    /// lost is taken from it.
    pub(super) fn fits(&mut self, frontier: &[Hash]) -> bool {
        let mut fits = frontier.len() == self.subtrees.len();
        for (subtree, stored) in self.subtrees.iter_mut().zip(frontier) {
            let computed = *subtree.root.get_or_insert(*stored);
            fits &= subtree.told || computed == *stored;
        }
        fits
    }

    /// The root; none where too much is lost.
    pub(super) fn root(&self) -> Option<Hash> {
        let mut smallest_first = self.subtrees.iter().rev().map(|subtree| subtree.root);
        let smallest = smallest_first.next()??;
        smallest_first.try_fold(smallest, |right, left| Some(evidence::node_hash(&left?, &right)))
    }
}
