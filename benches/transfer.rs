//! Measures the server's peak memory while several clients at once each upload and download a large file.
//!
//! `cargo bench --bench transfer` starts the real program in a directory of its own, prints the peak,
//! and fails if it is above the promised limit. Linux only: it reads `/proc`.

mod program;

use std::time::Instant;

use reqwest::Client;
use serde_json::json;

use program::{Server, answer, say};

/// The number of clients at the same time.
const CLIENTS: usize = 8;
/// The size of each client's file, in bytes.
const FILE: usize = 45 * 1024 * 1024;
/// The most memory that the server may take at its peak, in KiB.
const PROMISED_KIB: u64 = 200 * 1024;
/// Document types of which the room has one document each; each client uploads to a different one.
const DOCUMENTS: [&str; CLIENTS] =
    ["COMPAT", "RISK_ASSESS", "JPO", "POAC_QUAL", "FENDER_CERT", "HOSE_CERT", "CARGO_SDS", "CARGO_CERTS"];

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let peak = runtime.block_on(measure());
    let verdict = if peak <= PROMISED_KIB { "as promised" } else { "MORE THAN PROMISED" };
    say(&format!("peak memory {} MiB of {} MiB: {verdict}", peak / 1024, PROMISED_KIB / 1024));
    assert!(peak <= PROMISED_KIB, "the server took more memory than was promised");
}

async fn measure() -> u64 {
    let server = Server::start("");
    let client = Client::new();
    let token = server.sign_in(&client).await;
    let room = json!({
        "title": "Bench", "location": "x", "sts_eta": "2100-01-01T00:00:00Z", "cargo_profile": "oil",
    });
    let room = client.post(server.api("/rooms")).bearer_auth(&token).json(&room).send().await;
    let room = server.api(&format!("/rooms/{}", answer(room).await["id"].as_str().expect("an id")));
    let idle = server.memory("VmHWM");

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
    server.memory("VmHWM")
}

/// Uploads a file and downloads it again, and asserts that the bytes are the same.
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
