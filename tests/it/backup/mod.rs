//! A backup of a server that runs has everything that was acknowledged before, and can be brought back.

mod broken;
mod kept;
mod scheduled;

use std::{fs, path::Path};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::harness::{Api, Form, Installation, Ran, Server, new_room, on_both_databases, pdf};

const BROKER: &str = "broker@example.com";
/// How many backups are made while others write.
const BACKUPS: usize = 10;
const CLIENTS: usize = 4;

on_both_databases! {
    Installation:
    every_write_that_was_acknowledged_before_a_backup_began_is_in_it,
    files_from_after_the_backup_are_told_apart_and_the_room_goes_on,
    a_memory_that_survived_names_what_was_lost,
    a_backup_that_is_brought_back_twice_goes_on_under_two_names,
    a_room_that_is_not_in_the_backup_is_given_up_in_the_platforms_log,
    logs_keep_their_names_where_nothing_was_lost,
}

/// A server with a room, and a directory for its backups.
pub(super) struct Scene {
    pub(super) place: Installation,
    pub(super) server: Server,
    pub(super) token: String,
    pub(super) room: String,
}

impl Scene {
    pub(super) async fn set(place: Installation) -> Self {
        place.add_user(BROKER, "broker");
        let server = place.serve();
        let token = server.api.sign_in(BROKER).await;
        let room = server.api.post("/rooms", &token, &new_room(&[])).await["id"].as_str().unwrap().to_owned();
        Self { place, server, token, room }
    }

    pub(super) fn directory(&self) -> String {
        self.place.path("backups").display().to_string()
    }

    /// Makes a backup and returns what it said.
    #[track_caller]
    pub(super) fn back_up(&self) -> Value {
        let ran = self.place.run(&["backup", "--with-keys", "--json", &self.directory()]);
        serde_json::from_str(ran.expect(0)).unwrap()
    }

    /// Uploads a file for the first document of the room.
    pub(super) async fn upload(&self, bytes: &[u8]) -> String {
        let documents = self.server.api.get(&format!("/rooms/{}/documents?limit=1", self.room), &self.token).await;
        upload(&self.server.api, (&self.room, &self.token), documents[0]["id"].as_str().unwrap(), bytes).await
    }
}

/// Takes a snapshot, and returns its file.
pub(super) async fn file(api: &Api, (room, token): (&str, &str)) -> Vec<u8> {
    let snapshot = api.post(&format!("/rooms/{room}/snapshots"), token, &json!({ "snapshot_type": "json" })).await;
    let id = snapshot["id"].as_str().unwrap();
    api.completed(room, id, token).await;
    let download = api.request(Method::GET, &format!("/rooms/{room}/snapshots/{id}/download"), token);
    download.send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap().to_vec()
}

async fn upload(api: &Api, (room, token): (&str, &str), document: &str, bytes: &[u8]) -> String {
    let mut form = Form::new();
    form.file("file", "paper.pdf", bytes);
    form.text("expires_on", "2030-01-01");
    let path = format!("/rooms/{room}/documents/{document}/versions");
    let request = api.request(Method::POST, &path, token).header("content-type", Form::MEDIA_TYPE).body(form.finish());
    let uploaded: Value = request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
    uploaded["version"]["id"].as_str().unwrap().to_owned()
}

/// Returns an empty place with the same kind of database.
pub(super) async fn elsewhere(place: &Installation) -> Installation {
    match place.postgres_url() {
        None => Installation::on_sqlite().await,
        Some(_) => Installation::on_postgres().await,
    }
}

#[track_caller]
pub(super) fn restored(place: &Installation, directory: &str, flags: &[&str]) -> Value {
    let ran = place.run(&[&["restore", "--json", directory], flags].concat());
    serde_json::from_str(ran.expect(0)).unwrap()
}

async fn verified_by(server: &Server, token: &str, file: &[u8]) -> Value {
    let mut form = Form::new();
    form.file("file", "report.json", file);
    let request = server.api.request(Method::POST, "/verify", token);
    let request = request.header("content-type", Form::MEDIA_TYPE).body(form.finish());
    request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
}

/// Returns what a check says of itself.
#[track_caller]
fn detail<'a>(report: &'a Value, check: &str) -> (&'a str, &'a str) {
    let found = report["checks"].as_array().unwrap().iter().find(|found| found["name"] == check);
    let found = found.unwrap_or_else(|| panic!("no check `{check}`: {report}"));
    (found["outcome"].as_str().unwrap(), found["detail"].as_str().unwrap())
}

