//! Snapshots: taken, rendered, downloaded, retried, deleted.

use std::{
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use room::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use sts_clearance::evidence::Checkpoint;

use crate::harness::{TestApp, fields_of_event, on_both_databases, until};

/// Compares a snapshot's JSON with a golden file, without the fields that differ from run to run.
macro_rules! assert_snapshot_json {
    ($name:literal, $value:expr) => {
        insta::assert_json_snapshot!($name, $value, {
            ".id" => "[uuid]", ".room_id" => "[uuid]", ".record_sha256" => "[sha256]", ".file_sha256" => "[sha256]",
            ".file_size" => "[bytes]", ".seal.signer" => "[the log's key]", ".checkpoint" => insta::dynamic_redaction(|note, _| {
                note.as_str().map_or("null", |note| {
                    assert!(Checkpoint::unchecked(note).unwrap().origin.contains("/rooms/"));
                    "[signed note]"
                })
            }), ".download_url" => insta::dynamic_redaction(|url, _| {
                url.as_str().map_or("null", |url| {
                    assert!(url.starts_with("/api/v1/rooms/") && url.ends_with("/download"));
                    "[url]"
                })
            }),
        });
    };
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Returns the text of a PDF, as `pdftotext` extracts it.
fn pdf_words(pdf: &[u8]) -> String {
    let mut command = Command::new("pdftotext");
    let mut reader = command.args(["-", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    reader.stdin.take().unwrap().write_all(pdf).unwrap();
    String::from_utf8(reader.wait_with_output().unwrap().stdout).unwrap()
}

on_both_databases! {
    TestApp:
    a_snapshot_is_generating_then_completed_and_downloads_as_it_was_hashed,
    each_type_comes_in_its_form,
    a_record_shows_the_room_before_the_snapshot_and_nothing_later,
    #[needs(pdftotext)]
    a_write_between_taking_and_drawing_is_not_in_the_reports_words,
    a_section_that_was_not_asked_for_is_left_out,
    #[needs(pdftotext)]
    a_summary_is_a_short_pdf_of_a_record_that_is_whole,
    a_blank_title_becomes_one_with_the_date,
    a_list_is_newest_first,
    deleting_removes_rows_and_file_and_leaves_the_tombstone,
    of_two_deletes_at_once_one_finds_nothing,
    a_snapshot_deleted_while_its_file_is_waited_for_was_taken_all_the_same,
    a_repeated_request_with_its_key_takes_one_snapshot,
    a_snapshot_of_another_room_is_not_found_here,
    snapshots_taken_at_once_by_many_are_each_of_one_instant,
}

async fn a_snapshot_is_generating_then_completed_and_downloads_as_it_was_hashed(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/snapshots");
    let taken = app.post(&path, &broker).json(json!({ "title": "Before loading" })).send().await;
    let snapshot = taken.expect(201);
    assert_snapshot_json!("generating", snapshot);
    let own = format!("{path}/{}", snapshot["id"].as_str().unwrap());
    assert_eq!(taken.header("location"), format!("/api/v1{own}"));

    let early = app.get(&format!("{own}/download"), &broker).send().await;
    assert_eq!(early.problem(), "conflict");
    assert_eq!(early.header("retry-after"), "2");

    assert_eq!(app.work().await, 1);
    let completed = app.get(&own, &broker).send().await.expect(200);
    assert_snapshot_json!("completed", completed);
    let file = app.get(&format!("{own}/download"), &broker).send().await;
    assert_eq!(file.status, 200);
    assert!(file.body.starts_with(b"%PDF-"));
    assert_eq!(sha256(&file.body), completed["file_sha256"].as_str().unwrap());
    assert_eq!(file.body.len(), usize::try_from(completed["file_size"].as_u64().unwrap()).unwrap());
    assert_eq!(file.header("content-type"), "application/pdf");
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"STS Ceuta - Before loading.pdf\"; filename*=UTF-8''STS%20Ceuta%20-%20Before%20loading.pdf"
    );
    assert_eq!(file.header("content-security-policy"), "sandbox; default-src 'none'; frame-ancestors 'none'");

    let log = app.get(&format!("/rooms/{room}/activities?limit=4"), &broker).send().await.expect(200);
    let told: Vec<_> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (entry["action"].as_str().unwrap(), entry["actor"].as_str().unwrap(), &entry["meta"]["snapshot_id"])
        })
        .collect();
    let id = &snapshot["id"];
    assert_eq!(
        told,
        [
            ("snapshot_downloaded", "broker@example.com", id),
            ("snapshot_generated", "system", id),
            ("snapshot_rendered", "system", id),
            ("snapshot_created", "broker@example.com", id),
        ]
    );
    assert_eq!(log[3]["meta"]["shows"]["size"], completed["log_size"]);
    assert_eq!(log[2]["meta"]["record_sha256"], completed["record_sha256"]);
    assert_eq!(log[1]["meta"]["file_sha256"], completed["file_sha256"]);
}

async fn each_type_comes_in_its_form(app: TestApp) {
    let (room, broker) = app.room().await;
    for (kind, media_type, magic) in [
        ("pdf", "application/pdf", &b"%PDF"[..]),
        ("json", "application/json", b"{\"format\""),
        ("csv", "application/zip", b"PK\x03\x04"),
    ] {
        let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": kind })).await;
        assert_eq!(snapshot["status"], "completed", "{snapshot}");
        let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
        let file = app.get(url, &broker).send().await;
        assert_eq!(file.header("content-type"), media_type);
        assert!(file.body.starts_with(magic), "{kind}");
    }
}

/// Changes the room in ways that a snapshot taken before must not show.
async fn change_the_room(app: &TestApp, room: &str, broker: &str) {
    app.patch(&format!("/rooms/{room}"), broker).json(json!({ "title": "LATER TITLE" })).send().await.expect(200);
    let later = json!({ "role": "buyer", "name": "LATER PARTY", "email": "later@example.com" });
    app.post(&format!("/rooms/{room}/parties"), broker).json(later).send().await.expect(201);
}

async fn a_record_shows_the_room_before_the_snapshot_and_nothing_later(app: TestApp) {
    let (room, broker) = app.room().await;
    let (taken, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    change_the_room(&app, &room, &broker).await;
    app.work().await;
    let url = format!("{path}/download");
    let envelope = app.get(&url, &broker).send().await.expect(200);
    let record = &envelope["record"];
    assert!(!record.to_string().contains("LATER"));
    assert_eq!(
        (&record["schema"], &record["facts"]["room"]["title"]),
        (&json!("sts-clearance/record/4"), &json!("STS Ceuta"))
    );
    let counts = json!({ "parties": 5, "activity": 7, "vessels": 0, "documents": 13, "versions": 0 });
    assert_eq!(record["reading"]["counts"], counts);
    assert_eq!(record["entries"].as_array().unwrap().len(), 7);
    assert_eq!(record["log"]["size"], 7);
    assert_eq!(
        record["snapshot"]["created_by"],
        json!({ "email": "broker@example.com", "name": "broker", "role": "broker" })
    );
    let canonical = serde_json_canonicalizer::to_vec(record).unwrap();
    let completed = app.get(&path, &broker).send().await.expect(200);
    assert_eq!((&taken["record_sha256"], &json!(sha256(&canonical))), (&Value::Null, &completed["record_sha256"]));
}

async fn a_write_between_taking_and_drawing_is_not_in_the_reports_words(app: TestApp) {
    let (room, broker) = app.room().await;
    let (_, path) = app.take(&room, &broker, json!({ "title": "Frozen" })).await;
    change_the_room(&app, &room, &broker).await;
    app.work().await;
    let taken = app.get(&path, &broker).send().await.expect(200);
    let url = format!("{path}/download");
    let words = pdf_words(&app.get(&url, &broker).send().await.body);
    for word in ["Frozen", "STS Ceuta", "owner@example.com", taken["record_sha256"].as_str().unwrap()] {
        assert!(words.contains(word), "{word} in {words}");
    }
    assert!(!words.contains("LATER") && !words.contains("later@"), "{words}");
}

async fn a_section_that_was_not_asked_for_is_left_out(app: TestApp) {
    let (room, broker) = app.room().await;
    let asked = json!({ "snapshot_type": "json", "include_activity": false });
    let snapshot = app.snapshot(&room, &broker, asked).await;
    let url = format!("/rooms/{room}/snapshots/{}/download", snapshot["id"].as_str().unwrap());
    let record = &app.get(&url, &broker).send().await.expect(200)["record"];
    assert!(record.get("entries").is_none());
    assert_eq!(record["reading"]["counts"]["activity"], 7);
    // Whoever asks for the file is told then, and not only when it is verified.
    let snapshots = format!("/rooms/{room}/snapshots");
    let taken = app.post(&snapshots, &broker).json(json!({ "include_activity": false })).send().await.expect(201);
    for told in [&taken, &snapshot] {
        let notice = told["notice"].as_str().unwrap();
        assert!(notice.starts_with("taken without the log's entries (`include_activity` is false)"), "{notice}");
    }
    let whole = json!({ "include_documents": false, "include_approvals": false });
    let whole = app.post(&snapshots, &broker).json(whole).send().await.expect(201);
    assert_eq!(whole["notice"], Value::Null);
}

async fn a_summary_is_a_short_pdf_of_a_record_that_is_whole(app: TestApp) {
    let (room, broker) = app.room().await;
    let mut words = Vec::new();
    for asked in [json!({}), json!({ "summary_only": true })] {
        let snapshot = app.snapshot(&room, &broker, asked).await;
        let url = format!("/rooms/{room}/snapshots/{}/download", snapshot["id"].as_str().unwrap());
        let file = app.get(&url, &broker).send().await.body;
        let opened = report::open(seal::split(&file).unwrap().0).unwrap();
        let record: Value = serde_json::from_slice(&opened.record).unwrap();
        assert!(record["entries"].as_array().is_some_and(|entries| entries.len() >= 7), "{record}");
        words.push(pdf_words(&file));
    }
    let [whole, summary] = &*words else { unreachable!("two were taken") };
    for (section, in_both) in [("Summary", true), ("Timeline", true), ("Chronology", false), ("People", false)] {
        assert_eq!((whole.contains(section), summary.contains(section)), (true, in_both), "{section}: {summary}");
    }
    let snapshots = format!("/rooms/{room}/snapshots");
    let asked = json!({ "summary_only": true, "snapshot_type": "csv" });
    assert_eq!(app.post(&snapshots, &broker).json(asked).send().await.fields(), ["summary_only"]);
}

async fn a_blank_title_becomes_one_with_the_date(app: TestApp) {
    let (room, broker) = app.room().await;
    for asked in [json!({}), json!({ "title": "  " }), json!({ "title": null })] {
        let taken = app.post(&format!("/rooms/{room}/snapshots"), &broker).json(asked).send().await.expect(201);
        assert_eq!(taken["title"], "Snapshot of 2026-11-23 08:00 UTC");
    }
}

async fn a_list_is_newest_first(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/snapshots");
    assert_eq!(app.get(&path, &broker).send().await.expect(200), json!([]));
    for title in ["first", "second", "third"] {
        app.post(&path, &broker).json(json!({ "title": title, "snapshot_type": "json" })).send().await.expect(201);
        app.later(Duration::from_secs(1));
    }
    let listed = app.get(&format!("{path}?limit=2"), &broker).send().await;
    assert_eq!(listed.header("x-total-count"), "3");
    let titles: Vec<_> = listed.json().as_array().unwrap().iter().map(|snapshot| snapshot["title"].clone()).collect();
    assert_eq!(titles, ["third", "second"]);
}

async fn deleting_removes_rows_and_file_and_leaves_the_tombstone(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let snapshot = app.snapshot(&room, &broker, json!({ "title": "Gone", "snapshot_type": "json" })).await;
    let id = snapshot["id"].as_str().unwrap();
    let path = format!("/rooms/{room}/snapshots/{id}");
    let file = app.dir.path().join(format!("data/files/rooms/{room}/snapshots/{id}.json"));
    assert!(file.exists());
    let deleted = app.delete(&path, &admin).send().await.expect(200);
    assert_eq!(deleted, json!({ "message": "Snapshot deleted", "snapshot_id": id }));
    app.tidy().await;
    assert!(!file.exists());
    for again in [app.delete(&path, &admin), app.get(&path, &admin), app.get(&format!("{path}/download"), &admin)] {
        assert_eq!(again.send().await.problem(), "not_found");
    }
    let log = app.get(&format!("/rooms/{room}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!(log[0]["action"], "snapshot_deleted");
    assert_eq!(
        fields_of_event(&log[0]["meta"]),
        json!({
            "snapshot_id": id, "title": "Gone", "snapshot_type": "json",
            "record_sha256": snapshot["record_sha256"], "file_sha256": snapshot["file_sha256"],
            "asked_by": null,
        })
    );
}

async fn of_two_deletes_at_once_one_finds_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let path = format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap());
    let (one, two) = tokio::join!(app.delete(&path, &admin).send(), app.delete(&path, &admin).send());
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404]);
    let deletions = app.actions(&room, &admin).await.iter().filter(|action| *action == "snapshot_deleted").count();
    assert_eq!(deletions, 1);
}

