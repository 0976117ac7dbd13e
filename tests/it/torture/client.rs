//! A client that does mixed work in rooms of its own, and notes what it was told.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{RngExt, rngs::StdRng};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    ADMIN, BROKER, GUEST, OWNER,
    ledger::{Deed, Ledger, Told},
};
use crate::harness::{Api, Form, PASSWORD, new_room, pdf};

/// The shortest time from one operation to the next.
const PACE: Duration = Duration::from_millis(50);
/// How many operations a room sees before the client opens another.
const OPERATIONS_IN_A_ROOM: u32 = 80;
/// How many of a room's documents get files.
const DOCUMENTS: usize = 4;
/// How often a request of which nothing is known is sent again.
const REPETITIONS: usize = 3;

/// What came back.
enum Heard {
    Done(Value),
    /// Nothing was changed: the server says so, or was not reached.
    Refused,
    NotKnown,
    /// Refused for a reason that the client has to have given.
    Forbidden(u16, Value),
}

/// What is asked for.
struct Asked<'a> {
    action: &'static str,
    mark: &'a str,
    who: &'static str,
    /// Whether it comes to the same if it is done twice.
    may_be_repeated: bool,
}

/// Whether a guest takes part in a room, as far as is known.
enum Guest {
    Never,
    /// With the path of the party, and its name.
    Inside(String, String),
    Outside,
    NotKnown,
}

struct Room {
    path: String,
    /// `None` if it is not known.
    title: Option<String>,
    documents: Vec<String>,
    /// The paths of files with their SHA-256.
    files: Vec<(String, String)>,
    /// The paths of snapshots with their titles.
    snapshots: Vec<(String, String)>,
    guest: Guest,
    left: u32,
}

pub(super) struct Client {
    number: usize,
    server: watch::Receiver<Option<Api>>,
    ledger: Arc<Ledger>,
    rng: StdRng,
    tokens: HashMap<&'static str, String>,
    room: Option<Room>,
    marks: u32,
}

impl Client {
    pub(super) fn new(number: usize, server: watch::Receiver<Option<Api>>, ledger: Arc<Ledger>, rng: StdRng) -> Self {
        Self { number, server, ledger, rng, tokens: HashMap::new(), room: None, marks: 0 }
    }

    /// Does one operation after the other.
    pub(super) async fn work(mut self, stop: CancellationToken) {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.is_cancelled() {
            pace.tick().await;
            if self.server.borrow().is_none() {
                continue;
            }
            match self.room.take() {
                None => self.room = self.open_room().await,
                Some(mut room) => {
                    self.change(&mut room).await;
                    room.left -= 1;
                    self.room = (room.left > 0).then_some(room);
                }
            }
        }
    }

    async fn change(&mut self, room: &mut Room) {
        match self.rng.random_range(0..100) {
            0..25 => self.rename(room).await,
            25..50 => self.upload(room).await,
            50..62 => self.decide(room).await,
            62..76 => self.take_snapshot(room).await,
            76..80 => self.delete_snapshot(room).await,
            80..92 => self.look(room).await,
            _ => self.change_guest(room).await,
        }
    }

    /// Returns words that nothing else has.
    fn mark(&mut self, what: &str) -> String {
        self.marks += 1;
        format!("{what} {} of client {}", self.marks, self.number)
    }

    async fn token(&mut self, api: &Api, who: &'static str) -> Option<String> {
        if !self.tokens.contains_key(who) {
            let body = json!({ "email": who, "password": PASSWORD });
            let reply = api.request(Method::POST, "/auth/login", "").json(&body).send().await.ok()?;
            let session: Value = reply.error_for_status().ok()?.json().await.ok()?;
            self.tokens.insert(who, session["token"].as_str()?.to_owned());
        }
        self.tokens.get(who).cloned()
    }

    /// Sends a request to the server that runs now.
    async fn ask(&mut self, who: &'static str, request: &(impl Fn(&Api, &str) -> RequestBuilder + Sync)) -> Heard {
        let Some(api) = self.server.borrow().clone() else { return Heard::Refused };
        let Some(token) = self.token(&api, who).await else { return Heard::Refused };
        self.ledger.asked();
        let reply = match request(&api, &token).send().await {
            Ok(reply) => reply,
            Err(error) if error.is_connect() => return Heard::Refused,
            Err(_) => return Heard::NotKnown,
        };
        let status = reply.status().as_u16();
        let body: Value = reply.json().await.unwrap_or_default();
        let is_about = |code: &str| body["type"].as_str().is_some_and(|kind| kind.ends_with(code));
        match status {
            200..300 => Heard::Done(body),
            // The session is over, as it is when the clock has gone far.
            401 => {
                self.tokens.remove(who);
                Heard::Refused
            }
            403 if is_about(":password_required") => {
                self.tokens.remove(who);
                Heard::Refused
            }
            409 | 429 => Heard::Refused,
            _ if body["detail"].as_str().is_some_and(|detail| detail.contains("nothing was changed")) => Heard::Refused,
            400..500 if status != 408 => Heard::Forbidden(status, body),
            500 => {
                self.ledger.went_wrong_inside();
                Heard::NotKnown
            }
            _ => Heard::NotKnown,
        }
    }

