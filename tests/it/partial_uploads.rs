//! Uploads in parts: they go on where they broke off, belong to who began them, and end as any upload does.

use std::{convert::Infallible, fs, io, path::PathBuf, time::Duration};

use axum::body::Body;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use room::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{IMO, Reply, Request, TestApp, XLSX, new_room, office, on_both_databases, pdf, until};

on_both_databases! {
    TestApp:
    a_file_in_parts_becomes_a_version_as_any_file_does,
    the_bytes_of_the_version_in_force_add_none_in_parts_either,
    what_is_said_of_a_file_is_checked_before_its_first_byte,
    a_part_that_does_not_fit_is_refused_and_told_where_it_goes_on,
    a_part_that_breaks_off_is_kept_as_far_as_it_came,
    after_a_restart_what_was_not_noted_is_cut_off_and_the_rest_goes_on,
    the_last_byte_is_acknowledged_only_with_the_version,
    a_file_is_refused_by_its_first_bytes_and_nothing_of_it_is_kept,
    a_request_takes_an_upload_over_from_the_one_before_it,
    an_upload_belongs_to_the_account_that_began_it,
    a_session_that_ends_meanwhile_adds_no_version,
    an_account_has_so_many_unfinished_uploads_and_no_more,
    an_upload_is_forgotten_a_day_after_its_last_byte,
    bytes_that_another_server_has_are_said_to_be_elsewhere,
    an_upload_is_begun_once_under_its_key,
    another_version_of_the_protocol_is_refused_and_told_which_there_is,
}

on_both_databases! {
    SmallUploads:
    a_file_over_the_limit_is_refused_before_its_first_byte,
}

on_both_databases! {
    SmallQuotas:
    what_is_on_its_way_counts_against_the_quota,
}

/// The size of a file, what is said of it, and the fields that are at fault.
type Case<'a> = (usize, &'a [(&'a str, &'a str)], &'a [&'a str]);

/// Returns a PDF of so many bytes.
fn paper(words: &str, size: usize) -> Vec<u8> {
    let mut bytes = pdf(words);
    bytes.resize(size, b' ');
    bytes
}

/// Returns the header `Upload-Metadata` with these names and values.
fn metadata(said: &[(&str, &str)]) -> String {
    let said = said.iter().map(|(name, value)| format!("{name} {}", BASE64_STANDARD.encode(value)));
    said.collect::<Vec<_>>().join(",")
}

impl TestApp {
    /// Asks for an upload of so many bytes to be begun.
    fn begin(&self, document: &str, token: &str, size: usize, said: &[(&str, &str)]) -> Request<'_> {
        let request = self.post(&format!("{document}/uploads"), token).header("tus-resumable", "1.0.0");
        request.header("upload-length", &size.to_string()).header("upload-metadata", &metadata(said))
    }

    /// Begins an upload of a file with this name. Returns its path.
    async fn begun(&self, document: &str, token: &str, size: usize, name: &str) -> String {
        let reply = self.begin(document, token, size, &[("filename", name)]).send().await;
        reply.expect(201);
        assert_eq!(reply.header("upload-offset"), "0");
        reply.header("location").strip_prefix("/api/v1").unwrap().to_owned()
    }

    /// Prepares a part that begins at an offset.
    fn part(&self, upload: &str, token: &str, offset: usize, body: impl Into<Body>) -> Request<'_> {
        let request = self.patch(upload, token).header("content-type", "application/offset+octet-stream");
        request.header("upload-offset", &offset.to_string()).body(body)
    }

    /// Sends a part, and returns the offset that it is answered with.
    async fn sent(&self, upload: &str, token: &str, offset: usize, bytes: &[u8]) -> usize {
        let reply = self.part(upload, token, offset, bytes.to_vec()).send().await;
        assert_eq!(reply.status, 204, "{reply:?}");
        reply.header("upload-offset").parse().unwrap()
    }

    /// Returns how many bytes there are, as the head of the upload says.
    async fn offset(&self, upload: &str, token: &str) -> usize {
        let reply = self.request("HEAD", upload, token).send().await;
        assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
        reply.header("upload-offset").parse().unwrap()
    }

    /// Returns the files of uploads of which not all bytes have come.
    fn waiting(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.dir.path().join("data/partial-uploads"));
        entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    }
}