async fn a_snapshot_deleted_while_its_file_is_waited_for_was_taken_all_the_same(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let path = format!("/rooms/{room}/snapshots");
    // No worker runs, so that the request still waits for the file when the snapshot is deleted.
    let taking = app.post(&path, &broker).header("prefer", "wait=30").json(json!({})).send();
    let deleting = until("the snapshot is deleted", async || {
        let listed = app.get(&path, &admin).send().await.expect(200);
        let own = format!("{path}/{}", listed[0]["id"].as_str()?);
        app.delete(&own, &admin).send().await.expect(200);
        Some(())
    });
    let (taken, ()) = tokio::join!(taking, deleting);
    assert_eq!(taken.expect(201)["status"], "generating");
}

async fn a_repeated_request_with_its_key_takes_one_snapshot(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/snapshots");
    let take =
        || app.post(&path, &broker).header("idempotency-key", "retry-1").json(json!({ "snapshot_type": "json" }));
    let first = take().send().await.expect(201);
    assert_eq!(take().send().await.expect(201)["id"], first["id"]);
    assert_eq!(app.get(&path, &broker).send().await.header("x-total-count"), "1");
    let other = app.post(&path, &broker).header("idempotency-key", "retry-1").json(json!({ "snapshot_type": "csv" }));
    assert_eq!(other.send().await.fields(), ["Idempotency-Key"]);
    let elsewhere = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    let elsewhere = format!("/rooms/{}/snapshots", elsewhere["id"].as_str().unwrap());
    let same_body = app.post(&elsewhere, &broker).header("idempotency-key", "retry-1");
    let refused = same_body.json(json!({ "snapshot_type": "json" })).send().await;
    assert_eq!(refused.fields(), ["Idempotency-Key"], "the same words to another room are another request");
}

