//! How long an honest client waits while 600 others are silent, send half a head, or do not read their responses.
//!
//! `cargo bench --bench flood` starts the real program, prints how long the honest client waited (median, p99 and
//! maximum), and fails if p99 is not below the promised limit. All clients run on this machine: the others connect from
//! 127.0.0.2 to 127.0.0.4, or through the same proxy as the honest client. Linux only: other systems do not have all of
//! 127.0.0.0/8.

mod program;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    task::JoinSet,
    time::{sleep, timeout},
};

use program::{Server, answer, say};

/// The number of other clients, a third of each kind.
const OTHERS: usize = 600;
/// How many rounds of work the honest client does.
const ROUNDS: usize = 75;
/// The most that the honest client may wait at p99.
const PROMISED: Duration = Duration::from_secs(1);
/// How long a client that does not read keeps its connection before it reconnects.
const DEAF: Duration = Duration::from_secs(5);
/// The pause before a closed connection is opened again.
const PAUSE: Duration = Duration::from_secs(1);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let strangers = &["127.0.0.2", "127.0.0.3", "127.0.0.4"][..];
    let worst = [
        ("other addresses", "", strangers),
        ("the honest client's own trusted proxy", "127.0.0.1", &["127.0.0.1"][..]),
    ]
    .map(|(words, trusted, from)| runtime.block_on(measure(words, trusted, from)));
    let p99 = worst.into_iter().max().unwrap_or_default();
    let verdict = if p99 < PROMISED { "as promised" } else { "MORE THAN PROMISED" };
    say(&format!("p99 {} ms of {} ms: {verdict}", p99.as_millis(), PROMISED.as_millis()));
    assert!(p99 < PROMISED, "an honest client waits longer than was promised");
}

/// Measures how long the honest client waits at p99 while the others connect from these addresses.
async fn measure(words: &str, trusted: &str, from: &'static [&'static str]) -> Duration {
    let server = Server::start(trusted);
    let honest = Honest::sign_in(&server).await;
    let before = honest.work(ROUNDS / 5).await;

    let mut others = JoinSet::new();
    for number in 0..OTHERS {
        others.spawn(bother(server.address, from[number % from.len()], number % 3));
    }
    let mut waited = honest.work(ROUNDS).await;
    others.shutdown().await;
    waited.sort_unstable();
    let at = |percent: usize| waited[(waited.len() - 1) * percent / 100];
    say(&format!(
        "{OTHERS} from {words}: {} requests, p50 {} ms, p99 {} ms, max {} ms (at most {} ms without them)",
        waited.len(),
        at(50).as_millis(),
        at(99).as_millis(),
        at(100).as_millis(),
        before.into_iter().max().unwrap_or_default().as_millis(),
    ));
    at(99)
}

/// Runs one of the other clients, which reconnects whenever its connection is closed.
async fn bother(server: SocketAddr, from: &str, kind: usize) {
    let sent = [
        &b""[..],
        b"GET /api/openapi.json HTTP/1.1\r\nHost: sts\r\nX-Drip: ",
        b"GET /api/openapi.json HTTP/1.1\r\nHost: sts\r\n\r\nGET /api/openapi.json HTTP/1.1\r\nHost: sts\r\n\r\n",
    ][kind];
    loop {
        let socket = TcpSocket::new_v4().expect("a descriptor");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        socket.bind(SocketAddr::new(from.parse().expect("an address"), 0)).expect("an address of this machine");
        if let Ok(mut connection) = socket.connect(server).await {
            let _ = connection.write_all(sent).await;
            if kind == 2 {
                sleep(DEAF).await;
            } else {
                let _ = connection.read(&mut [0]).await;
            }
        }
        sleep(PAUSE).await;
    }
}

/// The honest client: it requests pages and JSON and uploads small files, each on a connection of its own.
struct Honest {
    http: Client,
    url: String,
    token: String,
    room: String,
}

impl Honest {
    async fn sign_in(server: &Server) -> Self {
        // No idle connections: each request has to compete with the others for a new one.
        let http = Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
        let url = format!("http://{}", server.address);
        let token = server.sign_in(&http).await;
        let room = json!({
            "title": "Bench", "location": "x", "sts_eta": "2100-01-01T00:00:00Z", "cargo_profile": "oil",
        });
        let room = http.post(format!("{url}/api/v1/rooms")).bearer_auth(&token).json(&room).send().await;
        let room = answer(room).await["id"].as_str().expect("an id").to_owned();
        Self { http, url, token, room }
    }

    /// Does this many rounds of work and returns how long it waited for each answer.
    async fn work(&self, rounds: usize) -> Vec<Duration> {
        let mut waited = Vec::new();
        for number in 0..rounds {
            let room = &self.room;
            waited.push(self.ask(self.get("/sign-in"), StatusCode::OK).await);
            waited.push(self.ask(self.get("/api/v1/rooms"), StatusCode::OK).await);
            waited.push(self.ask(self.get(&format!("/rooms/{room}/documents")), StatusCode::OK).await);
            let form = format!(
                "--x\r\nContent-Disposition: form-data; name=\"document_type\"\r\n\r\nCOMPAT\r\n\
                 --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n\
                 %PDF-1.7\n{rounds} {number}\r\n--x--\r\n"
            );
            let upload = self.http.post(format!("{}/api/v1/rooms/{room}/documents/upload", self.url));
            let upload = upload.bearer_auth(&self.token).header("content-type", "multipart/form-data; boundary=x");
            waited.push(self.ask(upload.body(form), StatusCode::CREATED).await);
        }
        waited
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    async fn ask(&self, request: RequestBuilder, status: StatusCode) -> Duration {
        let started = Instant::now();
        let answered = async {
            let response = request.send().await.expect("an answer");
            let found = response.status();
            let body = response.text().await.expect("to its end");
            assert_eq!(found, status, "{body}");
        };
        timeout(Duration::from_mins(1), answered).await.expect("within a minute");
        started.elapsed()
    }
}
