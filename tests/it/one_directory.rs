//! What the server needs of its machine: its data directory and nothing else to write to, and a few file descriptors.

use std::{
    io::{Cursor, Write},
    process::{Command, Stdio},
};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{Form, Installation, PASSWORD, Ran, Server, new_room, pdf, until};

/// Makes all that is mounted read-only in a namespace of its own, but for the data directory, and runs the program.
const ALONE: &str = r#"
    mount --make-rprivate / && mkdir -p data && mount --bind data data || exit 97
    cut -d' ' -f5 /proc/self/mountinfo | grep -vx "$PWD/data" | while read -r place; do
        mount -o remount,bind,ro "$place" 2>/dev/null
    done
    for place in . /tmp /var/tmp /dev/shm /run "$HOME"; do
        if [ -d "$place" ] && (: >"$place/probe") 2>/dev/null; then echo "$place can be written" >&2; exit 98; fi
    done
    exec "$0" "$@""#;

/// Returns a shell with this script, which is given the program and its arguments.
fn within(place: &Installation, shell: &[&str], script: &str, arguments: &[&str]) -> Command {
    let program = place.command(arguments);
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(["sh", "-c", script]).arg(program.get_program()).args(program.get_args());
    command.current_dir(place.path("")).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/root");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn nothing_is_written_but_in_the_data_directory() {
    let place = Installation::on_sqlite().await;
    let alone = |arguments: &[&str]| within(&place, &["unshare", "--mount"], ALONE, arguments);
    let looked = alone(&["--version"]).output();
    if looked.as_ref().map_or(true, |ran| !ran.status.success()) {
        let _ = writeln!(std::io::stderr(), "skipped: a mount namespace cannot be made here: {looked:?}");
        return;
    }
    let add = ["user", "add", "--email", "broker@example.com", "--name", "B", "--role", "broker", "--password-stdin"];
    Ran::of(&mut alone(&[&add[..], &["--keep-password"]].concat()), PASSWORD).expect(0);

    let server = Server::start(&place, &mut alone(&["serve", "--listen", "127.0.0.1:0"]));
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &new_room(&[])).await;
    let room = room["id"].as_str().unwrap();
    assert_eq!(upload(&server, room, &token).await, 201);
    for (kind, extension) in [("pdf", "pdf"), ("json", "json"), ("csv", "zip")] {
        let path = format!("/rooms/{room}/snapshots");
        let snapshot = server.api.post(&path, &token, &json!({ "snapshot_type": kind })).await;
        let id = snapshot["id"].as_str().unwrap();
        server.api.completed(room, id, &token).await;
        let file = bytes(&server, &format!("{path}/{id}/download"), &token).await;
        let mut form = Form::new();
        form.file("file", &format!("snapshot.{extension}"), &file);
        let verify = server.api.request(Method::POST, "/verify", "").header("content-type", Form::MEDIA_TYPE);
        let verified: Value = verify.body(form.finish()).send().await.unwrap().json().await.unwrap();
        assert_eq!(verified["judgement"], "verified", "{kind}: {verified}");
    }
    let archive = bytes(&server, &format!("/rooms/{room}/archive"), &token).await;
    assert_eq!(zip::ZipArchive::new(Cursor::new(archive)).unwrap().len(), 3);
    assert_eq!(server.api.request(Method::GET, "/../../readyz", "").send().await.unwrap().status(), 200);
    assert!(!server.log().contains("ERROR"), "{}", server.log());
    server.ask_to_stop().await;
    assert!(server.ended().await.success());
    assert_eq!(alone(&["fsck"]).status().unwrap().code(), Some(0));
}

/// Uploads a paper, and returns the status of the answer.
async fn upload(server: &Server, room: &str, token: &str) -> u16 {
    let mut form = Form::new();
    form.file("file", "assessment.pdf", &pdf("risks"));
    form.text("document_type", "RISK_ASSESS");
    let request = server.api.request(Method::POST, &format!("/rooms/{room}/documents/upload"), token);
    request.header("content-type", Form::MEDIA_TYPE).body(form.finish()).send().await.unwrap().status().as_u16()
}

async fn bytes(server: &Server, path: &str, token: &str) -> Vec<u8> {
    let answer = server.api.request(Method::GET, path, token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.bytes().await.unwrap().to_vec()
}

/// Clients that only hold connections open take up what the process may have of descriptors.
#[tokio::test]
async fn out_of_descriptors_what_cannot_be_done_is_503_and_done_later() {
    let place = Installation::on_sqlite().await;
    place.add_user("broker@example.com", "broker");
    let limited = r#"ulimit -n 64; exec "$0" "$@""#;
    let server = Server::start(&place, &mut within(&place, &["env"], limited, &["serve", "--listen", "127.0.0.1:0"]));
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &new_room(&[])).await;
    let room = room["id"].as_str().unwrap();

    let mut held = Vec::new();
    let is_full = || std::fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap().count() >= 64;
    until("no descriptor is left", async || {
        let mut connection = TcpStream::connect(server.api.address()).await.unwrap();
        connection.write_all(b"GET /healthz HTTP/1.1\r\nHost: sts\r\n\r\n").await.unwrap();
        held.push(connection);
        is_full().then_some(())
    })
    .await;
    // These wait for a descriptor that becomes free.
    for _ in 0..40 {
        held.push(TcpStream::connect(server.api.address()).await.unwrap());
    }
    // On the connection that the client has already.
    let (mut snapshots, mut uploads) = (Vec::new(), Vec::new());
    for kind in ["pdf", "json", "csv", "pdf"] {
        let path = format!("/rooms/{room}/snapshots");
        let request = server.api.request(Method::POST, &path, &token).json(&json!({ "snapshot_type": kind }));
        let answer = request.send().await.unwrap();
        assert!([201, 503].contains(&answer.status().as_u16()), "{}", answer.status());
        if answer.status() == 201 {
            snapshots.push(answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned());
        }
        uploads.push(upload(&server, room, &token).await);
    }
    until("an upload finds no descriptor", async || {
        uploads.push(upload(&server, room, &token).await);
        assert!(uploads.iter().all(|status| [200, 201, 503].contains(status)), "{uploads:?}");
        (*uploads.last().unwrap() == 503).then_some(())
    })
    .await;
    assert!(!snapshots.is_empty(), "a snapshot is a row, for which no descriptor is needed");

    drop(held);
    for snapshot in snapshots {
        server.api.completed(room, &snapshot, &token).await;
    }
    assert!([200, 201].contains(&upload(&server, room, &token).await));
    // What was accepted meanwhile is answered too, once its turn has come.
    let mut late = TcpStream::connect(server.api.address()).await.unwrap();
    late.write_all(b"GET /readyz HTTP/1.1\r\nHost: sts\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