async fn a_snapshot_of_another_room_is_not_found_here(app: TestApp) {
    let (room, broker) = app.room().await;
    let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let other = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    let path = format!("/rooms/{}/snapshots/{}", other["id"].as_str().unwrap(), snapshot["id"].as_str().unwrap());
    for refused in [
        app.get(&path, &broker),
        app.get(&format!("{path}/download"), &broker),
        app.post(&format!("{path}/retry"), &broker),
    ] {
        assert_eq!(refused.send().await.problem(), "not_found");
    }
}

async fn snapshots_taken_at_once_by_many_are_each_of_one_instant(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/snapshots");
    let takers = (0..12).map(|_| app.post(&path, &broker).json(json!({ "snapshot_type": "json" })).send());
    let taken: Vec<Value> =
        futures_util::future::join_all(takers).await.iter().map(|reply| reply.expect(201)).collect();
    assert_eq!(app.work().await, 12);
    let mut sizes = Vec::new();
    for snapshot in &taken {
        let url = format!("{path}/{}/download", snapshot["id"].as_str().unwrap());
        let envelope = app.get(&url, &broker).send().await.expect(200);
        let record = &envelope["record"];
        let size = record["log"]["size"].as_u64().unwrap();
        assert_eq!(record["entries"].as_array().unwrap().len() as u64, size);
        sizes.push(size);
    }
    sizes.sort_unstable();
    assert_eq!(sizes, (7..19).collect::<Vec<u64>>());
}