/// Returns a body with these bytes that breaks off after them.
fn broken(bytes: &[u8]) -> Body {
    let pieces = [Ok(Bytes::copy_from_slice(bytes)), Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut"))];
    Body::from_stream(stream::iter(pieces))
}

/// Returns a body with these bytes after which nothing more comes.
fn stuck(bytes: &[u8]) -> Body {
    let first = stream::once(std::future::ready(Ok::<_, Infallible>(Bytes::copy_from_slice(bytes))));
    Body::from_stream(first.chain(stream::pending()))
}

async fn a_file_in_parts_becomes_a_version_as_any_file_does(app: TestApp) {
    let (room, broker) = app.room().await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let document = app.document(&room, &broker, "Q88", Some(&vessel)).await;
    let bytes = paper("particulars", 1_500_000);
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let said = [
        ("filename", "été/Q88 ü.pdf"),
        ("filetype", "application/pdf"),
        ("expires_on", "2027-01-31"),
        ("notes", "as of today"),
        ("sha256", &sha256),
    ];
    let begun = app.begin(&document, &broker, bytes.len(), &said).send().await;
    let view = begun.expect(201);
    assert_eq!((&view["file_name"], &view["offset"], &view["outcome"]), (&json!("Q88 ü.pdf"), &json!(0), &Value::Null));
    assert_eq!(view["kept_until"], "2026-11-24T08:00:00Z");
    assert_eq!(begun.header("upload-expires"), "Tue, 24 Nov 2026 08:00:00 GMT");
    assert_eq!(begun.header("tus-resumable"), "1.0.0");
    let upload = begun.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    assert_eq!(app.offset(&upload, &broker).await, 0);

    assert_eq!(app.sent(&upload, &broker, 0, &bytes[..10]).await, 10);
    assert_eq!(app.sent(&upload, &broker, 10, &bytes[10..1_200_000]).await, 1_200_000);
    assert_eq!(app.sent(&upload, &broker, 1_200_000, b"").await, 1_200_000, "a part may be empty");
    let shown = app.get(&upload, &broker).send().await;
    assert_eq!((&shown.expect(200)["offset"], shown.header("upload-length")), (&json!(1_200_000), "1500000"));
    let named = metadata(&[("filename", "Q88 ü.pdf"), ("expires_on", "2027-01-31")]);
    assert_eq!(shown.header("upload-metadata"), named);
    assert_eq!(app.get(&document, &broker).send().await.expect(200)["version_count"], 0);
    assert_eq!(app.waiting().len(), 1);
    assert!(app.stored().is_empty());

    assert_eq!(app.sent(&upload, &broker, 1_200_000, &bytes[1_200_000..]).await, bytes.len());
    assert!(app.waiting().is_empty());
    let outcome = app.get(&upload, &broker).send().await.expect(200)["outcome"].clone();
    assert_eq!((&outcome["message"], &outcome["duplicate"]), (&json!("Uploaded as version 1."), &json!(false)));
    let version = &outcome["version"];
    let kept = (&version["file_name"], &version["sha256"], &version["expires_on"], &version["notes"]);
    assert_eq!(kept, (&json!("Q88 ü.pdf"), &json!(sha256), &json!("2027-01-31"), &json!("as of today")));
    let file = app.get(&format!("{document}/download"), &broker).send().await;
    assert_eq!((file.status, &*file.body), (200, &*bytes));
    app.only_versions_are_stored(&document, &broker).await;

    // Whoever has not heard the answer asks, and is told that all is there; and may send the end once more.
    assert_eq!(app.offset(&upload, &broker).await, bytes.len());
    assert_eq!(app.sent(&upload, &broker, bytes.len(), b"").await, bytes.len());
    let uploaded = app.actions(&room, &broker).await.iter().filter(|action| *action == "document_uploaded").count();
    assert_eq!(uploaded, 1);
    // To forget the upload takes nothing of the version away.
    assert_eq!(app.delete(&upload, &broker).send().await.status, 204);
    assert_eq!(app.get(&upload, &broker).send().await.problem(), "not_found");
    assert_eq!(app.get(&document, &broker).send().await.expect(200)["version_count"], 1);
}

async fn the_bytes_of_the_version_in_force_add_none_in_parts_either(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let bytes = paper("a study", 5_000);
    app.post(&format!("{document}/versions"), &broker).upload("a.pdf", &bytes, &[]).send().await.expect(201);
    let upload = app.begun(&document, &broker, bytes.len(), "a.pdf").await;
    app.sent(&upload, &broker, 0, &bytes).await;
    let outcome = app.get(&upload, &broker).send().await.expect(200)["outcome"].clone();
    assert_eq!((&outcome["duplicate"], &outcome["version"]["number"]), (&json!(true), &json!(1)));
    app.only_versions_are_stored(&document, &broker).await;
    // An Office file, whose kind only its end tells.
    let sheet = office("xl/workbook.xml", XLSX);
    let upload = app.begun(&document, &broker, sheet.len(), "a.xlsx").await;
    let half = sheet.len() / 2;
    app.sent(&upload, &broker, 0, &sheet[..half]).await;
    assert_eq!(app.sent(&upload, &broker, half, &sheet[half..]).await, sheet.len());
}

async fn what_is_said_of_a_file_is_checked_before_its_first_byte(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let long = "x".repeat(4_001);
    let named = ("filename", "a.pdf");
    let cases: &[Case<'_>] = &[
        (0, &[named], &["Upload-Length"]),
        (9, &[], &["file"]),
        (9, &[("filename", "")], &["file"]),
        (9, &[("filename", "a\u{202e}fdp.pdf")], &["file"]),
        (9, &[("filename", "program.exe")], &["file"]),
        (9, &[named, ("expires_on", "tomorrow")], &["expires_on"]),
        (9, &[named, ("notes", &long)], &["notes"]),
        (9, &[named, ("sha256", "abc")], &["sha256"]),
        (9, &[named, named], &["Upload-Metadata"]),
        (9, &[named, ("expiry", "2027-01-31")], &["Upload-Metadata"]),
    ];
    for (size, said, fields) in cases {
        assert_eq!(app.begin(&document, &broker, *size, said).send().await.fields(), *fields, "{said:?}");
    }
    for (length, said) in
        [("-1", "filename YS5wZGY="), ("x", "filename YS5wZGY="), ("9", "filename ***"), ("9", "filename /w==")]
    {
        let reply = app.post(&format!("{document}/uploads"), &broker);
        let reply = reply.header("upload-length", length).header("upload-metadata", said).send().await;
        assert_eq!(reply.status, 422, "{length} {said}");
    }
    assert_eq!(app.post(&format!("{document}/uploads"), &broker).send().await.fields(), ["Upload-Length", "file"]);
    let none = format!("{room}/documents/018f0000-0000-7000-8000-000000000001");
    assert_eq!(app.begin(&none, &broker, 9, &[named]).send().await.problem(), "not_found");
    for phase in ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"] {
        let asked = json!({ "phase": phase, "override": true, "reason": "a test" });
        app.post(&format!("{room}/phase"), &broker).json(asked).send().await.expect(200);
    }
    assert_eq!(app.begin(&document, &broker, 9, &[named]).send().await.problem(), "conflict");
}

