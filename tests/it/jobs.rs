//! Jobs of snapshots: they are claimed by lease, tried again, given up after a limit, and done only once.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use room::{Role, SnapshotId};
use serde_json::{Value, json};

use sts_clearance::{
    children::Children,
    db::{Tx, files::StoredFile, jobs::Claim, snapshots::Drawn},
    domain::snapshots::{self, Failure},
    jobs::run_due,
};

use crate::harness::{TestApp, fields_of_event, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    a_lost_file_is_rendered_again_byte_for_byte,
    one_deleted_while_it_is_rendered_leaves_no_file,
    a_file_that_is_stored_just_after_the_deletion_is_removed_though_its_worker_dies,
    a_file_that_is_stored_long_after_the_deletion_is_removed_too,
    a_file_that_cannot_be_removed_is_reported_and_tried_again,
    what_uploads_left_that_ended_with_the_server_is_swept_after_a_day,
    a_store_that_fails_is_tried_again_for_ever_with_pauses_of_five_minutes_at_most,
    a_claimed_job_is_left_alone_until_its_lease_runs_out,
    work_that_breaks_off_is_taken_up_again_however_often,
    what_fails_by_itself_the_same_way_five_times_is_given_up_and_can_be_retried,
    a_clock_that_was_ahead_leaves_no_job_waiting,
    a_report_that_ends_its_process_twice_is_given_up_with_the_reason,
    rooms_take_turns_however_many_snapshots_one_of_them_has_waiting,
    a_late_worker_changes_nothing_of_what_another_completed,
    prefer_wait_answers_when_the_file_is_there,
}

async fn a_lost_file_is_rendered_again_byte_for_byte(app: TestApp) {
    let (room, broker) = app.room().await;
    for (kind, extension) in [("pdf", "pdf"), ("json", "json"), ("csv", "zip")] {
        let (taken, path) = app.take(&room, &broker, json!({ "snapshot_type": kind })).await;
        let file = app.snapshot_file(&room, taken["id"].as_str().unwrap(), extension);
        // As if the server had ended after it stored the file, which then got lost.
        app.work_in_vain().await;
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        app.later(Duration::from_hours(1));
        assert_eq!(app.work().await, 1);
        assert_eq!(app.get(&path, &broker).send().await.expect(200)["status"], "completed", "{kind}");
        assert!(fs::read(&file).unwrap() == bytes, "{kind}");
    }
}

async fn one_deleted_while_it_is_rendered_leaves_no_file(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let (taken, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    // A worker has claimed the job before the deletion, and stores the file just after it.
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

impl TestApp {
    /// Takes a snapshot, claims its job, and deletes the snapshot. Returns the claim, the room's id, and the path of
    /// the file that the worker may still store.
    async fn deleted_while_rendered(&self) -> (Claim, String, PathBuf) {
        let (room, broker) = self.room().await;
        let admin = self.user("admin@example.com", Role::Admin).await;
        let (taken, path) = self.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
        let claim = self.claim_job(Duration::ZERO).await;
        self.delete(&path, &admin).send().await.expect(200);
        let file = self.dir.path().join(format!("data/files/{}", key(&room, &taken)));
        (claim, room, file)
    }

    /// Returns the keys of the files that are still to be removed.
    async fn file_deletions(&self) -> Vec<String> {
        let read = async |tx: &mut Tx| {
            let rows = tx.rows("SELECT file_url FROM file_deletions ORDER BY file_url", &[]).await?;
            rows.iter().map(|row| row.get(0)).collect()
        };
        self.app.db.read(read).await.unwrap()
    }
}

fn key(room: &str, snapshot: &Value) -> String {
    format!("rooms/{room}/snapshots/{}.json", snapshot["id"].as_str().unwrap())
}

fn store(file: &Path) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, "{}").unwrap();
}

