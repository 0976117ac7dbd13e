//! Rooms: opened, listed, changed, deleted.

use room::Role;
use serde_json::{Value, json};

use crate::harness::{TestApp, fields_of_event, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    opening_a_room_makes_its_opener_a_party_and_takes_nobody_twice,
    a_list_of_rooms_holds_ones_own_the_newest_first_and_an_admins_holds_all,
    a_part_of_a_list_tells_of_its_neighbours,
    null_takes_a_field_back_where_it_can_be_missing,
    an_eta_in_the_past_is_asked_about_and_only_where_it_is_given,
    changing_a_room_logs_each_fields_old_and_new_value_and_no_change_logs_nothing,
    a_deleted_room_is_gone_but_for_its_log,
    a_room_with_snapshots_is_deleted_only_by_force_and_with_a_reason,
    a_room_with_papers_is_deleted_only_by_force_and_its_papers_are_kept,
    a_repeated_request_with_its_key_opens_one_room,
    a_repeated_request_tells_nothing_to_who_has_left_and_says_where_the_room_has_gone,
}

async fn opening_a_room_makes_its_opener_a_party_and_takes_nobody_twice(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let eleni = json!({ "role": "owner", "name": "Eleni", "email": "Eleni@Example.com", "company": "Aegean" });
    let party = |role: &str, email: &str| json!({ "role": role, "name": "Once more", "email": email });
    for (twice, told) in [
        (party("buyer", "eleni@example.com"), "Is listed already, as party 1; that one lists all roles of the person"),
        (party("owner", "ｅleni@EXAMPLE.com"), "Is listed already, as party 1; that one lists all roles of the person"),
        (party("seller", "BROKER@example.com"), "Is your own: you become a party as broker"),
    ] {
        let reply = app.post("/rooms", &broker).json(new_room(&[eleni.clone(), twice])).send().await;
        assert_eq!(reply.fields(), ["parties[1].email"]);
        let message = reply.json()["errors"][0]["message"].as_str().unwrap().to_owned();
        assert_eq!(message.to_lowercase(), told.to_lowercase());
    }
    assert_eq!(app.get("/rooms", &broker).send().await.expect(200), json!([]));
    let parties = [eleni, party("broker", "BROKER@example.com")];
    let reply = app.post("/rooms", &broker).json(new_room(&parties)).send().await;
    let room = reply.expect(201);
    let id = room["id"].as_str().unwrap();
    assert_eq!(reply.header("location"), format!("/api/v1/rooms/{id}"));
    insta::assert_json_snapshot!("room", room, { ".id" => "[uuid]" });
    let parties = app.get(&format!("/rooms/{id}/parties"), &broker).send().await.expect(200);
    insta::assert_json_snapshot!("parties", parties, { "[].id" => "[uuid]" });
    assert_eq!(app.actions(id, &broker).await, ["room_created", "party_added", "party_added", "documents_opened"]);
}

async fn an_eta_in_the_past_is_asked_about_and_only_where_it_is_given(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let mut past = new_room(&[]);
    past["sts_eta"] = "2020-12-01T06:30:00Z".into();
    past["confirm_past_eta"] = false.into();
    let refused = app.post("/rooms", &broker).json(past.clone()).send().await;
    assert_eq!(refused.fields(), ["sts_eta", "confirm_past_eta"]);
    past["confirm_past_eta"] = true.into();
    let room = app.post("/rooms", &broker).json(past).send().await.expect(201);
    assert_eq!(room["sts_eta"], "2020-12-01T06:30:00Z");
    assert_eq!(room.get("confirm_past_eta"), None);
    let path = format!("/rooms/{}", room["id"].as_str().unwrap());
    // What is left as it is was confirmed before.
    app.patch(&path, &broker).json(json!({ "title": "STS Malta" })).send().await.expect(200);
    let moved = json!({ "sts_eta": "2020-12-02T06:30:00Z" });
    assert_eq!(app.patch(&path, &broker).json(moved.clone()).send().await.fields(), ["sts_eta", "confirm_past_eta"]);
    let confirmed = json!({ "sts_eta": "2020-12-02T06:30:00Z", "confirm_past_eta": true });
    app.patch(&path, &broker).json(confirmed).send().await.expect(200);
    // The tick is no detail of the room: the log has the ETA alone.
    let log = app.get(&format!("{path}/activities?limit=1"), &broker).send().await.expect(200);
    let changes = json!({ "sts_eta": { "from": "2020-12-01T06:30:00Z", "to": "2020-12-02T06:30:00Z" } });
    assert_eq!(log[0]["meta"]["changes"], changes);
    app.patch(&path, &broker).json(json!({ "sts_eta": "2026-12-02T06:30:00Z" })).send().await.expect(200);
}

