//! `serve`: how it starts, what `--demo` shows, and how it stops.

use std::{
    env, fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use sts_clearance::{
    http::{self, Limits},
    web,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tools::needs;

use crate::harness::{Installation, Ran, Server, TestApp, new_room, on_both_databases, until};

/// A file size in bytes that exceeds all buffers between a server and a client that does not read.
const LARGE: u32 = 64 * 1024 * 1024;

on_both_databases! {
    Installation:
    a_stop_answers_those_who_wait_for_a_file_and_the_next_start_renders_it,
}

async fn a_stop_answers_those_who_wait_for_a_file_and_the_next_start_renders_it(place: Installation) {
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let (server, room, token) = room(&place, command.env("STS_RENDER_WORKERS", "1")).await;
    let path = format!("/rooms/{room}/snapshots");
    for _ in 0..20 {
        server.api.post(&path, &token, &json!({})).await;
    }
    let request = server.api.request(Method::POST, &path, &token).header("prefer", "wait=30");
    let waiting = tokio::spawn(request.json(&json!({ "title": "The last one" })).send());
    until("the last snapshot is taken", async || {
        let newest = server.api.get(&format!("{path}?limit=1"), &token).await;
        (newest[0]["title"] == "The last one").then_some(())
    })
    .await;
    server.ask_to_stop().await;
    let answer = waiting.await.unwrap().unwrap();
    assert_eq!(answer.status(), 201);
    let snapshot: Value = answer.json().await.unwrap();
    assert_eq!(snapshot["status"], "generating", "nobody renders in a server that stops");
    assert!(server.ended().await.success());

    let server = place.serve();
    for taken in server.api.all(&path, &token).await {
        server.api.completed(&room, taken["id"].as_str().unwrap(), &token).await;
    }
}

#[tokio::test]
async fn a_stop_lets_a_download_in_progress_come_to_its_end() {
    let place = Installation::on_sqlite().await;
    let (server, room, token) = room(&place, &mut place.command(&["serve", "--listen", "127.0.0.1:0"])).await;
    let path = format!("/rooms/{room}/snapshots");
    let snapshot = server.api.post(&path, &token, &json!({ "snapshot_type": "csv" })).await;
    let id = snapshot["id"].as_str().unwrap();
    server.api.completed(&room, id, &token).await;
    // Replace the file with one that no buffer holds, so that the download is still under way when the server is asked
    // to stop.
    fs::write(place.path("data/files").join(format!("rooms/{room}/snapshots/{id}.zip")), vec![7; LARGE as usize])
        .unwrap();
    let database = Connection::open(place.database_file()).unwrap();
    assert_eq!(database.execute("UPDATE snapshots SET file_size = ?1 WHERE id = ?2", (LARGE, id)).unwrap(), 1);

    let request = server.api.request(Method::GET, &format!("{path}/{id}/download"), &token);
    let mut download = request.send().await.unwrap();
    server.ask_to_stop().await;
    let mut received = 0;
    while let Some(part) = download.chunk().await.unwrap() {
        received += part.len();
    }
    assert_eq!(received, LARGE as usize);
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn a_stop_hears_a_request_in_progress_to_its_end() {
    let place = Installation::on_sqlite().await;
    let (server, room, token) = room(&place, &mut place.command(&["serve", "--listen", "127.0.0.1:0"])).await;
    let mut connection = TcpStream::connect(server.api.address()).await.unwrap();
    let head = format!(
        "POST /api/v1/rooms/{room}/snapshots HTTP/1.1\r\nHost: sts\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    // `100 Continue` shows that the request is in progress: the server waits for its body.
    let mut ready = [0; 25];
    connection.read_exact(&mut ready).await.unwrap();
    assert_eq!(ready, *b"HTTP/1.1 100 Continue\r\n\r\n");
    server.ask_to_stop().await;
    connection.write_all(b"{}").await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert!(server.ended().await.success());
}

/// Starts a server in this process with limits short enough for a test, and returns its address.
async fn limited(limits: Limits) -> SocketAddr {
    let app = TestApp::on_sqlite().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(http::serve(listener, web::router(app.app.clone()), limits, app.app.stopping.clone()));
    address
}

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: sts\r\n\r\n";

#[tokio::test]
async fn a_stop_waits_for_no_connection_without_a_request() {
    let place = Installation::on_sqlite().await;
    let server = place.serve();
    let unused = TcpStream::connect(server.api.address()).await.unwrap();
    let mut idle = TcpStream::connect(server.api.address()).await.unwrap();
    idle.write_all(HEALTH).await.unwrap();
    idle.read_exact(&mut [0; 15]).await.unwrap();
    server.ask_to_stop().await;
    assert!(timeout(Duration::from_secs(10), server.ended()).await.unwrap().success());
    drop((unused, idle));
}

#[tokio::test]
async fn a_connection_that_does_not_finish_a_requests_head_is_closed() {
    let address = limited(Limits { head: Duration::from_millis(200), ..Limits::default() }).await;
    for begun in [&b""[..], b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: sts\r\nX-Drip: ", HEALTH] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(begun).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.starts_with("HTTP/1.1 200 OK\r\n"), begun == HEALTH, "{answer}");
    }
}

#[tokio::test]
async fn an_upload_whose_connection_is_cut_leaves_nothing_in_the_store() {
    let place = Installation::on_sqlite().await;
    let (server, room, token) = room(&place, &mut place.command(&["serve", "--listen", "127.0.0.1:0"])).await;
    let files = || walk(&place.path("data/files"));
    let before = files();
    let head = format!(
        "POST /api/v1/rooms/{room}/documents/upload HTTP/1.1\r\nHost: sts\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 4000000\r\n\r\n\
         --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\n"
    );
    let mut connection = TcpStream::connect(server.api.address()).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&vec![b'x'; 2_000_000]).await.unwrap();
    until("half of the file is in the store", async || (files() != before).then_some(())).await;
    drop(connection);
    until("nothing of it is left", async || (files() == before).then_some(())).await;
}

/// Returns every file below a directory, sorted.
fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect();
    found.sort();
    found
}

#[tokio::test]
async fn whatever_the_server_writes_is_for_its_owner_alone() {
    let place = Installation::on_sqlite().await;
    let mut command = Command::new("sh");
    // Without a umask, only the program itself can keep others from reading its files.
    let serve = format!("umask 0; exec {} serve --listen 127.0.0.1:0", env!("CARGO_BIN_EXE_sts-clearance"));
    command.args(["-c", &serve]).current_dir(place.path("")).env_clear().stdout(Stdio::piped());
    let (server, room, token) = room(&place, &mut command).await;
    let snapshot = server.api.post(&format!("/rooms/{room}/snapshots"), &token, &json!({})).await;
    server.api.completed(&room, snapshot["id"].as_str().unwrap(), &token).await;
    let written = walk(&place.path("data"));
    assert!(written.iter().any(|file| file.extension().is_some_and(|kind| kind == "pdf")), "{written:?}");
    for file in written {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", file.display());
    }
}

#[needs(curl)]
#[tokio::test]
async fn the_demo_prints_accounts_and_commands_that_work() {
    let place = Installation::on_sqlite().await;
    for _ in ["an empty directory", "the demo's own"] {
        let mut server = Server::start(&place, &mut place.command(&["serve", "--demo", "--listen", "127.0.0.1:0"]));
        let said = server.said_until("/documents/upload");
        for role in ["owner", "broker", "charterer", "seller", "buyer", "admin"] {
            assert!(said.lines().any(|line| line.contains("@demo.example") && line.ends_with(role)), "{role}: {said}");
        }
        let login = server.api.login("broker@demo.example", "demo-clearance").await;
        let session: Value = login.json().await.unwrap();
        let token = session["token"].as_str().unwrap();
        let rooms = server.api.all("/rooms", token).await;
        assert_eq!(rooms.len(), 2, "one under way, and one that is over");
        let path = format!("/rooms/{}/snapshots", rooms[0]["id"].as_str().unwrap());
        let snapshots = server.api.all(&path, token).await;
        let kinds: Vec<_> = snapshots.iter().rev().take(3).map(|taken| &taken["snapshot_type"]).collect();
        assert_eq!(kinds, ["json", "csv", "pdf"]);
        assert!(snapshots.iter().all(|taken| taken["status"] == "completed"), "{snapshots:?}");
        run_printed_commands(&place, &said);
    }
}

/// Runs the commands that the demo prints, and finds the PDF.
fn run_printed_commands(place: &Installation, said: &str) {
    let commands = &said[said.find("token=$(").unwrap()..];
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", commands]).current_dir(place.path("")).stdout(Stdio::piped()).stderr(Stdio::piped());
    // The environment is cleared, since `curl` would ask a proxy that it names for the server on this machine.
    shell.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path)));
    let listed = Ran::of(&mut shell, "");
    let said = listed.expect(0);
    for expected in ["\"next_phase\":\"planning\"", " snapshot.pdf\n", "\nverified\n", "Uploaded as version "] {
        assert!(said.contains(expected), "{expected} is not in {said}");
    }
    assert!(fs::read(place.path("snapshot.pdf")).unwrap().starts_with(b"%PDF-"));
    fs::remove_file(place.path("snapshot.pdf")).unwrap();
}