async fn a_part_that_does_not_fit_is_refused_and_told_where_it_goes_on(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let bytes = paper("a study", 5_000);
    let upload = app.begun(&document, &broker, bytes.len(), "a.pdf").await;
    app.sent(&upload, &broker, 0, &bytes[..2_000]).await;
    for offset in [0, 1_999, 2_001, 5_000, 6_000] {
        let reply = app.part(&upload, &broker, offset, bytes[..10].to_vec()).send().await;
        assert_eq!((reply.status, &*reply.problem(), reply.header("upload-offset")), (409, "wrong_offset", "2000"));
        assert!(reply.json()["detail"].to_string().contains("byte 2000"), "{reply:?}");
        assert_eq!(reply.header("tus-resumable"), "1.0.0", "refusals speak the protocol too");
    }
    let too_long = [&bytes[2_000..], b"x"].concat();
    let announced = app.part(&upload, &broker, 2_000, too_long.clone()).header("content-length", "3001").send().await;
    assert_eq!(announced.status, 413);
    assert_eq!(app.offset(&upload, &broker).await, 2_000);
    let pieces = too_long.chunks(1_000).map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece)));
    let body = Body::from_stream(stream::iter(pieces.collect::<Vec<_>>()));
    assert_eq!(app.part(&upload, &broker, 2_000, body).send().await.status, 413);
    let at = app.offset(&upload, &broker).await;
    assert_eq!(at, 4_999, "what fitted of it is here, and its last byte waits for a part that ends there");
    let other = app.patch(&upload, &broker).header("upload-offset", "4999").body(b" ".to_vec());
    assert_eq!(other.header("content-type", "application/octet-stream").send().await.status, 415);
    let other = app.patch(&upload, &broker).header("content-type", "application/offset+octet-stream");
    assert_eq!(other.send().await.fields(), ["Upload-Offset"]);
    assert_eq!(app.sent(&upload, &broker, at, &bytes[at..]).await, bytes.len());
    let past = app.part(&upload, &broker, bytes.len(), b"x".to_vec()).header("content-length", "1").send().await;
    assert_eq!(past.status, 413);
}

