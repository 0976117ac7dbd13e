//! Once is once: a request that is sent again under its key makes nothing new, at every route that makes something.

use room::Role;
use serde_json::{Value, json};
use sts_clearance::http::BASE;

use crate::harness::{IMO, Reply, TestApp, on_both_databases, pdf};

on_both_databases! {
    TestApp:
    every_request_that_makes_something_is_done_once_under_its_key,
    what_takes_two_admins_is_asked_for_and_confirmed_once,
    an_upload_under_a_key_is_known_by_its_hash,
}

/// The routes that take no key, and why.
const WITHOUT: [(&str, &str); 12] = [
    ("/auth/login", "a session that nobody was told of is nobody's, and the next attempt makes another"),
    ("/auth/logout", "a session ends once"),
    ("/auth/password", "the present password is another one after the first time, so that the second is refused"),
    ("/auth/confirm", "it makes nothing: a password counts for some minutes"),
    ("/verify", "it makes nothing"),
    ("/rooms/{room_id}/documents/match", "it makes nothing"),
    (
        "/rooms/{room_id}/parties/{party_id}/invitation",
        "a link that was shown is not shown again; another one leads to the same",
    ),
    ("/users/{user_id}/link", "a link that was shown is not shown again; another one takes its place"),
    ("/mails/test", "a test that is asked for twice comes twice"),
    ("/mails/try-now", "it makes nothing: what waits is tried"),
    ("/mails/{mail_id}/send-again", "a mail that waits is not sent twice for it"),
    ("/users/{user_id}/password", "the same password again is the same, and nothing of it may be kept beside its hash"),
];

#[tokio::test]
async fn every_post_takes_a_key_or_says_why_not() {
    let app = TestApp::on_sqlite().await;
    let document = app.get("//api/openapi.json", "").send().await.expect(200);
    let takes_key = |operation: &Value| {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        parameters.filter(|parameter| parameter["name"] == "Idempotency-Key").count() == 1
    };
    let mut without = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        if let Some(post) = methods.get("post").filter(|post| !takes_key(post)) {
            assert_eq!(post["parameters"].to_string().matches("Idempotency-Key").count(), 0, "{path}");
            without.push(path.strip_prefix(BASE).unwrap_or(path).to_owned());
        }
    }
    without.sort();
    let mut known = WITHOUT.map(|(path, why)| {
        assert!(!why.is_empty());
        path.to_owned()
    });
    known.sort();
    assert_eq!(without, known);
}

/// Returns how many entries all logs have.
async fn log_size(app: &TestApp, admin: &str) -> u64 {
    let all = app.get("/activities?limit=1", admin).send().await;
    all.expect(200);
    all.header("x-total-count").parse().unwrap()
}

struct Scene {
    app: TestApp,
    admin: String,
}

impl Scene {
    /// Sends a request twice under its key, which makes one thing and has the same answer twice; then another request
    /// under the same key, which is refused. Returns the answer.
    async fn twice(&self, path: &str, token: &str, (body, other): (Value, Value)) -> Value {
        let send = async |body: &Value| {
            let request = self.app.post(path, token).header("idempotency-key", path);
            if body.is_null() { request.send().await } else { request.json(body.clone()).send().await }
        };
        let size = log_size(&self.app, &self.admin).await;
        let first = send(&body).await;
        assert!((200..300).contains(&first.status), "{path}: {first:?}");
        let grown = log_size(&self.app, &self.admin).await;
        assert!(grown > size, "{path} makes nothing");
        let second = send(&body).await;
        assert_eq!((second.status, second.json()), (first.status, first.json()), "{path}");
        assert_eq!(second.header("location"), first.header("location"), "{path}");
        assert_eq!(log_size(&self.app, &self.admin).await, grown, "{path} was done twice");
        if !other.is_null() {
            assert_eq!(send(&other).await.fields(), ["Idempotency-Key"], "{path}");
        }
        first.json()
    }
}

