//! How slow a client may be before the server gives it up. A limit for a whole transfer would hit poor links, of which
//! there are many at sea; a limit for pauses alone lets a client send a byte a minute for ever (slow loris). So both
//! are counted: the longest pause, and the average over the time that the server has really waited.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// The pace that a client has to keep while the server waits for it to send or to read.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The longest pause without a byte.
    pub pause: Duration,
    /// The time of waiting, over several pauses, after which the bytes are counted.
    pub window: Duration,
    /// The fewest bytes per second of waiting, on the average of a window.
    pub floor: u64,
}

impl Patience {
    /// The pace of a client that reads an answer. A poor satellite link (1 KiB/s) is four times as fast.
    pub const READING: Self = Self { pause: Duration::from_secs(30), window: Duration::from_mins(2), floor: 256 };
    /// The pace of a client that sends a file.
    pub const SENDING: Self = Self { pause: Duration::from_mins(1), ..Self::READING };
}

/// Measures the pace of a client. Only the time counts in which the server waits for it: the time that the server takes
/// itself is not the client's fault.
pub(crate) struct Pace {
    patience: Patience,
    /// Since when the server waits for the client; `None` if it does not.
    since: Option<Instant>,
    pause: Option<Pin<Box<Sleep>>>,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    pub(crate) fn new(patience: Patience) -> Self {
        Self { patience, since: None, pause: None, waited: Duration::ZERO, bytes: 0 }
    }

    /// Notes that the server waits for the client. Ready when it has waited for too long.
    pub(crate) fn poll_too_long(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        // A timer, since a client that never moves again never wakes this task. It is kept between polls, because one
        // that is dropped wakes nobody either, and reset at the beginning of each pause.
        let begins = self.since.is_none();
        let since = *self.since.get_or_insert(now);
        let end = since + self.patience.pause;
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if begins {
            pause.as_mut().reset(end);
        }
        pause.as_mut().poll(context)
    }

    /// Notes bytes that came or went. Returns `false` if they were too few for the time.
    #[must_use]
    pub(crate) fn moves(&mut self, bytes: usize) -> bool {
        self.bytes += bytes as u64;
        // Bytes for which nobody had to wait add no time, so that a fast client is never judged.
        let Some(since) = self.since.take() else { return true };
        self.waited += since.elapsed();
        if self.waited < self.patience.window {
            return true;
        }
        let is_in_pace = self.bytes >= self.waited.as_secs() * self.patience.floor;
        // The next window begins at nothing: a good start must not pay for hours of one byte at a time.
        (self.waited, self.bytes) = (Duration::ZERO, 0);
        is_in_pace
    }
}