async fn every_write_that_was_acknowledged_before_a_backup_began_is_in_it(place: Installation) {
    let scene = Scene::set(place).await;
    let documents = scene.server.api.all(&format!("/rooms/{}/documents", scene.room), &scene.token).await;
    let (stop, acknowledged) = (CancellationToken::new(), std::sync::Arc::new(std::sync::Mutex::new(Vec::new())));
    let mut writing = JoinSet::new();
    for (client, document) in documents.iter().take(CLIENTS).enumerate() {
        let (api, room, token) = (scene.server.api.clone(), scene.room.clone(), scene.token.clone());
        let (document, stop) = (document["id"].as_str().unwrap().to_owned(), stop.clone());
        let acknowledged = std::sync::Arc::clone(&acknowledged);
        writing.spawn(async move {
            for number in 0.. {
                if stop.is_cancelled() {
                    break;
                }
                let paper = pdf(&format!("{number} of client {client}"));
                let version = upload(&api, (&room, &token), &document, &paper).await;
                acknowledged.lock().unwrap().push(version);
            }
        });
    }
    let mut backups = Vec::new();
    for _ in 0..BACKUPS {
        let before = acknowledged.lock().unwrap().clone();
        let mut command = scene.place.command(&["backup", "--with-keys", "--json", &scene.directory()]);
        // On another thread: the clients write meanwhile.
        let ran = tokio::task::spawn_blocking(move || Ran::of(&mut command, "")).await.unwrap();
        let told: Value = serde_json::from_str(ran.expect(0)).unwrap();
        backups.push((told["backup"].as_str().unwrap().to_owned(), before));
    }
    stop.cancel();
    writing.join_all().await;
    assert!(backups[BACKUPS - 1].1.len() > BACKUPS, "hardly anything was written meanwhile");
    drop(scene.server);

    for (name, before) in backups {
        scene
            .place
            .run(&["backup", "--check", "--backup", &name, &scene.place.path("backups").display().to_string()])
            .expect(0);
        let other = elsewhere(&scene.place).await;
        let told = restored(&other, &scene.place.path("backups").display().to_string(), &["--backup", &name]);
        assert_eq!(told["fsck"]["damaged"], json!({}), "{told}");
        let server = other.serve();
        let token = server.api.sign_in(BROKER).await;
        let entries = server.api.all(&format!("/rooms/{}/activities", scene.room), &token).await;
        let there: Vec<_> = entries.iter().filter_map(|entry| entry["meta"]["version_id"].as_str()).collect();
        let lost: Vec<_> = before.iter().filter(|version| !there.contains(&version.as_str())).collect();
        assert!(lost.is_empty(), "acknowledged before the backup {name} began, and not in it: {lost:?}");
    }
}

async fn files_from_after_the_backup_are_told_apart_and_the_room_goes_on(place: Installation) {
    let scene = Scene::set(place).await;
    let (api, at) = (scene.server.api.clone(), (scene.room.as_str(), scene.token.as_str()));
    let older = file(&api, at).await;
    scene.back_up();
    let newer = file(&api, at).await;
    drop(scene.server);

    let other = elsewhere(&scene.place).await;
    let told = restored(&other, &scene.place.path("backups").display().to_string(), &[]);
    let log = told["logs"].as_array().unwrap().iter().find(|log| log["log"] == *scene.room).unwrap();
    assert!(log["origin"].as_str().unwrap().ends_with(&format!("/rooms/{}/2", scene.room)), "{log}");
    assert_eq!(log["signed"], Value::Null, "nothing tells of what was signed after: {log}");
    let entries = log["entries"].as_u64().unwrap();

    let server = other.serve();
    // A session of before would be one that may have been ended since.
    let refused = server.api.request(Method::GET, "/rooms", &scene.token).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let token = server.api.sign_in(BROKER).await;
    let report = verified_by(&server, &token, &older).await;
    assert_eq!((detail(&report, "own log").0, &report["verified"]), ("ok", &json!(true)), "{report}");
    let report = verified_by(&server, &token, &newer).await;
    let (outcome, words) = detail(&report, "own log");
    let lost =
        format!("from its first {entries} entries, without those that were signed after, of which this file shows");
    assert!(outcome == "skipped" && words.contains(&lost) && words.contains("the backup `"), "{outcome}: {words}");

    let next = file(&server.api, (&scene.room, &token)).await;
    assert_eq!(verified_by(&server, &token, &next).await["verified"], true);
    for (name, bytes) in [("older.json", &older), ("lost.json", &newer), ("next.json", &next)] {
        fs::write(other.path(name), bytes).unwrap();
    }
    fs::write(other.path("log.key"), other.run(&["key", "show"]).expect(0)).unwrap();
    let verified = other.run(&["verify", "next.json", "--key", "log.key"]);
    assert!(verified.expect(0).contains("how much is not known: “the backup "), "{verified:?}");
    // The file has the entry that tells of the loss, before the end of what the lost one was signed over.
    let compared = other.run(&["verify", "lost.json", "next.json", "--key", "log.key"]);
    assert!(compared.expect(1).contains("from a copy that lacks some of the"), "{compared:?}");
    let compared = other.run(&["verify", "older.json", "next.json", "--key", "log.key"]);
    assert!(compared.expect(0).contains("goes on from those"), "{compared:?}");
}

