//! The policy as observed over HTTP: every route is called by every role, as a party and not, and without a token.

use std::{convert::Infallible, fmt::Write as _};

use axum::{body::Body, http::Method};
use futures_util::{future::BoxFuture, stream};
use room::{Log, Role};
use serde_json::{Value, json};

use sts_clearance::{
    api,
    db::{self, Tx},
    domain::{accounts::users, input::Basis, log::Actor, rooms::parties},
    http::{Access, PageRoute, Route},
    pages, policy,
};

use crate::{
    bodies::body,
    harness::{Form, IMO, Reply, TestApp, change_role, fields_of_event, on_both_databases, pdf},
};

/// The callers: a party of each role, an admin, a user of each role who is no party, and a client without a token.
const CALLERS: [&str; 12] = [
    "owner",
    "broker",
    "charterer",
    "seller",
    "buyer",
    "admin",
    "other owner",
    "other broker",
    "other charterer",
    "other seller",
    "other buyer",
    "nobody",
];

/// Returns the role of a caller's account.
fn role(caller: &str) -> Role {
    caller.strip_prefix("other ").unwrap_or(caller).parse().unwrap()
}

/// The account that is named in the paths of routes about accounts.
const SOMEBODY: &str = "somebody@example.com";
/// The password of every caller after the walk has called `POST /auth/password`.
pub(crate) const NEXT_PASSWORD: &str = "another long one";
/// An admin who asks for changes that another admin has to confirm.
const ASKS: &str = "asks@example.com";

fn address(caller: &str) -> String {
    format!("{}@example.com", caller.replace(' ', "."))
}

/// An application with an account for every caller.
struct Scene {
    app: TestApp,
}

impl Scene {
    async fn set(app: TestApp) -> Self {
        for caller in CALLERS.into_iter().filter(|caller| *caller != "nobody") {
            app.user(&address(caller), role(caller)).await;
        }
        app.user(SOMEBODY, Role::Buyer).await;
        app.user(ASKS, Role::Admin).await;
        Self { app }
    }

    /// Makes a new session for the caller, since some routes end all earlier ones.
    async fn token(&self, caller: &str) -> String {
        if caller == "nobody" { String::new() } else { self.app.session(&address(caller)).await }
    }

    /// Calls a route of the API in a room in which nothing but its preparation has happened. Returns the reply, and the
    /// actions of the entries that the call appended to any log.
    async fn call(&self, route: &Route, caller: &str, kept: &mut Kept) -> (Reply, Vec<String>) {
        let (path, vessel) = self.kept_or_new(&route.method, route.path, caller, kept).await;
        let token = self.token(caller).await;
        let (reply, appended) = self.appended_by(self.send(route, &path, &token, &vessel)).await;
        *kept = changes_nothing(&route.method, route.path, &reply).then_some((path, vessel));
        (reply, appended)
    }

    /// Prepares a room for a route that refuses every caller in the rooms of [`Self::call`], such as the retry of a
    /// snapshot that has not failed, and calls the route as an admin.
    async fn call_prepared(&self, route: &Route) -> (Reply, Vec<String>) {
        let admin = self.token("admin").await;
        let room = self.room(&admin).await;
        let mut path = route.path.replace("{room_id}", &room);
        match (route.method.as_str(), route.path) {
            ("POST", "/auth/confirm") => {
                let password = json!({ "password": NEXT_PASSWORD });
                return self.appended_by(self.app.post(&path, &admin).json(password).send()).await;
            }
            ("DELETE", "/rooms/{room_id}") => {}
            ("DELETE", "/rooms/{room_id}/vessels/{vessel_id}") => {
                let vessel = self.app.vessel(&room, &admin, "Aegean Star", "discharging", IMO[0]).await;
                path = path.replace("{vessel_id}", &vessel);
            }
            ("DELETE", "/rooms/{room_id}/documents/{document_id}/waiver") => {
                let documents = self.app.documents(&room, &admin).await;
                let conditional = documents.iter().find(|document| document["requirement"] == "conditional").unwrap();
                path = path.replace("{document_id}", conditional["id"].as_str().unwrap());
                self.app.post(&path, &admin).json(json!({ "reason": "a test" })).send().await.expect(200);
            }
            ("POST", "/rooms/{room_id}/snapshots/{snapshot_id}/retry") => {
                let (taken, _) = self.app.take(&room, &admin, json!({ "snapshot_type": "json" })).await;
                let id = taken["id"].as_str().unwrap();
                path = path.replace("{snapshot_id}", id);
                self.app.fail_snapshot(&room, id, "a test").await;
            }
            ("POST" | "DELETE", "/rooms/{room_id}/parties/{party_id}/invitation") => {
                path = path.replace("{party_id}", &self.app.invited(&room, &admin).await);
            }
            (method, path) => panic!("{method} {path} refuses everybody: prepare what it needs"),
        }
        self.appended_by(self.app.request(route.method.as_str(), &path, &admin).send()).await
    }

