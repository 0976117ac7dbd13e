//! Serves connections within limits that `axum::serve` does not have: how many are open at once and from one network,
//! how long the head of a request may take, and how slowly a client may read. So the server can face the network
//! without a proxy in front of it.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{Request, StatusCode, body::Incoming, header::EXPECT, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{
    client::Peer,
    connections::{AnswerBody, Connection, ConnectionGuard, Connections, Full},
    pace::{Pace, Patience},
    tus,
    watched_body::{Rest, WatchedBody},
};
use crate::{
    config::Config,
    network::{Network, TrustedProxies},
    shares::Shares,
};

/// The pause after the system could not give another connection, for want of a file descriptor for instance.
const PAUSE: Duration = Duration::from_millis(500);
/// Connections may wait while their network has its share: this part of the number that may be open, as a divisor.
const WAITING: usize = 4;
/// How much of an answer the system may hold that is not on its way yet, in bytes. With more, a client that reads
/// slowly would look as if it did not read at all, since nothing could be written for as long as it takes to read that.
const UNSENT: u32 = 16 * 1024;

/// How much of a request, and of an answer, one connection holds in memory, in bytes. The head of a request may be as long.
const BUFFERED: usize = 64 * 1024;

/// The limits of connections.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many connections are open at once; further ones wait in the system's queue. A download takes two file
    /// descriptors, and a process usually has 1,024.
    pub connections: usize,
    /// How many of them one network may have. The connections of a trusted proxy carry many clients: it may have all.
    pub of_network: usize,
    /// The proxies that are trusted.
    pub trusted_proxies: TrustedProxies,
    /// How long the head of a request may take to arrive, from the connection's beginning or from the answer before.
    pub head: Duration,
    /// The pace at which a client has to read an answer.
    pub reading: Patience,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            of_network: 128,
            trusted_proxies: TrustedProxies::default(),
            head: Duration::from_secs(15),
            reading: Patience::READING,
        }
    }
}

impl Limits {
    /// Returns the limits that hold under these settings.
    pub fn of(config: &Config) -> Self {
        Self { trusted_proxies: config.trusted_proxies().clone(), ..Self::default() }
    }

    /// Returns how many connections the network of this peer may have.
    fn share(&self, peer: SocketAddr) -> usize {
        if self.trusted_proxies.contain(peer.ip()) { self.connections } else { self.of_network }
    }
}

/// Serves until `stop` is cancelled, and then to the end of the requests in progress.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(BUFFERED);
    let connections = Arc::new(Connections::new(limits.connections));
    let waiting = Shares::new(limits.connections / WAITING, limits.connections / WAITING / 2);
    let open = GracefulShutdown::new();
    while let Some((stream, peer)) = stop.run_until_cancelled(accept(&listener)).await {
        let (network, share) = (Network::from(peer.ip()), limits.share(peer));
        let Some(admitted) = stop.run_until_cancelled(admit(&connections, network, share)).await else { break };
        // A network that has its share must not keep the loop from the next connection, which is another network's: its
        // connections wait in tasks of their own. How many of those there may be is limited too, by network, or they
        // would use up the file descriptors that the others need.
        let seat = if admitted.is_some() { None } else { waiting.try_take(network) };
        if admitted.is_none() && seat.is_none() {
            continue;
        }
        let accepted = Accepted { stream, peer, http: http.clone(), router: router.clone(), limits: limits.clone() };
        let (connections, stop, watcher) = (Arc::clone(&connections), stop.clone(), open.watcher());
        tokio::spawn(async move {
            let guard = if admitted.is_some() {
                admitted
            } else {
                let guard = timeout(accepted.limits.head, connections.admit(network, share));
                stop.run_until_cancelled(guard).await.and_then(Result::ok)
            };
            drop(seat);
            if let Some(guard) = guard {
                accepted.serve(&guard, &stop, watcher).await;
            }
        });
    }
    // Closed before the wait: a client that comes now is to be refused at once, and find another server.
    drop(listener);
    open.shutdown().await;
}

