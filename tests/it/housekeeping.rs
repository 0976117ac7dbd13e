//! Housekeeping deletes each kind of row when it has expired, and not before.

use std::time::Duration;

use room::Role;
use serde_json::json;
use sts_clearance::db::Tx;

use crate::harness::{TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    what_has_run_out_is_forgotten_when_its_time_has_come_and_not_before,
}

/// Runs the housekeeping, and returns how many rows are left in each of these tables.
async fn left<const N: usize>(app: &TestApp, tables: [&'static str; N]) -> [i64; N] {
    app.tidy().await;
    let mut counts = [0; N];
    for (table, count) in tables.into_iter().zip(&mut counts) {
        let read = async |tx: &mut Tx| tx.one(&format!("SELECT COUNT(*) FROM {table}"), &[]).await?.get(0);
        *count = app.app.db.read(read).await.unwrap();
    }
    counts
}

async fn what_has_run_out_is_forgotten_when_its_time_has_come_and_not_before(app: TestApp) {
    let pass = |seconds| app.later(Duration::from_secs(seconds));
    let (minutes, hours, days) = (60, 60 * 60, 24 * 60 * 60);
    let broker = app.user("broker@example.com", Role::Broker).await;
    app.post("/rooms", &broker).header("idempotency-key", "once").json(new_room(&[])).send().await.expect(201);
    // Ten attempts are examined at once. The eleventh gets a turn five seconds later, so its row is kept longer.
    for _ in 0..11 {
        let asked = json!({ "email": "broker@example.com", "password": "a wrong password" });
        app.post("/auth/login", "").json(asked).send().await;
    }
    let slowed_down_by = ["sign_in_attempts", "sign_in_turns"];
    let remembered = ["idempotency_keys", "sessions", "known_devices"];
    // Two rows of attempts, since they are counted both by address and by network.
    assert_eq!(left(&app, slowed_down_by).await, [2, 1]);
    assert_eq!(left(&app, remembered).await, [1, 1, 1]);

    pass(15 * minutes);
    assert_eq!(left(&app, slowed_down_by).await, [2, 1]);
    pass(1);
    assert_eq!(left(&app, slowed_down_by).await, [0, 1]);
    pass(4);
    assert_eq!(left(&app, slowed_down_by).await, [0, 1]);
    pass(1);
    assert_eq!(left(&app, slowed_down_by).await, [0, 0]);
    assert_eq!(left(&app, remembered).await, [1, 1, 1]);

    pass(24 * hours - 15 * minutes - 6);
    assert_eq!(left(&app, remembered).await, [1, 0, 1], "a session ends by itself long before");
    pass(1);
    assert_eq!(left(&app, remembered).await, [0, 0, 1]);

    pass(179 * days - 1);
    assert_eq!(left(&app, remembered).await, [0, 0, 1]);
    pass(1);
    assert_eq!(left(&app, remembered).await, [0, 0, 0]);
}