async fn a_part_that_breaks_off_is_kept_as_far_as_it_came(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let bytes = paper("a study", 3_000_000);
    let upload = app.begun(&document, &broker, bytes.len(), "a.pdf").await;
    for (from, to) in [(0, 1), (1, 700), (700, 1_500_000), (1_500_000, 2_999_998)] {
        let reply = app.part(&upload, &broker, from, broken(&bytes[from..to])).send().await;
        assert_eq!(reply.problem(), "malformed");
        assert_eq!(app.offset(&upload, &broker).await, to);
    }
    assert_eq!(app.sent(&upload, &broker, 2_999_998, &bytes[2_999_998..]).await, bytes.len());
    let file = app.get(&format!("{document}/download"), &broker).send().await;
    assert!(file.body == bytes, "the file is another one");
}

async fn after_a_restart_what_was_not_noted_is_cut_off_and_the_rest_goes_on(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let bytes = paper("a study", 5_000);
    let upload = app.begun(&document, &broker, bytes.len(), "a.pdf").await;
    app.sent(&upload, &broker, 0, &bytes[..2_000]).await;
    // Bytes that reached the file before the server ended, and not the row: nobody can say that they are on disk.
    let [file] = &app.waiting()[..] else { panic!("one file waits") };
    fs::write(file, [&bytes[..2_000], b"????????"].concat()).unwrap();
    let restarted = app.another_node();
    assert_eq!(restarted.offset(&upload, &broker).await, 2_000);
    assert_eq!(restarted.sent(&upload, &broker, 2_000, &bytes[2_000..2_004]).await, 2_004);
    assert_eq!(restarted.sent(&upload, &broker, 2_004, &bytes[2_004..]).await, bytes.len());
    let stored = restarted.get(&format!("{document}/download"), &broker).send().await;
    assert_eq!(&*stored.body, &*bytes);
}