    /// Waits for the reply, and returns it with the actions of the entries that were appended meanwhile.
    async fn appended_by(&self, reply: impl Future<Output = Reply>) -> (Reply, Vec<String>) {
        let before = self.app.app.new_id().to_string();
        let reply = reply.await;
        let read = async |tx: &mut Tx| {
            // Ids sort by time, so entries of this call have a later id than `before`.
            let appended = "SELECT action FROM activity_log WHERE id > ?1 ORDER BY id";
            tx.rows(appended, &[&before]).await?.iter().map(|row| row.get(0)).collect()
        };
        (reply, self.app.app.db.read(read).await.unwrap())
    }

    async fn send(&self, route: &Route, path: &str, token: &str, vessel: &str) -> Reply {
        let request = self.app.request(route.method.as_str(), path, token);
        let of_type: &[_] = if path.ends_with("/documents/upload") { &[("document_type", "COMPAT")] } else { &[] };
        if path.ends_with("/versions") || !of_type.is_empty() {
            return request.upload("new.pdf", &pdf("new"), of_type).send().await;
        }
        if path == "/verify" {
            return request.upload("a.json", b"{}", &[]).send().await;
        }
        if path.contains("/uploads") && ["POST", "PATCH"].contains(&route.method.as_str()) {
            return request.in_parts("new.pdf", &pdf("new")).send().await;
        }
        match body(route, vessel) {
            Some(body) => request.json(body).send().await,
            None => request.send().await,
        }
    }

    /// Opens a page, or submits its form empty, in a room in which nothing but its preparation has happened.
    async fn open(&self, route: &PageRoute, caller: &str, kept: &mut Kept) -> Reply {
        let (path, vessel) = self.kept_or_new(&route.method, route.path, caller, kept).await;
        let token = self.token(caller).await;
        let request = self.app.request(route.method.as_str(), &format!("/{path}"), &token);
        let reply = if route.method == "GET" {
            request.send().await
        } else if path.ends_with("/upload") || path == "/verify" {
            request.upload("new.pdf", &pdf("new"), &[]).send().await
        } else {
            request.header("content-type", "application/x-www-form-urlencoded").send().await
        };
        *kept = changes_nothing(&route.method, route.path, &reply).then_some((path, vessel));
        reply
    }

    /// Returns the path and the vessel that an earlier call has left as they were, else those of a new room.
    async fn kept_or_new(&self, method: &Method, template: &str, caller: &str, kept: &mut Kept) -> (String, String) {
        match kept.take() {
            Some(kept) => kept,
            None => self.path(method, template, caller).await,
        }
    }

