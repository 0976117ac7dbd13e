//! How slow a client may be, and still be waited for.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// What a client has to keep to while the server waits for it to send or to read.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The longest time without a byte.
    pub pause: Duration,
    /// The waiting time, of several pauses together, after which the bytes are counted.
    pub window: Duration,
    /// The fewest bytes that a second of waiting has to bring, on the average of a window.
    pub floor: u64,
}

impl Patience {
    /// For a client that reads an answer. On a poor link (1 KiB/s) it is four times as fast as it has to be.
    pub const READING: Self = Self { pause: Duration::from_secs(30), window: Duration::from_mins(2), floor: 256 };
    /// For a client that sends a file.
    pub const SENDING: Self = Self { pause: Duration::from_mins(1), ..Self::READING };
}

/// Measures how fast a client is. Only the time counts in which it is waited for: what the server takes itself is not
/// the client's fault.
pub(crate) struct Pace {
    patience: Patience,
    /// The moment from which the client is being waited for.
    since: Option<Instant>,
    pause: Option<Pin<Box<Sleep>>>,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    pub(crate) fn new(patience: Patience) -> Self {
        Self { patience, since: None, pause: None, waited: Duration::ZERO, bytes: 0 }
    }

    /// Notes that the client has to be waited for; ready when it has been waited for too long.
    pub(crate) fn poll_too_long(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        let begins = self.since.is_none();
        let since = *self.since.get_or_insert(now);
        let end = since + self.patience.pause;
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if begins {
            pause.as_mut().reset(end);
        }
        pause.as_mut().poll(context)
    }

    /// Notes bytes that have gone; returns `false` if they were too few for the time.
    #[must_use]
    pub(crate) fn moves(&mut self, bytes: usize) -> bool {
        self.bytes += bytes as u64;
        let Some(since) = self.since.take() else { return true };
        self.waited += since.elapsed();
        if self.waited < self.patience.window {
            return true;
        }
        let is_in_pace = self.bytes >= self.waited.as_secs() * self.patience.floor;
        (self.waited, self.bytes) = (Duration::ZERO, 0);
        is_in_pace
    }
}