async fn a_file_that_is_stored_just_after_the_deletion_is_removed_though_its_worker_dies(app: TestApp) {
    let (_, _, file) = app.deleted_while_rendered().await;
    app.later(Duration::from_mins(9));
    app.tidy().await;
    assert_eq!(app.file_deletions().await.len(), 1, "a worker may still be about to store it");
    store(&file);
    app.later(Duration::from_mins(2));
    app.tidy().await;
    assert!(!file.exists());
    assert_eq!(app.file_deletions().await, [""; 0]);
}

async fn a_file_that_is_stored_long_after_the_deletion_is_removed_too(app: TestApp) {
    let (claim, room, file) = app.deleted_while_rendered().await;
    app.later(Duration::from_hours(1));
    app.tidy().await;
    assert_eq!(app.file_deletions().await, [""; 0]);
    store(&file);
    let key = file.strip_prefix(app.dir.path().join("data/files")).unwrap().display().to_string();
    let drawn = Drawn {
        file: StoredFile { file_url: key.clone(), size: 2, sha256: [0; 32] },
        renderer: String::new(),
        fonts: String::new(),
    };
    snapshots::complete(&app.app, claim, room.parse().unwrap(), drawn).await.unwrap();
    assert_eq!(app.file_deletions().await, [key]);
    app.tidy().await;
    assert!(!file.exists());
}

/// The test puts a directory in place of the file, since the store cannot remove a directory as a file.
async fn a_file_that_cannot_be_removed_is_reported_and_tried_again(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let mut files = Vec::new();
    for _ in 0..2 {
        let taken = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
        let path = format!("/rooms/{room}/snapshots/{}", taken["id"].as_str().unwrap());
        app.delete(&path, &admin).send().await.expect(200);
        files.push((key(&room, &taken), app.dir.path().join("data/files").join(key(&room, &taken))));
    }
    let [(stuck, in_the_way), (_, other)] = &files[..] else { panic!("two were deleted") };
    fs::remove_file(in_the_way).unwrap();
    store(&in_the_way.join("something"));

    let log = logged(app.tidy()).await;
    let warning = log.lines().find(|line| line.contains("a file could not be removed; it is tried again later"));
    assert!(warning.is_some_and(|line| line.contains(" WARN ") && line.contains(stuck)), "{log}");
    assert!(!other.exists(), "it keeps no other file from being removed");
    assert_eq!(app.file_deletions().await, [&**stuck]);
    assert_eq!(logged(app.tidy()).await, "", "it is not tried again at once");

    fs::remove_dir_all(in_the_way).unwrap();
    store(in_the_way);
    app.later(Duration::from_mins(9));
    app.tidy().await;
    assert!(in_the_way.exists());
    app.later(Duration::from_mins(1));
    app.tidy().await;
    assert!(!in_the_way.exists());
    assert_eq!(app.file_deletions().await, [""; 0]);
}

/// Returns what this thread logs while the work runs. That is complete, since a `tokio::test` uses one thread.
async fn logged(work: impl Future<Output = ()>) -> String {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&lines);
    let write = move || Lines(Arc::clone(&writer));
    let subscriber = tracing_subscriber::fmt().with_writer(write).with_ansi(false).with_target(false).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    work.await;
    drop(guard);
    String::from_utf8(lines.lock().unwrap().clone()).unwrap()
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A server that is killed leaves the part of an upload that it had received, which a listing of the store leaves out.
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