    /// Fills in a route's path for a caller with ids that exist. Returns the path and the id of a vessel of the room.
    async fn path(&self, method: &Method, template: &str, caller: &str) -> (String, String) {
        let admin = &self.token("admin").await;
        let room = &self.room(admin).await;
        let mut path = template.replace("{room_id}", room).replace("{code}", "Q88");
        if path.contains("{vessel_id}") || path.contains("{document_id}") || path.contains("/approvals") {
            path = self.with_papers(path, room, caller).await;
        }
        if path.contains("{snapshot_id}") || method == Method::DELETE {
            let snapshot = self.app.snapshot(room, admin, json!({ "snapshot_type": "json" })).await;
            let id = snapshot["id"].as_str().unwrap();
            path = path.replace("{snapshot_id}", id).replace("{other_id}", id);
        }
        if path.contains("{hold_id}") {
            let reason = json!({ "reason": "a test" });
            let held = self.app.post(&format!("/rooms/{room}/holds"), admin).json(reason).send().await.expect(201);
            path = path.replace("{hold_id}", held["id"].as_str().unwrap());
        }
        if path.contains("{party_id}") {
            let listed = self.app.get(&format!("/rooms/{room}/parties"), admin).send().await.expect(200);
            path = path.replace("{party_id}", listed[1]["id"].as_str().unwrap());
        }
        if path.contains("{user_id}") {
            path = path.replace("{user_id}", &users::named(&self.app.app, SOMEBODY).await.unwrap().id.to_string());
        }
        if path.contains("{request_id}") {
            path = path.replace("{request_id}", &self.app.waiting_request(ASKS, SOMEBODY).await);
        }
        if path.contains("{mail_id}") {
            path = path.replace("{mail_id}", &self.app.waiting_mail(SOMEBODY).await);
        }
        if path.contains("{upload_id}") {
            let begins = self.token(if CALLERS[..6].contains(&caller) { caller } else { "admin" }).await;
            path = path.replace("{upload_id}", &self.app.begun_upload(room, admin, &begins).await);
        }
        if path.contains("{session_id}") {
            path = path.replace("{session_id}", &self.session(caller).await);
        }
        let (path, vessel) = path.split_once('#').unwrap_or((&path, ""));
        assert!(!path.contains('{'), "no value is known for a parameter of {template}");
        (path.to_owned(), vessel.to_owned())
    }

    /// Returns the id of a session of the caller, or of an admin if the caller has no account.
    async fn session(&self, caller: &str) -> String {
        let token = self.token(if caller == "nobody" { "admin" } else { caller }).await;
        let sessions = self.app.get("/auth/sessions?limit=1", &token).send().await.expect(200);
        sessions[0]["id"].as_str().unwrap().to_owned()
    }

    /// Opens a room with a party of each role and returns its id.
    async fn room(&self, admin: &str) -> String {
        let parties: Vec<Value> = CALLERS[..5]
            .iter()
            .map(|role| json!({ "role": role, "name": role, "email": format!("{role}@example.com") }))
            .collect();
        let room = self.app.post("/rooms", admin).json(crate::harness::new_room(&parties)).send().await.expect(201);
        room["id"].as_str().unwrap().to_owned()
    }

    /// Fills in a vessel, a document that the seller uploaded, or the caller, who withdraws only what is their own, and an
    /// approval, which is the caller's own if their role may give one. The vessel's id follows the path after a `#`.
    async fn with_papers(&self, path: String, room: &str, caller: &str) -> String {
        let admin = &self.token("admin").await;
        let vessel = self.app.vessel(room, admin, "Aegean Star", "discharging", IMO[0]).await;
        let document = self.app.document(room, admin, "SIRE", Some(&vessel)).await;
        let uploads = if path.ends_with("/withdraw") && CALLERS[..5].contains(&caller) { caller } else { "seller" };
        let uploaded = self.app.version(&document, &self.token(uploads).await, "paper", &[]).await;
        let mut path = path
            .replace("{vessel_id}", &vessel)
            .replace("{document_id}", document.rsplit('/').next().unwrap())
            .replace("{version_id}", uploaded["version"]["id"].as_str().unwrap());
        if path.contains("{approval_id}") {
            let speaks = ["owner", "broker", "charterer"].contains(&caller);
            let speaker = if speaks { &self.token(caller).await } else { admin };
            let asked = json!({ "vessel_id": vessel, "status": "approved" });
            let given = self.app.post(&format!("/rooms/{room}/approvals"), speaker).json(asked).send().await;
            path = path.replace("{approval_id}", given.expect(201)["id"].as_str().unwrap());
        }
        format!("{path}#{vessel}")
    }
}

