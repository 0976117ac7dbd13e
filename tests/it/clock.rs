//! A server whose clock is too far from the database's writes nothing, and still answers those who read.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use room::Role;
use serde_json::{Value, json};
use sts_clearance::{
    app::App,
    clock::{Clock, ClockOffset},
    db::{self, Dialect, Tx},
    domain::accounts::sessions,
    error::Error,
    jobs,
};

use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_clock_that_is_a_minute_off_writes_nothing,
    a_clock_that_is_off_checks_nothing_and_leaves_that_to_others,
    a_session_that_a_clock_has_made_that_was_ahead_ends_when_the_clock_is_right,
    a_session_that_was_used_while_the_clock_was_ahead_ends_in_time,
    a_use_that_is_noted_late_puts_no_newer_one_back,
    what_a_clock_has_put_off_that_was_ahead_falls_due_when_the_clock_is_right,
    work_goes_on_in_logs_that_were_written_while_the_clock_was_ahead,
}

/// Sets the clock so many seconds ahead of the database's, and compares the two. Returns false if the database has no
/// clock.
async fn set_ahead(app: &TestApp, seconds: i64) -> bool {
    jobs::compare_clocks(&app.app).await.unwrap();
    let Some(offset) = app.app.clock_offset.microseconds() else { return false };
    let pause = seconds * 1_000_000 - offset;
    let by = Duration::from_micros(pause.unsigned_abs());
    if pause > 0 {
        app.later(by);
    } else {
        app.earlier(by);
    }
    jobs::compare_clocks(&app.app).await.unwrap();
    true
}

async fn parts(app: &TestApp, status: u16) -> Value {
    app.get("//readyz", "").send().await.expect(status)
}

async fn a_clock_that_is_a_minute_off_writes_nothing(app: TestApp) {
    if !set_ahead(&app, 0).await {
        assert_eq!(app.app.db.dialect(), Dialect::Sqlite);
        app.room().await;
        return;
    }
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    let vessel = json!({ "name": "Aegean Star", "role": "discharging", "imo_number": IMO[0] });
    let add = || app.post(&format!("{path}/vessels"), &broker).json(vessel.clone());
    let (_, snapshot) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    // Behind, the clock only gets further away while the test runs; ahead, it comes nearer.
    for (seconds, words) in [(-61, "seconds behind"), (75, "seconds ahead of")] {
        assert!(set_ahead(&app, seconds).await);
        let off = app.app.clock_offset.microseconds().unwrap().unsigned_abs().div_ceil(1_000_000);
        let refused = add().send().await;
        assert_eq!(refused.problem(), "clock_off");
        let detail = refused.expect(503)["detail"].to_string();
        assert!(detail.contains(&format!("{off} {words} the database's")) && detail.contains("NTP"), "{detail}");
        app.get(&path, &broker).send().await.expect(200);
        assert_eq!(
            parts(&app, 503).await,
            json!({ "clock": "failing", "database": "ok", "files": "ok", "heads": "ok", "key": "ok" })
        );
        // A job waits, and uses up no attempt.
        assert_eq!(app.work().await, 0);
        assert_eq!(app.get(&snapshot, &broker).send().await.expect(200)["status"], "generating");
    }
    for (seconds, status) in [(-58, 201), (0, 409)] {
        assert!(set_ahead(&app, seconds).await);
        add().send().await.expect(status);
    }
    assert_eq!(parts(&app, 200).await["clock"], "ok");
    assert_eq!(app.work().await, 1);
    assert_eq!(app.get(&snapshot, &broker).send().await.expect(200)["status"], "completed");
}

async fn a_clock_that_is_off_checks_nothing_and_leaves_that_to_others(app: TestApp) {
    if !set_ahead(&app, 0).await {
        return;
    }
    let right = app.app.now();
    assert!(set_ahead(&app, 3_600).await);
    assert!(!jobs::check_where_due(&app.app).await.unwrap());
    let other = App::open(app.app.config.clone(), Clock::Manual(Arc::new(Mutex::new(right)))).unwrap();
    jobs::compare_clocks(&other).await.unwrap();
    assert!(jobs::check_where_due(&other).await.unwrap());
    assert!(set_ahead(&app, 0).await);
    assert!(!jobs::check_where_due(&app.app).await.unwrap());
}

const YEAR: Duration = Duration::from_hours(24 * 365);