    /// Asks for a deed, half of the time again where nothing is known of it, and notes what became of it.
    async fn deed(&mut self, asked: &Asked<'_>, request: impl Fn(&Api, &str) -> RequestBuilder + Sync) -> Heard {
        let mut heard = self.ask(asked.who, &request).await;
        if matches!(heard, Heard::NotKnown) && asked.may_be_repeated && self.rng.random_ratio(1, 2) {
            for _ in 0..REPETITIONS {
                let _ = timeout(Duration::from_secs(1), self.server.wait_for(Option::is_some)).await.is_ok();
                let again = self.ask(asked.who, &request).await;
                if matches!(again, Heard::Done(_) | Heard::Forbidden(..)) {
                    heard = again;
                    break;
                }
            }
        }
        let told = match &heard {
            Heard::Done(_) => Told::Done(Instant::now()),
            Heard::Refused => Told::Refused,
            Heard::NotKnown => Told::NotKnown,
            Heard::Forbidden(status, body) => {
                self.ledger.is_wrong(format!("{} “{}” is answered {status} {body}", asked.action, asked.mark));
                Told::NotKnown
            }
        };
        self.ledger.note(Deed { action: asked.action, mark: asked.mark.to_owned(), told });
        heard
    }

    async fn open_room(&mut self) -> Option<Room> {
        let title = self.mark("room");
        let mut body = new_room(&[json!({ "role": "owner", "name": "owner", "email": OWNER })]);
        body["title"] = json!(title);
        let asked = Asked { action: "room_created", mark: &title, who: BROKER, may_be_repeated: true };
        let request = |api: &Api, token: &str| {
            api.request(Method::POST, "/rooms", token).header("idempotency-key", &title).json(&body)
        };
        let Heard::Done(room) = self.deed(&asked, request).await else { return None };
        let path = format!("/rooms/{}", room["id"].as_str()?);
        let list = |api: &Api, token: &str| api.request(Method::GET, &format!("{path}/documents"), token);
        let Heard::Done(listed) = self.ask(BROKER, &list).await else { return None };
        let documents = listed.as_array()?.iter().take(DOCUMENTS);
        let documents = documents.filter_map(|found| Some(format!("{path}/documents/{}", found["id"].as_str()?)));
        let documents = documents.collect();
        let (files, snapshots) = (Vec::new(), Vec::new());
        let (title, guest) = (Some(title), Guest::Never);
        Some(Room { path, title, documents, files, snapshots, guest, left: OPERATIONS_IN_A_ROOM })
    }

    async fn rename(&mut self, room: &mut Room) {
        let title = self.mark("title");
        let asked = Asked { action: "room_updated", mark: &title, who: BROKER, may_be_repeated: true };
        let body = json!({ "title": title });
        let request = |api: &Api, token: &str| api.request(Method::PATCH, &room.path, token).json(&body);
        match self.deed(&asked, request).await {
            Heard::Done(_) => room.title = Some(title),
            Heard::Refused => {}
            _ => room.title = None,
        }
    }

    async fn upload(&mut self, room: &mut Room) {
        let size = if self.rng.random_ratio(1, 40) { 256 * 1024 } else { self.rng.random_range(0..8 * 1024) };
        let bytes = [pdf(&self.mark("file")), vec![b'\n'; size]].concat();
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let mut form = Form::new();
        form.file("file", "paper.pdf", &bytes);
        form.text("expires_on", "2030-01-01");
        let form = form.finish();
        let document = &room.documents[self.rng.random_range(0..room.documents.len())];
        let asked = Asked { action: "document_uploaded", mark: &sha256, who: OWNER, may_be_repeated: true };
        let path = format!("{document}/versions");
        let request = |api: &Api, token: &str| {
            let request = api.request(Method::POST, &path, token).header("content-type", Form::MEDIA_TYPE);
            request.body(form.clone())
        };
        if let Heard::Done(uploaded) = self.deed(&asked, request).await
            && let Some(version) = uploaded["version"]["id"].as_str()
        {
            room.files.push((format!("{path}/{version}/download"), sha256));
        }
    }

    async fn decide(&mut self, room: &mut Room) {
        // Only what has a version can be decided on.
        let Some((file, _)) = room.files.last() else { return };
        let Some((document, _)) = file.split_once("/versions/") else { return };
        let subjects = self.mark("subject");
        let asked = Asked { action: "document_decided", mark: &subjects, who: BROKER, may_be_repeated: true };
        let (path, body) = (format!("{document}/approve"), json!({ "subjects": subjects }));
        self.deed(&asked, |api, token| api.request(Method::POST, &path, token).json(&body)).await;
    }

