//! Nobody undoes another's work: tags of what can be edited, and changes that start from an older state.

use room::Role;
use serde_json::{Value, json};

use crate::harness::{IMO, Reply, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_change_of_an_older_state_is_refused_with_what_has_changed_by_whom_and_when,
    what_is_not_edited_changes_no_tag,
    a_deletion_of_an_older_state_is_refused,
    a_reply_or_a_waiver_of_an_older_state_is_refused,
    a_list_of_tags_matches_by_any_strong_one_and_says_what_it_cannot_read,
    what_has_changed_too_long_ago_is_refused_without_it,
}

/// A room with a vessel and everybody who edits something.
struct Scene {
    app: TestApp,
    room: String,
    vessel: String,
    broker: String,
    admin: String,
    owner: String,
}

impl Scene {
    async fn set(app: TestApp) -> Self {
        let (room, broker) = app.room().await;
        let admin = app.user("admin@example.com", Role::Admin).await;
        let owner = app.user("owner@example.com", Role::Owner).await;
        let room = format!("/rooms/{room}");
        let vessel = app.vessel(&room[7..], &broker, "Aegean Star", "discharging", IMO[0]).await;
        Self { vessel: format!("{room}/vessels/{vessel}"), app, room, broker, admin, owner }
    }

    async fn tag(&self, path: &str) -> String {
        let reply = self.app.get(path, &self.admin).send().await;
        reply.expect(200);
        let tag = reply.header("etag").to_owned();
        assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{path} has no strong tag: {tag}");
        tag
    }

    async fn first(&self, list: &str, field: &str, value: &str) -> String {
        let listed = self.app.get(list, &self.admin).send().await.expect(200);
        let found = listed.as_array().unwrap().iter().find(|row| row[field] == value).unwrap();
        format!("{}/{}", list.split('?').next().unwrap(), found["id"].as_str().unwrap())
    }

    async fn log_size(&self) -> u64 {
        let all = self.app.get("/activities?limit=1", &self.admin).send().await;
        all.expect(200);
        all.header("x-total-count").parse().unwrap()
    }
}

#[track_caller]
fn changed(reply: &Reply) -> Value {
    assert_eq!(reply.status, 412, "{reply:?}");
    assert_eq!(reply.problem(), "changed_meanwhile");
    reply.json()["changed"].clone()
}

async fn a_change_of_an_older_state_is_refused_with_what_has_changed_by_whom_and_when(app: TestApp) {
    let scene = Scene::set(app).await;
    let party = scene.first(&format!("{}/parties", scene.room), "email", "buyer@example.com").await;
    let user = scene.first("/users", "email", "owner@example.com").await;
    let role = format!("{user}/role");
    let at = json!(scene.app.app.now());
    let by = |field: &str, now: Value| json!({ "field": field, "now": now, "by": "admin@example.com", "at": at });
    // Each with what a colleague sends, what has changed by it, and what is then sent of the state before.
    let cases = [
        (
            "PATCH",
            &scene.room,
            &scene.room,
            json!({ "sts_eta": "2026-12-03T00:00:00Z", "location": "Malta" }),
            vec![by("location", json!("Malta")), by("sts_eta", json!("2026-12-03T00:00:00Z"))],
            json!({ "description": "At anchor" }),
        ),
        (
            "PATCH",
            &scene.vessel,
            &scene.vessel,
            json!({ "flag": "Malta", "length_m": 183.0 }),
            vec![by("flag", json!("Malta")), by("length_m", json!(183.0))],
            json!({ "owner": "Aegean" }),
        ),
        (
            "PATCH",
            &party,
            &party,
            json!({ "company": "Aegean", "email": "bea@example.com" }),
            vec![by("company", json!("Aegean")), by("email", json!("bea@example.com"))],
            json!({ "name": "Zoë" }),
        ),
        (
            "PATCH",
            &"/config/document-types/COMPAT".to_owned(),
            &"/config/document-types/COMPAT".to_owned(),
            json!({ "profiles": ["oil"], "warn_days": 3 }),
            vec![by("profiles", json!(["oil"])), by("warn_days", json!(3))],
            json!({ "enabled": false }),
        ),
        ("PATCH", &user, &user, json!({ "name": "Zoë" }), vec![by("name", json!("Zoë"))], json!({ "disabled": true })),
        (
            "PUT",
            &role,
            &user,
            json!({ "role": "seller" }),
            vec![by("role", json!("seller"))],
            json!({ "role": "buyer" }),
        ),
    ];
    for (method, path, shown, theirs, told, ours) in cases {
        let seen = scene.tag(shown).await;
        let send = |body: &Value, tag: &str| {
            let request = scene.app.request(method, path, &scene.admin).header("if-match", tag);
            request.json(body.clone())
        };
        let answer = send(&theirs, &seen).send().await;
        answer.expect(200);
        let now = scene.tag(shown).await;
        assert_eq!((answer.header("etag"), now == seen), (&*now, false), "{path}");

        let size = scene.log_size().await;
        let mut has_changed = changed(&send(&ours, &seen).send().await);
        has_changed.as_array_mut().unwrap().sort_by_key(|field| field["field"].to_string());
        assert_eq!(has_changed, json!(told), "{path}");
        assert_eq!(changed(&send(&ours, &format!("W/{now}")).send().await), Value::Null, "a weak tag matches: {path}");
        assert_eq!(scene.log_size().await, size, "{path}");
        // Without the header, and with `*`, it is as before.
        send(&ours, "*").send().await.expect(200);
        scene.app.request(method, path, &scene.admin).json(theirs).send().await.expect(200);
    }
}