async fn a_backup_that_is_brought_back_twice_goes_on_under_two_names(place: Installation) {
    let scene = Scene::set(place).await;
    scene.back_up();
    let directory = scene.directory();
    drop(scene.server);
    let mut files = Vec::new();
    for number in 2..4 {
        // Each machine is lost with all that it has; only the backups are left.
        let other = elsewhere(&scene.place).await;
        let told = restored(&other, &directory, &[]);
        for log in told["logs"].as_array().unwrap() {
            assert!(log["origin"].as_str().unwrap().ends_with(&format!("/{number}")), "{log}");
        }
        let server = other.serve();
        let token = server.api.sign_in(BROKER).await;
        files.push(file(&server.api, (&scene.room, &token)).await);
        let report = verified_by(&server, &token, &files[0]).await;
        assert_eq!(detail(&report, "own log").0, if number == 2 { "ok" } else { "skipped" }, "{report}");
    }
}

async fn a_memory_that_survived_names_what_was_lost(place: Installation) {
    let scene = Scene::set(place).await;
    scene.back_up();
    let paper = scene.upload(&pdf("lost")).await;
    scene.server.ask_to_stop().await;
    assert!(scene.server.ended().await.success());
    // The machine is there, and its database and files are not.
    let other = elsewhere(&scene.place).await;
    for name in ["keys/log.key", "keys/seal.pem", "signed-heads"] {
        let (from, to) = (scene.place.path(&format!("data/{name}")), other.path(&format!("data/{name}")));
        if from.exists() {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).unwrap();
        }
    }
    let directory = scene.place.path("backups").display().to_string();
    let said = other.run(&["restore", "--nothing-lost", &directory]).refused();
    assert!(said.contains("were signed, and the backup has"), "{said}");
    let told = restored(&other, &directory, &[]);
    let log = told["logs"].as_array().unwrap().iter().find(|log| log["log"] == *scene.room).unwrap();
    assert!(log["signed"].as_u64() > log["entries"].as_u64(), "{log}");
    let server = other.serve();
    let token = server.api.sign_in(BROKER).await;
    let entries = server.api.all(&format!("/rooms/{}/activities", scene.room), &token).await;
    let continued = entries.iter().find(|entry| entry["action"] == "log_continued").unwrap();
    assert_eq!(continued["meta"]["lost_size"], log["signed"]);
    assert!(!entries.iter().any(|entry| entry["meta"]["version_id"] == *paper));
}

async fn a_room_that_is_not_in_the_backup_is_given_up_in_the_platforms_log(place: Installation) {
    let scene = Scene::set(place).await;
    scene.back_up();
    let lost = scene.server.api.post("/rooms", &scene.token, &new_room(&[])).await["id"].as_str().unwrap().to_owned();
    scene.server.ask_to_stop().await;
    assert!(scene.server.ended().await.success());
    let other = elsewhere(&scene.place).await;
    fs::create_dir_all(other.path("data")).unwrap();
    fs::copy(scene.place.path("data/signed-heads"), other.path("data/signed-heads")).unwrap();
    let ran = other.run(&["restore", &scene.place.path("backups").display().to_string()]);
    let said = format!("the room {lost}: lost as a whole, of which the platform's log tells");
    assert!(ran.expect(0).contains(&said), "{ran:?}");
    other.run(&["fsck"]).expect(0);
}

async fn logs_keep_their_names_where_nothing_was_lost(place: Installation) {
    let scene = Scene::set(place).await;
    scene.upload(&pdf("kept")).await;
    scene.server.ask_to_stop().await;
    let directory = scene.directory();
    let Scene { place, server, room, .. } = scene;
    assert!(server.ended().await.success());
    let ran = place.run(&["backup", "--json", &directory]);
    assert_eq!(serde_json::from_str::<Value>(ran.expect(0)).unwrap()["keys"], 0);

    let other = elsewhere(&place).await;
    let said = other.run(&["restore", "--nothing-lost", &directory]).refused();
    assert!(said.starts_with("the backup has no keys") && said.contains("STS_LOG_KEY"), "{said}");
    assert!(!other.path("data").exists(), "nothing is made before it is known that all is at hand");
    let key = fs::read_to_string(place.path("data/keys/log.key")).unwrap();
    let mut command = other.command(&["restore", "--json", "--nothing-lost", &directory]);
    let ran = Ran::of(command.env("STS_LOG_KEY", key.trim()), "");
    let told: Value = serde_json::from_str(ran.expect(0)).unwrap();
    let log = told["logs"].as_array().unwrap().iter().find(|log| log["log"] == *room).unwrap();
    assert!(log["origin"].as_str().unwrap().ends_with(&room), "{log}");
    assert!(Path::new(&directory).join("README.txt").is_file());
}
