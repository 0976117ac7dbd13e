//! How much memory the server holds: idle, after a day of ordinary use, and under 64 clients on each route in turn.
//!
//! `cargo bench --bench memory` starts the real program and prints what Linux says of its resident memory. What child
//! processes take, which draw reports and read files, is not counted. It fails if a figure is above its promised limit. It
//! reads `/proc`, so it runs on Linux only.

mod program;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Duration, sleep},
};

use program::{PASSWORD, Server, answer, say};

/// The most that is promised, in MiB: idle, after a day, under load.
const PROMISED: [u64; 3] = [40, 100, 200];
/// How many clients send requests at once.
const CLIENTS: usize = 64;
/// How many requests each of them sends to a route.
const EACH: usize = 10;
/// How many people work in the rooms on the ordinary day.
const PEOPLE: usize = 20;
/// How many rooms are opened on it.
const ROOMS: usize = 10;
/// How many papers are uploaded on it to each room.
const PAPERS: usize = 10;
/// How large a paper is, in bytes.
const PAPER: usize = 1024 * 1024;

#[tokio::main]
async fn main() {
    let server = Server::start("");
    // Its first minute has things to do of which nothing is left.
    sleep(Duration::from_secs(5)).await;
    let idle = server.memory("VmRSS") / 1024;
    let site = Site::open(&server).await;
    site.ordinary_day().await;
    sleep(Duration::from_secs(5)).await;
    let day = server.memory("VmRSS") / 1024;
    let load = site.each_route_in_turn().await;
    let mut kept = true;
    for (what, (measured, promised)) in ["idle", "after a day of ordinary use", "at most under 64 clients"]
        .iter()
        .zip([idle, day, load].iter().zip(PROMISED))
    {
        let verdict = if *measured <= promised { "as promised" } else { "MORE THAN PROMISED" };
        kept &= *measured <= promised;
        say(&format!("{what}: {measured} MiB of {promised}: {verdict}"));
    }
    assert!(kept, "it takes more memory than was promised");
}

/// Makes the request of this number to a route.
type Route<'a> = Box<dyn Fn(usize) -> RequestBuilder + 'a>;

/// A server with rooms in which people work.
struct Site<'a> {
    server: &'a Server,
    client: Client,
    token: String,
    rooms: Vec<String>,
}

