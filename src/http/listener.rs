//! Serves connections, within limits that `axum::serve` lacks: so many at once and of each network, so long for a
//! request's head, and so slow a client at the slowest. No proxy has to stand in front for that.

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
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
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
    connections::{Answering, Awaited, Connection, Connections, Full, Place},
    pace::{Pace, Patience},
};
use crate::{
    config::Config,
    network::{Network, TrustedProxies},
    shares::Shares,
};

/// The pause after the system had no means for another connection, such as a file descriptor.
const PAUSE: Duration = Duration::from_millis(500);
/// Of the places, the part of connections that may wait while their network has its share.
const WAITING: usize = 4;
/// What the system may hold of an answer beside what is on its way, in bytes. With more, a client that reads slowly
/// would seem not to read at all: nothing could be written for as long as it takes to read that.
const UNSENT: u32 = 16 * 1024;

/// What connections may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once; further ones wait in the system's queue. A download takes two file descriptors, and a
    /// process may usually have 1,024.
    pub connections: usize,
    /// Connections of one network. All that comes through a trusted proxy is of the proxy's, which may have all.
    pub of_network: usize,
    /// The proxies that may.
    pub trusted_proxies: TrustedProxies,
    /// For the head of a request to arrive, from its connection's start or from the answer before.
    pub head: Duration,
    /// How slowly a client may read an answer.
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

    /// How many connections a peer's network may have.
    fn share(&self, peer: SocketAddr) -> usize {
        if self.trusted_proxies.contain(peer.ip()) { self.connections } else { self.of_network }
    }
}

/// Serves until `stop` is cancelled, and then to the end of the requests in progress.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let connections = Arc::new(Connections::new(limits.connections));
    let waiting = Shares::new(limits.connections / WAITING, limits.connections / WAITING / 2);
    let open = GracefulShutdown::new();
    while let Some((stream, peer)) = stop.run_until_cancelled(accept(&listener)).await {
        let (network, share) = (Network::from(peer.ip()), limits.share(peer));
        let Some(admitted) = stop.run_until_cancelled(admit(&connections, network, share)).await else { break };
        // Whose network has its share waits beside the others, and not in front of them.
        let seat = if admitted.is_some() { None } else { waiting.try_take(network) };
        if admitted.is_none() && seat.is_none() {
            continue;
        }
        let visitor = Visitor { stream, peer, http: http.clone(), router: router.clone(), limits: limits.clone() };
        let (connections, stop, watcher) = (Arc::clone(&connections), stop.clone(), open.watcher());
        tokio::spawn(async move {
            let place = if admitted.is_some() {
                admitted
            } else {
                let place = timeout(visitor.limits.head, connections.admit(network, share));
                stop.run_until_cancelled(place).await.and_then(Result::ok)
            };
            drop(seat);
            if let Some(place) = place {
                visitor.serve(&place, &stop, watcher).await;
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// The next connection.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "a connection cannot be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// The place of a connection, once there is one; `None` where its network has its share, for which others do not wait.
async fn admit(connections: &Arc<Connections>, network: Network, share: usize) -> Option<Place> {
    loop {
        match connections.try_admit(network, share) {
            Ok(place) => return Some(place),
            Err(Full::Share) => return None,
            Err(Full::All) => connections.look_again().await,
        }
    }
}

/// Whether it is that one connection that has failed, not the listener.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// A client that has connected.
struct Visitor {
    stream: TcpStream,
    peer: SocketAddr,
    http: http1::Builder,
    router: Router,
    limits: Limits,
}

impl Visitor {
    /// Serves the connection until it ends, or is closed for another.
    async fn serve(self, place: &Place, stop: &CancellationToken, watcher: Watcher) {
        let connection = &place.connection;
        // At a stop, hyper would wait for the first request of a connection that has none yet.
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
                () = self.converse(connection, watcher) => {}
            }
        }
    }

    /// Serves the requests of the connection.
    async fn converse(self, connection: &Arc<Connection>, watcher: Watcher) {
        let Self { stream, peer, http, router, limits } = self;
        let stream = Paced::new(stream, limits.reading, connection);
        let connection = Arc::clone(connection);
        let service = service_fn(move |request: Request<Incoming>| {
            let (router, connection) = (router.clone(), Arc::clone(&connection));
            async move {
                let Some(working) = connection.begin() else { return std::future::pending().await };
                let mut request = request.map(|body| Body::new(Awaited { body, connection }));
                request.extensions_mut().insert(Peer(peer));
                let Ok(response) = router.oneshot(request).await;
                Ok::<_, Infallible>(response.map(|body| Answering { body, _working: working }))
            }
        });
        // It ends with an error wherever a client leaves early; what mattered of it is in the request's log.
        if let Err(error) = watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// A connection's stream, which breaks where its client reads too slowly.
struct Paced {
    stream: TcpStream,
    pace: Pace,
    connection: Arc<Connection>,
}

impl Paced {
    fn new(stream: TcpStream, reading: Patience, connection: &Arc<Connection>) -> Self {
        // An answer's last bytes are not to wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT);
        Self { stream, pace: Pace::new(reading), connection: Arc::clone(connection) }
    }

    /// Judges the client by what became of a write.
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
