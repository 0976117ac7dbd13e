//! The address of a party is put right: the right person is let in, the other one is out, and what was done stays with
//! the address under which it was done.

use room::Role;
use serde_json::{Value, json};

use crate::harness::{PageForm, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    an_address_that_is_put_right_lets_its_owner_in_and_the_other_one_out_at_once,
    what_was_done_under_the_old_address_stays_there,
    nobody_decides_on_what_they_uploaded_under_another_address,
    an_address_that_is_in_the_room_already_is_a_fault_of_the_field,
    the_same_address_in_another_spelling_is_no_change,
    an_address_is_put_right_by_broker_and_admin_alone,
    an_address_that_a_colleague_has_put_right_is_not_overwritten,
    the_form_of_a_party_puts_its_address_right,
}

/// Returns the path of the party with this address.
async fn party(app: &TestApp, room: &str, token: &str, email: &str) -> String {
    let parties = app.get(&format!("/rooms/{room}/parties"), token).send().await.expect(200);
    let found = parties.as_array().unwrap().iter().find(|party| party["email"] == email);
    format!("/rooms/{room}/parties/{}", found.expect("no such party")["id"].as_str().unwrap())
}

async fn correct(app: &TestApp, room: &str, token: &str, [from, to]: [&str; 2]) -> Value {
    let path = party(app, room, token, from).await;
    app.patch(&path, token).json(json!({ "email": to })).send().await.expect(200)
}

async fn an_address_that_is_put_right_lets_its_owner_in_and_the_other_one_out_at_once(app: TestApp) {
    let db = app.app.db.clone();
    tokio::spawn(async move { db.relay().await });
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    let wrong = app.user("owner@example.com", Role::Owner).await;
    let right = app.user("eleni@aegean.example", Role::Owner).await;
    let mut stream = app.get(&format!("{path}/events"), &wrong).follow().await;
    stream.block().await.unwrap();
    assert_eq!(app.get(&path, &right).send().await.problem(), "not_a_party");
    let corrected = correct(&app, &room, &broker, ["owner@example.com", "Eleni@Aegean.example"]).await;
    assert_eq!((&corrected["email"], &corrected["role"]), (&json!("eleni@aegean.example"), &json!("owner")));
    let end = stream.next().await.unwrap();
    assert_eq!((&*end.name, &end.data["code"]), ("end", &json!("not_a_party")), "nothing more is told");
    assert_eq!(app.get(&path, &wrong).send().await.problem(), "not_a_party");
    assert_eq!(app.get("/rooms", &wrong).send().await.expect(200), json!([]));
    app.get(&path, &right).send().await.expect(200);
    app.post(&format!("{path}/snapshots"), &right).json(json!({})).send().await.expect(201);
    let log = app.get(&format!("{path}/activities?action=party_updated"), &broker).send().await.expect(200);
    assert_eq!(
        (&log[0]["actor"], &log[0]["meta"]["email"]),
        (&json!("broker@example.com"), &json!("owner@example.com"))
    );
    let changes = json!({ "email": { "from": "owner@example.com", "to": "eleni@aegean.example" } });
    assert_eq!(log[0]["meta"]["changes"], changes);
}

async fn what_was_done_under_the_old_address_stays_there(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let room = room.trim_start_matches("/rooms/");
    let owner = app.user("owner@example.com", Role::Owner).await;
    app.version(&document, &owner, "a study", &[]).await;
    correct(&app, room, &broker, ["owner@example.com", "eleni@aegean.example"]).await;
    assert_eq!(app.get(&document, &broker).send().await.expect(200)["newest"]["uploaded_by"], "owner@example.com");
    let log = app.get(&format!("/rooms/{room}/activities?actor=owner@example.com"), &broker).send().await;
    assert_eq!(log.expect(200)[0]["action"], "document_uploaded");
    // Whoever gets the old address later is another person, and free to become a party.
    let again = json!({ "role": "buyer", "name": "Bea", "email": "owner@example.com" });
    app.post(&format!("/rooms/{room}/parties"), &broker).json(again).send().await.expect(201);
}

async fn nobody_decides_on_what_they_uploaded_under_another_address(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let room = room.trim_start_matches("/rooms/");
    let addresses = ["owner@example.com", "eleni@aegean.example", "eleni@corfu.example"];
    let mut tokens = Vec::new();
    for address in addresses {
        tokens.push(app.user(address, Role::Owner).await);
    }
    app.version(&document, &tokens[0], "a study", &[]).await;
    // A second correction forgets nothing of the first.
    for (i, pair) in addresses.windows(2).enumerate() {
        correct(&app, room, &broker, [pair[0], pair[1]]).await;
        let own = app.post(&format!("{document}/approve"), &tokens[i + 1]).json(json!({})).send().await;
        assert_eq!(own.problem(), "own_interest", "{}", pair[1]);
        assert_eq!(own.json()["detail"], "You uploaded this file: another party decides on it.");
        let tasks = app.get("/cockpit", &tokens[i + 1]).send().await.expect(200);
        let waiting = tasks[0]["waiting_for_me"].as_array().unwrap();
        assert!(
            waiting.iter().all(|task| !document.ends_with(task["document_id"].as_str().unwrap_or("-"))),
            "{waiting:?}"
        );
        let page = app.get(&format!("/{document}"), &tokens[i + 1]).send().await.html();
        assert!(page.contains("You uploaded this file"), "{page}");
    }
    let charterer = app.user("charterer@example.com", Role::Charterer).await;
    app.post(&format!("{document}/approve"), &charterer).json(json!({})).send().await.expect(200);
}

