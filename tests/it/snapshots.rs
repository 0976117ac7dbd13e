//! Snapshots: taken, rendered, downloaded, retried, deleted.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sts_clearance::domain::Role;

use crate::harness::on_both_databases;

/// Everything of a snapshot that differs from run to run.
macro_rules! assert_snapshot_json {
    ($name:literal, $value:expr) => {
        insta::assert_json_snapshot!($name, $value, {
            ".id" => "[uuid]", ".room_id" => "[uuid]", ".record_sha256" => "[sha256]", ".file_sha256" => "[sha256]",
            ".file_size" => "[bytes]", ".download_url" => insta::dynamic_redaction(|url, _| {
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

on_both_databases! {
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
            "attachment; filename=\"Before loading.pdf\"; filename*=UTF-8''Before%20loading.pdf"
        );
        assert_eq!(file.header("content-security-policy"), "sandbox; default-src 'none'");

        let log = app.get(&format!("/rooms/{room}/activities?limit=3"), &broker).send().await.expect(200);
        let told: Vec<_> = log.as_array().unwrap().iter()
            .map(|entry| (entry["action"].as_str().unwrap(), entry["actor"].as_str().unwrap(), &entry["meta"]["snapshot_id"]))
            .collect();
        let id = &snapshot["id"];
        assert_eq!(told, [
            ("snapshot_downloaded", "broker@example.com", id),
            ("snapshot_generated", "system", id),
            ("snapshot_created", "broker@example.com", id),
        ]);
        assert_eq!(log[2]["meta"]["record_sha256"], completed["record_sha256"]);
        assert_eq!(log[1]["meta"]["file_sha256"], completed["file_sha256"]);
    }

    async fn each_type_comes_in_its_form(app: TestApp) {
        let (room, broker) = app.room().await;
        for (kind, media_type, magic) in
            [("pdf", "application/pdf", &b"%PDF"[..]), ("json", "application/json", b"{\"format\""), ("csv", "application/zip", b"PK\x03\x04")]
        {
            let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": kind })).await;
            assert_eq!(snapshot["status"], "completed", "{snapshot}");
            let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
            let file = app.get(url, &broker).send().await;
            assert_eq!(file.header("content-type"), media_type);
            assert!(file.body.starts_with(magic), "{kind}");
        }
    }

    /// Also promise 2: a write between capture and rendering is not in it.
    async fn a_record_shows_the_room_before_the_snapshot_and_nothing_later(app: TestApp) {
        let (room, broker) = app.room().await;
        let taken = app.post(&format!("/rooms/{room}/snapshots"), &broker).json(json!({ "snapshot_type": "json" })).send().await.expect(201);
        app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "LATER TITLE" })).send().await.expect(200);
        let later = json!({ "role": "buyer", "name": "LATER PARTY", "email": "later@example.com" });
        app.post(&format!("/rooms/{room}/parties"), &broker).json(later).send().await.expect(201);
        app.work().await;
        let url = format!("/rooms/{room}/snapshots/{}/download", taken["id"].as_str().unwrap());
        let envelope = app.get(&url, &broker).send().await.expect(200);
        let record = &envelope["record"];
        assert!(!record.to_string().contains("LATER"));
        assert_eq!(record["room"]["title"], "STS Ceuta");
        assert_eq!(record["counts"], json!({ "parties": 5, "activity": 6 }));
        assert_eq!(record["activity"].as_array().unwrap().len(), 6);
        assert_eq!(record["log"]["size"], 6);
        assert_eq!(record["snapshot"]["created_by"], json!({ "email": "broker@example.com", "name": "broker", "role": "broker" }));
        let canonical = serde_json_canonicalizer::to_vec(record).unwrap();
        assert_eq!(sha256(&canonical), taken["record_sha256"].as_str().unwrap());
    }

    async fn a_section_that_was_not_asked_for_is_left_out(app: TestApp) {
        let (room, broker) = app.room().await;
        let asked = json!({ "snapshot_type": "json", "include_activity": false });
        let snapshot = app.snapshot(&room, &broker, asked).await;
        let url = format!("/rooms/{room}/snapshots/{}/download", snapshot["id"].as_str().unwrap());
        let record = &app.get(&url, &broker).send().await.expect(200)["record"];
        assert!(record.get("activity").is_none());
        assert_eq!(record["counts"]["activity"], 6);
    }

    async fn a_lost_file_is_rendered_again_byte_for_byte(app: TestApp) {
        let (room, broker) = app.room().await;
        for kind in ["pdf", "json", "csv"] {
            let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": kind })).await;
            let id = snapshot["id"].as_str().unwrap().to_owned();
            app.app.db.write(async move |tx| {
                tx.exec("DELETE FROM snapshot_files WHERE snapshot_id = ?1", &[&id]).await?;
                tx.exec("UPDATE snapshots SET status = 'generating' WHERE id = ?1", &[&id]).await?;
                tx.exec("INSERT INTO snapshot_jobs (snapshot_id, attempts, not_before, progress) VALUES (?1, 0, ?2, 0)",
                    &[&id, &sts_clearance::domain::Time::EARLIEST]).await
            }).await.unwrap();
            app.later(Duration::from_secs(3600));
            assert_eq!(app.work().await, 1);
            let again = app.get(&format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap()), &broker);
            assert_eq!(again.send().await.expect(200)["file_sha256"], snapshot["file_sha256"], "{kind}");
        }
    }

    async fn a_blank_title_becomes_the_rooms_with_the_date(app: TestApp) {
        let (room, broker) = app.room().await;
        for asked in [json!({}), json!({ "title": "  " }), json!({ "title": null })] {
            let taken = app.post(&format!("/rooms/{room}/snapshots"), &broker).json(asked).send().await.expect(201);
            assert_eq!(taken["title"], "STS Ceuta, 2026-11-23 08:00 UTC");
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

    async fn a_download_can_be_resumed_and_repeated_without_sending_it_again(app: TestApp) {
        let (room, broker) = app.room().await;
        let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "csv" })).await;
        let url = format!("/rooms/{room}/snapshots/{}/download", snapshot["id"].as_str().unwrap());
        let whole = app.get(&url, &broker).send().await;
        let etag = whole.header("etag").to_owned();
        assert_eq!(etag, format!("\"{}\"", snapshot["file_sha256"].as_str().unwrap()));
        assert_eq!(whole.header("accept-ranges"), "bytes");
        let size = whole.body.len();

        let downloads = async || app.actions(&room, &broker).await.iter().filter(|action| *action == "snapshot_downloaded").count();
        assert_eq!(downloads().await, 1);
        let part = app.get(&url, &broker).header("range", "bytes=10-19").header("if-range", &etag).send().await;
        assert_eq!(part.status, 206);
        assert_eq!(part.header("content-range"), format!("bytes 10-19/{size}"));
        assert_eq!(part.body, whole.body.slice(10..20));
        let tail = app.get(&url, &broker).header("range", "bytes=-5").send().await;
        assert_eq!(tail.body, whole.body.slice(size - 5..));
        assert_eq!(downloads().await, 3);

        let unchanged = app.get(&url, &broker).header("if-none-match", &etag).send().await;
        assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
        let head = app.request("HEAD", &url, &broker).send().await;
        assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, &*size.to_string(), 0));
        let beyond = app.get(&url, &broker).header("range", "bytes=999999999-").send().await;
        assert_eq!((beyond.status, beyond.header("content-range")), (416, &*format!("bytes */{size}")));
        let changed = app.get(&url, &broker).header("range", "bytes=10-19").header("if-range", "\"other\"").send().await;
        assert_eq!(changed.status, 200);
        assert_eq!(downloads().await, 4);
    }

    async fn a_title_in_any_script_names_the_downloaded_file(app: TestApp) {
        let (room, broker) = app.room().await;
        let snapshot = app.snapshot(&room, &broker, json!({ "title": "Πριν \"από\" τη φόρτωση/…", "snapshot_type": "json" })).await;
        let url = format!("/rooms/{room}/snapshots/{}/download", snapshot["id"].as_str().unwrap());
        insta::assert_snapshot!("disposition", app.get(&url, &broker).send().await.header("content-disposition"));
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
        assert_eq!(log[0]["meta"], json!({
            "snapshot_id": id, "title": "Gone", "snapshot_type": "json",
            "record_sha256": snapshot["record_sha256"], "file_sha256": snapshot["file_sha256"],
        }));
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

    async fn one_deleted_while_it_is_rendered_leaves_no_file(app: TestApp) {
        let (room, broker) = app.room().await;
        let admin = app.user("admin@example.com", Role::Admin).await;
        let taken = app.post(&format!("/rooms/{room}/snapshots"), &broker).json(json!({ "snapshot_type": "json" })).send().await.expect(201);
        let id = taken["id"].as_str().unwrap();
        let path = format!("/rooms/{room}/snapshots/{id}");
        // What a worker would store just after the deletion.
        let now = app.app.now();
        let claim = app.app.db.write(async move |tx| sts_clearance::db::jobs::claim(tx, now, now).await).await.unwrap().unwrap();
        app.delete(&path, &admin).send().await.expect(200);
        let key = format!("rooms/{room}/snapshots/{id}.json");
        app.app.files.put(&key, b"{}".to_vec()).await.unwrap();
        let drawn = sts_clearance::db::snapshots::Drawn {
            file: sts_clearance::db::snapshots::StoredFile { file_url: key.clone(), size: 2, sha256: [0; 32] },
            renderer: String::new(),
            fonts: String::new(),
        };
        sts_clearance::domain::snapshots::complete(&app.app, claim, room.parse().unwrap(), drawn).await.unwrap();
        app.tidy().await;
        assert!(!app.dir.path().join("data/files").join(key).exists());
    }

    /// The directory of the room's files cannot be made, as on a full disk; later it can.
    async fn a_store_that_fails_is_tried_five_times_then_the_snapshot_is_failed_and_can_be_retried(app: TestApp) {
        let (room, broker) = app.room().await;
        let in_the_way = app.dir.path().join("data/files/rooms");
        fs::write(&in_the_way, "not a directory").unwrap();
        let taken = app.post(&format!("/rooms/{room}/snapshots"), &broker).json(json!({ "snapshot_type": "json" })).send().await.expect(201);
        let path = format!("/rooms/{room}/snapshots/{}", taken["id"].as_str().unwrap());
        for attempt in 1..=5 {
            assert_eq!(app.work().await, 1, "attempt {attempt}");
            assert_eq!(app.work().await, 0, "after attempt {attempt} there is a pause");
            let snapshot = app.get(&path, &broker).send().await.expect(200);
            assert_eq!(snapshot["status"], if attempt < 5 { "generating" } else { "failed" });
            assert!(snapshot["error"].as_str().unwrap().contains("file store"), "{snapshot}");
            app.later(Duration::from_secs(1 << attempt));
        }
        app.later(Duration::from_secs(3600));
        assert_eq!(app.work().await, 0);
        assert_eq!(app.actions(&room, &broker).await.last().unwrap(), "snapshot_failed");
        let refused = app.get(&format!("{path}/download"), &broker).send().await;
        assert_eq!((refused.problem().as_str(), refused.header("retry-after")), ("conflict", ""));

        fs::remove_file(&in_the_way).unwrap();
        let retried = app.post(&format!("{path}/retry"), &broker).send().await.expect(200);
        assert_eq!((&retried["status"], &retried["error"]), (&json!("generating"), &Value::Null));
        assert_eq!(app.work().await, 1);
        let snapshot = app.get(&path, &broker).send().await.expect(200);
        assert_eq!(snapshot["status"], "completed");
        assert_eq!(snapshot["record_sha256"], taken["record_sha256"]);
        assert_eq!(app.post(&format!("{path}/retry"), &broker).send().await.problem(), "conflict");
    }

    async fn a_claimed_job_is_left_alone_until_its_lease_runs_out(app: TestApp) {
        let (room, broker) = app.room().await;
        app.post(&format!("/rooms/{room}/snapshots"), &broker).json(json!({ "snapshot_type": "json" })).send().await.expect(201);
        let now = app.app.now();
        let lease = now.after(Duration::from_secs(15));
        app.app.db.write(async move |tx| sts_clearance::db::jobs::claim(tx, now, lease).await).await.unwrap().unwrap();
        app.later(Duration::from_secs(15));
        assert_eq!(app.work().await, 0);
        app.later(Duration::from_secs(1));
        assert_eq!(app.work().await, 1);
    }

    async fn a_late_worker_changes_nothing_of_what_another_completed(app: TestApp) {
        let (room, broker) = app.room().await;
        let taken = app.post(&format!("/rooms/{room}/snapshots"), &broker).json(json!({ "snapshot_type": "json" })).send().await.expect(201);
        let now = app.app.now();
        let late = app.app.db.write(async move |tx| sts_clearance::db::jobs::claim(tx, now, now).await).await.unwrap().unwrap();
        app.later(Duration::from_secs(1));
        assert_eq!(app.work().await, 1);
        let path = format!("/rooms/{room}/snapshots/{}", taken["id"].as_str().unwrap());
        let completed = app.get(&path, &broker).send().await.expect(200);
        let room_id = room.parse().unwrap();
        sts_clearance::domain::snapshots::attempt_failed(&app.app, late, room_id, "too late".into()).await.unwrap();
        assert_eq!(app.get(&path, &broker).send().await.expect(200), completed);
        let generated = app.actions(&room, &broker).await.iter().filter(|action| *action == "snapshot_generated").count();
        assert_eq!(generated, 1);
    }

    async fn prefer_wait_answers_when_the_file_is_there(app: TestApp) {
        let (room, broker) = app.room().await;
        let stop = tokio_util::sync::CancellationToken::new();
        let workers = tokio::spawn(sts_clearance::jobs::run(app.app.clone(), stop.clone()));
        let taken = app
            .post(&format!("/rooms/{room}/snapshots"), &broker)
            .header("prefer", "respond-async, wait=99")
            .json(json!({ "snapshot_type": "json" }))
            .send()
            .await;
        assert_eq!(taken.expect(201)["status"], "completed");
        assert_eq!(taken.header("preference-applied"), "wait=30");
        stop.cancel();
        workers.await.unwrap();
    }

    async fn a_repeated_request_with_its_key_takes_one_snapshot(app: TestApp) {
        let (room, broker) = app.room().await;
        let path = format!("/rooms/{room}/snapshots");
        let take = || app.post(&path, &broker).header("idempotency-key", "retry-1").json(json!({ "snapshot_type": "json" }));
        let first = take().send().await.expect(201);
        assert_eq!(take().send().await.expect(201)["id"], first["id"]);
        assert_eq!(app.get(&path, &broker).send().await.header("x-total-count"), "1");
        let other = app.post(&path, &broker).header("idempotency-key", "retry-1").json(json!({ "snapshot_type": "csv" }));
        assert_eq!(other.send().await.fields(), ["Idempotency-Key"]);
    }

    async fn a_snapshot_of_another_room_is_not_found_here(app: TestApp) {
        let (room, broker) = app.room().await;
        let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
        let other = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
        let path = format!("/rooms/{}/snapshots/{}", other["id"].as_str().unwrap(), snapshot["id"].as_str().unwrap());
        for refused in [app.get(&path, &broker), app.get(&format!("{path}/download"), &broker), app.post(&format!("{path}/retry"), &broker)] {
            assert_eq!(refused.send().await.problem(), "not_found");
        }
    }

    async fn snapshots_taken_at_once_by_many_are_each_of_one_instant(app: TestApp) {
        let (room, broker) = app.room().await;
        let path = format!("/rooms/{room}/snapshots");
        let takers = (0..12).map(|_| app.post(&path, &broker).json(json!({ "snapshot_type": "json" })).send());
        let taken: Vec<Value> = futures_util::future::join_all(takers).await.iter().map(|reply| reply.expect(201)).collect();
        assert_eq!(app.work().await, 12);
        let mut sizes = Vec::new();
        for snapshot in &taken {
            let url = format!("{path}/{}/download", snapshot["id"].as_str().unwrap());
            let envelope = app.get(&url, &broker).send().await.expect(200);
            let record = &envelope["record"];
            let size = record["log"]["size"].as_u64().unwrap();
            assert_eq!(record["activity"].as_array().unwrap().len() as u64, size);
            sizes.push(size);
        }
        sizes.sort_unstable();
        assert_eq!(sizes, (6..18).collect::<Vec<u64>>());
    }
}
