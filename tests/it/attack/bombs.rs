//! Files and texts that are small to send and expensive to read or draw.

use std::process::{Command, Stdio};

use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use sts_clearance::evidence::LogKey;
use tools::needs;

use crate::{
    harness::{Form, Installation, Server, new_room, pdf},
    verify::bombs::bombs,
};

/// The address space that the server and each of its children may have, in bytes.
const ADDRESS_SPACE: u64 = 1024 * 1024 * 1024;
/// The most memory that the server may take above what it has when idle, in bytes.
const ABOVE_IDLE: u64 = 300 * 1024 * 1024;

/// Starts the server within [`ADDRESS_SPACE`].
pub(super) fn serve_within_limits(place: &Installation) -> Server {
    let mut command = Command::new("prlimit");
    command.args([&*format!("--as={ADDRESS_SPACE}"), env!("CARGO_BIN_EXE_sts-clearance"), "serve"]);
    command.args(["--listen", "127.0.0.1:0"]).current_dir(place.path("")).env_clear();
    Server::start(place, command.stdin(Stdio::null()).stdout(Stdio::piped()))
}

/// Rejects a document 440 times with a reason of 4,000 four-byte characters, and inserts as many rejections of 10,000
/// characters, which versions before 0.4 accepted. Returns the room's id and its broker's token.
pub(super) async fn rejected_often(place: &Installation, server: &Server) -> (String, String) {
    let broker = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &broker, &new_room(&[])).await;
    let room = room["id"].as_str().unwrap().to_owned();
    let owner = json!({ "role": "owner", "name": "Owner", "email": "owner@example.com" });
    server.api.post(&format!("/rooms/{room}/parties"), &broker, &owner).await;
    let owner = server.api.sign_in("owner@example.com").await;
    let documents = server.api.all(&format!("/rooms/{room}/documents"), &broker).await;
    let document = format!("/rooms/{room}/documents/{}", documents[0]["id"].as_str().unwrap());
    let mut form = Form::new();
    form.file("file", "paper.pdf", &pdf("a paper"));
    let uploaded = server.api.request(Method::POST, &format!("{document}/versions"), &broker);
    let uploaded = uploaded.header("content-type", Form::MEDIA_TYPE).body(form.finish());
    let uploaded: Value = uploaded.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
    let version = uploaded["version"]["id"].as_str().unwrap();
    let reason = json!({ "reason": "\u{1F6A2}".repeat(4_000) });
    for _ in 0..440 {
        server.api.post(&format!("{document}/reject"), &owner, &reason).await;
    }
    let database = Connection::open(place.database_file()).unwrap();
    database
        .execute(
            "WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 439)
             INSERT INTO decisions (id, version_id, seq, party, role, verdict, comment, decided_at)
             SELECT lower(hex(randomblob(4))) || '-0000-7000-8000-' || lower(hex(randomblob(6))), ?1, 1000 + n,
                    'owner@example.com', 'owner', 'rejected', ?2, '2026-11-01T08:00:00.000000Z' FROM n",
            (version, "\u{1F6A2}".repeat(10_000)),
        )
        .unwrap();
    (room, broker)
}

#[needs(prlimit)]
#[tokio::test]
async fn no_file_that_a_stranger_brings_takes_much_of_the_server() {
    let place = Installation::new(None);
    let server = serve_within_limits(&place);
    let idle = server.memory("VmRSS");
    let key = LogKey::new("stranger", [7; 32]).unwrap();
    for (name, bytes, words) in bombs() {
        let mut form = Form::new();
        form.file("file", name, &bytes);
        form.text("key", key.public());
        let request = server.api.request(Method::POST, "/verify", "").header("content-type", Form::MEDIA_TYPE);
        let answer = request.body(form.finish()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
        let said = answer.text().await.unwrap();
        assert!(said.contains(r#""verified":false"#) && said.contains(words), "{name}: {said}");
    }
    let peak = server.memory("VmHWM");
    assert!(peak < idle + ABOVE_IDLE, "{peak} bytes at the most, {idle} at the beginning");
}

#[needs(prlimit)]
#[tokio::test]
async fn no_words_of_a_party_end_the_server_or_keep_it_from_drawing_them() {
    let place = Installation::new(None);
    place.add_user("broker@example.com", "broker");
    place.add_user("owner@example.com", "owner");
    let server = serve_within_limits(&place);
    let idle = server.memory("VmRSS");
    let (room, broker) = rejected_often(&place, &server).await;
    for kind in ["pdf", "json", "csv"] {
        let asked = json!({ "snapshot_type": kind });
        let snapshot = server.api.post(&format!("/rooms/{room}/snapshots"), &broker, &asked).await;
        let snapshot = server.api.completed(&room, snapshot["id"].as_str().unwrap(), &broker).await;
        assert!(snapshot["file_size"].as_u64().unwrap() > 0, "{snapshot}");
    }
    let peak = server.memory("VmHWM");
    assert!(peak < idle + ABOVE_IDLE, "{peak} bytes at the most, {idle} at the beginning");
}