/// A path whose room the last call left as it was, and the id of a vessel there.
type Kept = Option<(String, String)>;

/// Returns whether the next caller can be let into the room of this call: it changed nothing, and nothing in the path
/// was made for this caller.
fn changes_nothing(method: &Method, template: &str, reply: &Reply) -> bool {
    let own = ["{approval_id}", "{upload_id}", "{session_id}", "/withdraw"];
    (method == Method::GET || reply.status >= 400) && !own.iter().any(|part| template.contains(part))
}

/// Returns the status and problem with which the policy refuses this caller, or `None` if it admits them.
fn expected(access: Access, path: &str, caller: &str) -> Option<(u16, &'static str)> {
    let action = match access {
        Access::Public => return None,
        _ if caller == "nobody" => return Some((401, "unauthenticated")),
        Access::SignedIn | Access::WithGivenPassword => return None,
        Access::May(action) | Access::MayInDeleted(action) => action,
    };
    let in_room = path.contains("{room_id}");
    if caller.starts_with("other") && in_room {
        return Some((403, "not_a_party"));
    }
    if policy::may(role(caller), action) { None } else { Some((403, "role_forbids")) }
}

on_both_databases! {
    Posting:
    every_route_answers_each_role_as_the_matrix_says_and_appends_its_entries,
    every_page_answers_each_role_as_the_matrix_says,
}

on_both_databases! {
    TestApp:
    a_refused_role_is_told_which_roles_may_and_the_log_keeps_the_refusal,
    inside_a_room_the_partys_role_decides_not_the_accounts,
    a_removed_party_is_refused_at_the_next_request,
    a_party_removed_while_their_request_is_on_its_way_changes_nothing,
    a_party_whose_role_changes_while_their_request_is_on_its_way_changes_nothing,
    a_session_that_ends_while_an_upload_is_on_its_way_stores_nothing,
    a_session_that_ends_while_a_request_is_on_its_way_changes_nothing,
    an_admins_place_in_a_room_ends_with_their_being_admin,
}

/// One golden file has the observed statuses of each route, the other the entries that a successful call appends.
async fn every_route_answers_each_role_as_the_matrix_says_and_appends_its_entries(app: TestApp) {
    app.tampered();
    let scene = Scene::set(app).await;
    let (mut table, mut events) = (Table::new(), String::new());
    for route in api::routes().table() {
        table.begin(&route.method, route.path, route.access);
        // Callers are grouped by the entries that they append, since these may depend on the role.
        let mut told: Vec<(Vec<String>, Vec<&str>)> = Vec::new();
        let mut kept = None;
        for caller in CALLERS {
            let (reply, appended) = scene.call(route, caller, &mut kept).await;
            table.answer(caller, &reply);
            if reply.status >= 400 {
                let only_says_so =
                    appended.iter().all(|action| ["access_denied", "request_refused"].contains(&&**action));
                assert!(only_says_so, "{} as {caller} is refused and appends {appended:?}", table.route);
                continue;
            }
            match told.iter_mut().find(|(known, _)| *known == appended) {
                Some((_, callers)) => callers.push(caller),
                None => told.push((appended, vec![caller])),
            }
        }
        if told.is_empty() && route.method != "GET" {
            let (reply, appended) = scene.call_prepared(route).await;
            assert!(reply.status < 300, "{}: {reply:?}", table.route);
            told.push((appended, vec!["admin"]));
        }
        // A `GET` is listed only if it is logged, as downloads and exports are.
        told.retain(|(appended, _)| route.method != "GET" || !appended.is_empty());
        for (appended, callers) in &told {
            let callers = if told.len() == 1 { String::new() } else { format!(" ({})", callers.join(", ")) };
            let line = format!("{:<6} {:<52} {}{callers}", route.method.as_str(), route.path, appended.join(", "));
            events.extend([line.trim_end(), "\n"]);
        }
    }
    insta::assert_snapshot!("routes_by_role", table.text);
    insta::assert_snapshot!("events_by_route", events);
}