async fn a_session_that_a_clock_has_made_that_was_ahead_ends_when_the_clock_is_right(app: TestApp) {
    app.later(YEAR);
    let ahead = app.user("broker@example.com", Role::Broker).await;
    app.get("/rooms", &ahead).send().await.expect(200);
    app.earlier(YEAR);
    app.get("/rooms", &ahead).send().await.expect(401);
    let right = app.sign_in("broker@example.com").await;
    let listed = app.get("/auth/sessions", &right).send().await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    app.tidy().await;
    let left = app.app.db.read(async |tx| tx.one("SELECT COUNT(*) FROM sessions", &[]).await?.get::<i64>(0)).await;
    assert_eq!(left.unwrap(), 1);
    // Servers on one database are seconds apart.
    app.earlier(Duration::from_secs(90));
    app.get("/rooms", &right).send().await.expect(200);
}

async fn a_session_that_was_used_while_the_clock_was_ahead_ends_in_time(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    app.later(Duration::from_hours(1));
    app.seen(&broker).await;
    app.earlier(Duration::from_hours(1));
    // Noted at the next use, as what is seen now.
    app.seen(&broker).await;
    app.later(Duration::from_mins(app.app.config.session_idle_duration().as_secs() / 60 + 6));
    app.get("/rooms", &broker).send().await.expect(401);
}

async fn a_use_that_is_noted_late_puts_no_newer_one_back(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let (signed_in, key) = (app.app.now(), sessions::hash_token(&broker));
    app.later(Duration::from_hours(1));
    let late = app.app.now();
    app.later(Duration::from_hours(1));
    app.seen(&broker).await;
    // A database that hangs lets the first of two requests write last.
    let write = async move |tx: &mut db::Tx| db::sessions::seen(tx, &key, signed_in, late, late).await;
    app.app.db.write(write).await.unwrap();
    app.get("/rooms", &broker).send().await.expect(200);
    let listed = app.get("/auth/sessions", &broker).send().await.expect(200);
    assert_eq!(listed[0]["last_seen_at"], json!(app.app.now()));
}

async fn what_a_clock_has_put_off_that_was_ahead_falls_due_when_the_clock_is_right(app: TestApp) {
    let put_off = app.app.now().after(YEAR);
    let put = async move |tx: &mut Tx| db::files::forget(tx, "rooms/none", put_off).await;
    app.app.db.write(put).await.unwrap();
    app.tidy().await;
    let left =
        app.app.db.read(async |tx| tx.one("SELECT COUNT(*) FROM file_deletions", &[]).await?.get::<i64>(0)).await;
    assert_eq!(left.unwrap(), 0);
    // The log of heads takes what is new, although it was last written a year from now.
    let _ = app.room().await;
    app.later(YEAR);
    app.tidy().await;
    app.earlier(YEAR);
    let heads = async || app.app.db.read(async |tx| db::heads_log::find(tx).await).await.unwrap().unwrap().size;
    let before = heads().await;
    app.user("another@example.com", Role::Broker).await;
    app.tidy().await;
    assert!(heads().await > before);
}

/// The times of a log never run backwards: its next entries have the time of the last one. Sessions, passwords and pauses are
/// judged by the clock.
async fn work_goes_on_in_logs_that_were_written_while_the_clock_was_ahead(app: TestApp) {
    app.later(YEAR);
    let (room, _) = app.room().await;
    app.earlier(YEAR);
    let (broker, other) = (app.sign_in("broker@example.com").await, app.sign_in("broker@example.com").await);
    let path = format!("/rooms/{room}");
    app.patch(&path, &broker).json(json!({ "title": "Another" })).send().await.expect(200);
    app.delete("/auth/sessions", &broker).send().await.expect(204);
    app.get(&path, &other).send().await.expect(401);
    app.get(&path, &broker).send().await.expect(200);
    let admin = app.user("admin@example.com", Role::Admin).await;
    let (_, taken) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    // The password was given a moment ago.
    app.delete(&taken, &admin).send().await.expect(200);
    // A pause is one, whatever time the log has.
    let in_the_way = app.dir.path().join("data/files/rooms");
    fs::write(&in_the_way, "not a directory").unwrap();
    let (_, taken) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    assert_eq!((app.work().await, app.work().await), (1, 0));
    fs::remove_file(&in_the_way).unwrap();
    app.later(Duration::from_mins(5));
    assert_eq!(app.work().await, 1);
    assert_eq!(app.get(&taken, &broker).send().await.expect(200)["status"], "completed");
}

#[test]
fn a_change_of_the_outcome_is_told_once() {
    let offset = ClockOffset::default();
    assert!(offset.check().is_ok() && offset.microseconds().is_none());
    assert!(offset.measured(60_000_000).is_none());
    assert!(matches!(offset.measured(60_000_001), Some(Err(Error::ClockOff { seconds: 61, is_ahead: true }))));
    assert!(offset.measured(-3_600_000_000).is_none());
    assert!(matches!(offset.check(), Err(Error::ClockOff { seconds: 3_600, is_ahead: false })));
    assert!(matches!(offset.measured(-60_000_000), Some(Ok(()))));
    assert!(offset.measured(0).is_none());
}
