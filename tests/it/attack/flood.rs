//! Connections that do nothing or do not read, and must not keep other clients from being answered.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use futures_util::stream;
use sts_clearance::{
    http::{self, Limits, Patience},
    network::{Network, TrustedProxies},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Notify, Semaphore},
    time::interval,
};
use tokio_util::sync::CancellationToken;

use crate::harness::until;

const QUICK: &[u8] = b"GET /quick HTTP/1.1\r\nHost: sts\r\nConnection: close\r\n\r\n";
const LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: sts\r\n\r\n";
const WORK: &[u8] = b"GET /work HTTP/1.1\r\nHost: sts\r\nConnection: close\r\n\r\n";
/// More bytes than the buffers between the server and a client that does not read can hold.
const MANY_BYTES: usize = 4 * 1024 * 1024;

/// A server with three routes: `/quick` answers at once, `/large` with many bytes, and `/work` when the test lets it.
struct Site {
    address: SocketAddr,
    /// Each permit lets one request for `/work` be answered.
    finish: Arc<Semaphore>,
    /// Notified when a request for `/work` has arrived.
    begun: Arc<Notify>,
    /// Every answer of `/large` holds a clone until it is sent or its client is given up.
    reading: Arc<()>,
    stop: CancellationToken,
}

impl Site {
    async fn open(limits: Limits) -> Self {
        let (finish, begun, reading) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()), Arc::new(()));
        let work = {
            let (finish, begun) = (Arc::clone(&finish), Arc::clone(&begun));
            async move || {
                begun.notify_one();
                finish.acquire().await.unwrap().forget();
                "done"
            }
        };
        let large = {
            let reading = Arc::clone(&reading);
            async move || {
                let pieces = stream::unfold((0, reading), async |(sent, reading)| {
                    let piece = Ok::<_, std::io::Error>(Bytes::from(vec![7; 16 * 1024]));
                    (sent < MANY_BYTES).then_some((piece, (sent + 16 * 1024, reading)))
                });
                Body::from_stream(pieces)
            }
        };
        let router =
            Router::new().route("/quick", get(async || "quick")).route("/large", get(large)).route("/work", get(work));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(http::serve(listener, router, limits, stop.clone()));
        Self { address, finish, begun, reading, stop }
    }

    /// Connects from this local address, with a small receive buffer, and sends these bytes.
    async fn connect(&self, from: &str, sent: &[u8]) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
        let mut connection = socket.connect(self.address).await.unwrap();
        connection.write_all(sent).await.unwrap();
        connection
    }

    /// Returns the answer to these bytes, which is empty if the server closes the connection without one.
    async fn ask(&self, from: &str, sent: &[u8]) -> String {
        rest(self.connect(from, sent).await).await
    }

    /// Sends a request for `/work` and waits until the server works on it.
    async fn work(&self, from: &str) -> TcpStream {
        let connection = self.connect(from, WORK).await;
        self.begun.notified().await;
        connection
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Reads a connection to its end.
async fn rest(mut connection: TcpStream) -> String {
    let mut answer = String::new();
    // A server that closes a connection with unread input resets it, which is an error here and no fault.
    let _ = connection.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn silent_and_half_open_connections_give_their_places_to_whoever_asks() {
    let site = Site::open(Limits { connections: 4, of_network: 2, ..Limits::default() }).await;
    let mut silent = Vec::new();
    for number in 0..40 {
        let from = ["127.0.0.2", "127.0.0.3", "127.0.0.4"][number % 3];
        let sent = [&b""[..], b"GET /quick HT", b"GET /quick HTTP/1.1\r\nHost: sts\r\nX-Drip: ", QUICK];
        silent.push(site.connect(from, sent[number % 3]).await);
        for honest in ["127.0.0.1", from] {
            assert!(site.ask(honest, QUICK).await.ends_with("\r\n\r\nquick"), "{honest} beside {number}");
        }
    }
}

#[tokio::test]
async fn clients_that_do_not_read_give_their_places_to_whoever_asks() {
    let site = Site::open(Limits { connections: 4, of_network: 3, ..Limits::default() }).await;
    let mut deaf = Vec::new();
    for number in 0..6 {
        deaf.push(site.connect(["127.0.0.2", "127.0.0.3"][number % 2], LARGE).await);
    }
    for honest in ["127.0.0.1", "127.0.0.2", "127.0.0.1"] {
        assert!(site.ask(honest, QUICK).await.ends_with("\r\n\r\nquick"), "{honest}");
    }
}

#[tokio::test]
async fn a_network_has_its_share_and_the_rest_is_for_others() {
    let head = Duration::from_millis(500);
    let site = Site::open(Limits { connections: 8, of_network: 2, head, ..Limits::default() }).await;
    let working = [site.work("127.0.0.2").await, site.work("127.0.0.2").await];
    let third = site.connect("127.0.0.2", QUICK).await;
    assert!(site.ask("127.0.0.3", QUICK).await.ends_with("quick"));
    assert_eq!(rest(third).await, "", "a third of this network waits in vain");
    site.finish.add_permits(2);
    for connection in working {
        assert!(rest(connection).await.ends_with("done"));
    }
    until("the places are free again", async || site.ask("127.0.0.2", QUICK).await.ends_with("quick").then_some(()))
        .await;
}

#[tokio::test]
async fn a_trusted_proxy_may_have_every_place() {
    let trusted_proxies = "127.0.0.2".parse().unwrap();
    let site = Site::open(Limits { connections: 3, of_network: 1, trusted_proxies, ..Limits::default() }).await;
    let working = [site.work("127.0.0.2").await, site.work("127.0.0.2").await];
    assert!(site.ask("127.0.0.2", QUICK).await.ends_with("quick"));
    site.finish.add_permits(2);
    for connection in working {
        assert!(rest(connection).await.ends_with("done"));
    }
}

#[tokio::test]
async fn a_connection_that_works_is_not_closed_for_another_which_waits() {
    let site = Site::open(Limits { connections: 1, ..Limits::default() }).await;
    let working = site.work("127.0.0.2").await;
    let waiting = site.connect("127.0.0.3", QUICK).await;
    site.finish.add_permits(1);
    assert!(rest(working).await.ends_with("done"));
    assert!(rest(waiting).await.ends_with("quick"));
}

#[tokio::test]
async fn a_stop_waits_for_what_is_being_worked_on() {
    let site = Site::open(Limits::default()).await;
    let working = site.work("127.0.0.2").await;
    site.stop.cancel();
    until("the port is closed", async || TcpStream::connect(site.address).await.err()).await;
    site.finish.add_permits(1);
    assert!(rest(working).await.ends_with("done"));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up_though_nobody_wants_its_place() {
    let reading = Patience { pause: Duration::from_millis(200), ..Patience::READING };
    let site = Site::open(Limits { reading, ..Limits::default() }).await;
    let deaf = site.connect("127.0.0.2", LARGE).await;
    until("its answer is on the way", async || is_read(&site).then_some(())).await;
    until("it is given up", async || (!is_read(&site)).then_some(())).await;
    drop(deaf);
}

#[tokio::test]
async fn a_slow_client_is_given_up_below_the_floor_alone() {
    let pause = Duration::from_secs(20);
    for (floor, is_answered) in [(1, true), (u64::MAX / 1000, false)] {
        let reading = Patience { pause, window: Duration::from_secs(1), floor };
        let site = Site::open(Limits { reading, ..Limits::default() }).await;
        let mut slow = site.connect("127.0.0.2", LARGE).await;
        let (mut received, mut piece) = (0, vec![0; 16 * 1024]);
        let mut pace = interval(Duration::from_millis(10));
        while received < MANY_BYTES {
            pace.tick().await;
            match slow.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(bytes) => received += bytes,
            }
        }
        assert_eq!(received >= MANY_BYTES, is_answered, "floor {floor}: {received}");
    }
}

/// Returns whether an answer of `/large` is still on its way: the site and its handler hold one clone each, and every
/// answer another.
fn is_read(site: &Site) -> bool {
    Arc::strong_count(&site.reading) > 2
}

#[test]
fn a_network_is_an_address_or_what_a_customer_has_of_ipv6() {
    let network = |address: &str| Network::from(address.parse::<IpAddr>().unwrap());
    assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
    assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::"));
    assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
}

#[test]
fn proxies_are_named_by_address_and_by_network() {
    let proxies: TrustedProxies = "10.0.0.0/8, 192.0.2.7 2001:db8::/33 ::1".parse().unwrap();
    for (address, is_trusted) in [
        ("10.255.0.1", true),
        ("11.0.0.1", false),
        ("192.0.2.7", true),
        ("::ffff:192.0.2.7", true),
        ("192.0.2.8", false),
        ("2001:db8:7fff::1", true),
        ("2001:db8:8000::1", false),
        ("::1", true),
        ("::2", false),
    ] {
        assert_eq!(proxies.contain(address.parse().unwrap()), is_trusted, "{address}");
    }
    let anybody: TrustedProxies = "0.0.0.0/0".parse().unwrap();
    assert!(anybody.contain("192.0.2.1".parse().unwrap()));
    assert!(!TrustedProxies::default().contain("127.0.0.1".parse().unwrap()));
    for wrong in ["proxy", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.1:80"] {
        assert!(wrong.parse::<TrustedProxies>().unwrap_err().contains(wrong), "{wrong}");
    }
}