async fn every_page_answers_each_role_as_the_matrix_says(app: TestApp) {
    let scene = Scene::set(app).await;
    let mut table = Table::new();
    for route in pages::routes().table() {
        table.begin(&route.method, route.path, route.access);
        let mut kept = None;
        for caller in CALLERS {
            table.answer(caller, &scene.open(route, caller, &mut kept).await);
        }
    }
    insta::assert_snapshot!("pages_by_role", table.text);
}

/// The golden table of who may do what, as observed.
struct Table {
    text: String,
    route: String,
    access: Access,
}

impl Table {
    fn new() -> Self {
        let mut text = format!("{:<6} {:<52} {:<21}", "", "", "");
        for caller in CALLERS {
            let _ = write!(text, " {caller}");
        }
        Self { text: text + "\n", route: String::new(), access: Access::Public }
    }

    fn begin(&mut self, method: &Method, path: &str, access: Access) {
        let action = match access {
            Access::Public => "anyone",
            Access::SignedIn => "signed in",
            Access::WithGivenPassword => "with a given password",
            Access::May(action) | Access::MayInDeleted(action) => action.name(),
        };
        let _ = write!(self.text, "{:<6} {path:<52} {action:<21}", method.as_str());
        (self.route, self.access) = (format!("{method} {path}"), access);
    }

    /// Compares a reply with the matrix and adds its status to the table.
    fn answer(&mut self, caller: &str, reply: &Reply) {
        match expected(self.access, &self.route, caller) {
            Some((status, problem)) => {
                assert_eq!((reply.status, &*reply.problem()), (status, problem), "{} as {caller}", self.route);
            }
            None if self.access == Access::Public => {}
            None => assert!(![401, 403].contains(&reply.status), "{} as {caller}: {reply:?}", self.route),
        }
        let end = if CALLERS.last() == Some(&caller) { "\n" } else { "" };
        let _ = write!(self.text, " {:>width$}{end}", reply.status, width = caller.len());
    }
}

