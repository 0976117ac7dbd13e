//! The clock: the only source of the present instant, which a test can set by hand.

use std::sync::{Arc, Mutex, PoisonError};

use room::Time;

/// The source of the present instant.
#[derive(Clone)]
pub enum Clock {
    /// The clock of the machine.
    System,
    /// An instant that a test sets and moves.
    Manual(Arc<Mutex<Time>>),
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
    /// Returns the present instant.
    pub fn now(&self) -> Time {
        match self {
            Self::System => jiff::Timestamp::now().into(),
            Self::Manual(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}
