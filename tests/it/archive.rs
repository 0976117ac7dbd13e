//! The archive of a room: a zip of its documents, with a manifest and their checksums.

use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Read},
    path::{Component, Path},
};

use room::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use zip::ZipArchive;

use crate::harness::{IMO, TestApp, on_both_databases, pdf};

on_both_databases! {
    TestApp:
    an_archive_holds_the_newest_versions_with_a_manifest_and_their_checksums,
    an_archive_of_all_holds_every_version,
    each_file_of_an_archive_is_logged_as_a_download,
    an_empty_room_gives_a_manifest_of_nothing,
    files_of_one_name_do_not_collide,
    a_hostile_name_stays_inside_its_folder,
    a_long_name_in_any_script_can_be_unpacked,
    a_damaged_file_breaks_the_transfer_off_and_a_missing_one_is_told_before,
}

type Entries = BTreeMap<String, Vec<u8>>;

/// Returns the files of a zip, and fails if a name is in it twice.
fn entries(bytes: &[u8]) -> Entries {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut entries = Entries::new();
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        let name = file.name().unwrap().into_owned();
        assert!(entries.insert(name, content).is_none(), "a file is there twice");
    }
    entries
}

async fn archive(app: &TestApp, room: &str, token: &str, query: &str) -> Entries {
    let reply = app.get(&format!("/rooms/{room}/archive{query}"), token).send().await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/zip"));
    entries(&reply.body)
}

fn manifest(entries: &Entries) -> Value {
    serde_json::from_slice(&entries["manifest.json"]).unwrap()
}

/// Uploads a PDF with this file name and these words in it.
async fn upload(app: &TestApp, document: &str, token: &str, name: &str, words: &str) {
    app.post(&format!("{document}/versions"), token).upload(name, &pdf(words), &[]).send().await.expect(201);
}

/// Makes a room with a vessel, two versions of its particulars, and a study. Returns its id and its broker's token.
async fn filled(app: &TestApp) -> (String, String) {
    let (room, broker) = app.room().await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let particulars = app.document(&room, &broker, "Q88", Some(&vessel)).await;
    upload(app, &particulars, &broker, "q88.pdf", "old").await;
    upload(app, &particulars, &broker, "q88 new.pdf", "new").await;
    let study = app.document(&room, &broker, "COMPAT", None).await;
    upload(app, &study, &broker, "Study.PDF", "study").await;
    (room, broker)
}

async fn an_archive_holds_the_newest_versions_with_a_manifest_and_their_checksums(app: TestApp) {
    let (room, broker) = filled(&app).await;
    let reply = app.get(&format!("/rooms/{room}/archive"), &broker).send().await;
    assert!(reply.header("content-disposition").contains("filename=\"STS Ceuta - documents.zip\""));
    let mut entries = entries(&reply.body);
    let manifest = manifest(&entries);
    assert_eq!((&manifest["room_id"], &manifest["packed_at"]), (&json!(room), &json!("2026-11-23T08:00:00Z")));
    let listed = manifest["files"].as_array().unwrap();
    let told = |at: usize| ["document_type", "vessel", "version", "is_newest"].map(|field| listed[at][field].clone());
    assert_eq!(told(0), [json!("Q88"), json!("Aegean Star"), json!(2), json!(true)]);
    assert_eq!(told(1), [json!("COMPAT"), Value::Null, json!(1), json!(true)]);
    assert_eq!(listed.len(), 2);

    // The format that `sha256sum -c` reads: hash, two spaces, path.
    let sums = String::from_utf8(entries.remove("SHA256SUMS").unwrap()).unwrap();
    entries.remove("manifest.json");
    assert_eq!(sums.lines().count(), entries.len());
    for (line, file) in sums.lines().zip(listed) {
        let (sum, path) = line.split_once("  ").unwrap();
        assert_eq!((file["path"].as_str(), file["sha256"].as_str()), (Some(path), Some(sum)));
        assert_eq!(hex::encode(Sha256::digest(&entries[path])), sum);
        assert_eq!(file["file_size"], entries[path].len());
    }
    let paths: Vec<_> = entries.keys().map(String::as_str).collect();
    assert_eq!(paths, ["1. Aegean Star (discharging)/Q88 v2 q88 new.pdf", "Operation/COMPAT v1 Study.pdf"]);
    assert_eq!(entries[paths[0]], pdf("new"));
}