async fn null_takes_a_field_back_where_it_can_be_missing(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    let change = json!({ "description": "At anchor", "planned_duration_hours": 30 });
    app.patch(&path, &broker).json(change).send().await.expect(200);
    let change = json!({ "description": null, "planned_duration_hours": null, "cargo_profile": null });
    let changed = app.patch(&path, &broker).json(change).send().await.expect(200);
    assert_eq!((&changed["description"], &changed["cargo_profile"]), (&json!(null), &json!(null)));
    assert_eq!(changed["planned_duration_hours"], 48);
    for (refused, field) in [
        (json!({ "title": null }), "title"),
        (json!({ "sts_eta": null }), "sts_eta"),
        (json!({ "parties": [] }), "parties"),
        (json!({ "planned_duration_hours": 0 }), "planned_duration_hours"),
    ] {
        assert_eq!(app.patch(&path, &broker).json(refused.clone()).send().await.fields(), [field], "{refused}");
    }
}

async fn a_list_of_rooms_holds_ones_own_the_newest_first_and_an_admins_holds_all(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let other = app.user("other@example.com", Role::Broker).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    for (token, title) in [(&broker, "first"), (&other, "foreign"), (&broker, "second")] {
        let mut room = new_room(&[]);
        room["title"] = title.into();
        app.post("/rooms", token).json(room).send().await.expect(201);
        app.later(std::time::Duration::from_secs(1));
    }
    let titles = |rooms: Value| -> Vec<String> {
        rooms.as_array().unwrap().iter().map(|room| room["title"].as_str().unwrap().to_owned()).collect()
    };
    let own = app.get("/rooms", &broker).send().await;
    assert_eq!(own.header("x-total-count"), "2");
    assert_eq!(titles(own.expect(200)), ["second", "first"]);
    assert_eq!(titles(app.get("/rooms", &admin).send().await.expect(200)), ["second", "foreign", "first"]);
}

async fn a_part_of_a_list_tells_of_its_neighbours(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    for _ in 0..5 {
        app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    }
    let middle = app.get("/rooms?limit=2&offset=2", &broker).send().await;
    let shown = middle.expect(200);
    let [first, last] = [0, 1].map(|at: usize| shown[at]["id"].as_str().unwrap());
    assert_eq!(
        middle.header("link"),
        format!(
            "</api/v1/rooms?limit=2&before={first}>; rel=\"prev\", </api/v1/rooms?limit=2&after={last}>; rel=\"next\""
        )
    );
    let end = app.get("/rooms?limit=2&offset=4", &broker).send().await;
    let shown = end.expect(200);
    assert_eq!(shown.as_array().unwrap().len(), 1);
    let only = shown[0]["id"].as_str().unwrap();
    assert_eq!(end.header("link"), format!("</api/v1/rooms?limit=2&before={only}>; rel=\"prev\""));
    let beyond = app.get("/rooms?offset=99", &broker).send().await;
    assert_eq!(beyond.expect(200), json!([]));
    assert_eq!(beyond.header("link"), "</api/v1/rooms?limit=20&offset=79>; rel=\"prev\"");
}