/// The test puts a file in place of the directory `rooms`, so that nothing can be stored until it is removed.
async fn a_store_that_fails_is_tried_again_for_ever_with_pauses_of_five_minutes_at_most(app: TestApp) {
    let (room, broker) = app.room().await;
    let in_the_way = app.dir.path().join("data/files/rooms");
    fs::write(&in_the_way, "not a directory").unwrap();
    let (taken, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    for attempt in 1..=12 {
        assert_eq!(app.work().await, 1, "attempt {attempt}");
        assert_eq!(app.work().await, 0, "after attempt {attempt} there is a pause");
        let snapshot = app.get(&path, &broker).send().await.expect(200);
        assert_eq!(snapshot["status"], "generating");
        assert!(snapshot["error"].as_str().unwrap().contains("file store"), "{snapshot}");
        app.later(Duration::from_secs((1_u64 << attempt).min(300)));
    }
    let refused = app.get(&format!("{path}/download"), &broker).send().await;
    assert_eq!((refused.problem().as_str(), refused.header("retry-after")), ("conflict", "2"));

    fs::remove_file(&in_the_way).unwrap();
    app.later(Duration::from_mins(5));
    assert_eq!(app.work().await, 1);
    let snapshot = app.get(&path, &broker).send().await.expect(200);
    assert_eq!((&snapshot["status"], &snapshot["id"]), (&json!("completed"), &taken["id"]));
    let actions = app.actions(&room, &broker).await;
    assert_eq!(actions[actions.len() - 3..], ["snapshot_created", "snapshot_rendered", "snapshot_generated"]);
    assert_eq!(app.post(&format!("{path}/retry"), &broker).send().await.problem(), "conflict");
}

async fn what_fails_by_itself_the_same_way_five_times_is_given_up_and_can_be_retried(app: TestApp) {
    let (room, broker) = app.room().await;
    let (taken, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let id: SnapshotId = taken["id"].as_str().unwrap().parse().unwrap();
    for attempt in 1..=5 {
        let claim = app.claim_job(Duration::from_secs(15)).await;
        let failure = Failure::ByItself("the report cannot be drawn: it is too wide".to_owned());
        snapshots::attempt_failed(&app.app, claim, room.parse().unwrap(), failure).await.unwrap();
        let snapshot = app.get(&path, &broker).send().await.expect(200);
        assert_eq!(snapshot["status"], if attempt < 5 { "generating" } else { "failed" }, "{snapshot}");
        app.later(Duration::from_mins(5));
    }
    assert_eq!(app.work().await, 0);
    assert_eq!(app.actions(&room, &broker).await.last().unwrap(), "snapshot_failed");
    let retried = app.post(&format!("{path}/retry"), &broker).send().await.expect(200);
    assert_eq!((&retried["status"], &retried["error"]), (&json!("generating"), &Value::Null));
    let entry = &app.get(&format!("/rooms/{room}/activities?limit=1"), &broker).send().await.expect(200)[0];
    assert_eq!((&entry["action"], &entry["actor"]), (&json!("snapshot_retried"), &json!("broker@example.com")));
    assert_eq!(fields_of_event(&entry["meta"]), json!({ "snapshot_id": id }));
    assert_eq!(app.work().await, 1);
    assert_eq!(app.get(&path, &broker).send().await.expect(200)["status"], "completed");
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

async fn work_that_breaks_off_is_taken_up_again_however_often(app: TestApp) {
    let (room, broker) = app.room().await;
    let (_, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    for _ in 0..12 {
        app.claim_job(Duration::ZERO).await;
        app.later(Duration::from_secs(1));
    }
    assert_eq!(app.work().await, 1);
    assert_eq!(app.get(&path, &broker).send().await.expect(200)["status"], "completed");
}

/// A clock that was far ahead wrote leases and pauses that nobody would live to see end.
async fn a_clock_that_was_ahead_leaves_no_job_waiting(app: TestApp) {
    let (room, broker) = app.room().await;
    for column in ["lease_until", "not_before"] {
        let (_, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
        let ahead = app.app.now().after(Duration::from_hours(24 * 365));
        let set = format!("UPDATE snapshot_jobs SET {column} = ?1");
        assert_eq!(app.app.db.write(async move |tx| tx.exec(&set, &[&ahead]).await).await.unwrap(), 1);
        assert_eq!(app.work().await, 1, "{column}");
        assert_eq!(app.get(&path, &broker).send().await.expect(200)["status"], "completed");
    }
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
    // Ids of entries sort by time, also across rooms.
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
    snapshots::attempt_failed(&app.app, late, room_id, Failure::ByItself("too late".into())).await.unwrap();
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
