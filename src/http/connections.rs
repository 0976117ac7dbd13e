//! The connections that are open: whose they are, what they do, and which of them is closed where none is free.
//!
//! A network has a share of the places, so that no client takes all of them. Where the places or a share are taken, a
//! new connection has the place of one that does nothing: it waits for a request, or for a client that has stopped
//! reading or sending. The network with the most connections gives first, and of its connections the one that has
//! done nothing for longest. One that works is never closed for another.

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

/// A new connection, or one that has been answered, has this long to send the head of its request before it may lose
/// its place: else a flood of new ones would close those whose request is about to be read.
const GRACE: Duration = Duration::from_millis(100);
/// A client that has neither read nor sent for this long may lose its place to one that does.
const STALLED: Duration = Duration::from_millis(500);
/// How often it is looked again whether a connection has come to a stall, where all of them work.
const LOOK: Duration = Duration::from_millis(100);
/// How often the log says that the places are taken.
const WARN: Duration = Duration::from_mins(1);

/// All connections of a listener.
pub(crate) struct Connections {
    places: usize,
    table: Mutex<Table>,
    freed: Notify,
}

#[derive(Default)]
struct Table {
    open: HashMap<u64, Arc<Connection>>,
    last: u64,
    warned: Option<Instant>,
}

/// Why a connection has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// Its network's share is taken by connections that work.
    Share,
    /// All places are.
    All,
}

impl Connections {
    pub(crate) fn new(places: usize) -> Self {
        Self { places, table: Mutex::default(), freed: Notify::new() }
    }

    /// Gives a new connection of this network its place, once there is one.
    pub(crate) async fn admit(self: &Arc<Self>, network: Network, share: usize) -> Place {
        loop {
            if let Ok(place) = self.try_admit(network, share) {
                return place;
            }
            self.look_again().await;
        }
    }

    /// Waits until there may be a place: one was freed, or a connection has stood still for long enough meanwhile.
    pub(crate) async fn look_again(&self) {
        let _ = timeout(LOOK, self.freed.notified()).await;
    }

    /// Gives a new connection its place, or says why there is none now.
    pub(crate) fn try_admit(self: &Arc<Self>, network: Network, share: usize) -> Result<Place, Full> {
        let mut table = self.lock();
        let of_network = table.open.values().filter(|connection| connection.network == network).count();
        if of_network >= share {
            table.warn("as many connections of one network are open as it may have");
            if !table.close_one(Some(network)) {
                return Err(Full::Share);
            }
        } else if table.open.len() >= self.places {
            table.warn("as many connections are open as may be");
            if !table.close_one(None) {
                return Err(Full::All);
            }
        }
        table.last += 1;
        let connection = Arc::new(Connection {
            network,
            doing: Mutex::new(Doing { requests: 0, idle_since: Instant::now(), stalled_since: None, is_closed: false }),
            closing: CancellationToken::new(),
        });
        let number = table.last;
        table.open.insert(number, Arc::clone(&connection));
        Ok(Place { connections: Arc::clone(self), number, connection })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Closes the connection that has to give first, of one network or of all; returns `false` if all of them work.
    fn close_one(&mut self, of: Option<Network>) -> bool {
        let mut sizes: HashMap<Network, usize> = HashMap::new();
        for connection in self.open.values() {
            *sizes.entry(connection.network).or_default() += 1;
        }
        let given = self.open.iter().filter(|(_, connection)| of.is_none_or(|network| network == connection.network));
        let mut unused: Vec<_> = given
            .filter_map(|(number, connection)| {
                let (is_stalled, since) = connection.doing().unused()?;
                Some((Reverse(sizes[&connection.network]), is_stalled, since, *number))
            })
            .collect();
        unused.sort_unstable();
        // One may have begun to work meanwhile.
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

/// The place of an open connection, until it is dropped.
pub(crate) struct Place {
    connections: Arc<Connections>,
    number: u64,
    pub(crate) connection: Arc<Connection>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().open.remove(&self.number);
        self.connections.freed.notify_one();
    }
}

/// An open connection.
pub(crate) struct Connection {
    network: Network,
    doing: Mutex<Doing>,
    closing: CancellationToken,
}

/// What a connection does.
struct Doing {
    /// Requests that are not answered to their end: none, or one.
    requests: usize,
    idle_since: Instant,
    /// The moment from which the client has neither read nor sent what it is waited for.
    stalled_since: Option<Instant>,
    is_closed: bool,
}

impl Doing {
    /// Whether and since when the connection stands still: idle ones sort before stalled ones.
    fn unused(&self) -> Option<(bool, Instant)> {
        match self.stalled_since {
            Some(since) if since.elapsed() >= STALLED => Some((true, since)),
            None if self.requests == 0 && self.idle_since.elapsed() >= GRACE => Some((false, self.idle_since)),
            _ => None,
        }
    }
}

impl Connection {
    /// Waits until the connection is closed for another.
    pub(crate) async fn closed(&self) {
        self.closing.cancelled().await;
    }

    /// Begins a request, unless the connection is being closed: then nothing of it is to be done.
    pub(crate) fn begin(self: &Arc<Self>) -> Option<Working> {
        let mut doing = self.doing();
        if doing.is_closed {
            return None;
        }
        doing.requests += 1;
        Some(Working(Arc::clone(self)))
    }

    /// Notes that the client is waited for.
    pub(crate) fn stalls(&self) {
        self.doing().stalled_since.get_or_insert_with(Instant::now);
    }

    /// Notes that it has read or sent something, or need not.
    pub(crate) fn moves(&self) {
        self.doing().stalled_since = None;
    }

    /// Closes the connection if it still does nothing.
    fn close(&self) -> bool {
        let mut doing = self.doing();
        doing.is_closed = doing.unused().is_some();
        if doing.is_closed {
            self.closing.cancel();
        }
        doing.is_closed
    }

    fn doing(&self) -> MutexGuard<'_, Doing> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is not answered to its end.
pub(crate) struct Working(Arc<Connection>);

impl Drop for Working {
    fn drop(&mut self) {
        let mut doing = self.0.doing();
        doing.requests -= 1;
        doing.idle_since = Instant::now();
    }
}

/// The body of a request, which tells when its client is waited for.
pub(crate) struct Awaited<B> {
    pub(crate) body: B,
    pub(crate) connection: Arc<Connection>,
}

impl<B: Body + Unpin> Body for Awaited<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_pending() {
            self.connection.stalls();
        } else {
            self.connection.moves();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Awaited<B> {
    fn drop(&mut self) {
        self.connection.moves();
    }
}

/// The body of an answer, with which the work ends.
pub(crate) struct Answering<B> {
    pub(crate) body: B,
    pub(crate) _working: Working,
}

impl<B: Body + Unpin> Body for Answering<B> {
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