async fn every_request_that_makes_something_is_done_once_under_its_key(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let scene = Scene { app, admin: admin.clone() };
    let path = |rest: &str| format!("/rooms/{room}{rest}");
    let reason = |reason: &str| json!({ "reason": reason });
    let opened = crate::harness::new_room;
    let other = json!({ "title": "Another", "location": "Malta", "sts_eta": "2026-12-01T08:30:00Z" });
    scene.twice("/rooms", &broker, (opened(&[]), other)).await;
    let party = |email: &str| json!({ "role": "buyer", "name": "Zoë", "email": email });
    scene.twice(&path("/parties"), &broker, (party("zoe@example.com"), party("z@example.com"))).await;
    let vessel = |imo: &str| json!({ "name": "Aegean Star", "role": "discharging", "imo_number": imo });
    let vessel = scene.twice(&path("/vessels"), &broker, (vessel(IMO[0]), vessel(IMO[1]))).await;

    let documents = scene.app.documents(&room, &broker).await;
    let conditional = documents.iter().find(|document| document["requirement"] == "conditional").unwrap();
    let waiver = path(&format!("/documents/{}/waiver", conditional["id"].as_str().unwrap()));
    scene.twice(&waiver, &broker, (reason("below 2000 t"), reason("not ours"))).await;
    let study = scene.app.document(&room, &broker, "COMPAT", None).await;
    scene.app.version(&study, &owner, "study", &[]).await;
    scene.twice(&format!("{study}/approve"), &broker, (json!({}), json!({ "subjects": "a survey" }))).await;
    scene.twice(&format!("{study}/reject"), &broker, (reason("too old"), reason("too new"))).await;

    let undated = scene.app.document(&room, &broker, "FENDER_CERT", None).await;
    let version = scene.app.version(&undated, &owner, "fenders", &[]).await;
    let version = format!("{undated}/versions/{}", version["version"]["id"].as_str().unwrap());
    let without = (reason("issued without one"), reason("it has none"));
    scene.twice(&format!("{version}/date-waiver"), &broker, without).await;
    let until = |day: &str| json!({ "expires_on": day });
    scene.twice(&format!("{version}/date"), &owner, (until("2027-06-30"), until("2027-07-01"))).await;
    scene.twice(&format!("{version}/withdraw"), &broker, (reason("another's"), reason("a slip"))).await;

    let given = json!({ "vessel_id": vessel["id"], "status": "approved" });
    let rejected = json!({ "vessel_id": vessel["id"], "status": "rejected", "reason": "too old" });
    let given = scene.twice(&path("/approvals"), &owner, (given, rejected)).await;
    let revoke = path(&format!("/approvals/{}/revoke", given["id"].as_str().unwrap()));
    scene.twice(&revoke, &broker, (reason("a mistake"), reason("a slip"))).await;

    let phase = |phase: &str| json!({ "phase": phase, "override": true, "reason": "a test" });
    let changed = scene.twice(&path("/phase"), &broker, (phase("clearance"), phase("planning"))).await;
    assert_eq!(changed["overridden"], json!(["No receiving vessel is named"]));
    let planning = scene.app.post(&path("/phase"), &broker).header("idempotency-key", "on").json(phase("planning"));
    let snapshot = planning.send().await.expect(200)["snapshot_id"].clone();
    let again = scene.app.post(&path("/phase"), &broker).header("idempotency-key", "on").json(phase("planning"));
    assert_eq!(again.send().await.expect(200)["snapshot_id"], snapshot, "the snapshot that was taken with it");

    let kind = |kind: &str| json!({ "snapshot_type": kind });
    let taken = scene.twice(&path("/snapshots"), &broker, (kind("json"), kind("csv"))).await;
    let id = taken["id"].as_str().unwrap();
    scene.app.fail_snapshot(&room, id, "a test").await;
    scene.twice(&path(&format!("/snapshots/{id}/retry")), &broker, (Value::Null, Value::Null)).await;
    let held = scene.twice(&path("/holds"), &admin, (reason("A claim"), reason("Another"))).await;
    assert_eq!(held["reason"], "A claim");

    let code = |code: &str| {
        json!({
            "code": code, "name": "New", "category": "cargo", "scope": "room", "requirement": "optional",
            "criticality": "low", "gate": "planning",
        })
    };
    scene.twice("/config/document-types", &admin, (code("NEW"), code("NEWER"))).await;
    let user = |email: &str| json!({ "email": email, "name": "New", "role": "buyer", "password": "another long one" });
    scene.twice("/users", &admin, (user("new@example.com"), user("newer@example.com"))).await;
}

async fn what_takes_two_admins_is_asked_for_and_confirmed_once(app: TestApp) {
    let [first, second] = [app.user("a@example.com", Role::Admin).await, app.user("b@example.com", Role::Admin).await];
    let scene = Scene { app, admin: first.clone() };
    let user =
        |role: &str| json!({ "email": "new@example.com", "name": "New", "role": role, "password": "another long one" });
    let asked = scene.twice("/users", &first, (user("admin"), user("buyer"))).await;
    assert!(asked["confirm_by"].is_string(), "{asked}");
    let open = scene.app.get("/users/requests", &first).send().await.expect(200);
    let confirm = format!("/users/requests/{}/confirm", open[0]["id"].as_str().unwrap());
    let made = scene.twice(&confirm, &second, (Value::Null, Value::Null)).await;
    assert_eq!((&made["email"], &made["role"]), (&json!("new@example.com"), &json!("admin")));
}

async fn an_upload_under_a_key_is_known_by_its_hash(app: TestApp) {
    let (room, broker) = app.room().await;
    let document = app.document(&room, &broker, "COMPAT", None).await;
    let by_type = format!("/rooms/{room}/documents/upload");
    for (path, first, fields) in [
        (format!("{document}/versions"), "first", vec![("notes", "the first")]),
        (by_type, "second", vec![("document_type", "COMPAT"), ("notes", "the second")]),
    ] {
        let send = async |words: &str, fields: &[(&str, &str)]| -> Reply {
            let request = app.post(&path, &broker).header("idempotency-key", &path);
            request.upload("study.pdf", &pdf(words), fields).send().await
        };
        let (once, again) = (send(first, &fields).await, send(first, &fields).await);
        assert_eq!((again.status, again.json()), (201, once.expect(201)), "{path}");
        assert_eq!(send("other bytes", &fields).await.fields(), ["Idempotency-Key"]);
        let other = [&fields[..fields.len() - 1], &[("notes", "other notes")]].concat();
        assert_eq!(send(first, &other).await.fields(), ["Idempotency-Key"]);
        // Its file is there: the second one was not kept in its place, nor was it removed with the second.
        let file = app.get(&format!("{document}/download"), &broker).send().await;
        assert_eq!((file.status, &*file.body), (200, &*pdf(first)));
    }
    let versions = app.get(&format!("{document}/versions"), &broker).send().await.expect(200);
    assert_eq!(versions.as_array().unwrap().len(), 2);
}