impl<'a> Site<'a> {
    async fn open(server: &'a Server) -> Self {
        let client = Client::new();
        let token = server.sign_in(&client).await;
        let mut rooms = Vec::new();
        for number in 0..ROOMS {
            let body = json!({
                "title": format!("Ceuta {number}"), "location": "Off Ceuta", "sts_eta": "2027-01-01T08:30:00Z", "confirm_past_eta": true,
                "cargo_profile": "oil",
            });
            let opened = answer(client.post(server.api("/rooms")).bearer_auth(&token).json(&body).send().await).await;
            rooms.push(format!("/rooms/{}", opened["id"].as_str().expect("an id")));
        }
        Self { server, client, token, rooms }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.server.api(path)).bearer_auth(&self.token)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.server.api(path)).bearer_auth(&self.token)
    }

    /// Returns a page of the server.
    fn page(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.server.address)).bearer_auth(&self.token)
    }

    fn sign_in(&self) -> RequestBuilder {
        // Without a session, whose place the new one would take.
        self.client
            .post(self.server.api("/auth/login"))
            .json(&json!({ "email": "a@example.com", "password": PASSWORD }))
    }

    fn upload(&self, document: &str, number: usize) -> RequestBuilder {
        let mut body =
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\n%".to_vec();
        body.extend(number.to_string().bytes());
        body.resize(PAPER, b'x');
        body.extend(b"\n%%EOF\n\r\n--x--\r\n");
        self.post(&format!("{document}/versions")).header("content-type", "multipart/form-data; boundary=x").body(body)
    }

    /// Returns the paths of the documents of a room.
    async fn documents(&self, room: &str) -> Vec<String> {
        let documents = answer(self.get(&format!("{room}/documents?limit=100")).send().await).await;
        let path = |document: &Value| format!("{room}/documents/{}", document["id"].as_str().expect("an id"));
        documents.as_array().expect("a list").iter().map(path).collect()
    }

    /// Does what some people do in a day, one after the other.
    async fn ordinary_day(&self) {
        for person in 0..PEOPLE {
            done(self.sign_in()).await;
            for room in &self.rooms {
                for path in ["", "/documents", "/summary", "/activities?limit=100"] {
                    done(self.get(&format!("{room}{path}"))).await;
                }
                for path in ["", "/clearance", "/activity", "/snapshots"] {
                    done(self.page(&format!("{room}{path}"))).await;
                }
            }
            done(self.page("/")).await;
            let room = &self.rooms[person % self.rooms.len()];
            for kind in ["pdf", "json", "csv"] {
                let snapshot = self.post(&format!("{room}/snapshots")).header("prefer", "wait=30");
                let taken = answer(snapshot.json(&json!({ "snapshot_type": kind })).send().await).await;
                let path = taken["download_url"].as_str().and_then(|url| url.strip_prefix("/api/v1"));
                done(self.get(path.expect("it is drawn within the wait"))).await;
            }
        }
        for room in &self.rooms {
            let documents = self.documents(room).await;
            for number in 0..PAPERS {
                done(self.upload(&documents[number % documents.len()], number)).await;
            }
        }
    }

    /// Has all clients send requests to one route after the other. Returns the most that the server held, in MiB.
    async fn each_route_in_turn(&self) -> u64 {
        let (room, mut most) = (&self.rooms[0], 0);
        let documents = self.documents(room).await;
        let snapshot = answer(self.get(&format!("{room}/snapshots?limit=1")).send().await).await;
        let snapshot = format!("{room}/snapshots/{}", snapshot[0]["id"].as_str().expect("an id"));
        let routes: [(&str, Route<'_>); 12] = [
            ("sign in", Box::new(|_| self.sign_in())),
            ("list documents", Box::new(|_| self.get(&format!("{room}/documents?limit=100")))),
            ("list activities", Box::new(|_| self.get(&format!("{room}/activities?limit=100")))),
            ("page of documents", Box::new(|_| self.page(room))),
            ("page of rooms", Box::new(|_| self.page("/"))),
            ("summary", Box::new(|_| self.get(&format!("{room}/summary")))),
            (
                "take snapshots",
                Box::new(|_| self.post(&format!("{room}/snapshots")).json(&json!({ "snapshot_type": "json" }))),
            ),
            (
                "take PDFs",
                Box::new(|_| self.post(&format!("{room}/snapshots")).json(&json!({ "snapshot_type": "pdf" }))),
            ),
            ("download a report", Box::new(|_| self.get(&format!("{snapshot}/download")))),
            ("upload papers", Box::new(|number| self.upload(&documents[number % documents.len()], number))),
            (
                "download papers",
                Box::new(|number| self.get(&format!("{}/download", documents[number % documents.len()]))),
            ),
            ("archive", Box::new(|_| self.get(&format!("{room}/archive")))),
        ];
        for (name, request) in routes {
            self.server.forget_peak();
            let mut clients = JoinSet::new();
            for client in 0..CLIENTS {
                let requests: Vec<_> = (0..EACH).map(|number| request(client * EACH + number)).collect();
                clients.spawn(async move {
                    let mut refused = 0_usize;
                    for request in requests {
                        // Those who come in too large a number are told to come again: that is no failure.
                        let reply = request.send().await.expect("it answers");
                        refused += usize::from(!reply.status().is_success());
                        reply.bytes().await.expect("it is sent whole");
                    }
                    refused
                });
            }
            let refused: usize = clients.join_all().await.into_iter().sum();
            let (peak, now) = (self.server.memory("VmHWM") / 1024, self.server.memory("VmRSS") / 1024);
            say(&format!(
                "{name}: at most {peak} MiB, {now} MiB afterwards; {refused} of {} not served",
                CLIENTS * EACH
            ));
            most = most.max(peak);
        }
        most
    }
}

/// Sends a request and reads its response, which may be a refusal, such as of a paper that was uploaded before.
async fn done(request: RequestBuilder) {
    request.send().await.expect("it answers").bytes().await.expect("it is sent whole");
}
