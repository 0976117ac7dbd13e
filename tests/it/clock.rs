//! A server whose clock is too far from the database's writes nothing, and still answers those who read.

use std::time::Duration;

use serde_json::{Value, json};
use sts_clearance::{clock::ClockOffset, db::Dialect, error::Error, jobs};

use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_clock_that_is_a_minute_off_writes_nothing,
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