async fn what_is_not_edited_changes_no_tag(app: TestApp) {
    let scene = Scene::set(app).await;
    let Scene { app, room, vessel, broker, .. } = &scene;
    let document = app.document(&room[7..], broker, "COMPAT", None).await;
    let seen = [scene.tag(room).await, scene.tag(vessel).await, scene.tag(&document).await];
    app.version(&document, broker, "study", &[]).await;
    let phase = json!({ "phase": "clearance", "override": true, "reason": "a test" });
    app.post(&format!("{room}/phase"), broker).json(phase).send().await.expect(200);
    app.patch(vessel, broker).json(json!({ "name": "Aegean Star" })).send().await.expect(200);
    assert_eq!([scene.tag(room).await, scene.tag(vessel).await, scene.tag(&document).await], seen);
}

async fn a_deletion_of_an_older_state_is_refused(app: TestApp) {
    let scene = Scene::set(app).await;
    let party = scene.first(&format!("{}/parties", scene.room), "email", "buyer@example.com").await;
    let cases = [
        (&party, json!({ "company": "Aegean" }), "company", 204),
        (&scene.vessel, json!({ "flag": "Malta" }), "flag", 204),
        (&scene.room, json!({ "title": "STS Malta" }), "title", 200),
    ];
    for (path, theirs, field, done) in cases {
        let seen = scene.tag(path).await;
        scene.app.patch(path, &scene.broker).json(theirs).send().await.expect(200);
        let delete = async |tag: String| scene.app.delete(path, &scene.admin).header("if-match", &tag).send().await;
        let has_changed = changed(&delete(seen).await);
        assert_eq!((&has_changed[0]["field"], &has_changed[0]["by"]), (&json!(field), &json!("broker@example.com")));
        assert_eq!(delete(scene.tag(path).await).await.status, done, "{path}");
    }
}

