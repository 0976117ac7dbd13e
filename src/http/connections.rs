//! The open connections of a listener: which network each belongs to, whether it works, and which one gives way to a
//! new one if the server has as many as it may.
//!
//! A network has a share of the connections, so that no client takes all of them. If all are taken, or all of a share,
//! a connection that does nothing is closed for the new one: one that waits for its next request, or for a client that
//! has stopped reading or sending. The network with the most connections gives way first, and of its connections the
//! one that has done nothing for longest. A connection that works is never closed for another.
//!
//! A limit alone would not do: a client that opens connections and then sends a byte a minute (slow loris) would keep
//! everyone else out for as long as it likes. Nor would shorter time limits, which close connections that harm nobody.

use std::{
    cmp::Reverse,
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::network::Network;

/// How long a connection that is new, or was just answered, is safe from being closed. Its next request may be about to
/// be read; without this, a flood of new connections would close each other before any was heard.
const GRACE: Duration = Duration::from_millis(100);
/// How long a client may neither read nor send before its connection may be closed for another.
const STALLED: Duration = Duration::from_millis(500);
/// How often a new connection looks again whether one of the others has stalled, if all of them work.
const LOOK: Duration = Duration::from_millis(100);
/// How often the log may say that as many connections are open as may be.
const WARN: Duration = Duration::from_mins(1);

/// The open connections of a listener.
pub(crate) struct Connections {
    most: usize,
    table: Mutex<Table>,
    freed: Notify,
}

#[derive(Default)]
struct Table {
    open: HashMap<u64, Arc<Connection>>,
    last: u64,
    warned: Option<Instant>,
}

/// Why a new connection cannot be admitted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// All connections of its network's share work.
    Share,
    /// All connections of the server work.
    All,
}

impl Connections {
    /// Returns a table for this many connections at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, table: Mutex::default(), freed: Notify::new() }
    }

    /// Registers a new connection of this network, as soon as it can be admitted.
    pub(crate) async fn admit(self: &Arc<Self>, network: Network, share: usize) -> ConnectionGuard {
        loop {
            if let Ok(guard) = self.try_admit(network, share) {
                return guard;
            }
            self.look_again().await;
        }
    }

    /// Waits until it is worth trying again: a connection has ended, or one may have stalled for long enough.
    pub(crate) async fn look_again(&self) {
        // A stall notifies nobody, since it is only time that passes: hence the time limit.
        let _ = timeout(LOOK, self.freed.notified()).await;
    }

    /// Registers a new connection, closing another for it if need be, or returns why it cannot be admitted now.
    pub(crate) fn try_admit(self: &Arc<Self>, network: Network, share: usize) -> Result<ConnectionGuard, Full> {
        let mut table = self.lock();
        let of_network = table.open.values().filter(|connection| connection.network == network).count();
        // A network that has its share gives way to itself: its new connection must not cost another network one.
        if of_network >= share {
            table.warn("as many connections of one network are open as it may have");
            if !table.close_one(Some(network)) {
                return Err(Full::Share);
            }
        } else if table.open.len() >= self.most {
            table.warn("as many connections are open as may be");
            if !table.close_one(None) {
                return Err(Full::All);
            }
        }
        table.last += 1;
        let connection = Arc::new(Connection {
            network,
            activity: Mutex::new(Activity {
                requests: 0,
                idle_since: Instant::now(),
                stalled_since: None,
                is_closed: false,
            }),
            closing: CancellationToken::new(),
        });
        let number = table.last;
        table.open.insert(number, Arc::clone(&connection));
        Ok(ConnectionGuard { connections: Arc::clone(self), number, connection })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Every change of the table is complete before anything in it can panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Closes the connection that gives way first, of one network or of all. Returns `false` if all of them work.
    fn close_one(&mut self, of: Option<Network>) -> bool {
        let mut sizes: HashMap<Network, usize> = HashMap::new();
        for connection in self.open.values() {
            *sizes.entry(connection.network).or_default() += 1;
        }
        let candidates =
            self.open.iter().filter(|(_, connection)| of.is_none_or(|network| network == connection.network));
        let mut unused: Vec<_> = candidates
            .filter_map(|(number, connection)| {
                let (is_stalled, since) = connection.activity().unused()?;
                Some((Reverse(sizes[&connection.network]), is_stalled, since, *number))
            })
            .collect();
        // The order of the tuple is the order in which they give way: the largest network first, idle before stalled (a
        // stalled one has a request that is lost with it), the longest unused, and the number so that ties are decided.
        unused.sort_unstable();
        // A connection may have begun to work since it was looked at. `close` looks again under its lock.
        let closed = unused.into_iter().find(|(.., number)| self.open[number].close());
        closed.is_some_and(|(.., number)| self.open.remove(&number).is_some())
    }

    fn warn(&mut self, words: &str) {
        let now = Instant::now();
        if self.warned.is_none_or(|warned| now - warned >= WARN) {
            self.warned = Some(now);
            tracing::warn!("{words}; those that do nothing are closed for new ones");
        }
    }
}

