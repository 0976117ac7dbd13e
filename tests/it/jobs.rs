//! The work behind a snapshot: claimed by lease, tried again, given up, done once.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use room::Role;
use serde_json::{Value, json};

use sts_clearance::{
    children::Children,
    db::{files::StoredFile, snapshots::Drawn},
    domain::snapshots,
    jobs::run_due,
};

use crate::harness::{TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    a_lost_file_is_rendered_again_byte_for_byte,
    one_deleted_while_it_is_rendered_leaves_no_file,
    what_uploads_left_that_ended_with_the_server_is_swept_after_a_day,
    a_store_that_fails_is_tried_five_times_then_the_snapshot_is_failed_and_can_be_retried,
    a_claimed_job_is_left_alone_until_its_lease_runs_out,
    work_that_kills_its_worker_each_time_is_given_up_after_five_attempts,
    a_report_that_ends_its_process_twice_is_given_up_with_the_reason,
    rooms_take_turns_however_many_snapshots_one_of_them_has_waiting,
    a_late_worker_changes_nothing_of_what_another_completed,
    prefer_wait_answers_when_the_file_is_there,
}

async fn a_lost_file_is_rendered_again_byte_for_byte(app: TestApp) {
    let (room, broker) = app.room().await;
    for kind in ["pdf", "json", "csv"] {
        let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": kind })).await;
        let id = snapshot["id"].as_str().unwrap().to_owned();
        app.app
            .db
            .write(async move |tx| {
                tx.exec("DELETE FROM snapshot_files WHERE snapshot_id = ?1", &[&id]).await?;
                tx.exec("UPDATE snapshots SET status = 'generating' WHERE id = ?1", &[&id]).await?;
                tx.exec(
                    "INSERT INTO snapshot_jobs (snapshot_id, attempts, not_before, progress) VALUES (?1, 0, ?2, 0)",
                    &[&id, &room::Time::EARLIEST],
                )
                .await
            })
            .await
            .unwrap();
        app.later(Duration::from_hours(1));
        assert_eq!(app.work().await, 1);
        let again = app.get(&format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap()), &broker);
        assert_eq!(again.send().await.expect(200)["file_sha256"], snapshot["file_sha256"], "{kind}");
    }
}