#[test]
fn half_a_demo_is_told_from_a_whole_one() {
    let place = Installation::new(None);
    place.add_user("broker@demo.example", "broker");
    assert_eq!(
        place.serve_refused(&["--demo"]),
        "the demo was stopped while it was being made; delete the data directory and start again"
    );
}

#[test]
fn the_demo_is_not_for_strangers() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let place = Installation::new(None);
        let ran = place.run(&["serve", "--demo", "--listen", address]);
        assert_eq!(ran.refused(), "the demo's passwords are public: it listens on a loopback address only");
        let users = place.run(&["user", "list"]).refused();
        assert!(users.starts_with("the database is empty"), "{users}");
    }
}

#[test]
fn the_demos_accounts_are_served_by_a_demo_only_until_they_are_disabled() {
    let place = Installation::new(None);
    place.add_user("broker@demo.example", "broker");
    assert!(
        place.serve_refused(&[]).starts_with("the database holds the demo's accounts, such as broker@demo.example")
    );
    place.run(&["user", "disable", "--email", "broker@demo.example"]).expect(0);
    drop(place.serve());
}

#[test]
fn the_demo_leaves_a_database_with_users_alone() {
    let place = Installation::new(None);
    place.add_user("ops@example.com", "admin");
    assert_eq!(
        place.serve_refused(&["--demo"]),
        "the database has users already; the demo fills only an empty one (--data-dir)"
    );
    assert_eq!(place.run(&["user", "list"]).expect(0).lines().count(), 1);
}