async fn a_refused_role_is_told_which_roles_may_and_the_log_keeps_the_refusal(app: TestApp) {
    let (room, broker) = app.room().await;
    let buyer = app.user("buyer@example.com", Role::Buyer).await;
    let refused = app.post(&format!("/rooms/{room}/snapshots"), &buyer).json(json!({})).send().await;
    assert_eq!(refused.problem(), "role_forbids");
    assert_eq!(refused.json()["allowed_roles"], json!(["owner", "broker", "charterer", "admin"]));
    let log = app.get(&format!("/rooms/{room}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!(log[0]["action"], "access_denied");
    assert_eq!(log[0]["actor"], "buyer@example.com");
    let fields = fields_of_event(&log[0]["meta"]);
    assert_eq!(fields, json!({ "permission": "snapshots:create", "role": "buyer" }));
}

async fn inside_a_room_the_partys_role_decides_not_the_accounts(app: TestApp) {
    let (room, _) = app.room().await;
    // This user is a broker by account, and a seller in this room.
    let seller = app.user("seller@example.com", Role::Broker).await;
    let snapshots = format!("/rooms/{room}/snapshots");
    assert_eq!(app.post(&snapshots, &seller).json(json!({})).send().await.problem(), "role_forbids");
    // This user is a buyer by account, and the owner in this room.
    let owner = app.user("owner@example.com", Role::Buyer).await;
    app.post(&snapshots, &owner).json(json!({})).send().await.expect(201);
    assert_eq!(app.post("/rooms", &owner).json(crate::harness::new_room(&[])).send().await.problem(), "role_forbids");
}

async fn a_removed_party_is_refused_at_the_next_request(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let path = format!("/rooms/{room}");
    app.get(&path, &owner).send().await.expect(200);
    let parties = app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200);
    let id = parties.as_array().unwrap().iter().find(|party| party["role"] == "owner").unwrap()["id"].clone();
    let removed = app.delete(&format!("/rooms/{room}/parties/{}", id.as_str().unwrap()), &broker).send().await;
    assert_eq!(removed.status, 204);
    assert_eq!(app.get(&path, &owner).send().await.problem(), "not_a_party");
}

/// The body arrives only after the request has been admitted and the party removed.
async fn a_party_removed_while_their_request_is_on_its_way_changes_nothing(app: TestApp) {
    app.tampered();
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let removed = remove(&app, &room, "owner");
    let body = Body::from_stream(stream::once(async move {
        removed.await;
        Ok::<_, Infallible>("{}")
    }));
    let late = app.post(&format!("/rooms/{room}/snapshots"), &owner).header("content-type", "application/json");
    assert_eq!(late.body(body).send().await.problem(), "not_a_party");
    assert_eq!(app.actions(&room, &broker).await.last().unwrap(), "party_removed");
}

/// The new role may take snapshots too, but the entry would name the old one.
async fn a_party_whose_role_changes_while_their_request_is_on_its_way_changes_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let before = app.actions(&room, &broker).await;
    let (in_app, log) = (app.app.clone(), Log::Room(room.parse().unwrap()));
    let body = Body::from_stream(stream::once(async move {
        change_role(&in_app, log, "owner@example.com", Role::Charterer).await;
        Ok::<_, Infallible>("{}")
    }));
    let late = app.post(&format!("/rooms/{room}/snapshots"), &owner).header("content-type", "application/json");
    let refused = late.body(body).send().await;
    assert_eq!(refused.problem(), "conflict");
    assert_eq!(refused.json()["detail"], "Your role has been changed meanwhile; try again.");
    let after = app.actions(&room, &broker).await;
    assert_eq!(after.iter().filter(|action| *action == "snapshot_created").count(), 0, "{after:?}");
    assert_eq!(after.len(), before.len() + 2);
}

/// The form arrives only after the request has been admitted and the sender's sessions have ended.
async fn a_session_that_ends_while_an_upload_is_on_its_way_stores_nothing(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let mut form = Form::new();
    form.file("file", "study.pdf", &pdf("a study"));
    let ended = end_sessions(&app);
    let body = Body::from_stream(stream::once(async move {
        ended.await;
        Ok::<_, Infallible>(form.finish())
    }));
    let upload = app.post(&format!("{document}/versions"), &broker).header("content-type", Form::MEDIA_TYPE).body(body);
    assert_eq!(upload.send().await.problem(), "unauthenticated");
    let again = app.session("broker@example.com").await;
    assert_eq!(app.get(&document, &again).send().await.expect(200)["version_count"], 0);
    app.only_versions_are_stored(&document, &again).await;
    let actions = app.actions(room.trim_start_matches("/rooms/"), &again).await;
    assert!(!actions.contains(&"document_uploaded".to_owned()), "{actions:?}");
}

