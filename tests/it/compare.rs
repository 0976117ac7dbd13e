//! What changed in a room between two snapshots.

use std::time::Duration;

use room::Role;
use serde_json::{Value, json};

use sts_clearance::domain::snapshots::compare;

use crate::harness::{IMO, TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    everything_that_changed_between_two_records_is_told_and_nothing_else,
    a_snapshot_held_against_itself_shows_no_change,
    sections_that_a_record_lacks_are_not_told_as_changes,
    snapshots_of_another_room_are_not_found,
    any_two_moments_are_compared_whether_or_not_a_snapshot_shows_them,
    a_moment_that_cannot_be_compared_is_refused_by_the_name_of_its_parameter,
}

/// A record from before there were vessels lacks their list, which does not mean that the room had none.
#[test]
fn what_an_old_record_does_not_know_is_no_change() {
    let old = json!({ "room": { "title": "a" }, "parties": [], "log": { "size": 3 } });
    let new = json!({
        "room": { "title": "a" }, "parties": [], "log": { "size": 5 }, "vessels": [{ "id": "1", "name": "x" }],
        "standing": { "blockers": [] }, "documents": [], "approvals": [],
    });
    let told = serde_json::to_value(compare::between(&old, &new)).unwrap();
    for section in ["vessels", "standing", "documents", "approvals"] {
        assert_eq!(told[section], Value::Null, "{section}");
    }
    assert_eq!((&told["room"], &told["log_entries"]), (&json!([]), &json!(2)));
}

async fn taken(app: &TestApp, room: &str, token: &str, asked: Value) -> String {
    app.take(room, token, asked).await.0["id"].as_str().unwrap().to_owned()
}

async fn compared(app: &TestApp, room: &str, token: &str, (a, b): (&str, &str)) -> Value {
    app.get(&format!("/rooms/{room}/snapshots/{a}/compare/{b}"), token).send().await.expect(200)
}

