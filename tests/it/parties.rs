//! Parties: added, listed, changed, removed.

use serde_json::json;

use crate::harness::{TestApp, fields_of_event, on_both_databases};

on_both_databases! {
    TestApp:
    an_added_party_is_listed_and_logged,
    an_address_takes_part_once,
    nobody_becomes_admin_by_way_of_a_room,
    a_party_of_another_room_is_not_found_here,
    a_changed_party_is_logged_field_by_field_and_null_removes_one,
}

async fn an_added_party_is_listed_and_logged(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/parties");
    let asked = json!({ "role": "owner", "name": " Ελένη ", "email": "Eleni@Example.com", "company": "Αιγαίο" });
    let added = app.post(&path, &broker).json(asked).send().await.expect(201);
    assert_eq!(added["name"], "Ελένη");
    assert_eq!(added["email"], "eleni@example.com");
    let listed = app.get(&path, &broker).send().await;
    assert_eq!(listed.header("x-total-count"), "6");
    assert_eq!(listed.expect(200)[5], added);
    let log = app.get(&format!("/rooms/{room}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!(log[0]["action"], "party_added");
    assert_eq!(
        fields_of_event(&log[0]["meta"]),
        json!({
            "party_id": added["id"], "role": "owner", "name": "Ελένη", "email": "eleni@example.com",
            "company": "Αιγαίο", "side": null,
        })
    );
}

async fn an_address_takes_part_once(app: TestApp) {
    let (room, broker) = app.room().await;
    let again = json!({ "role": "seller", "name": "Owner again", "email": "OWNER@example.com" });
    let refused = app.post(&format!("/rooms/{room}/parties"), &broker).json(again).send().await;
    assert_eq!(refused.problem(), "conflict");
}

async fn nobody_becomes_admin_by_way_of_a_room(app: TestApp) {
    let (room, broker) = app.room().await;
    let asked = json!({ "role": "admin", "name": "Mallory", "email": "mallory@example.com" });
    assert_eq!(app.post(&format!("/rooms/{room}/parties"), &broker).json(asked).send().await.fields(), ["role"]);
}

async fn a_party_of_another_room_is_not_found_here(app: TestApp) {
    let (room, broker) = app.room().await;
    let other = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    let parties = app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200);
    let path = format!("/rooms/{}/parties/{}", other["id"].as_str().unwrap(), parties[1]["id"].as_str().unwrap());
    assert_eq!(app.delete(&path, &broker).send().await.problem(), "not_found");
    assert_eq!(app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200), parties);
}

async fn a_changed_party_is_logged_field_by_field_and_null_removes_one(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/parties");
    let asked = json!({ "role": "owner", "name": "Eleni", "email": "eleni@example.com", "company": "Aegean" });
    let added = app.post(&path, &broker).json(asked).send().await.expect(201);
    let own = format!("{path}/{}", added["id"].as_str().unwrap());
    let change = json!({ "side": "receiving", "company": null });
    let changed = app.patch(&own, &broker).json(change.clone()).send().await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["side"], &changed["company"]),
        (&json!("Eleni"), &json!("receiving"), &json!(null))
    );
    let log = app.get(&format!("/rooms/{room}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!(log[0]["action"], "party_updated");
    assert_eq!(
        log[0]["meta"]["changes"],
        json!({ "side": { "from": null, "to": "receiving" }, "company": { "from": "Aegean", "to": null } })
    );
    let entries = app.actions(&room, &broker).await.len();
    app.patch(&own, &broker).json(change).send().await.expect(200);
    assert_eq!(app.actions(&room, &broker).await.len(), entries, "no change, no entry");
    for (refused, field) in [
        (json!({ "role": "admin" }), "role"),
        (json!({ "side": "both" }), "side"),
        (json!({ "name": null }), "name"),
        (json!({ "name": " " }), "name"),
    ] {
        assert_eq!(app.patch(&own, &broker).json(refused.clone()).send().await.fields(), [field], "{refused}");
    }
}
