//! The clock: the one source of the present instant, so that a test can hold it.

use std::sync::{Arc, Mutex, PoisonError};

use room::Time;

/// Where the present instant comes from.
#[derive(Clone)]
pub enum Clock {
    /// The machine.
    System,
    /// A test's hand.
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