async fn an_archive_of_all_holds_every_version(app: TestApp) {
    let (room, broker) = filled(&app).await;
    let entries = archive(&app, &room, &broker, "?all=true").await;
    let manifest = manifest(&entries);
    let versions = manifest["files"].as_array().unwrap().iter().map(|file| (&file["version"], &file["is_newest"]));
    let versions: Vec<_> = versions.map(|(version, newest)| (version.as_i64(), newest.as_bool())).collect();
    assert_eq!(versions, [(Some(1), Some(false)), (Some(2), Some(true)), (Some(1), Some(true))]);
    assert_eq!(entries["1. Aegean Star (discharging)/Q88 v1 q88.pdf"], pdf("old"));
    assert_eq!(archive(&app, &room, &broker, "?all=false").await.len(), 4);
    for (query, field) in [("?all=yes", "all"), ("?all=", "all"), ("?every=true", "every")] {
        assert_eq!(app.get(&format!("/rooms/{room}/archive{query}"), &broker).send().await.fields(), [field]);
    }
}

async fn each_file_of_an_archive_is_logged_as_a_download(app: TestApp) {
    let (room, broker) = filled(&app).await;
    let buyer = app.user("buyer@example.com", Role::Buyer).await;
    let path = format!("/rooms/{room}/archive");
    let downloads = async || {
        let log = format!("/rooms/{room}/activities?action=document_downloaded&limit=100");
        app.get(&log, &broker).send().await.expect(200).as_array().unwrap().clone()
    };
    let head = app.request("HEAD", &path, &buyer).send().await;
    assert_eq!((head.status, head.header("content-type"), head.body.len()), (200, "application/zip", 0));
    assert_eq!(downloads().await.len(), 0);
    archive(&app, &room, &buyer, "").await;
    let logged = downloads().await;
    assert_eq!(logged.len(), 2);
    assert!(logged.iter().all(|entry| entry["actor"] == "buyer@example.com" && entry["meta"]["part"] == "archive"));
    archive(&app, &room, &buyer, "?all=true").await;
    assert_eq!(downloads().await.len(), 5);
}

async fn an_empty_room_gives_a_manifest_of_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    let before = app.actions(&room, &broker).await;
    let entries = archive(&app, &room, &broker, "").await;
    assert_eq!(entries.keys().collect::<Vec<_>>(), ["SHA256SUMS", "manifest.json"]);
    assert_eq!((&manifest(&entries)["files"], entries["SHA256SUMS"].len()), (&json!([]), 0));
    assert_eq!(app.actions(&room, &broker).await, before);
}

async fn files_of_one_name_do_not_collide(app: TestApp) {
    let (room, broker) = app.room().await;
    for imo in &IMO[..2] {
        // The vessels share a name as well, so their folders must not collide either.
        let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", imo).await;
        for kind in ["Q88", "SIRE"] {
            let document = app.document(&room, &broker, kind, Some(&vessel)).await;
            for words in ["1", "2"] {
                upload(&app, &document, &broker, "scan.pdf", &format!("{imo} {kind} {words}")).await;
            }
        }
    }
    let entries = archive(&app, &room, &broker, "?all=true").await;
    assert_eq!(entries.len(), 2 + 8);
    let contents: std::collections::BTreeSet<_> = entries.values().collect();
    assert_eq!(contents.len(), entries.len());
}

