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
    several_are_added_all_or_none_and_once,
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

async fn several_are_added_all_or_none_and_once(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/parties/several");
    let new = |email: &str| json!({ "role": "buyer", "name": "New", "email": email });
    let refused = |parties: serde_json::Value| app.post(&path, &broker).json(json!({ "parties": parties }));
    for (parties, fields) in [
        (json!([]), vec!["parties"]),
        (json!([new("a@example.com"), new("OWNER@example.com")]), vec!["parties[1].email"]),
        (json!([new("a@example.com"), new("A@Example.com")]), vec!["parties[1].email"]),
        (json!([{ "name": " ", "email": "nobody" }]), vec!["parties[0].role", "parties[0].name", "parties[0].email"]),
        (json!((0..101).map(|i| new(&format!("a{i}@example.com"))).collect::<Vec<_>>()), vec!["parties"]),
    ] {
        assert_eq!(refused(parties).send().await.fields(), fields);
    }
    let too_many = json!((0..97).map(|i| new(&format!("a{i}@example.com"))).collect::<Vec<_>>());
    assert_eq!(refused(too_many).send().await.problem(), "conflict", "a room has 100 parties at most");
    assert_eq!(app.get(&format!("/rooms/{room}/parties"), &broker).send().await.header("x-total-count"), "5");

    let asked = json!({ "parties": [new("Ann@Example.com"), { "roles": ["owner", "seller"], "name": "Bo", "email": "bo@example.com" }] });
    let add = || app.post(&path, &broker).header("idempotency-key", "several").json(asked.clone()).send();
    let added = add().await.expect(201);
    assert_eq!(added["parties"][0]["email"], "ann@example.com");
    assert_eq!(added["parties"][1]["roles"], json!(["owner", "seller"]));
    assert_eq!(add().await.expect(201), added, "sent twice, it is done once");
    let listed = app.get(&format!("/rooms/{room}/parties"), &broker).send().await;
    assert_eq!((listed.header("x-total-count"), &listed.json()[5]), ("7", &added["parties"][0]));
    let first = format!("/rooms/{room}/parties/{}", added["parties"][0]["id"].as_str().unwrap());
    app.delete(&first, &broker).send().await.expect(204);
    assert_eq!(add().await.problem(), "conflict", "and brings nobody back");
}
