//! What an admin is shown about the state of the server.

use room::Role;
use serde_json::json;
use std::time::Duration;

use sts_clearance::jobs;

use crate::harness::{TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    an_admin_is_told_how_the_server_is,
}

async fn an_admin_is_told_how_the_server_is(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let (room, _) = app.room().await;
    app.take(&room, &admin, json!({ "snapshot_type": "json" })).await;
    app.later(Duration::from_secs(90));
    let told = app.get("/system", &admin).send().await.expect(200);
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    let database = if app.app.config.database_url().starts_with("postgres") { "postgresql" } else { "sqlite" };
    assert_eq!(told["database"], database);
    assert_eq!(told["renderer"], report::RENDERER);
    assert_eq!((&told["fonts"], &told["log_key"]), (&json!("embedded"), &json!(app.app.log_key().name())));
    let steps = told["migrations"].as_array().unwrap();
    assert_eq!(steps[0], json!({ "name": "001_initial_schema", "applied_at": "2026-11-23T08:00:00Z" }));
    assert_eq!((&told["started_at"], &told["uptime_seconds"]), (&json!("2026-11-23T08:00:00Z"), &json!(90)));
    assert_eq!(told["jobs"], json!({ "waiting": 1, "running": 0, "failed": 0 }));
    assert_eq!(told["fsck"], json!(null));
    for disk in ["data_disk", "files_disk"] {
        let bytes = |name: &str| told[disk][name].as_u64().unwrap();
        assert!(bytes("free_bytes") > 0 && bytes("free_bytes") <= bytes("total_bytes"), "{told}");
    }

    app.work().await;
    jobs::check_where_due(&app.app).await.unwrap();
    let told = app.get("/system", &admin).send().await.expect(200);
    assert_eq!(told["jobs"], json!({ "waiting": 0, "running": 0, "failed": 0 }));
    assert_eq!((&told["fsck"]["damaged"], &told["fsck"]["error"]), (&json!({}), &json!(null)));
    assert_eq!((&told["fsck"]["files"], &told["fsck"]["finished_at"]), (&json!(1), &json!("2026-11-23T08:01:30Z")));
}
