//! Clients that request the same again and again, and how long each of them waits.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Client, Response};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    task::JoinSet,
    time::sleep,
};

use super::{PASSWORD, Server, answer};

/// What ends a load: a time, or somebody who says that all is done.
pub(crate) enum Until {
    After(Instant),
    Done(Arc<AtomicBool>),
}

impl Until {
    pub(crate) fn after(time: Duration) -> Self {
        Self::After(Instant::now() + time)
    }

    pub(crate) fn done(done: &Arc<AtomicBool>) -> Self {
        Self::Done(Arc::clone(done))
    }

    fn is_over(&self) -> bool {
        match self {
            Self::After(end) => Instant::now() >= *end,
            Self::Done(done) => done.load(Ordering::Relaxed),
        }
    }
}

/// What clients request again and again.
#[derive(Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    client: Client,
    method: &'static str,
    /// The path that is requested.
    pub(crate) path: String,
    token: String,
    /// The status that is expected.
    status: u16,
}

impl Target {
    /// Opens a room as the broker, whose title is going to be changed.
    pub(crate) async fn open(server: &Server) -> Self {
        let client = Client::new();
        let token = server.sign_in(&client).await;
        let body = json!({ "title": "Ceuta", "location": "Off Ceuta", "sts_eta": "2027-01-01T08:30:00Z", "confirm_past_eta": true, "cargo_profile": "oil" });
        let opened = answer(client.post(server.api("/rooms")).bearer_auth(&token).json(&body).send().await).await;
        let path = format!("/api/v1/rooms/{}", opened["id"].as_str().expect("an id"));
        Self { address: server.address, client, method: "PATCH", path, token, status: 200 }
    }

    /// Returns the taking of snapshots of its room.
    pub(crate) fn snapshots(&self) -> Self {
        self.snapshots_of(&self.path, &self.token)
    }

    /// Returns the taking of snapshots of a room, by who has this token.
    pub(crate) fn snapshots_of(&self, room: &str, token: &str) -> Self {
        Self { method: "POST", path: format!("{room}/snapshots"), token: token.to_owned(), status: 201, ..self.clone() }
    }

    /// Returns the changing of another room, by who has this token.
    pub(crate) fn of_room(&self, room: &str, token: &str) -> Self {
        Self { path: room.to_owned(), token: token.to_owned(), ..self.clone() }
    }

    /// Signs in with this address, and returns the token.
    pub(crate) async fn sign_in(&self, server: &Server, email: &str) -> String {
        let login = json!({ "email": email, "password": PASSWORD });
        let session = answer(self.client.post(server.api("/auth/login")).json(&login).send().await).await;
        session["token"].as_str().expect("a token").to_owned()
    }

    /// Returns the number of commits and of writes that the server has made. The token has to be an admin's.
    pub(crate) async fn commits(&self) -> [f64; 2] {
        let request = self.client.get(format!("http://{}/metrics", self.address)).bearer_auth(&self.token);
        let reply = request.send().await.and_then(Response::error_for_status).expect("it is answered");
        let text = reply.text().await.expect("text");
        ["sts_commits_total ", "sts_writes_total "].map(|name| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|value| value.parse().ok()).expect("a number")
        })
    }

    /// Waits until the server has drawn every snapshot. The token has to be an admin's.
    pub(crate) async fn drawn(&self, server: &Server) {
        let jobs = async || {
            let request = self.client.get(server.api("/system")).bearer_auth(&self.token);
            answer(request.send().await).await["jobs"].take()
        };
        while jobs().await != json!({ "waiting": 0, "running": 0, "failed": 0 }) {
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Requests it once, and returns the status.
    pub(crate) async fn once(&self) -> u16 {
        let mut connection = Connection::open(self.address).await;
        connection.request(self, 0).await
    }

    /// Lets clients request it again and again, each over a connection of its own. Returns how long each request took.
    pub(crate) async fn load(&self, clients: usize, until: &Until) -> Vec<Duration> {
        Self::load_each(&vec![self.clone(); clients], until).await
    }

    /// Lets a client for each target request it again and again. Returns how long each request took.
    pub(crate) async fn load_each(targets: &[Self], until: &Until) -> Vec<Duration> {
        let mut all = JoinSet::new();
        let over = Arc::new(AtomicBool::new(false));
        for (client, target) in targets.iter().enumerate() {
            let (target, over) = (target.clone(), Arc::clone(&over));
            all.spawn(async move {
                let mut connection = Connection::open(target.address).await;
                let mut waits = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let started = Instant::now();
                    let status = connection.request(&target, client * 1_000_000 + waits.len()).await;
                    assert_eq!(status, target.status, "the server refuses");
                    waits.push(started.elapsed());
                }
                waits
            });
        }
        while !until.is_over() {
            sleep(Duration::from_millis(5)).await;
        }
        over.store(true, Ordering::Relaxed);
        all.join_all().await.concat()
    }
}

/// A connection that is used again. A client library would take as much of the processor as the server does.
struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP connection");
        Self { stream: BufReader::new(stream) }
    }

    /// Sends a request with another title each, and returns the status of the response once all of it has come.
    async fn request(&mut self, target: &Target, number: usize) -> u16 {
        let (method, path, host, token) = (target.method, &target.path, target.address, &target.token);
        let body = format!("{{\"title\":\"Ceuta {number}\"}}");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).await.expect("it is sent");
        let status = self.line().await.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut length = 0;
        loop {
            let line = self.line().await.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut rest = vec![0; length];
        self.stream.read_exact(&mut rest).await.expect("all of it comes");
        status
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.expect("the server answers");
        line.trim_end().to_owned()
    }
}

/// Returns the wait that one in a hundred exceeds.
pub(crate) fn p99(mut waits: Vec<Duration>) -> Duration {
    waits.sort();
    waits[waits.len() * 99 / 100]
}
