//! Compares the time of a page with that of its JSON, for a room with 47 documents and 200 entries in its log.
//!
//! `cargo bench --bench pages` calls the router in this process, on SQLite, without compression, for a broker who is
//! signed in. Page and JSON take turns, and the medians are compared. The page shows the documents, and above them what
//! `…/summary` returns. It is compared with the list of documents alone, which is the least that could be called its
//! JSON; the ratio to both responses together is printed as well.

use std::{
    io::{Write, stdout},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use room::Role;
use serde_json::{Value, json};

use sts_clearance::{
    app::App,
    clock::Clock,
    config::Layers,
    domain::{
        accounts::users::{self, GivenPassword, NewUser},
        log::{Actor, schema},
        rooms::catalogue,
    },
    error::Result,
    web,
};
use tempfile::TempDir;
use tower::ServiceExt;

const DOCUMENTS: usize = 47;
/// The number of documents that the catalogue asks for with an oil cargo and one vessel.
const OF_THE_CATALOGUE: usize = 39;
const ENTRIES: usize = 200;
/// How often the page and the JSON are requested.
const MEASURED: usize = 400;
/// The most that the page may cost, as a multiple of its JSON.
const MOST: f64 = 3.0;
const PASSWORD: &str = "correct horse battery";

#[tokio::main]
async fn main() -> Result<()> {
    let dir = TempDir::new().expect("there is room for a directory");
    let data_dir = dir.path().join("data").display().to_string();
    let settings = Layers::read(None, &[], &[("data_dir", data_dir)])?.config()?;
    let app = App::open(settings, Clock::System)?;
    schema::bring_up(&app, &Actor::System).await?;
    for (email, role) in [("broker@example.com", Role::Broker), ("owner@example.com", Role::Owner)] {
        let user = NewUser { email: email.into(), name: email.into(), role, password: Some(PASSWORD.into()) };
        users::add(&app, &Actor::Operator, &user, GivenPassword::Kept, None).await?;
    }
    add_types(&app, DOCUMENTS - OF_THE_CATALOGUE).await?;
    let ratio = Site { router: web::router(app) }.ratio().await;
    assert!(ratio <= MOST, "more than the {MOST} that are promised");
    Ok(())
}

/// The server's router, which is called without a port.
struct Site {
    router: Router,
}

impl Site {
    async fn ratio(&self) -> f64 {
        let (room, token) = self.room().await;
        let api = format!("/api/v1/rooms/{room}");
        let paths =
            [format!("/rooms/{room}/documents"), format!("{api}/documents?limit=100"), format!("{api}/summary")];
        let (mut times, mut sizes) = ([const { Vec::new() }; 3], [0; 3]);
        for round in 0..=MEASURED {
            for (place, path) in paths.iter().enumerate() {
                let started = Instant::now();
                sizes[place] = self.get(path, &token).await.len();
                // The first request of each kind finds the caches empty.
                if round > 0 {
                    times[place].push(started.elapsed());
                }
            }
        }
        let [page, list, summary] = times.map(median);
        let ratio = page.as_secs_f64() / list.as_secs_f64();
        let of_both = page.as_secs_f64() / (list + summary).as_secs_f64();
        let [page_size, list_size, _] = sizes;
        say(&format!(
            "a page of {DOCUMENTS} documents, {ENTRIES} entries: {page:?} ({page_size} bytes), \
             its JSON {list:?} ({list_size} bytes) and {summary:?} of the summary; \
             ratio {ratio:.2}, and {of_both:.2} to both"
        ));
        ratio
    }

    /// Makes a room with [`DOCUMENTS`] documents, each uploaded and decided on, and [`ENTRIES`] entries in its log.
    /// Returns its id and its broker's token.
    async fn room(&self) -> (String, String) {
        let (broker, owner) = (self.sign_in("broker@example.com").await, self.sign_in("owner@example.com").await);
        let new_room = json!({
            "title": "Bench", "location": "At sea", "sts_eta": "2100-01-01T00:00:00Z", "cargo_profile": "oil",
            "parties": [{ "role": "owner", "name": "Owner", "email": "owner@example.com" }],
        });
        let room = self.send("POST", "/api/v1/rooms", &broker, &new_room).await;
        let room = room["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/rooms/{room}");
        let vessel = json!({ "name": "Aegean Star", "role": "discharging", "imo_number": "9074729" });
        self.send("POST", &format!("{path}/vessels"), &broker, &vessel).await;
        let documents = self.json(&format!("{path}/documents?limit=100"), &broker).await;
        let documents = documents.as_array().expect("a list");
        assert_eq!(documents.len(), DOCUMENTS);
        for (place, document) in documents.iter().enumerate() {
            let document = format!("{path}/documents/{}", document["id"].as_str().expect("an id"));
            self.upload(&format!("{document}/versions"), &broker, place).await;
            let subjects = json!({ "subjects": "Subject to the originals being seen on board" });
            self.send("POST", &format!("{document}/approve"), &owner, &subjects).await;
        }
        // Each change of the location appends one entry.
        for place in self.entries(&path, &broker).await..ENTRIES {
            let moved = json!({ "location": format!("At sea, place {place}") });
            self.send("PATCH", &path, &broker, &moved).await;
        }
        assert_eq!(self.entries(&path, &broker).await, ENTRIES);
        (room, broker)
    }

    /// Returns the number of entries in the room's log.
    async fn entries(&self, room: &str, token: &str) -> usize {
        // The second line of a checkpoint is the size of the log (C2SP `tlog-checkpoint`).
        let checkpoint = String::from_utf8(self.get(&format!("{room}/log/checkpoint"), token).await).expect("a note");
        checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).expect("a size")
    }

    async fn sign_in(&self, email: &str) -> String {
        let login = json!({ "email": email, "password": PASSWORD });
        let session = self.send("POST", "/api/v1/auth/login", "", &login).await;
        session["token"].as_str().expect("a token").to_owned()
    }

    async fn upload(&self, path: &str, token: &str, place: usize) {
        let form = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"Paper no. {place}.pdf\"\r\n\r\n\
             %PDF-1.7\n% {place}\r\n\
             --x\r\nContent-Disposition: form-data; name=\"expires_on\"\r\n\r\n2101-01-01\r\n--x--\r\n"
        );
        self.answer("POST", path, token, "multipart/form-data; boundary=x", form).await;
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: &Value) -> Value {
        let answer = self.answer(method, path, token, "application/json", body.to_string()).await;
        serde_json::from_slice(&answer).expect("JSON")
    }

    async fn json(&self, path: &str, token: &str) -> Value {
        serde_json::from_slice(&self.get(path, token).await).expect("JSON")
    }

    async fn get(&self, path: &str, token: &str) -> Vec<u8> {
        self.answer("GET", path, token, "", String::new()).await
    }

    async fn answer(&self, method: &str, path: &str, token: &str, media_type: &str, body: String) -> Vec<u8> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", media_type)
            .body(Body::from(body))
            .expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        assert!(status.is_success(), "{method} {path}: {status}: {}", String::from_utf8_lossy(&body));
        body.into()
    }
}

/// Adds this many document types to the catalogue, each required once per room.
async fn add_types(app: &App, count: usize) -> Result<()> {
    for place in 0..count {
        let kind = json!({
            "code": format!("BENCH_{place}"), "name": format!("Paper no. {place} of the bench"), "category": "cargo",
            "scope": "room", "requirement": "required", "criticality": "med", "gate": "planning",
        });
        let kind = serde_json::from_value(kind).expect("a type");
        catalogue::add(app, &Actor::Operator, kind, None).await?;
    }
    Ok(())
}

fn say(line: &str) {
    writeln!(stdout(), "{line}").expect("standard output is open");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
