//! Snapshots of past moments: the room as it was after an entry of its log, or at a time.

use std::time::Duration;

use room::Role;
use serde_json::{Value, json};

use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_past_moment_is_shown_as_it_was_seen_then,
    a_moment_never_falls_between_the_entries_of_one_operation,
    a_moment_that_was_not_or_is_not_yet_is_refused_by_the_name_of_its_field,
    the_page_takes_a_snapshot_as_of_a_time,
}

/// Takes a snapshot and returns the record in its file.
async fn record(app: &TestApp, room: &str, token: &str, moment: Value) -> Value {
    let mut asked = json!({ "snapshot_type": "json" });
    asked.as_object_mut().unwrap().extend(moment.as_object().unwrap().clone());
    let snapshot = app.snapshot(room, token, asked).await;
    let path = format!("/rooms/{room}/snapshots/{}/download", snapshot["id"].as_str().unwrap());
    app.get(&path, token).send().await.expect(200)["record"].clone()
}

async fn a_past_moment_is_shown_as_it_was_seen_then(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    let mut seen = Vec::new();
    for (number, title) in ["One", "Two", "Three"].into_iter().enumerate() {
        app.patch(&path, &broker).json(json!({ "title": title })).send().await.expect(200);
        app.vessel(&room, &broker, title, "other", IMO[number]).await;
        let now = serde_json::to_value(app.app.now()).unwrap();
        seen.push((now, record(&app, &room, &broker, json!({})).await));
        app.later(Duration::from_mins(10));
    }
    let latest = record(&app, &room, &broker, json!({})).await;
    assert_eq!(latest["facts"]["room"]["title"], "Three");
    for (at, then) in &seen {
        // The snapshot itself came with the same time, and is told of in the facts.
        let again = record(&app, &room, &broker, json!({ "as_of": at })).await;
        for part in ["room", "parties", "vessels", "documents", "approvals", "holds"] {
            assert_eq!(again["facts"][part], then["facts"][part], "{part} as of {at}");
        }
        assert_eq!(again["reading"]["standing"], then["reading"]["standing"], "as of {at}");
        assert_eq!((&again["reading"]["at"], &again["snapshot"]["as_of"]), (at, at));
        let last = then["log"]["size"].as_u64().unwrap() - 1;
        let by_entry = record(&app, &room, &broker, json!({ "at_entry": last })).await;
        assert_eq!((&by_entry["facts"], &by_entry["log"]), (&then["facts"], &then["log"]));
    }
}

async fn a_moment_never_falls_between_the_entries_of_one_operation(app: TestApp) {
    let (room, broker) = app.room().await;
    // Opening a room appends seven entries.
    for entry in [0, 3, 6] {
        let asked = json!({ "snapshot_type": "json", "at_entry": entry });
        let taken = app.post(&format!("/rooms/{room}/snapshots"), &broker).json(asked).send().await.expect(201);
        assert_eq!(taken["log_size"], 7, "after entry {entry}");
    }
}

async fn a_moment_that_was_not_or_is_not_yet_is_refused_by_the_name_of_its_field(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/snapshots");
    let entries = app.actions(&room, &broker).await.len();
    for (asked, field) in [
        (json!({ "as_of": "2026-11-23T08:00:01Z" }), "as_of"),
        (json!({ "as_of": "2026-11-23T07:59:59Z" }), "as_of"),
        (json!({ "as_of": "yesterday" }), "as_of"),
        (json!({ "at_entry": entries }), "at_entry"),
        (json!({ "at_entry": 1, "as_of": "2026-11-23T08:00:00Z" }), "as_of"),
    ] {
        let refused = app.post(&path, &broker).json(asked.clone()).send().await;
        assert_eq!((refused.status, refused.fields()), (422, vec![field.to_owned()]), "{asked}");
    }
    assert_eq!(app.actions(&room, &broker).await.len(), entries);
}

async fn the_page_takes_a_snapshot_as_of_a_time(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    app.later(Duration::from_hours(1));
    app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Later" })).send().await.expect(200);
    let page = format!("//rooms/{room}/snapshots");
    let fields = [("title", "Then"), ("snapshot_type", "json"), ("as_of", "2026-11-23T08:30")];
    assert_eq!(app.post(&page, &owner).fields(&fields).send().await.status, 303);
    app.work().await;
    let listed = app.get(&format!("/rooms/{room}/snapshots"), &broker).send().await.expect(200);
    assert_eq!((&listed[0]["title"], &listed[0]["as_of"]), (&json!("Then"), &json!("2026-11-23T08:30:00Z")));
    let shown = app.get(&page, &owner).header("accept", "text/html").send().await.html();
    assert!(shown.contains(" as of "), "{shown}");
    let fields = [("snapshot_type", "json"), ("as_of", "2026-11-23T10:30")];
    let refused = app.post(&page, &owner).fields(&fields).send().await;
    assert_eq!(refused.status, 422);
}
