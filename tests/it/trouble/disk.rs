//! A disk that is full: of the files, or of everything. Both are told with the words for it, and pass with it.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::harness::{Form, Installation, Server, new_room, on_both_databases, pdf, until};

on_both_databases! {
    Installation:
    an_upload_for_which_there_is_no_room_is_told_so,
}

/// A server whose directory `data` or a part of it is a small disk of its own, which only its processes see.
struct OnSmallDisk {
    server: Server,
    filler: PathBuf,
}

impl OnSmallDisk {
    /// Makes a disk of so many MiB of a directory, with what is in it, and starts the server on that. `None` if the kernel
    /// lets nobody do so here.
    fn start(place: &Installation, directory: &str, mib: u32) -> Option<Self> {
        let may = Command::new("unshare").args(["-m", "true"]).stderr(Stdio::null()).status();
        if !may.is_ok_and(|done| done.success()) {
            let _ = writeln!(io::stderr(), "skipped: the kernel lets nobody make a disk here");
            return None;
        }
        let program = env!("CARGO_BIN_EXE_sts-clearance");
        let script = format!(
            "mkdir -p {directory} && cp -a {directory} copy && mount -t tmpfs -o size={mib}m,mode=700 none {directory} \
             && cp -a copy/. {directory} && exec {program} serve --listen 127.0.0.1:0"
        );
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script]).current_dir(place.path("")).env_clear();
        command.envs(place.postgres_url().map(|url| ("STS_DATABASE_URL", url)));
        let server = Server::start(place, command.stdin(Stdio::null()).stdout(Stdio::piped()));
        // By way of the process, since nobody else sees the disk.
        let seen = place.path(directory).display().to_string();
        let filler = PathBuf::from(format!("/proc/{}/root{seen}/filler", server.id()));
        Some(Self { server, filler })
    }

    /// Fills the disk to its last byte.
    fn fill(&self) {
        let mut filler = fs::File::create(&self.filler).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
    }

    async fn ready(&self) -> (u16, Value) {
        let reply = reqwest::get(format!("http://{}/readyz", self.server.api.address())).await.unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    }

    /// Opens a room. Returns its path, and the token of its broker.
    async fn room(&self) -> (String, String) {
        let broker = self.server.api.sign_in("broker@example.com").await;
        let room = self.server.api.post("/rooms", &broker, &new_room(&[])).await;
        (format!("/rooms/{}", room["id"].as_str().unwrap()), broker)
    }

    /// Uploads a PDF of at least so many bytes.
    async fn upload(&self, room: &str, token: &str, bytes: usize) -> Response {
        let api = &self.server.api;
        let documents = api.get(&format!("{room}/documents"), token).await;
        let path = format!("{room}/documents/{}/versions", documents[0]["id"].as_str().unwrap());
        let mut form = Form::new();
        form.file("file", "paper.pdf", &[pdf("a paper"), vec![b'\n'; bytes]].concat());
        let request = api.request(Method::POST, &path, token).header("content-type", Form::MEDIA_TYPE);
        request.body(form.finish()).send().await.unwrap()
    }
}

/// Fails unless a request was refused because there is no room.
async fn is_full(reply: Response, of: &str) {
    assert_eq!(reply.status(), 503);
    assert_eq!(reply.headers()["retry-after"], "1");
    let problem: Value = reply.json().await.unwrap();
    assert!(problem["type"].as_str().unwrap().ends_with(":disk_full"), "{problem}");
    let words =
        format!("The disk that the server keeps its {of} on is full; nothing was changed; tell who runs the server.");
    assert_eq!(problem["detail"], words);
}

