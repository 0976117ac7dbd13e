//! The clock: the only source of the present instant, which a test can set by hand; and how far it is from that of the
//! database.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use room::Time;

use crate::error::{Error, Result};

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

/// How far ahead a time may be that nobody has meant to be in the future. One that is farther was written by a clock that
/// has been set back since; it does not count, or nobody would live to see its end.
pub const FARTHEST: Duration = Duration::from_mins(10);

/// How far the clock of this server is ahead of the database's, as it was measured last.
///
/// Several servers on one database write into the same logs. The times of a log never run backwards, so one clock that
/// is ahead would give its time to what all the others write.
#[derive(Debug)]
pub struct ClockOffset(AtomicI64);

impl ClockOffset {
    /// How far the clocks may be apart. Servers that ask the same NTP servers are within milliseconds.
    pub const TOLERATED: Duration = Duration::from_mins(1);
    /// Stands for a clock that was not compared with any other.
    const UNKNOWN: i64 = i64::MIN;

    /// Returns the offset in microseconds, negative if this clock is behind. `None` if it was never measured.
    pub fn microseconds(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|offset| *offset != Self::UNKNOWN)
    }

    /// Takes what was measured. Returns the check's outcome if it is another one than before.
    pub fn measured(&self, microseconds: i64) -> Option<Result<()>> {
        let before = self.check().is_ok();
        self.0.store(microseconds, Ordering::Relaxed);
        let now = self.check();
        (now.is_ok() != before).then_some(now)
    }

    /// Returns an error if the clocks are known to be too far apart to write anything.
    pub fn check(&self) -> Result<()> {
        match self.microseconds() {
            Some(offset) if Duration::from_micros(offset.unsigned_abs()) > Self::TOLERATED => {
                let seconds = offset.unsigned_abs().div_ceil(1_000_000);
                Err(Error::ClockOff { seconds, is_ahead: offset > 0 })
            }
            _ => Ok(()),
        }
    }
}

impl Default for ClockOffset {
    fn default() -> Self {
        Self(AtomicI64::new(Self::UNKNOWN))
    }
}