    async fn take_snapshot(&mut self, room: &mut Room) {
        let title = self.mark("snapshot");
        let kind = match self.rng.random_range(0..16) {
            0 => "pdf",
            1 | 2 => "csv",
            _ => "json",
        };
        // Half of the requests wait for the file, so that not many more are open than can be drawn.
        let waits = self.rng.random_ratio(1, 2);
        let body = json!({ "title": title, "snapshot_type": kind });
        let path = format!("{}/snapshots", room.path);
        let asked = Asked { action: "snapshot_created", mark: &title, who: BROKER, may_be_repeated: true };
        let request = |api: &Api, token: &str| {
            let request = api.request(Method::POST, &path, token).header("idempotency-key", &title).json(&body);
            if waits { request.header("prefer", "wait=10") } else { request }
        };
        if let Heard::Done(taken) = self.deed(&asked, request).await
            && let Some(id) = taken["id"].as_str()
        {
            room.snapshots.push((format!("{path}/{id}"), title));
        }
    }

    async fn delete_snapshot(&mut self, room: &mut Room) {
        if room.snapshots.is_empty() {
            return;
        }
        let (path, title) = room.snapshots.swap_remove(self.rng.random_range(0..room.snapshots.len()));
        let asked = Asked { action: "snapshot_deleted", mark: &title, who: ADMIN, may_be_repeated: false };
        self.deed(&asked, |api, token| api.request(Method::DELETE, &path, token)).await;
    }

    /// Looks at something that is there: the title of the room, a file, a snapshot.
    async fn look(&mut self, room: &Room) {
        let Some(api) = self.server.borrow().clone() else { return };
        match self.rng.random_range(0..3) {
            0 => {
                let request = |api: &Api, token: &str| api.request(Method::GET, &room.path, token);
                if let (Heard::Done(found), Some(title)) = (self.ask(BROKER, &request).await, &room.title)
                    && found["title"] != **title
                {
                    self.ledger.is_wrong(format!("the room “{title}” is shown as {found}"));
                }
            }
            1 if !room.files.is_empty() => {
                let (path, sha256) = &room.files[self.rng.random_range(0..room.files.len())];
                let Some(token) = self.token(&api, BROKER).await else { return };
                let Ok(reply) = api.request(Method::GET, path, &token).send().await else { return };
                let status = reply.status().as_u16();
                let Ok(bytes) = reply.bytes().await else { return };
                if status == 404 || (status == 200 && hex::encode(Sha256::digest(&bytes)) != *sha256) {
                    let size = bytes.len();
                    self.ledger.is_wrong(format!("the file {sha256} is answered {status} with {size} bytes"));
                }
            }
            _ if !room.snapshots.is_empty() => {
                let (path, title) = &room.snapshots[self.rng.random_range(0..room.snapshots.len())];
                match self.ask(BROKER, &|api: &Api, token: &str| api.request(Method::GET, path, token)).await {
                    Heard::Done(found) if found["title"] == **title && found["status"] != "failed" => {}
                    Heard::Refused | Heard::NotKnown => {}
                    Heard::Done(found) => self.ledger.is_wrong(format!("the snapshot “{title}” is shown as {found}")),
                    Heard::Forbidden(status, body) => {
                        self.ledger.is_wrong(format!("the snapshot “{title}” is answered {status} {body}"));
                    }
                }
            }
            _ => {}
        }
    }

    /// Lets the guest in, puts it out again, or sees whether it gets in.
    async fn change_guest(&mut self, room: &mut Room) {
        let tries = |api: &Api, token: &str| api.request(Method::GET, &room.path, token);
        let only_looks = self.rng.random_ratio(1, 2);
        match &room.guest {
            Guest::NotKnown => {}
            Guest::Never | Guest::Outside if only_looks || matches!(room.guest, Guest::Outside) => {
                if matches!(self.ask(GUEST, &tries).await, Heard::Done(_)) {
                    self.ledger.is_wrong(format!("who does not belong into {} gets in", room.path));
                }
            }
            Guest::Inside(..) if only_looks => {
                if let Heard::Forbidden(status, body) = self.ask(GUEST, &tries).await {
                    self.ledger.is_wrong(format!("who belongs into {} is answered {status} {body}", room.path));
                }
            }
            Guest::Never | Guest::Outside => {
                let name = self.mark("guest");
                let (path, body) =
                    (format!("{}/parties", room.path), json!({ "role": "seller", "name": name, "email": GUEST }));
                let asked = Asked { action: "party_added", mark: &name, who: BROKER, may_be_repeated: true };
                let request = |api: &Api, token: &str| {
                    api.request(Method::POST, &path, token).header("idempotency-key", &name).json(&body)
                };
                room.guest = match self.deed(&asked, request).await {
                    Heard::Refused => Guest::Never,
                    Heard::Done(party) if party["id"].is_string() => {
                        Guest::Inside(format!("{path}/{}", party["id"].as_str().unwrap_or_default()), name)
                    }
                    _ => Guest::NotKnown,
                };
            }
            Guest::Inside(party, name) => {
                let asked = Asked { action: "party_removed", mark: name, who: BROKER, may_be_repeated: false };
                let removed = self.deed(&asked, |api, token| api.request(Method::DELETE, party, token)).await;
                // Not tried again if it is refused, since it would be another deed with the same mark.
                room.guest = if matches!(removed, Heard::Done(_)) { Guest::Outside } else { Guest::NotKnown };
            }
        }
    }
}