async fn the_last_byte_is_acknowledged_only_with_the_version(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let bytes = paper("a study", 5_000);
    let said = [("filename", "a.pdf"), ("sha256", &*"00".repeat(32))];
    let begun = app.begin(&document, &broker, bytes.len(), &said).send().await;
    let upload = begun.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    let refused = app.part(&upload, &broker, 0, bytes.clone()).send().await;
    assert_eq!(refused.fields(), ["sha256"]);
    assert_eq!(app.offset(&upload, &broker).await, 4_999);
    let again = app.part(&upload, &broker, 4_999, bytes[4_999..].to_vec()).send().await;
    assert_eq!(again.fields(), ["sha256"], "the same, and not sent as a whole again");
    app.only_versions_are_stored(&document, &broker).await;
    assert_eq!(app.delete(&upload, &broker).send().await.status, 204);
    assert!(app.waiting().is_empty());

    // What stands in the way may pass: then the last byte finishes it.
    let upload = app.begun(&document, &broker, bytes.len(), "a.pdf").await;
    let store = app.dir.path().join("data/files");
    fs::rename(&store, app.dir.path().join("data/away")).unwrap();
    let refused = app.part(&upload, &broker, 0, bytes.clone()).send().await;
    assert_eq!((refused.status, &*refused.problem()), (503, "files_gone"));
    fs::rename(app.dir.path().join("data/away"), &store).unwrap();
    assert_eq!(app.offset(&upload, &broker).await, 4_999);
    assert_eq!(app.sent(&upload, &broker, 4_999, &bytes[4_999..]).await, 5_000);
    let uploaded = app.actions(&room[7..], &broker).await;
    assert_eq!(uploaded.iter().filter(|action| *action == "document_uploaded").count(), 1);
}

async fn a_file_is_refused_by_its_first_bytes_and_nothing_of_it_is_kept(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    for (name, start) in [
        ("a.pdf", &b"MZ..%PDF-1.7"[..]),
        ("a.pdf", b"\x89PNG\r\n\x1a\n"),
        ("a.pdf", b"PK\x03\x04"),
        ("a.png", b"words"),
    ] {
        let upload = app.begun(&document, &broker, 9_000, name).await;
        let bytes = [start, &[b' '; 2_000]].concat();
        let reply = app.part(&upload, &broker, 0, bytes).send().await;
        assert_eq!(reply.fields(), ["file"], "{name} {start:?}");
        assert_eq!(app.offset(&upload, &broker).await, 0);
        assert_eq!(app.delete(&upload, &broker).send().await.status, 204);
    }
    assert!(app.waiting().is_empty());
    app.only_versions_are_stored(&document, &broker).await;
}

async fn a_request_takes_an_upload_over_from_the_one_before_it(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let bytes = paper("a study", 5_000);
    let upload = app.begun(&document, &broker, bytes.len(), "a.pdf").await;
    // A connection that is dead, as the client knows and the server does not.
    let dead = app.part(&upload, &broker, 0, stuck(&bytes[..3_000])).send();
    let goes_on = async {
        until("the first bytes are written", async || {
            let files = app.waiting();
            files.iter().any(|file| fs::metadata(file).is_ok_and(|file| file.len() == 3_000)).then_some(())
        })
        .await;
        let offset = app.offset(&upload, &broker).await;
        app.sent(&upload, &broker, offset, &bytes[offset..]).await
    };
    let (dead, sent): (Reply, usize) = tokio::join!(dead, goes_on);
    assert_eq!((dead.problem(), sent), ("conflict".to_owned(), 5_000));
    let stored = app.get(&format!("{document}/download"), &broker).send().await;
    assert_eq!(&*stored.body, &*bytes);
}

