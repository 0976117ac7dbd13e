//! Peak memory of the server while several clients at once each upload and download a large file.
//!
//! `cargo bench --bench transfer` starts the real program in a directory of its own, prints the peak,
//! and fails where it is above what was promised. Linux only: it reads `/proc`.

use std::{
    fs,
    io::{BufRead, BufReader, Write, stdout},
    process::{Child, Command, Stdio},
    time::Instant,
};

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Clients at once.
const CLIENTS: usize = 8;
/// Bytes of each one's file.
const FILE: usize = 45 * 1024 * 1024;
/// What the server may have taken at its peak, in KiB.
const PROMISED_KIB: u64 = 200 * 1024;
const PASSWORD: &str = "correct horse battery";
/// Types of documents that the operation has one of; each client has one.
const DOCUMENTS: [&str; CLIENTS] =
    ["COMPAT", "RISK_ASSESS", "JPO", "POAC_QUAL", "FENDER_CERT", "HOSE_CERT", "CARGO_SDS", "CARGO_CERTS"];

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let peak = runtime.block_on(measure());
    let verdict = if peak <= PROMISED_KIB { "as promised" } else { "MORE THAN PROMISED" };
    say(&format!("peak memory {} MiB of {} MiB: {verdict}", peak / 1024, PROMISED_KIB / 1024));
    assert!(peak <= PROMISED_KIB, "the server took more memory than was promised");
}

fn say(line: &str) {
    writeln!(stdout(), "{line}").expect("standard output is open");
}

/// The server, stopped when it goes.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(dir: &TempDir) -> Self {
        let mut child =
            program(dir, &["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it speaks");
        let address =
            line.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).expect("it tells its address");
        Self { child, url: format!("http://{address}/api/v1") }
    }

    /// Peak resident memory so far, in KiB.
    fn peak_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells it");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(dir: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sts-clearance"));
    command.args(arguments).current_dir(dir.path()).env_clear().env("STS_LOG_FILTER", "error");
    command
}

async fn measure() -> u64 {
    let dir = TempDir::new().expect("a directory");
    let account = [
        "user",
        "add",
        "--email",
        "a@example.com",
        "--name",
        "A",
        "--role",
        "broker",
        "--password-stdin",
        "--keep-password",
    ];
    let mut adding = program(&dir, &account).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    adding.stdin.take().expect("it is piped").write_all(PASSWORD.as_bytes()).expect("it reads");
    assert!(adding.wait().expect("it ends").success());

    let server = Server::start(&dir);
    let client = Client::new();
    let login = json!({ "email": "a@example.com", "password": PASSWORD });
    let session = answer(client.post(format!("{}/auth/login", server.url)).json(&login).send().await).await;
    let token = session["token"].as_str().expect("a token").to_owned();
    let room = json!({
        "title": "Bench", "location": "x", "sts_eta": "2100-01-01T00:00:00Z", "cargo_profile": "oil",
    });
    let room = client.post(format!("{}/rooms", server.url)).bearer_auth(&token).json(&room).send().await;
    let room = format!("{}/rooms/{}", server.url, answer(room).await["id"].as_str().expect("an id"));
    let idle = server.peak_kib();

    let started = Instant::now();
    let transfers = DOCUMENTS.iter().map(|kind| transfer(client.clone(), room.clone(), token.clone(), kind));
    for transfer in transfers.map(tokio::spawn).collect::<Vec<_>>() {
        transfer.await.expect("a transfer succeeds");
    }
    say(&format!(
        "{CLIENTS} clients at once, {} MiB up and down each: {:.1} s; peak before, idle: {} MiB",
        FILE / 1024 / 1024,
        started.elapsed().as_secs_f64(),
        idle / 1024,
    ));
    server.peak_kib()
}

/// Uploads a file, and downloads it again; the bytes have to be the same.
async fn transfer(client: Client, room: String, token: String, kind: &'static str) {
    let mut file = b"%PDF-1.7\n".to_vec();
    file.extend(kind.bytes().cycle().take(FILE - file.len()));
    let mut form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"document_type\"\r\n\r\n{kind}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"large.pdf\"\r\n\r\n"
    )
    .into_bytes();
    form.extend_from_slice(&file);
    form.extend_from_slice(b"\r\n--x--\r\n");
    let upload = client.post(format!("{room}/documents/upload")).bearer_auth(&token);
    let upload = upload.header("content-type", "multipart/form-data; boundary=x").body(form).send().await;
    let uploaded = answer(upload).await;
    let document = uploaded["document"]["id"].as_str().expect("an id");
    let mut download = client
        .get(format!("{room}/documents/{document}/download"))
        .bearer_auth(&token)
        .send()
        .await
        .expect("an answer");
    assert!(download.status().is_success(), "{}", download.status());
    let mut at = 0;
    while let Some(bytes) = download.chunk().await.expect("bytes") {
        assert!(file[at..].starts_with(&bytes), "the file comes back as it was");
        at += bytes.len();
    }
    assert_eq!(at, file.len());
}

async fn answer(sent: reqwest::Result<Response>) -> Value {
    let response = sent.expect("an answer");
    let status = response.status();
    let body = response.text().await.expect("a body");
    assert!(status.is_success(), "{status}: {body}");
    serde_json::from_str(&body).expect("JSON")
}