async fn an_address_that_is_in_the_room_already_is_a_fault_of_the_field(app: TestApp) {
    let (room, broker) = app.room().await;
    let idn = json!({ "role": "seller", "name": "Jörg", "email": "joerg@bücher.example" });
    app.post(&format!("/rooms/{room}/parties"), &broker).json(idn).send().await.expect(201);
    let path = party(&app, &room, &broker, "owner@example.com").await;
    for taken in ["charterer@example.com", "Charterer@EXAMPLE.com", "joerg@xn--bcher-kva.example", "broker@example.com"]
    {
        let refused = app.patch(&path, &broker).json(json!({ "email": taken })).send().await;
        assert_eq!(refused.fields(), ["email"], "{taken}");
    }
    for wrong in [json!(""), json!("owner"), json!("owner@"), json!(null), json!(7)] {
        let refused = app.patch(&path, &broker).json(json!({ "email": wrong })).send().await;
        assert_eq!(refused.fields(), ["email"], "{wrong}");
    }
    assert!(!app.actions(&room, &broker).await.contains(&"party_updated".to_owned()));
}

async fn the_same_address_in_another_spelling_is_no_change(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = party(&app, &room, &broker, "owner@example.com").await;
    let entries = app.actions(&room, &broker).await.len();
    let same = app.patch(&path, &broker).json(json!({ "email": " Owner@Example.COM " })).send().await.expect(200);
    assert_eq!(same["email"], "owner@example.com");
    assert_eq!(app.actions(&room, &broker).await.len(), entries);
}

async fn an_address_is_put_right_by_broker_and_admin_alone(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = party(&app, &room, &broker, "buyer@example.com").await;
    for role in [Role::Owner, Role::Charterer, Role::Seller, Role::Buyer] {
        let token = app.user(&format!("{role}@example.com"), role).await;
        let refused = app.patch(&path, &token).json(json!({ "email": "mallory@example.com" })).send().await;
        assert_eq!(refused.problem(), "role_forbids", "{role}");
    }
    let admin = app.user("admin@example.com", Role::Admin).await;
    let put_right = app.patch(&path, &admin).json(json!({ "email": "bea@example.com" })).send().await.expect(200);
    assert_eq!(put_right["email"], "bea@example.com");
    let log = app.get(&format!("/rooms/{room}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!((&log[0]["action"], &log[0]["actor"]), (&json!("party_updated"), &json!("admin@example.com")));
}

async fn an_address_that_a_colleague_has_put_right_is_not_overwritten(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let path = party(&app, &room, &broker, "buyer@example.com").await;
    let seen = app.get(&path, &broker).send().await;
    app.patch(&path, &admin).json(json!({ "email": "bea@example.com" })).send().await.expect(200);
    let late = app.patch(&path, &broker).header("if-match", seen.header("etag"));
    let late = late.json(json!({ "email": "beatrice@example.com" })).send().await;
    assert_eq!((late.status, late.problem()), (412, "changed_meanwhile".into()));
    let changed = &late.json()["changed"][0];
    assert_eq!((&changed["field"], &changed["now"]), (&json!("email"), &json!("bea@example.com")));
    assert_eq!(changed["by"], "admin@example.com");
}

async fn the_form_of_a_party_puts_its_address_right(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = party(&app, &room, &broker, "buyer@example.com").await;
    let form = async || PageForm::of(&app.get(&format!("/{path}"), &broker).send().await.html(), &path);
    let taken = form().await.with("email", "SELLER@example.com");
    let refused = app.post(&format!("/{path}"), &broker).fields(&taken.fields()).send().await;
    assert_eq!(refused.status, 422);
    let page = refused.html();
    assert!(page.contains("a party of this room already: seller"), "{page}");
    let sent = form().await.with("email", "bea@example.com");
    let done = app.post(&format!("/{path}"), &broker).fields(&sent.fields()).send().await;
    assert_eq!((done.status, done.header("location")), (303, &*format!("/rooms/{room}/parties")));
    let bea = app.user("bea@example.com", Role::Buyer).await;
    let page = app.get(&format!("//rooms/{room}/activity"), &bea).send().await.html();
    assert!(page.contains("buyer@example.com") && page.contains("bea@example.com"), "{page}");
}