/// Waits for the next connection, and returns it with the address of its peer.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                // Out of file descriptors, most likely: without a pause, the loop would fail and log without end until
                // a connection closes.
                tracing::error!(%error, "a connection cannot be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Registers a connection, as soon as it can be admitted. `None` if its network has its share: others must not wait for
/// that.
async fn admit(connections: &Arc<Connections>, network: Network, share: usize) -> Option<ConnectionGuard> {
    loop {
        match connections.try_admit(network, share) {
            Ok(guard) => return Some(guard),
            Err(Full::Share) => return None,
            Err(Full::All) => connections.look_again().await,
        }
    }
}

/// Returns whether only this one connection has failed, and not the listener.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// A connection that was accepted, with what serving it takes.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    http: http1::Builder,
    router: Router,
    limits: Limits,
}

impl Accepted {
    /// Serves the connection until it ends, or is closed for another.
    async fn serve(self, guard: &ConnectionGuard, stop: &CancellationToken, watcher: Watcher) {
        let connection = &guard.connection;
        // At a stop, hyper would wait for the first request of a connection that has sent nothing yet.
        let begun = tokio::select! {
            biased;
            () = stop.cancelled() => false,
            () = connection.closed() => false,
            begun = timeout(self.limits.head, self.stream.readable()) => matches!(begun, Ok(Ok(()))),
        };
        if begun {
            tokio::select! {
                biased;
                () = connection.closed() => tracing::debug!("a connection was closed for another"),
                () = self.serve_requests(connection, watcher) => {}
            }
        }
    }

    /// Serves the requests of the connection, one after the other.
    async fn serve_requests(self, connection: &Arc<Connection>, watcher: Watcher) {
        let Self { stream, peer, http, router, limits } = self;
        let stream = Paced::new(stream, limits.reading, connection);
        let connection = Arc::clone(connection);
        let service = service_fn(move |request: Request<Incoming>| {
            let (router, connection) = (router.clone(), Arc::clone(&connection));
            async move {
                // The connection is closed for another: `Accepted::serve` is about to drop this future. Nothing may
                // begin.
                let Some(active) = connection.begin() else { return std::future::pending().await };
                let is_held_back = request.headers().contains_key(EXPECT);
                let (is_part, rest) = (tus::is_part(request.headers()), Rest::default());
                let watching = |body| Body::new(WatchedBody::new(body, connection, is_held_back, rest.clone()));
                let mut request = request.map(watching);
                request.extensions_mut().insert(Peer(peer));
                let Ok(response) = router.oneshot(request).await;
                // Where a connection breaks, Chromium sends a part once more by itself, and looks for an answer when all of
                // it is sent. By then the server has something of the part, and none of what comes is of use.
                if is_part && response.status() == StatusCode::CONFLICT {
                    rest.let_go();
                }
                Ok::<_, Infallible>(response.map(|body| AnswerBody { body, _request: active }))
            }
        });
        // This is an error whenever a client leaves early. If a request had begun, its own line of the log has what
        // matters.
        if let Err(error) = watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// The stream of a connection, which breaks if its client reads too slowly.
struct Paced {
    stream: TcpStream,
    pace: Pace,
    connection: Arc<Connection>,
}

impl Paced {
    fn new(stream: TcpStream, reading: Patience, connection: &Arc<Connection>) -> Self {
        // Without this, the last bytes of an answer would wait for the client's acknowledgement (Nagle's algorithm).
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT);
        Self { stream, pace: Pace::new(reading), connection: Arc::clone(connection) }
    }

    /// Judges the client's pace by the result of a write, and passes that on or breaks the stream.
    fn judge(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let too_slow = || Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client reads too slowly")));
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.connection.moves();
                if self.pace.moves(bytes) { written } else { too_slow() }
            }
            Poll::Ready(Err(_)) => written,
            Poll::Pending => {
                self.connection.stalls();
                if self.pace.poll_too_long(context).is_ready() { too_slow() } else { Poll::Pending }
            }
        }
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
