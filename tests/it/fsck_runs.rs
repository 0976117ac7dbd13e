//! `fsck` as a command beside a server and as a job of the server, and its results in `/metrics`.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use room::Role;
use serde_json::{Value, json};

use sts_clearance::{app::App, clock::Clock, jobs};

use crate::harness::{Installation, Ran, TestApp, new_room, on_both_databases, until};

on_both_databases! {
    TestApp:
    the_server_checks_by_itself_once_a_day_and_metrics_tell_what_it_found,
    of_two_servers_one_checks,
    a_check_that_ended_with_its_server_is_told_and_made_again_in_an_hour,
    only_the_newest_thirty_checks_are_remembered,
    a_check_of_a_clock_that_was_ahead_keeps_no_other_from_being_made,
    metrics_tell_of_snapshots_and_jobs,
}

on_both_databases! {
    Installation:
    a_busy_server_is_sound_and_goes_on_writing_while_it_is_checked,
    the_command_tells_damage_in_a_line_and_by_its_code_and_repairs_it,
    the_command_makes_neither_schema_nor_key,
    a_page_that_cannot_be_read_is_named_and_the_other_logs_are_checked,
}

/// Returns the value of the metric with this name and these labels.
fn value(metrics: &str, name: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

async fn metrics(app: &TestApp, token: &str) -> String {
    let reply = app.get("//metrics", token).send().await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/plain; version=0.0.4; charset=utf-8"));
    String::from_utf8(reply.body.to_vec()).unwrap()
}

/// Returns the path of the only snapshot's file.
fn file_of_the_snapshot(app: &TestApp) -> std::path::PathBuf {
    let stored = app.stored();
    let found = stored.iter().find(|path| path.to_string_lossy().contains("/snapshots/")).unwrap();
    app.dir.path().join("data/files").join(found)
}

async fn the_server_checks_by_itself_once_a_day_and_metrics_tell_what_it_found(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let (room, broker) = app.room().await;
    app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    assert_eq!(value(&metrics(&app, &admin).await, "sts_fsck_failed"), None, "nothing has been checked yet");

    assert!(jobs::check_where_due(&app.app).await.unwrap());
    let told = metrics(&app, &admin).await;
    for (name, expected) in [
        ("sts_fsck_failed", 0.0),
        ("sts_fsck_checked{what=\"logs\"}", 2.0),
        ("sts_fsck_checked{what=\"records\"}", 1.0),
        ("sts_fsck_checked{what=\"files\"}", 1.0),
        ("sts_fsck_damaged{kind=\"file\"}", 0.0),
        ("sts_fsck_damaged{kind=\"entry\"}", 0.0),
    ] {
        assert_eq!(value(&told, name), Some(expected), "{name} in {told}");
    }
    let checked_at = value(&told, "sts_fsck_finished_time_seconds");

    fs::write(file_of_the_snapshot(&app), "{}").unwrap();
    app.later(Duration::from_hours(23));
    assert!(!jobs::check_where_due(&app.app).await.unwrap());
    app.later(Duration::from_hours(1));
    assert!(jobs::check_where_due(&app.app).await.unwrap());
    let admin = app.session("admin@example.com").await;
    let told = metrics(&app, &admin).await;
    assert_eq!(value(&told, "sts_fsck_damaged{kind=\"file\"}"), Some(1.0), "{told}");
    assert!(value(&told, "sts_fsck_finished_time_seconds") > checked_at);
}

async fn of_two_servers_one_checks(app: TestApp) {
    let clock = Clock::Manual(Arc::new(Mutex::new(app.app.now())));
    let other = App::open(app.app.config.clone(), clock).unwrap();
    let (one, two) = tokio::join!(jobs::check_where_due(&app.app), jobs::check_where_due(&other));
    assert_eq!(u8::from(one.unwrap()) + u8::from(two.unwrap()), 1);
    assert!(!jobs::check_where_due(&other).await.unwrap() && !jobs::check_where_due(&app.app).await.unwrap());
}

/// Begins a check of which nobody renews the lease: its server has died.
async fn begin_and_die(app: &TestApp) {
    let (now, until) = (app.app.now(), app.app.now().after(Duration::from_mins(2)));
    let begun = app.app.db.write(async move |tx| {
        let insert =
            "INSERT INTO fsck_runs (id, started_at, lease_until, logs, entries, records, files, damaged, findings)
            VALUES ('x', ?1, ?2, 0, 0, 0, 0, '{}', '[]')";
        tx.exec(insert, &[&now, &until]).await
    });
    begun.await.unwrap();
}

async fn a_check_that_ended_with_its_server_is_told_and_made_again_in_an_hour(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    begin_and_die(&app).await;
    for minutes in [1, 30] {
        app.later(Duration::from_mins(minutes));
        assert!(!jobs::check_where_due(&app.app).await.unwrap());
    }
    app.later(Duration::from_mins(30));
    assert!(jobs::check_where_due(&app.app).await.unwrap());
    assert_eq!(value(&metrics(&app, &admin).await, "sts_fsck_failed"), Some(0.0));
    let errors = app.app.db.read(async |tx| {
        let rows = tx.rows("SELECT error FROM fsck_runs ORDER BY started_at", &[]).await?;
        rows.iter().map(|row| row.get::<Option<String>>(0)).collect::<sts_clearance::error::Result<Vec<_>>>()
    });
    assert!(matches!(errors.await.unwrap().as_slice(), [Some(error), None] if error.contains("broke off")));
}

/// The clock was a year ahead while one check was made, and another broken off.
async fn a_check_of_a_clock_that_was_ahead_keeps_no_other_from_being_made(app: TestApp) {
    let year = Duration::from_hours(24 * 365);
    app.later(year);
    assert!(jobs::check_where_due(&app.app).await.unwrap());
    app.later(Duration::from_hours(24));
    begin_and_die(&app).await;
    app.earlier(year + Duration::from_hours(24));
    let admin = app.user("admin@example.com", Role::Admin).await;
    assert!(jobs::check_where_due(&app.app).await.unwrap());
    assert!(!jobs::check_where_due(&app.app).await.unwrap());
    let told = app.get("/system", &admin).send().await.expect(200);
    assert_eq!((&told["fsck"]["started_at"], &told["fsck"]["error"]), (&json!(app.app.now()), &Value::Null));
    app.later(Duration::from_hours(24));
    assert!(jobs::check_where_due(&app.app).await.unwrap());
}

async fn only_the_newest_thirty_checks_are_remembered(app: TestApp) {
    for _ in 0..33 {
        assert!(jobs::check_where_due(&app.app).await.unwrap());
        app.later(Duration::from_hours(24));
    }
    let count = app.app.db.read(async |tx| tx.one("SELECT COUNT(*) FROM fsck_runs", &[]).await?.get::<i64>(0));
    assert_eq!(count.await.unwrap(), 30);
}

async fn metrics_tell_of_snapshots_and_jobs(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let (room, broker) = app.room().await;
    app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    app.later(Duration::from_mins(5));
    let told = metrics(&app, &admin).await;
    for (name, expected) in [
        ("sts_snapshots{status=\"completed\"}", 1.0),
        ("sts_snapshots{status=\"generating\"}", 1.0),
        ("sts_snapshots{status=\"failed\"}", 0.0),
        ("sts_snapshot_jobs{state=\"waiting\"}", 1.0),
        ("sts_snapshot_jobs{state=\"failed\"}", 0.0),
        ("sts_uptime_seconds", 300.0),
    ] {
        assert_eq!(value(&told, name), Some(expected), "{name} in {told}");
    }
    assert!(told.contains("\nsts_build_info{version=\""), "{told}");
}

#[tokio::test]
async fn metrics_are_for_admins_and_for_whoever_has_the_token() {
    let token = "a token that is long enough";
    let app = TestApp::with(String::new(), &[("metrics_token", token.into())]).await;
    let (_, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    for (given, status) in
        [("", 401), ("another token that is long enough", 401), (&broker, 403), (&admin, 200), (token, 200)]
    {
        assert_eq!(app.get("//metrics", given).send().await.status, status, "{given}");
    }
    let app = TestApp::on_sqlite().await;
    for given in ["", " "] {
        assert_eq!(app.get("//metrics", given).send().await.status, 401, "an empty setting opens nothing");
    }
}

#[test]
fn a_metrics_token_is_shown_to_nobody_and_has_to_be_long() {
    let place = Installation::new(None);
    let with = |token: &str| Ran::of(place.command(&["config"]).env("STS_METRICS_TOKEN", token), "");
    let shown = with("a token that is long enough");
    assert!(shown.expect(0).contains("metrics_token = \"****\"  # STS_METRICS_TOKEN"), "{shown:?}");
    assert_eq!(
        with("short").refused(),
        "STS_METRICS_TOKEN: `metrics_token` must be of 16 characters at least, or empty"
    );
}

/// Starts a server and makes a room. Returns both, and the broker's token.
async fn room(place: &Installation) -> (crate::harness::Server, String, String) {
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &new_room(&[])).await;
    (server, room["id"].as_str().unwrap().to_owned(), token)
}

async fn a_busy_server_is_sound_and_goes_on_writing_while_it_is_checked(place: Installation) {
    let (server, room, token) = room(&place).await;
    let (stop, writes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = ["json", "csv"]
        .into_iter()
        .map(|kind| {
            let (api, path, token) = (server.api.clone(), format!("/rooms/{room}/snapshots"), token.clone());
            let (stop, writes) = (Arc::clone(&stop), Arc::clone(&writes));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    api.post(&path, &token, &json!({ "snapshot_type": kind })).await;
                    writes.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    until("snapshots are taken", async || (writes.load(Ordering::Relaxed) > 10).then_some(())).await;
    let before = writes.load(Ordering::Relaxed);
    for _ in 0..5 {
        let mut command = place.command(&["fsck"]);
        let ran = tokio::task::spawn_blocking(move || Ran::of(&mut command, "")).await.unwrap();
        let said = ran.expect(0);
        assert!(said.starts_with("checked: 2 logs, ") && said.ends_with("; 0 damaged\n"), "{ran:?}");
    }
    assert!(writes.load(Ordering::Relaxed) > before, "writes go on");
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
}

async fn the_command_tells_damage_in_a_line_and_by_its_code_and_repairs_it(place: Installation) {
    let (server, room, token) = room(&place).await;
    let snapshot =
        server.api.post(&format!("/rooms/{room}/snapshots"), &token, &json!({ "snapshot_type": "json" })).await;
    let id = snapshot["id"].as_str().unwrap();
    server.api.completed(&room, id, &token).await;
    let key = format!("rooms/{room}/snapshots/{id}.json");
    let path = place.path("data/files").join(&key);
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();

    let said = place.run(&["fsck"]);
    let mut lines = said.expect(1).lines();
    let line = format!("file of room {room} \"STS Ceuta\": {key}: it is missing; `fsck --repair` draws it again");
    assert_eq!(lines.next(), Some(line.as_str()));
    assert!(lines.next().is_some_and(|line| line.ends_with("1 records, 1 files; 1 damaged")), "{said:?}");
    assert_eq!(lines.next(), None);

    let said: Value = serde_json::from_str(place.run(&["fsck", "--json"]).expect(1)).unwrap();
    assert_eq!(said["damaged"], json!({ "file": 1 }));
    let finding = &said["findings"][0];
    assert_eq!(
        (&finding["kind"], &finding["what"], &finding["remedy"]),
        (&json!("file"), &json!(key), &json!("repair"))
    );

    assert!(place.run(&["fsck", "--repair"]).expect(0).ends_with("; 0 damaged, 1 repaired\n"));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(place.run(&["fsck"]).expect(0).lines().count(), 1);
}

async fn a_page_that_cannot_be_read_is_named_and_the_other_logs_are_checked(place: Installation) {
    // PostgreSQL keeps its pages itself, and has no check of its own to ask for.
    if place.postgres_url().is_some() {
        return;
    }
    let (server, room, token) = room(&place).await;
    let other = server.api.post("/rooms", &token, &new_room(&[])).await["id"].as_str().unwrap().to_owned();
    drop(server);
    // Also closes the database in good order, which empties its write-ahead log.
    place.run(&["fsck"]).expect(0);
    let file = place.database_file();
    let mut bytes = fs::read(&file).unwrap();
    // The page with the first entry of the room's log: its first byte says what kind of page it is.
    let entry = format!("{room}broker@example.comroom_created");
    let at = bytes.windows(entry.len()).position(|window| window == entry.as_bytes()).unwrap();
    bytes[at / 4096 * 4096] = 0xff;
    fs::write(&file, bytes).unwrap();
    let said = place.run(&["fsck"]).expect(1).to_owned();
    assert!(said.starts_with("database: the database's own check: "), "{said}");
    let broken = format!("log of room {room} \"STS Ceuta\": its rows: they cannot be read: ");
    assert!(said.contains(&broken), "{said}");
    assert!(!said.contains(&format!("log of room {other}")) || said.contains("malformed"), "{said}");
    assert!(said.lines().last().unwrap().starts_with("checked: "), "{said}");
}

async fn the_command_makes_neither_schema_nor_key(place: Installation) {
    if place.postgres_url().is_none() {
        let refused = place.run(&["fsck"]).refused();
        assert!(refused.starts_with("there is no database "), "{refused}");
        assert!(!place.database_file().exists());
    }
    place.run(&["migrate", "up"]).expect(0);
    place.run(&["migrate", "down", "--to", "007"]).expect(0);
    fs::remove_dir_all(place.path("data/keys")).unwrap();
    let refused = place.run(&["fsck"]).refused();
    assert!(refused.starts_with("the database lacks the migrations 008_add_log_proofs, "), "{refused}");
    place.run(&["migrate", "up"]).expect(0);
    let kept = place.path("data/keys/log.key");
    fs::remove_file(&kept).unwrap();
    // Without the file nothing vouches for the key that signed the logs, until the setting names it as trusted.
    let said = place.run(&["fsck"]).expect(1).to_owned();
    let lines = said.lines().filter(|line| line.contains("the key in force does not vouch for it"));
    let keys: Vec<_> = lines.map(|line| line["key of the platform: ".len()..].split(':').next().unwrap()).collect();
    let trusting = Ran::of(place.command(&["fsck"]).env("STS_TRUSTED_LOG_KEYS", keys.join(" ")), "");
    assert!(trusting.expect(0).ends_with("; 0 damaged\n"), "{trusting:?}");
    assert!(!kept.exists());
}