async fn everything_that_changed_between_two_records_is_told_and_nothing_else(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let document = app.document(&room, &broker, "Q88", Some(&vessel)).await;
    app.version(&document, &broker, "first", &[]).await;
    let before = taken(&app, &room, &broker, json!({ "snapshot_type": "json" })).await;

    app.post(&format!("{document}/reject"), &owner).json(json!({ "reason": "blurred" })).send().await.expect(200);
    app.version(&document, &broker, "second", &[]).await;
    let receiving = app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Another title" })).send().await.expect(200);
    let flag = json!({ "flag": "Malta" });
    app.patch(&format!("/rooms/{room}/vessels/{vessel}"), &broker).json(flag).send().await.expect(200);
    let approval = json!({ "vessel_id": receiving, "status": "approved" });
    app.post(&format!("/rooms/{room}/approvals"), &owner).json(approval).send().await.expect(201);
    app.post(&format!("/rooms/{room}/phase"), &broker).json(json!({ "phase": "clearance" })).send().await.expect(200);
    let after = taken(&app, &room, &broker, json!({ "snapshot_type": "pdf" })).await;

    let told = compared(&app, &room, &broker, (&before, &after)).await;
    assert_eq!((&told["from"]["id"], &told["to"]["id"]), (&json!(before), &json!(after)));
    assert_eq!(
        told["room"],
        json!([
            { "field": "phase", "from": "nomination", "to": "clearance" },
            { "field": "title", "from": "STS Ceuta", "to": "Another title" },
        ])
    );
    assert_eq!(told["parties"], json!({ "added": [], "removed": [], "changed": [] }));
    assert_eq!(told["vessels"]["added"][0]["name"], "Northern Light");
    assert_eq!(told["vessels"]["changed"][0]["name"], "Aegean Star");
    assert_eq!(told["vessels"]["changed"][0]["changes"], json!([{ "field": "flag", "from": null, "to": "Malta" }]));
    assert_eq!(told["approvals"]["added"][0]["by"], "owner@example.com");
    let documents = &told["documents"];
    assert_eq!(documents["changed"].as_array().unwrap().len(), 1, "{documents}");
    let changes = documents["changed"][0]["changes"].as_array().unwrap();
    let fields: Vec<_> = changes.iter().map(|change| change["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["versions[1].decisions", "versions"]);
    assert_eq!((&changes[0]["from"], &changes[0]["to"]["verdict"]), (&Value::Null, &json!("rejected")));
    assert_eq!(changes[1]["to"]["number"], 2);
    let opened = documents["added"].as_array().unwrap();
    assert!(opened.len() > 20 && opened.iter().all(|slot| slot["vessel_id"] == json!(receiving)));
    assert!(told["standing"].as_array().unwrap().iter().any(|change| change["field"] == "next_phase"));
    let entries = app.actions(&room, &broker).await;
    let between = entries.iter().rposition(|action| action == "snapshot_created").unwrap()
        - entries.iter().position(|action| action == "snapshot_created").unwrap();
    assert_eq!(told["log_entries"], between);
}

async fn a_snapshot_held_against_itself_shows_no_change(app: TestApp) {
    let (room, broker) = app.room().await;
    let id = taken(&app, &room, &broker, json!({})).await;
    let told = compared(&app, &room, &broker, (&id, &id)).await;
    let nothing = json!({ "added": [], "removed": [], "changed": [] });
    for section in ["parties", "vessels", "documents", "approvals"] {
        assert_eq!(told[section], nothing, "{section}");
    }
    assert_eq!((&told["room"], &told["standing"], &told["log_entries"]), (&json!([]), &json!([]), &json!(0)));
}

async fn sections_that_a_record_lacks_are_not_told_as_changes(app: TestApp) {
    let (room, broker) = app.room().await;
    let without = json!({ "include_documents": false, "include_approvals": false });
    let (a, b) = (taken(&app, &room, &broker, without).await, taken(&app, &room, &broker, json!({})).await);
    let told = compared(&app, &room, &broker, (&a, &b)).await;
    assert_eq!((&told["documents"], &told["approvals"]), (&Value::Null, &Value::Null));
}

async fn snapshots_of_another_room_are_not_found(app: TestApp) {
    let (room, broker) = app.room().await;
    let own = taken(&app, &room, &broker, json!({})).await;
    let other = app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    let foreign = taken(&app, other["id"].as_str().unwrap(), &broker, json!({})).await;
    for (a, b) in [(&own, &foreign), (&foreign, &own), (&own, &"nothing".to_owned())] {
        let reply = app.get(&format!("/rooms/{room}/snapshots/{a}/compare/{b}"), &broker).send().await;
        assert_eq!((reply.status, &*reply.problem()), (404, "not_found"));
    }
}

async fn any_two_moments_are_compared_whether_or_not_a_snapshot_shows_them(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    app.later(Duration::from_mins(10));
    app.patch(&path, &broker).json(json!({ "title": "Second" })).send().await.expect(200);
    let snapshot = taken(&app, &room, &broker, json!({})).await;
    app.later(Duration::from_mins(10));
    app.patch(&path, &broker).json(json!({ "title": "Third" })).send().await.expect(200);
    let seconds = format!("from_snapshot={snapshot}");
    // Opening a room appends seven entries, and an entry is never told without those of its operation.
    for (query, from, to, titles) in [
        ("from_at_entry=2".to_owned(), 7, 10, ["STS Ceuta", "Third"]),
        ("from_as_of=2026-11-23T08:05:00Z&to_as_of=2026-11-23T08:15:00Z".to_owned(), 7, 9, ["STS Ceuta", "Second"]),
        ("from_at_entry=9&to_at_entry=3".to_owned(), 10, 7, ["Third", "STS Ceuta"]),
        (seconds.clone(), 8, 10, ["Second", "Third"]),
        (format!("from_at_entry=0&to_snapshot={snapshot}"), 7, 8, ["STS Ceuta", "Second"]),
    ] {
        let told = app.get(&format!("{path}/compare?{query}"), &broker).send().await.expect(200);
        assert_eq!((&told["from"]["log_size"], &told["to"]["log_size"]), (&json!(from), &json!(to)), "{query}");
        assert_eq!(told["room"], json!([{ "field": "title", "from": titles[0], "to": titles[1] }]), "{query}");
        assert_eq!(told["log_entries"], to - from, "{query}");
    }
    let told = app.get(&format!("{path}/compare?{seconds}"), &broker).send().await.expect(200);
    assert_eq!((&told["from"]["snapshot_id"], &told["to"]["snapshot_id"]), (&json!(snapshot), &Value::Null));
    assert_eq!(told["to"]["at"], "2026-11-23T08:20:00Z");
}

async fn a_moment_that_cannot_be_compared_is_refused_by_the_name_of_its_parameter(app: TestApp) {
    let (room, broker) = app.room().await;
    for (query, field) in [
        ("", "from_snapshot"),
        ("to_at_entry=1", "from_snapshot"),
        ("from_at_entry=7", "from_at_entry"),
        ("from_at_entry=1&to_at_entry=7", "to_at_entry"),
        ("from_at_entry=-1", "from_at_entry"),
        ("from_as_of=2026-11-23T08:00:01Z", "from_as_of"),
        ("from_at_entry=1&to_as_of=2026-11-23T07:59:59Z", "to_as_of"),
        ("from_at_entry=1&from_as_of=2026-11-23T08:00:00Z", "from_as_of"),
        ("from_snapshot=nothing", "from_snapshot"),
    ] {
        let refused = app.get(&format!("/rooms/{room}/compare?{query}"), &broker).send().await;
        assert_eq!((refused.status, refused.fields()), (422, vec![field.to_owned()]), "{query}");
    }
}