async fn an_upload_belongs_to_the_account_that_began_it(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let stranger = app.user("stranger@example.com", Role::Broker).await;
    let other = app.post("/rooms", &admin).json(new_room(&[])).send().await.expect(201);
    let bytes = paper("a study", 5_000);
    let upload = app.begun(&document, &owner, bytes.len(), "a.pdf").await;
    app.sent(&upload, &owner, 0, &bytes[..2_000]).await;
    for token in [&broker, &admin] {
        assert_eq!(app.get(&upload, token).send().await.problem(), "not_found");
        let part = app.part(&upload, token, 2_000, bytes[2_000..].to_vec()).send().await;
        assert_eq!(part.problem(), "not_found");
        assert_eq!(app.delete(&upload, token).send().await.problem(), "not_found");
    }
    for (token, problem) in [(&stranger, "not_a_party"), (&String::new(), "unauthenticated")] {
        assert_eq!(app.get(&upload, token).send().await.problem(), problem);
        assert_eq!(app.part(&upload, token, 2_000, bytes[2_000..].to_vec()).send().await.problem(), problem);
        assert_eq!(app.delete(&upload, token).send().await.problem(), problem);
    }
    let of_admin = app.begun(&document, &admin, bytes.len(), "a.pdf").await;
    app.get(&of_admin, &admin).send().await.expect(200);
    let elsewhere = of_admin.replace(&room[7..], other["id"].as_str().unwrap());
    assert_eq!(app.get(&elsewhere, &admin).send().await.problem(), "not_found");

    let parties = app.get(&format!("{room}/parties"), &broker).send().await.expect(200);
    let id = parties.as_array().unwrap().iter().find(|party| party["role"] == "owner").unwrap()["id"].clone();
    app.delete(&format!("{room}/parties/{}", id.as_str().unwrap()), &broker).send().await;
    assert_eq!(app.part(&upload, &owner, 2_000, bytes[2_000..].to_vec()).send().await.problem(), "not_a_party");
    assert_eq!(app.get(&document, &broker).send().await.expect(200)["version_count"], 0);
}

async fn a_session_that_ends_meanwhile_adds_no_version(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let bytes = paper("a study", 5_000);
    let upload = app.begun(&document, &broker, bytes.len(), "a.pdf").await;
    let db = app.app.db.clone();
    let rest = bytes.clone();
    let body = Body::from_stream(stream::once(async move {
        db.write(async |tx| tx.exec("DELETE FROM sessions", &[]).await).await.unwrap();
        Ok::<_, Infallible>(rest)
    }));
    assert_eq!(app.part(&upload, &broker, 0, body).send().await.problem(), "unauthenticated");
    let again = app.session("broker@example.com").await;
    assert_eq!(app.get(&document, &again).send().await.expect(200)["version_count"], 0);
    app.only_versions_are_stored(&document, &again).await;
    // Who has signed in again goes on with it.
    assert_eq!(app.offset(&upload, &again).await, 4_999);
    assert_eq!(app.sent(&upload, &again, 4_999, &bytes[4_999..]).await, 5_000);
}

async fn an_account_has_so_many_unfinished_uploads_and_no_more(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let mut uploads = Vec::new();
    for _ in 0..20 {
        uploads.push(app.begun(&document, &broker, 100, "a.pdf").await);
    }
    let refused = app.begin(&document, &broker, 100, &[("filename", "a.pdf")]).send().await;
    assert_eq!(refused.problem(), "conflict");
    assert!(refused.json()["detail"].to_string().contains("20 uploads"), "{refused:?}");
    let owner = app.user("owner@example.com", Role::Owner).await;
    app.begun(&document, &owner, 100, "a.pdf").await;
    app.delete(&uploads[3], &broker).send().await;
    app.sent(&uploads[4], &broker, 0, &paper("x", 100)).await;
    for _ in 0..2 {
        app.begun(&document, &broker, 100, "a.pdf").await;
    }
    assert_eq!(app.begin(&document, &broker, 100, &[("filename", "a.pdf")]).send().await.problem(), "conflict");
}

async fn an_upload_is_forgotten_a_day_after_its_last_byte(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let bytes = paper("a study", 5_000);
    let upload = app.begun(&document, &broker, bytes.len(), "a.pdf").await;
    let hours = |hours| app.later(Duration::from_hours(hours));
    hours(23);
    app.tidy().await;
    let broker = app.session("broker@example.com").await;
    app.sent(&upload, &broker, 0, &bytes[..2_000]).await;
    // A file that no row tells of was left by a removal at another server.
    let orphan = app.dir.path().join("data/partial-uploads/018f0000-0000-7000-8000-000000000001");
    fs::write(&orphan, b"left").unwrap();
    hours(24);
    app.tidy().await;
    let broker = app.session("broker@example.com").await;
    assert_eq!(app.offset(&upload, &broker).await, 2_000);
    assert_eq!((app.waiting().len(), orphan.exists()), (1, false));
    app.later(Duration::from_secs(1));
    app.tidy().await;
    let broker = app.session("broker@example.com").await;
    assert_eq!(app.get(&upload, &broker).send().await.problem(), "not_found");
    assert!(app.waiting().is_empty());
}