async fn a_session_that_ends_while_a_request_is_on_its_way_changes_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    let vessel = json!({ "name": "Barge", "role": "other", "no_imo_reason": "a barge" }).to_string();
    for (method, path, asked) in [
        ("POST", "/rooms".to_owned(), crate::harness::new_room(&[]).to_string()),
        ("PATCH", format!("/rooms/{room}"), r#"{"title":"Another"}"#.to_owned()),
        ("POST", format!("/rooms/{room}/vessels"), vessel),
        ("POST", format!("/rooms/{room}/snapshots"), "{}".to_owned()),
    ] {
        let token = app.session("broker@example.com").await;
        let ended = end_sessions(&app);
        let body = Body::from_stream(stream::once(async move {
            ended.await;
            Ok::<_, Infallible>(asked)
        }));
        let late = app.request(method, &path, &token).header("content-type", "application/json").body(body);
        assert_eq!(late.send().await.problem(), "unauthenticated", "{method} {path}");
    }
    let again = app.session("broker@example.com").await;
    assert_eq!(app.get("/rooms", &again).send().await.header("x-total-count"), "1");
    assert_eq!(app.get(&format!("/rooms/{room}"), &again).send().await.expect(200)["title"], "STS Ceuta");
    assert_eq!(app.get(&format!("/rooms/{room}/vessels"), &again).send().await.expect(200), json!([]));
    assert_eq!(app.get(&format!("/rooms/{room}/snapshots"), &again).send().await.expect(200), json!([]));
    app.get("/auth/me", &broker).send().await.expect(401);
}

/// Returns a future that ends every session of the broker.
fn end_sessions(app: &TestApp) -> BoxFuture<'static, ()> {
    let app = app.app.clone();
    Box::pin(async move {
        let user = users::named(&app, "broker@example.com").await.unwrap().id;
        app.db.write(async move |tx| db::sessions::delete_of_user(tx, user, None).await).await.unwrap();
    })
}

/// Returns a future that removes the party of this role.
fn remove(app: &TestApp, room: &str, role: &'static str) -> BoxFuture<'static, ()> {
    let (app, room, actor) = (app.app.clone(), room.parse().unwrap(), Actor::Operator);
    Box::pin(async move {
        let parties = app.db.read(async |tx| db::parties::all(tx, room).await).await.unwrap();
        let party = parties.iter().find(|party| party.role.word() == role).unwrap().id;
        parties::remove(&app, &actor, room, party, Basis::Anything).await.unwrap();
    })
}

async fn an_admins_place_in_a_room_ends_with_their_being_admin(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let room = app.post("/rooms", &admin).json(crate::harness::new_room(&[])).send().await.expect(201);
    let path = format!("/rooms/{}", room["id"].as_str().unwrap());
    app.get(&path, &admin).send().await.expect(200);
    app.tampered();
    app.app.db.write(async |tx| tx.exec("UPDATE users SET role = 'buyer'", &[]).await).await.unwrap();
    assert_eq!(app.get(&path, &admin).send().await.problem(), "not_a_party");
    assert_eq!(app.get("/rooms", &admin).send().await.expect(200), json!([]));
}

#[test]
fn no_role_has_what_admins_lack_and_no_action_is_without_its_row() {
    for (action, name, roles) in policy::POLICY {
        assert_eq!(action.name(), *name);
        assert!(roles[Role::Admin as usize], "{name}");
        assert_eq!(action.roles().len(), roles.iter().filter(|may| **may).count(), "{name}");
    }
}

/// The tests above observe only actions that a route asks for; this golden file holds the other rows of the policy.
#[test]
fn of_actions_that_no_route_asks_for_the_table_says_this() {
    let (api, pages) = (api::routes(), pages::routes());
    let accesses = api.table().iter().map(|route| route.access).chain(pages.table().iter().map(|page| page.access));
    let asked: Vec<_> = accesses
        .filter_map(|access| match access {
            Access::May(action) | Access::MayInDeleted(action) => Some(action),
            Access::Public | Access::SignedIn | Access::WithGivenPassword => None,
        })
        .collect();
    let others = policy::POLICY.iter().filter(|(action, ..)| !asked.contains(action));
    let roles = |action: policy::Action| action.roles().iter().map(|role| role.word()).collect::<Vec<_>>().join(" ");
    let told: Vec<_> = others.map(|(action, name, _)| format!("{name}: {}", roles(*action))).collect();
    insta::assert_snapshot!("actions_without_a_route", told.join("\n"));
}
