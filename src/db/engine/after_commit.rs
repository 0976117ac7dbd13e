//! What is done once a transaction is committed, and not before.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is to be done once a transaction is committed, in its order.
#[derive(Default)]
pub(in crate::db) struct AfterCommit(Vec<Box<dyn FnOnce() + Send>>);

impl AfterCommit {
    pub(super) fn push(&mut self, act: Box<dyn FnOnce() + Send>) {
        self.0.push(act);
    }

    /// Returns how much there is to be done.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Drops all but the first of what there is to be done: what follows was rolled back.
    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Does it.
    pub(super) fn run(&mut self) {
        for act in self.0.drain(..) {
            // A panic must not end the thread that commits.
            if catch_unwind(AssertUnwindSafe(act)).is_err() {
                tracing::error!("what was to be done after a commit panicked");
            }
        }
    }
}