async fn a_hostile_name_stays_inside_its_folder(app: TestApp) {
    let (room, broker) = app.room().await;
    let ships = ["../../etc", r"..\..\windows", ".", "C:", "a/b\\c", "-rf"];
    for name in ships {
        let asked = json!({ "name": name, "role": "other", "no_imo_reason": "a barge" });
        let vessel = app.post(&format!("/rooms/{room}/vessels"), &broker).json(asked).send().await.expect(201);
        let path = format!("/rooms/{room}/documents/upload");
        for file_name in ["../../x.pdf", "...pdf", ".pdf", "a:b*c?d|e<f>.pdf", "~.pdf", "con.pdf", "x. .pdf"] {
            let fields = [("document_type", "Q88"), ("vessel_id", vessel["id"].as_str().unwrap())];
            let upload = app.post(&path, &broker).upload(file_name, &pdf(&format!("{name} {file_name}")), &fields);
            upload.send().await.expect(201);
        }
    }
    let entries = archive(&app, &room, &broker, "?all=true").await;
    assert_eq!(entries.len(), 2 + ships.len() * 7);
    for path in entries.keys().filter(|path| path.contains('/')) {
        let parts: Vec<_> = Path::new(path).components().collect();
        assert!(parts.len() == 2 && parts.iter().all(|part| matches!(part, Component::Normal(_))), "{path}");
        assert!(!path.contains(['\\', ':', '*', '?', '"', '<', '>', '|']), "{path}");
        for part in path.split('/') {
            assert!(!part.starts_with(['.', '-', ' ', '~']) && !part.ends_with(['.', ' ']), "{path}");
        }
    }
}

async fn a_long_name_in_any_script_can_be_unpacked(app: TestApp) {
    let (room, broker) = app.room().await;
    let asked = json!({ "name": "船".repeat(255), "role": "discharging", "no_imo_reason": "a barge" });
    let vessel = app.post(&format!("/rooms/{room}/vessels"), &broker).json(asked).send().await.expect(201);
    let document = app.document(&room, &broker, "BILL_OF_LADING", None).await;
    upload(&app, &document, &broker, &format!("{}.pdf", "书".repeat(250)), "a").await;
    let document = app.document(&room, &broker, "Q88", vessel["id"].as_str()).await;
    upload(&app, &document, &broker, &format!("{}.pdf", "🚢".repeat(250)), "b").await;
    let dir = tempfile::TempDir::new().unwrap();
    for (path, content) in archive(&app, &room, &broker, "").await {
        let place = dir.path().join(&path);
        fs::create_dir_all(place.parent().unwrap()).unwrap_or_else(|error| panic!("{path}: {error}"));
        fs::write(&place, content).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

async fn a_damaged_file_breaks_the_transfer_off_and_a_missing_one_is_told_before(app: TestApp) {
    let (room, broker) = filled(&app).await;
    let stored = app.dir.path().join("data/files").join(app.stored().last().unwrap());
    let good = fs::read(&stored).unwrap();
    let mut flipped = good.clone();
    flipped[20] ^= 1;
    for damage in [flipped, good[..10].to_vec(), [&good[..], b"x"].concat(), Vec::new()] {
        fs::write(&stored, &damage).unwrap();
        let (sent, whole) = app.get(&format!("/rooms/{room}/archive?all=true"), &broker).receive().await;
        assert!(!whole, "the transfer ends as if nothing were wrong: {damage:?}");
        assert!(ZipArchive::new(Cursor::new(&sent)).is_err(), "{damage:?}");
    }
    fs::remove_file(&stored).unwrap();
    let before = app.actions(&room, &broker).await;
    assert_eq!(app.get(&format!("/rooms/{room}/archive?all=true"), &broker).send().await.status, 500);
    assert_eq!(app.actions(&room, &broker).await, before, "what cannot be sent is not said to have been");
    fs::write(&stored, good).unwrap();
    assert_eq!(archive(&app, &room, &broker, "?all=true").await.len(), 5);
}