#[test]
fn an_address_that_cannot_be_listened_on_is_refused() {
    let place = Installation::new(None);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let other = std::net::TcpListener::bind(taken).unwrap();
    let said = place.run(&["serve", "--listen", &taken.to_string()]).refused();
    assert!(said.starts_with(&format!("{taken} cannot be listened on: ")), "{said}");
    for address in ["nowhere", "127.0.0.1:99999", ":8080"] {
        let said = place.run(&["serve", "--listen", address]).refused();
        let words = "--listen: `listen` must be an address with a port, such as `127.0.0.1:8080`, not";
        assert_eq!(said, format!("{words} `{address}`"));
    }
    drop(other);
}

#[tokio::test]
async fn the_log_tells_requests_without_secrets_as_text_or_json() {
    for format in ["text", "json"] {
        let place = Installation::on_sqlite().await;
        let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
        // A mail server that nobody reaches.
        command.env("STS_MAIL_URL", "smtp://user:a-mail-secret@127.0.0.1:9").env("STS_MAIL_FROM", "sts@example.com");
        command.env("STS_PUBLIC_URL", "https://sts.example.com").env("STS_LOG_FORMAT", format);
        let (server, room, token) = room(&place, &mut command).await;
        let party = json!({ "role": "seller", "name": "Sam", "email": "sam@example.com" });
        let party = server.api.post(&format!("/rooms/{room}/parties"), &token, &party).await;
        let invitation = format!("/rooms/{room}/parties/{}/invitation", party["id"].as_str().unwrap());
        let handed = server.api.post(&invitation, &token, &json!({ "by": "hand" })).await;
        let link = handed["path"].as_str().unwrap();
        let shown = reqwest::get(format!("http://{}{link}", server.api.address())).await.unwrap();
        assert_eq!(shown.status(), 200);
        server.ask_to_stop().await;
        let log = server.log();
        assert!(log.lines().any(|line| line.contains("/api/v1/rooms") && line.contains("201")), "{log}");
        assert!(log.lines().any(|line| line.contains("/link") && line.contains("200")), "{log}");
        let secrets =
            [&token, crate::harness::PASSWORD, link.split('=').nth(1).unwrap(), "a-mail-secret", "sam@example.com"];
        assert!(secrets.iter().all(|secret| !log.contains(secret)), "{log}");
        for line in log.lines().filter(|_| format == "json") {
            let told: Value = serde_json::from_str(line).unwrap();
            assert!(told["level"].is_string() && told["timestamp"].is_string(), "{line}");
        }
    }
}

/// Starts a server with this command and opens a room. Returns the server, the room's id and the broker's token.
async fn room(place: &Installation, command: &mut Command) -> (Server, String, String) {
    place.add_user("broker@example.com", "broker");
    let server = Server::start(place, command);
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &new_room(&[])).await;
    (server, room["id"].as_str().unwrap().to_owned(), token)
}
