//! How many commits there were, for metrics: the embedded database writes together what waits.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counts commits, and the writes that were committed. A clone counts on.
#[derive(Debug, Clone, Default)]
pub(in crate::db) struct Commits {
    commits: Arc<AtomicU64>,
    writes: Arc<AtomicU64>,
}

impl Commits {
    /// Counts a commit of this many writes.
    pub(super) fn note(&self, writes: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(u64::try_from(writes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Returns the numbers of commits and of writes.
    pub(in crate::db) fn counted(&self) -> (u64, u64) {
        (self.commits.load(Ordering::Relaxed), self.writes.load(Ordering::Relaxed))
    }
}