async fn bytes_that_another_server_has_are_said_to_be_elsewhere(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let bytes = paper("a study", 5_000);
    let upload = app.begun(&document, &broker, bytes.len(), "a.pdf").await;
    app.sent(&upload, &broker, 0, &bytes[..2_000]).await;
    let [here, there] = ["data/partial-uploads", "data/of-another"].map(|name| app.dir.path().join(name));
    fs::rename(&here, &there).unwrap();
    for reply in [
        app.get(&upload, &broker).send().await,
        app.part(&upload, &broker, 2_000, bytes[2_000..].to_vec()).send().await,
    ] {
        assert_eq!((reply.problem(), reply.header("upload-offset")), ("conflict".to_owned(), ""));
        assert!(reply.json()["detail"].to_string().contains("another server"), "{reply:?}");
    }
    fs::remove_dir_all(&here).unwrap();
    fs::rename(&there, &here).unwrap();
    assert_eq!(app.sent(&upload, &broker, 2_000, &bytes[2_000..]).await, 5_000);
}

async fn an_upload_is_begun_once_under_its_key(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let begin = async |size: usize| {
        let request = app.begin(&document, &broker, size, &[("filename", "a.pdf")]).header("idempotency-key", "one");
        request.send().await
    };
    let first = begin(5_000).await;
    let upload = first.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    app.sent(&upload, &broker, 0, &paper("a study", 5_000)[..3_000]).await;
    let again = begin(5_000).await;
    assert_eq!(
        (again.status, again.header("location"), again.header("upload-offset")),
        (201, first.header("location"), "3000")
    );
    assert_eq!(begin(6_000).await.fields(), ["Idempotency-Key"]);
    app.delete(&upload, &broker).send().await;
    assert_eq!(begin(5_000).await.problem(), "conflict");
}

async fn another_version_of_the_protocol_is_refused_and_told_which_there_is(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let upload = app.begun(&document, &broker, 100, "a.pdf").await;
    for request in [
        app.post(&format!("{document}/uploads"), &broker),
        app.get(&upload, &broker),
        app.part(&upload, &broker, 0, Body::empty()),
        app.delete(&upload, &broker),
    ] {
        let reply = request.header("tus-resumable", "0.2.2").send().await;
        assert_eq!((reply.status, reply.header("tus-version")), (412, "1.0.0"));
    }
}

async fn a_file_over_the_limit_is_refused_before_its_first_byte(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let limit = 1024 * 1024;
    let over = app.begin(&document, &broker, limit + 1, &[("filename", "a.pdf")]).send().await;
    assert_eq!(over.status, 413);
    assert!(over.json()["detail"].to_string().contains("larger than the 1 MiB"), "{over:?}");
    app.begun(&document, &broker, limit, "a.pdf").await;
}

async fn what_is_on_its_way_counts_against_the_quota(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let begin = |kib: usize| app.begin(&document, &broker, kib * 1024, &[("filename", "a.pdf")]);
    let first = begin(700).send().await;
    first.expect(201);
    assert_eq!(begin(400).send().await.problem(), "quota_reached");
    let upload = first.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    assert_eq!(app.delete(&upload, &broker).send().await.status, 204);
    let second = begin(400).send().await;
    second.expect(201);
    // What is added meanwhile in one piece is counted by the log, and refuses the end of the upload.
    app.post(&format!("{document}/versions"), &broker)
        .upload("b.pdf", &paper("b", 700 * 1024), &[])
        .send()
        .await
        .expect(201);
    let upload = second.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    let refused = app.part(&upload, &broker, 0, paper("a", 400 * 1024)).send().await;
    assert_eq!(refused.problem(), "quota_reached");
    app.later(Duration::from_hours(17));
    let broker = app.session("broker@example.com").await;
    let last = app.offset(&upload, &broker).await;
    assert_eq!(app.sent(&upload, &broker, last, b" ").await, 400 * 1024, "on the next day it is finished");
}