async fn a_reply_or_a_waiver_of_an_older_state_is_refused(app: TestApp) {
    let scene = Scene::set(app).await;
    let Scene { app, room, vessel, broker, admin, owner } = &scene;
    let approved = json!({ "vessel_id": vessel.rsplit('/').next().unwrap(), "status": "approved_with_subjects", "subjects": "a survey" });
    let given = app.post(&format!("{room}/approvals"), owner).json(approved).send().await.expect(201);
    let reply = format!("{room}/approvals/{}", given["id"].as_str().unwrap());
    let seen = scene.tag(&reply).await;
    app.post(&format!("{reply}/revoke"), admin).json(json!({ "reason": "a mistake" })).send().await.expect(200);
    let at = json!(app.app.now());
    let rejected = |tag: &str| {
        app.put(&reply, owner).header("if-match", tag).json(json!({ "status": "rejected", "reason": "too old" }))
    };
    assert_eq!(
        changed(&rejected(&seen).send().await),
        json!([
            { "field": "status", "now": "pending", "by": "admin@example.com", "at": at },
            { "field": "subjects", "now": null, "by": "admin@example.com", "at": at },
        ])
    );
    let changed_reply = rejected(&scene.tag(&reply).await).send().await;
    changed_reply.expect(200);
    assert_eq!(changed_reply.header("etag"), scene.tag(&reply).await);
    let revoke = app.post(&format!("{reply}/revoke"), admin).header("if-match", &seen).json(json!({ "reason": "x" }));
    assert_eq!(changed(&revoke.send().await).as_array().unwrap().len(), 3, "status, subjects and reason");

    let documents = app.documents(&room[7..], broker).await;
    let conditional = documents.iter().find(|document| document["requirement"] == "conditional").unwrap();
    let document = format!("{room}/documents/{}", conditional["id"].as_str().unwrap());
    let waiver = format!("{document}/waiver");
    let waive = |reason: &str, token: &str, tag: &str| {
        app.post(&waiver, token).header("if-match", tag).json(json!({ "reason": reason }))
    };
    let unwaived = scene.tag(&document).await;
    let first = waive("below 2000 t", broker, &unwaived).send().await;
    first.expect(200);
    let with_one = scene.tag(&document).await;
    assert_eq!(first.header("etag"), with_one);
    let told = json!([{ "field": "reason", "now": "below 2000 t", "by": "broker@example.com", "at": at }]);
    assert_eq!(changed(&waive("not ours", admin, &unwaived).send().await), told);
    assert_eq!(changed(&app.delete(&waiver, admin).header("if-match", &unwaived).send().await), told);
    waive("not ours", admin, &with_one).send().await.expect(200);
    assert_eq!(changed(&app.delete(&waiver, broker).header("if-match", &with_one).send().await)[0]["now"], "not ours");
    let now = scene.tag(&document).await;
    let withdrawn = app.delete(&waiver, broker).header("if-match", &now).send().await;
    withdrawn.expect(200);
    assert_eq!(withdrawn.header("etag"), unwaived);
}

async fn a_list_of_tags_matches_by_any_strong_one_and_says_what_it_cannot_read(app: TestApp) {
    let scene = Scene::set(app).await;
    let tag = scene.tag(&scene.room).await;
    let change = |tags: &str| {
        scene.app.patch(&scene.room, &scene.broker).header("if-match", tags).json(json!({ "location": "Malta" }))
    };
    for tags in ["Malta", "\"one", "*, *", "\"one\" \"two\"", "\"one\",", "w/\"one\""] {
        assert_eq!(change(tags).send().await.fields(), ["If-Match"], "{tags}");
    }
    for tags in ["\"\"".to_owned(), "\"a,b\"".to_owned(), format!("W/{tag}"), format!("\"one\", W/{tag}")] {
        assert_eq!(changed(&change(&tags).send().await), Value::Null, "{tags}");
    }
    change(&format!("\"one\" ,{tag}")).send().await.expect(200);
}

async fn what_has_changed_too_long_ago_is_refused_without_it(app: TestApp) {
    let scene = Scene::set(app).await;
    let seen = scene.tag(&scene.room).await;
    scene.app.patch(&scene.room, &scene.broker).json(json!({ "location": "Malta" })).send().await.expect(200);
    scene.app.append(&scene.room[7..], 2_000).await;
    let request = scene.app.patch(&scene.room, &scene.broker).header("if-match", &seen);
    let refused = request.json(json!({ "title": "STS Malta" })).send().await;
    assert_eq!(changed(&refused), Value::Null);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("The room has been changed since you saw it; nothing of yours was changed"), "{detail}");
}