async fn changing_a_room_logs_each_fields_old_and_new_value_and_no_change_logs_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    let changed = app
        .patch(&path, &broker)
        .json(json!({ "sts_eta": "2026-12-02T00:00:00-05:00", "description": "At anchor", "title": "STS Ceuta" }))
        .send()
        .await
        .expect(200);
    assert_eq!(changed["sts_eta"], "2026-12-02T05:00:00Z");
    let log = app.get(&format!("{path}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!(log[0]["action"], "room_updated");
    assert_eq!(
        log[0]["meta"]["changes"],
        json!({
            "sts_eta": { "from": "2026-12-01T06:30:00Z", "to": "2026-12-02T05:00:00Z" },
            "description": { "from": null, "to": "At anchor" },
        })
    );
    let before = app.actions(&room, &broker).await;
    app.patch(&path, &broker).json(json!({})).send().await.expect(200);
    let cleared = app.patch(&path, &broker).json(json!({ "description": null })).send().await.expect(200);
    assert_eq!(cleared["description"], Value::Null);
    assert_eq!(app.actions(&room, &broker).await.len(), before.len() + 1);
}

async fn a_deleted_room_is_gone_but_for_its_log(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let path = format!("/rooms/{room}");
    let deleted = app.delete(&path, &admin).send().await.expect(200);
    assert_eq!(deleted["room_id"], room.as_str());
    for token in [&broker, &admin] {
        for path in [path.clone(), format!("{path}/parties"), format!("{path}/snapshots")] {
            assert_eq!(app.get(&path, token).send().await.problem(), "not_found", "{path}");
        }
        assert_eq!(app.get("/rooms", token).send().await.expect(200), json!([]));
    }
    assert_eq!(app.delete(&path, &admin).send().await.problem(), "not_found");
    assert_eq!(app.get(&format!("{path}/activities"), &broker).send().await.problem(), "not_found");
    assert_eq!(app.actions(&room, &admin).await.last().unwrap(), "room_deleted");
}

async fn a_room_with_snapshots_is_deleted_only_by_force_and_with_a_reason(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let path = format!("/rooms/{room}");
    let refused = app.delete(&path, &admin).send().await;
    assert_eq!(refused.problem(), "conflict");
    // The API names the parameter that helps. A page says what happened, and does not mention the API.
    assert!(
        refused.json()["detail"].as_str().unwrap().ends_with("; `?force=true` with a `reason` in the body does so.")
    );
    let page = app.delete(&path, &admin).header("accept", "text/html").send().await;
    let page = String::from_utf8_lossy(&page.body);
    assert!(page.contains("The room holds 1 snapshots") && !page.contains("force=true"), "{page}");
    assert_eq!(app.delete(&format!("{path}?force=true"), &admin).send().await.fields(), ["reason"]);
    let key = format!("{path}/snapshots/{}.json", snapshot["id"].as_str().unwrap());
    let file = app.dir.path().join("data/files").join(key.trim_start_matches('/'));
    assert!(file.exists());
    app.delete(&format!("{path}?force=true"), &admin)
        .json(json!({ "reason": "Opened by mistake" }))
        .send()
        .await
        .expect(200);
    app.tidy().await;
    assert!(!file.exists());
    let log = app.get(&format!("{path}/activities?limit=2"), &admin).send().await.expect(200);
    assert_eq!(log[0]["action"], "room_deleted");
    let meta = json!({ "title": "STS Ceuta", "snapshots": 1, "reason": "Opened by mistake", "asked_by": null });
    assert_eq!(fields_of_event(&log[0]["meta"]), meta);
    assert_eq!(log[1]["action"], "snapshot_deleted");
    assert_eq!(log[1]["meta"]["record_sha256"], snapshot["record_sha256"]);
    assert_eq!(log[1]["meta"]["file_sha256"], snapshot["file_sha256"]);
}

async fn a_room_with_papers_is_deleted_only_by_force_and_its_papers_are_kept(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let document = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&document, &broker, "a study", &[]).await;
    let refused = app.delete(&format!("/rooms/{room}"), &admin).send().await;
    assert_eq!(refused.problem(), "conflict");
    app.delete(&format!("/rooms/{room}?force=true"), &admin)
        .json(json!({ "reason": "a mistake" }))
        .send()
        .await
        .expect(200);
    app.tidy().await;
    let files = app.dir.path().join(format!("data/files/rooms/{room}/documents"));
    assert_eq!(std::fs::read_dir(files).unwrap().count(), 1, "records are kept three years at least");
    assert_eq!(app.get(&format!("{document}/download"), &admin).send().await.problem(), "not_found");
}

async fn a_repeated_request_with_its_key_opens_one_room(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let open = |room: Value| app.post("/rooms", &broker).header("idempotency-key", "k-1").json(room);
    let first = open(new_room(&[])).send().await.expect(201);
    assert_eq!(open(new_room(&[])).send().await.expect(201), first);
    let mut other = new_room(&[]);
    other["title"] = "Another".into();
    assert_eq!(open(other.clone()).send().await.fields(), ["Idempotency-Key"]);
    assert_eq!(app.get("/rooms", &broker).send().await.header("x-total-count"), "1");
    app.later(std::time::Duration::from_secs(24 * 3600 + 1));
    let broker = app.sign_in("broker@example.com").await;
    app.post("/rooms", &broker).header("idempotency-key", "k-1").json(other).send().await.expect(201);
}

async fn a_repeated_request_tells_nothing_to_who_has_left_and_says_where_the_room_has_gone(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let open = || app.post("/rooms", &broker).header("idempotency-key", "k").json(new_room(&[]));
    let room = open().send().await.expect(201);
    let path = format!("/rooms/{}", room["id"].as_str().unwrap());
    let parties = app.get(&format!("{path}/parties"), &admin).send().await.expect(200);
    let own = format!("{path}/parties/{}", parties[0]["id"].as_str().unwrap());
    assert_eq!(app.delete(&own, &admin).send().await.status, 204);
    assert_eq!(open().send().await.problem(), "not_a_party");
    let back = json!({ "role": "broker", "name": "Broker", "email": "broker@example.com" });
    app.post(&format!("{path}/parties"), &admin).json(back).send().await.expect(201);
    assert_eq!(open().send().await.expect(201)["id"], room["id"]);
    app.delete(&path, &admin).send().await.expect(200);
    assert_eq!(open().send().await.problem(), "conflict");
}
