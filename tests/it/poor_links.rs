//! A large file over a link that breaks, to a server that is killed: it arrives whole, and little of it is sent twice.

use std::collections::HashMap;

use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{Installation, Server, new_room, on_both_databases, pdf};

on_both_databases! {
    Installation:
    a_large_upload_with_ten_breaks_and_a_restart_arrives_whole_in_little_more_than_its_bytes,
    a_part_that_is_of_no_use_is_not_read_to_its_end,
}

/// The size of the file.
const SIZE: usize = 45 * 1024 * 1024;
/// How many bytes a part has: what a break can cost, however it falls out. Ten of them are less than a tenth of the file.
const PART: usize = 384 * 1024;

/// A client that counts every byte that it sends, heads too.
struct Client {
    token: String,
    sent: usize,
}

/// An answer, by its status and its headers.
type Answer = (u16, HashMap<String, String>);

impl Client {
    /// Sends a request of whose body only the first `until` bytes come before the line breaks, if it breaks. Returns the
    /// answer, unless it does.
    async fn send(&mut self, server: &Server, head: &str, (body, until): (&[u8], Option<usize>)) -> Option<Answer> {
        let address = server.api.address();
        let mut line = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "{head}\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        let bytes = [head.as_bytes(), &body[..until.unwrap_or(body.len())]].concat();
        line.write_all(&bytes).await.unwrap();
        self.sent += bytes.len();
        if until.is_some() {
            return None;
        }
        let mut answer = Vec::new();
        line.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let mut lines = answer.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
        let headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(": "));
        Some((status, headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect()))
    }

    /// Asks how many bytes are there.
    async fn offset(&mut self, server: &Server, upload: &str) -> usize {
        let (status, headers) = self.send(server, &format!("HEAD {upload} HTTP/1.1"), (b"", None)).await.unwrap();
        assert_eq!(status, 200);
        headers["upload-offset"].parse().unwrap()
    }

    /// Sends the next part, or as much of it as goes before the line breaks. Returns the offset that it is answered with.
    async fn part(
        &mut self,
        server: &Server,
        upload: &str,
        (offset, part): (usize, &[u8]),
        breaks: bool,
    ) -> Option<usize> {
        let head = format!(
            "PATCH {upload} HTTP/1.1\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}"
        );
        let until = breaks.then_some(part.len() / 2);
        let (status, headers) = self.send(server, &head, (part, until)).await?;
        // A part whose line broke may come through after it was asked how many bytes there are.
        assert!([204, 409].contains(&status), "{status} {headers:?}");
        Some(headers["upload-offset"].parse().unwrap())
    }
}

/// Begins an upload of [`SIZE`] bytes, and returns its path with that of its document.
async fn begin(client: &mut Client, server: &Server) -> (String, String) {
    let token = client.token.clone();
    let room = server.api.post("/rooms", &token, &new_room(&[])).await["id"].as_str().unwrap().to_owned();
    let documents = server.api.all(&format!("/rooms/{room}/documents"), &token).await;
    let study = documents.iter().find(|document| document["document_type"] == "COMPAT").unwrap()["id"].clone();
    let document = format!("/rooms/{room}/documents/{}", study.as_str().unwrap());
    let head = format!(
        "POST /api/v1{document}/uploads HTTP/1.1\r\nUpload-Length: {SIZE}\r\nUpload-Metadata: filename c3R1ZHkucGRm"
    );
    let (status, headers) = client.send(server, &head, (b"", None)).await.unwrap();
    assert_eq!(status, 201);
    (headers["location"].clone(), document)
}

/// Where a connection breaks, Chromium sends the part once more, with the offset of before, and reads no answer until all of
/// it is sent: on a poor line, a part's time would be lost with each break.
async fn a_part_that_is_of_no_use_is_not_read_to_its_end(place: Installation) {
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let mut client = Client { token: server.api.sign_in("broker@example.com").await, sent: 0 };
    let (upload, _) = begin(&mut client, &server).await;
    let address = server.api.address();
    let mut line = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PATCH {upload} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\
         Content-Type: application/offset+octet-stream\r\nUpload-Offset: 4096\r\n\r\n",
        client.token,
        SIZE - 4096
    );
    line.write_all(head.as_bytes()).await.unwrap();
    let mut sent = 0;
    // In small pieces, so that it takes a while.
    while sent < SIZE - 4096 && line.write_all(&[32; 256]).await.is_ok() {
        sent += 256;
    }
    assert!(sent < SIZE / 2, "{sent} bytes were taken for nothing");
}

async fn a_large_upload_with_ten_breaks_and_a_restart_arrives_whole_in_little_more_than_its_bytes(place: Installation) {
    place.add_user("broker@example.com", "broker");
    let mut server = place.serve();
    let token = server.api.sign_in("broker@example.com").await;
    let mut file = pdf("a study");
    // No two parts of it are the same, so that one in another's place would show.
    file.extend((0..).flat_map(|i: u32| i.wrapping_mul(2_654_435_761).to_be_bytes()).take(SIZE - file.len()));

    let mut client = Client { token: token.clone(), sent: 0 };
    let (upload, document) = begin(&mut client, &server).await;

    let (mut offset, mut requests, mut breaks, mut restarts) = (0, 0, 0, 0);
    while offset < SIZE {
        let part = &file[offset..SIZE.min(offset + PART)];
        let is_to_break = requests % 2 == 1 && breaks < 10;
        requests += 1;
        if let Some(reached) = client.part(&server, &upload, (offset, part), is_to_break).await {
            offset = reached;
            continue;
        }
        breaks += 1;
        if breaks == 5 {
            server.kill();
            server = place.serve();
            restarts += 1;
        }
        offset = client.offset(&server, &upload).await;
    }
    assert_eq!((breaks, restarts), (10, 1));
    assert!(client.sent * 10 <= SIZE * 11, "{} bytes were sent for {SIZE}", client.sent);

    let version = server.api.get(&document, &token).await["newest"].clone();
    assert_eq!(version["sha256"], json!(hex::encode(Sha256::digest(&file))));
    let stored = server.api.request(Method::GET, &format!("{document}/download"), &token).send().await.unwrap();
    assert!(stored.bytes().await.unwrap() == file, "the stored file is another one");
}