async fn an_upload_for_which_there_is_no_room_is_told_so(place: Installation) {
    place.add_user("broker@example.com", "broker");
    let Some(site) = OnSmallDisk::start(&place, "data/files", 2) else { return };
    let (room, broker) = site.room().await;
    assert_eq!(site.ready().await.0, 200);
    // More than there is room for, which its length tells before it is read.
    is_full(site.upload(&room, &broker, 8 * 1024 * 1024).await, "files").await;
    site.fill();
    // Less than the system reserves, so that only the disk itself can tell.
    is_full(site.upload(&room, &broker, 10).await, "files").await;
    let said = json!({ "clock": "ok", "database": "ok", "files": "full", "heads": "ok", "key": "ok" });
    assert_eq!(site.ready().await, (503, said));
    let renamed = site.server.api.request(Method::PATCH, &room, &broker).json(&json!({ "title": "Another" }));
    assert_eq!(renamed.send().await.unwrap().status(), 200, "what needs no room there goes on");
    fs::remove_file(&site.filler).unwrap();
    assert_eq!(site.ready().await.0, 200);
    assert_eq!(site.upload(&room, &broker, 10).await.status(), 201);
}

#[tokio::test]
async fn a_change_for_which_there_is_no_room_is_told_so_and_the_next_goes_on() {
    let place = Installation::on_sqlite().await;
    place.add_user("broker@example.com", "broker");
    let Some(site) = OnSmallDisk::start(&place, "data", 16) else { return };
    let (room, broker) = site.room().await;
    assert_eq!(site.ready().await.0, 200);
    site.fill();
    // What the write-ahead log has room for is still taken.
    let description = "x".repeat(8_000);
    let mut refused = None;
    for number in 0..2_000 {
        let asked = json!({ "title": format!("Title {number}"), "description": description });
        let reply = site.server.api.request(Method::PATCH, &room, &broker).json(&asked).send().await.unwrap();
        if reply.status() != 200 {
            refused = Some(reply);
            break;
        }
    }
    is_full(refused.expect("the disk is full"), "database").await;
    let said = json!({ "clock": "ok", "database": "full", "files": "full", "heads": "ok", "key": "ok" });
    assert_eq!(site.ready().await, (503, said));
    assert!(
        site.server.api.get(&room, &broker).await["title"].as_str().unwrap().starts_with("STS"),
        "no part of it stays"
    );
    fs::remove_file(&site.filler).unwrap();
    // Repeated as `Retry-After` asks for: what the server itself writes may be the first that meets the room.
    let renamed = async || {
        let asked = site.server.api.request(Method::PATCH, &room, &broker).json(&json!({ "title": "Another" }));
        let reply = asked.send().await.unwrap();
        if reply.status() == 200 {
            return Some(());
        }
        assert!(
            reply.status() == 503 && reply.headers().contains_key("retry-after"),
            "{}",
            reply.text().await.unwrap()
        );
        None
    };
    until("a change after there is room again", renamed).await;
    assert_eq!(site.ready().await.0, 200);
}

/// Returns how many threads of a process wait in the kernel for the other end of a pipe.
fn waiting_for_a_pipe(process: u32) -> usize {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
    let waits = |thread: &fs::DirEntry| fs::read_to_string(thread.path().join("wchan"));
    threads.filter(|thread| waits(thread).is_ok_and(|what| what == "wait_for_partner")).count()
}

/// A disk that hangs is a file that nobody can open: a pipe whose other end is not there.
#[tokio::test]
async fn who_asks_whether_the_server_is_ready_is_answered_while_a_disk_hangs() {
    let place = Installation::on_sqlite().await;
    let server = place.serve();
    let ready = async || {
        let asked = reqwest::get(format!("http://{}/readyz", server.api.address()));
        // It takes two seconds; how much longer depends on the machine.
        let reply = timeout(Duration::from_secs(20), asked).await.expect("nobody waits for a disk").unwrap();
        (reply.status().as_u16(), reply.json::<Value>().await.unwrap())
    };
    assert_eq!(ready().await.0, 200);
    let hanging = place.path("data/files/.room");
    assert!(Command::new("mkfifo").arg(&hanging).status().unwrap().success());
    let said = json!({ "clock": "ok", "database": "ok", "files": "failing", "heads": "ok", "key": "ok" });
    assert_eq!(ready().await, (503, said.clone()));
    for _ in 0..3 {
        assert_eq!(ready().await, (503, said.clone()));
    }
    assert_eq!(waiting_for_a_pipe(server.id()), 1, "who asks again does not ask the disk once more");
    // It answers again.
    fs::read(&hanging).unwrap();
    until("the server is ready", async || (ready().await.0 == 200).then_some(())).await;
}