async fn one_deleted_while_it_is_rendered_leaves_no_file(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let (taken, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    // What a worker would store just after the deletion.
    let claim = app.claim_job(Duration::ZERO).await;
    app.delete(&path, &admin).send().await.expect(200);
    let key = format!("rooms/{room}/snapshots/{}.json", taken["id"].as_str().unwrap());
    app.app.files.put(&key, b"{}".to_vec()).await.unwrap();
    let drawn = Drawn {
        file: StoredFile { file_url: key.clone(), size: 2, sha256: [0; 32] },
        renderer: String::new(),
        fonts: String::new(),
    };
    snapshots::complete(&app.app, claim, room.parse().unwrap(), drawn).await.unwrap();
    app.tidy().await;
    assert!(!app.dir.path().join("data/files").join(key).exists());
}

/// As an upload leaves it whose server is killed: half a file, which the store itself does not list.
async fn what_uploads_left_that_ended_with_the_server_is_swept_after_a_day(app: TestApp) {
    let waiting = app.dir.path().join("data/files/uploads");
    fs::create_dir_all(&waiting).unwrap();
    let [old, new] = ["0190-old#1", "0190-new#1"].map(|name| waiting.join(name));
    for (path, hours) in [(&old, 25), (&new, 23)] {
        let now = fs::metadata(app.dir.path()).unwrap().modified().unwrap();
        let written = now - Duration::from_hours(hours);
        fs::File::create(path).unwrap().set_modified(written).unwrap();
    }
    app.tidy().await;
    assert!(!old.exists() && new.exists(), "an upload may still be going on");
}

/// The directory of the room's files cannot be made, as on a full disk; later it can.
async fn a_store_that_fails_is_tried_five_times_then_the_snapshot_is_failed_and_can_be_retried(app: TestApp) {
    let (room, broker) = app.room().await;
    let in_the_way = app.dir.path().join("data/files/rooms");
    fs::write(&in_the_way, "not a directory").unwrap();
    let (taken, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    for attempt in 1..=5 {
        assert_eq!(app.work().await, 1, "attempt {attempt}");
        assert_eq!(app.work().await, 0, "after attempt {attempt} there is a pause");
        let snapshot = app.get(&path, &broker).send().await.expect(200);
        assert_eq!(snapshot["status"], if attempt < 5 { "generating" } else { "failed" });
        assert!(snapshot["error"].as_str().unwrap().contains("file store"), "{snapshot}");
        app.later(Duration::from_secs(1 << attempt));
    }
    app.later(Duration::from_hours(1));
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
    app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    app.claim_job(Duration::from_secs(15)).await;
    app.later(Duration::from_secs(15));
    assert_eq!(app.work().await, 0);
    app.later(Duration::from_secs(1));
    assert_eq!(app.work().await, 1);
}

async fn work_that_kills_its_worker_each_time_is_given_up_after_five_attempts(app: TestApp) {
    let (room, broker) = app.room().await;
    let (_, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    for _ in 0..5 {
        app.claim_job(Duration::ZERO).await;
        app.later(Duration::from_secs(1));
    }
    assert_eq!(app.work().await, 1);
    let snapshot = app.get(&path, &broker).send().await.expect(200);
    assert_eq!(snapshot["status"], "failed");
    assert_eq!(app.actions(&room, &broker).await.last().unwrap(), "snapshot_failed");
    assert_eq!(app.work().await, 0);
}

async fn a_report_that_ends_its_process_twice_is_given_up_with_the_reason(app: TestApp) {
    let (room, broker) = app.room().await;
    let (_, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let program = app.dir.path().join("dies");
    fs::write(&program, "#!/bin/sh\necho out of memory >&2\nkill -9 $$\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let dying = app.app.with_children(Children::of(program, None));
    for attempt in 1..=2 {
        assert_eq!(run_due(&dying).await.unwrap(), 1, "attempt {attempt} is counted at once");
        let snapshot = app.get(&path, &broker).send().await.expect(200);
        assert_eq!(snapshot["status"], if attempt < 2 { "generating" } else { "failed" });
        let error = snapshot["error"].as_str().unwrap();
        assert!(error.starts_with("drawing it takes more than there is for a report"), "{error}");
        assert!(error.ends_with(": signal: 9 (SIGKILL)"), "{error}");
        app.later(Duration::from_mins(1));
    }
    assert_eq!(run_due(&dying).await.unwrap(), 0);
    assert_eq!(app.actions(&room, &broker).await.last().unwrap(), "snapshot_failed");
    app.post(&format!("{path}/retry"), &broker).send().await.expect(200);
    assert_eq!(app.work().await, 1);
    assert_eq!(app.get(&path, &broker).send().await.expect(200)["status"], "completed");
}

async fn rooms_take_turns_however_many_snapshots_one_of_them_has_waiting(app: TestApp) {
    let (busy, broker) = app.room().await;
    let other = app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    let other = other["id"].as_str().unwrap();
    for room in [&*busy, &busy, &busy, other, other] {
        app.take(room, &broker, json!({ "snapshot_type": "json" })).await;
        app.later(Duration::from_secs(1));
    }
    assert_eq!(app.work().await, 5);
    // Later entries have later ids, in whatever room.
    let mut generated = Vec::new();
    for room in [&*busy, other] {
        let path = format!("/rooms/{room}/activities?action=snapshot_generated");
        for entry in app.get(&path, &broker).send().await.expect(200).as_array().unwrap() {
            generated.push((entry["id"].as_str().unwrap().to_owned(), room));
        }
    }
    generated.sort();
    let order: Vec<_> = generated.iter().map(|(_, room)| *room).collect();
    assert_eq!(order, [&*busy, other, &busy, other, &busy]);
}

async fn a_late_worker_changes_nothing_of_what_another_completed(app: TestApp) {
    let (room, broker) = app.room().await;
    let (_, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let late = app.claim_job(Duration::ZERO).await;
    app.later(Duration::from_secs(1));
    assert_eq!(app.work().await, 1);
    let completed = app.get(&path, &broker).send().await.expect(200);
    let room_id = room.parse().unwrap();
    snapshots::attempt_failed(&app.app, late, room_id, "too late".into()).await.unwrap();
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
