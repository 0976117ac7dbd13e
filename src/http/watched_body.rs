//! The body of a request: it notes when the server waits for its client, and is read on when its handler leaves it.
//!
//! A handler may refuse a request before its body was read. If the connection were closed with bytes on their way, the
//! client's system would drop the answer with them, and a client that sends first and reads then would see a broken
//! connection in place of it. So the rest is read, up to a bound, and thrown away, unless it is let go ([`Rest`]).

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout},
};

use super::connections::Connection;

/// How much of a body is read on at most, in bytes.
const MOST: u64 = 64 * 1024 * 1024;
/// How long a body is read on at most, and for how long nothing may come of it.
const LONGEST: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(5);
/// How long a body is read on that is let go: little comes in that time over a poor line, and the answer goes out.
const LET_GO: Duration = Duration::from_millis(50);

/// What a handler leaves of a body. A clone is about the same body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rest(Arc<AtomicBool>);

impl Rest {
    /// Has the rest read on for a moment only: then the connection is closed, and the client stops sending.
    pub(crate) fn let_go(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_let_go(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The body of a request, which notes when the server waits for its client.
pub(crate) struct WatchedBody {
    /// Taken when this is dropped.
    body: Option<Incoming>,
    connection: Arc<Connection>,
    /// Whether the client sends nothing before it is told to go on (`Expect: 100-continue`), and was not.
    is_held_back: bool,
    rest: Rest,
}

impl WatchedBody {
    /// Watches a body. `is_held_back` says whether the client asks first whether it may send it.
    pub(crate) fn new(body: Incoming, connection: Arc<Connection>, is_held_back: bool, rest: Rest) -> Self {
        Self { body: Some(body), connection, is_held_back, rest }
    }

    /// Reads the rest, up to the bound, and throws it away.
    async fn read_on(mut self) {
        let (began, mut read, mut let_go) = (Instant::now(), 0, None::<Instant>);
        while read < MOST
            && began.elapsed() < LONGEST
            && let_go.is_none_or(|since| since.elapsed() < LET_GO)
            && let next = poll_fn(|context| Pin::new(&mut self).poll_frame(context))
            && let Ok(Some(Ok(frame))) = timeout(PAUSE, next).await
        {
            read += frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
            let_go = let_go.or_else(|| self.rest.is_let_go().then(Instant::now));
        }
        // What is still to come then is no longer waited for.
        self.body = None;
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        // The server tells the client to go on now.
        self.is_held_back = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        // A poll comes only from somebody who wants the next bytes: while the server works and does not ask for more,
        // no stall is noted, however long that takes.
        let frame = Pin::new(body).poll_frame(cx);
        if frame.is_pending() {
            self.connection.stalls();
        } else {
            self.connection.moves();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        // A handler may stop reading halfway. From then on, nobody waits for the client.
        self.connection.moves();
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream() && !self.is_held_back) else { return };
        // Without a runtime the process is about to end.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(Self::new(body, Arc::clone(&self.connection), false, self.rest.clone()).read_on());
        }
    }
}