/// Keeps an open connection in the table until it is dropped.
pub(crate) struct ConnectionGuard {
    connections: Arc<Connections>,
    number: u64,
    pub(crate) connection: Arc<Connection>,
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        // Does nothing if the connection was closed for another: `close_one` has removed it, and the new one is
        // counted.
        self.connections.lock().open.remove(&self.number);
        self.connections.freed.notify_one();
    }
}

/// An open connection, shared by its task and the table.
pub(crate) struct Connection {
    network: Network,
    activity: Mutex<Activity>,
    closing: CancellationToken,
}

/// What a connection is doing.
struct Activity {
    /// How many requests are not answered to their end: none or one, since HTTP/1.1 answers one after the other.
    requests: usize,
    idle_since: Instant,
    /// Since when the client has neither read nor sent, although the server waits for it; `None` if it does not.
    stalled_since: Option<Instant>,
    is_closed: bool,
}

impl Activity {
    /// Returns whether the connection has stalled, or is only idle, and since when. `None` if it works.
    fn unused(&self) -> Option<(bool, Instant)> {
        match self.stalled_since {
            Some(since) if since.elapsed() >= STALLED => Some((true, since)),
            None if self.requests == 0 && self.idle_since.elapsed() >= GRACE => Some((false, self.idle_since)),
            _ => None,
        }
    }
}

impl Connection {
    /// Waits until the connection has been closed for another.
    pub(crate) async fn closed(&self) {
        self.closing.cancelled().await;
    }

    /// Begins a request. `None` if the connection is being closed for another: its client will get no answer, so that
    /// nothing of the request may be done.
    pub(crate) fn begin(self: &Arc<Self>) -> Option<ActiveRequest> {
        // The same lock as in `close`: either the request begins first, and the connection is not closed, or the other
        // way round. A request that is done while its connection is closed would look failed to its client.
        let mut activity = self.activity();
        if activity.is_closed {
            return None;
        }
        activity.requests += 1;
        Some(ActiveRequest(Arc::clone(self)))
    }

    /// Notes that the server waits for the client to read or to send.
    pub(crate) fn stalls(&self) {
        self.activity().stalled_since.get_or_insert_with(Instant::now);
    }

    /// Notes that the client has read or sent something, or that the server no longer waits for it.
    pub(crate) fn moves(&self) {
        self.activity().stalled_since = None;
    }

    /// Closes the connection if it still does nothing. Returns whether it did.
    fn close(&self) -> bool {
        let mut activity = self.activity();
        activity.is_closed = activity.unused().is_some();
        if activity.is_closed {
            self.closing.cancel();
        }
        activity.is_closed
    }

    fn activity(&self) -> MutexGuard<'_, Activity> {
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is not answered to its end. Dropping it ends the request.
pub(crate) struct ActiveRequest(Arc<Connection>);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        let mut activity = self.0.activity();
        activity.requests -= 1;
        activity.idle_since = Instant::now();
    }
}

/// The body of an answer. The request ends when it is dropped: after the last byte, or when the client leaves.
pub(crate) struct AnswerBody<B> {
    pub(crate) body: B,
    pub(crate) _request: ActiveRequest,
}

impl<B: Body + Unpin> Body for AnswerBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
