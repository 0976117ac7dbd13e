//! Serves connections, within limits that `axum::serve` lacks: so many at once, and so long for a
//! request's head. The limits keep descriptors and memory bounded; a fair share for each client is
//! the business of the proxy in front.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// The pause after the system had no means for another connection, such as a file descriptor.
const PAUSE: Duration = Duration::from_millis(500);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; further ones wait in the system's queue. A download takes two file descriptors, and a
    /// process may usually have 1,024.
    pub connections: usize,
    /// For the head of a request to arrive, from its connection's start or from the answer before.
    pub head: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 512, head: Duration::from_secs(15) }
    }
}

/// Serves until `stop` is cancelled, and then to the end of the requests in progress.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let places = Arc::new(Semaphore::new(limits.connections));
    let open = GracefulShutdown::new();
    while let Some(Some((stream, place))) = stop.run_until_cancelled(accept(&listener, &places)).await {
        let (http, router, stop, watcher) = (http.clone(), router.clone(), stop.clone(), open.watcher());
        tokio::spawn(async move {
            // At a stop, hyper would wait for the first request of a connection that has none yet.
            let begun = tokio::select! {
                biased;
                begun = timeout(limits.head, stream.readable()) => matches!(begun, Ok(Ok(()))),
                () = stop.cancelled() => false,
            };
            if begun {
                converse(&http, stream, router, watcher).await;
            }
            drop(place);
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// The next connection, and its place among those that may be open.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    if places.available_permits() == 0 {
        tracing::warn!("as many connections are open as may be; the next is accepted when one ends");
    }
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Some((stream, place)),
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "a connection cannot be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether it is that one connection that has failed, not the listener.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves the requests of one connection.
async fn converse(http: &http1::Builder, stream: TcpStream, router: Router, watcher: Watcher) {
    // An answer's last bytes are not to wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let conversation = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // It ends with an error wherever a client leaves early; what mattered of it is in the request's log.
    if let Err(error) = watcher.watch(conversation).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
