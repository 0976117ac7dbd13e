//! Accounts as admins manage them, and passwords that somebody else chose.

use room::Role;
use serde_json::{Value, json};

use sts_clearance::domain::{
    accounts::{
        two_people::Outcome,
        users::{self, GivenPassword},
    },
    input::Basis,
    log::Actor,
};

use crate::harness::{PASSWORD, TestApp, fields_of_event, on_both_databases};

const ADMIN: &str = "admin@example.com";

on_both_databases! {
    TestApp:
    an_admin_makes_an_account_whose_owner_chooses_a_password_first,
    a_password_that_somebody_else_set_is_replaced_before_anything_else,
    one_does_not_set_ones_own_password_without_the_present_one,
    an_account_that_cannot_be_is_refused_field_by_field,
    accounts_are_found_by_a_part_of_address_or_name,
    an_account_is_renamed_disabled_and_enabled,
    a_role_is_changed_and_counts_from_the_next_sign_in,
    nobody_disables_or_demotes_themselves,
    the_last_admin_stays,
    of_two_admins_who_disable_each_other_one_stays,
}

async fn login(app: &TestApp, email: &str, password: &str) -> Value {
    app.post("/auth/login", "").json(json!({ "email": email, "password": password })).send().await.expect(200)
}

async fn path(app: &TestApp, email: &str) -> String {
    format!("/users/{}", users::named(&app.app, email).await.unwrap().id)
}

/// Returns action and details of the newest entry of the platform's log.
async fn told(app: &TestApp, admin: &str) -> (Value, Value) {
    let mut log = app.get("/activities?limit=1", admin).send().await.expect(200);
    let mut fields = fields_of_event(&log[0]["meta"]);
    // Salted, so it is another one each time.
    fields.as_object_mut().unwrap().remove("password_sha256");
    (log[0]["action"].take(), fields)
}

async fn an_admin_makes_an_account_whose_owner_chooses_a_password_first(app: TestApp) {
    let admin = app.user(ADMIN, Role::Admin).await;
    let asked = json!({ "email": "Ops@Example.com", "name": " Ops Desk ", "role": "broker", "password": PASSWORD });
    let reply = app.post("/users", &admin).json(asked.clone()).send().await;
    let mut made = reply.expect(201);
    let place = reply.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    assert_eq!(app.get(&place, &admin).send().await.expect(200), made);
    made["id"].take();
    assert_eq!(
        made,
        json!({
            "id": null, "email": "ops@example.com", "name": "Ops Desk", "role": "broker", "disabled": false,
            "must_change_password": true, "created_at": "2026-11-23T08:00:00Z",
        })
    );
    assert_eq!(told(&app, &admin).await.0, "user_added");
    assert_eq!(app.post("/users", &admin).json(asked).send().await.problem(), "conflict");

    let session = login(&app, "ops@example.com", PASSWORD).await;
    assert_eq!(session["must_change_password"], true);
    let token = session["token"].as_str().unwrap();
    for path in ["/rooms", "/auth/sessions", "/users", "/rooms/00000000-0000-0000-0000-000000000000", "//account"] {
        let refused = app.get(path, token).send().await;
        assert_eq!((refused.status, &*refused.problem()), (403, "password_change_required"), "{path}");
    }
    let page = app.get("//account", token).header("accept", "text/html").send().await;
    assert_eq!((page.status, page.header("location")), (303, "/account/password"));
    assert_eq!(app.get("//account/password", token).send().await.status, 200);
    assert_eq!(app.get("/auth/me", token).send().await.expect(200)["must_change_password"], true);

    let change = |new: &str| {
        app.post("/auth/password", token).json(json!({ "current_password": PASSWORD, "new_password": new }))
    };
    assert_eq!(change(PASSWORD).send().await.fields(), ["new_password"]);
    assert_eq!(change("one of my own choice").send().await.status, 204);
    app.get("/rooms", token).send().await.expect(200);
    assert_eq!(app.get("/auth/me", token).send().await.expect(200)["must_change_password"], false);
    assert_eq!(login(&app, "ops@example.com", "one of my own choice").await["must_change_password"], false);
}

async fn a_password_that_somebody_else_set_is_replaced_before_anything_else(app: TestApp) {
    let admin = app.user(ADMIN, Role::Admin).await;
    let token = app.user("ops@example.com", Role::Broker).await;
    let password = format!("{}/password", path(&app, "ops@example.com").await);
    let give = |new: &str| app.post(&password, &admin).json(json!({ "new_password": new }));
    assert_eq!(give("short").send().await.fields(), ["new_password"]);
    app.get("/auth/me", &token).send().await.expect(200);
    assert_eq!(give("for the moment").send().await.status, 204);
    assert_eq!(
        told(&app, &admin).await,
        (json!("password_changed"), json!({ "email": "ops@example.com", "must_change_password": true }),)
    );
    assert_eq!(app.get("/auth/me", &token).send().await.problem(), "unauthenticated");
    let session = login(&app, "ops@example.com", "for the moment").await;
    let token = session["token"].as_str().unwrap();
    assert_eq!(app.get("/rooms", token).send().await.problem(), "password_change_required");
    assert_eq!(app.post("/auth/logout", token).send().await.status, 204);

    let user = users::named(&app.app, "ops@example.com").await.unwrap().id;
    users::give_password(&app.app, &Actor::Operator, user, "of a program", GivenPassword::Kept).await.unwrap();
    let session = login(&app, "ops@example.com", "of a program").await;
    app.get("/rooms", session["token"].as_str().unwrap()).send().await.expect(200);
}

async fn one_does_not_set_ones_own_password_without_the_present_one(app: TestApp) {
    let admin = app.user(ADMIN, Role::Admin).await;
    let password = format!("{}/password", path(&app, ADMIN).await);
    let given = app.post(&password, &admin).json(json!({ "new_password": "another long one" })).send().await;
    assert_eq!(given.problem(), "conflict");
    login(&app, ADMIN, PASSWORD).await;
}

async fn an_account_that_cannot_be_is_refused_field_by_field(app: TestApp) {
    let admin = app.user(ADMIN, Role::Admin).await;
    let asked = json!({ "email": "nobody", "name": " ", "role": "buyer", "password": "short" });
    let refused = app.post("/users", &admin).json(asked).send().await;
    assert_eq!(refused.fields(), ["email", "name", "password"]);
    let asked = json!({ "email": "a@example.com", "name": "A", "role": "captain", "password": PASSWORD });
    assert_eq!(app.post("/users", &admin).json(asked).send().await.fields(), ["role"]);
    let own = path(&app, ADMIN).await;
    for (change, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": null }), "name"),
        (json!({ "disabled": "yes" }), "disabled"),
        (json!({ "role": "buyer" }), "role"),
        (json!({ "email": "b@example.com" }), "email"),
    ] {
        assert_eq!(app.patch(&own, &admin).json(change).send().await.fields(), [field]);
    }
    let nobody = "/users/00000000-0000-0000-0000-000000000000";
    assert_eq!(app.get(nobody, &admin).send().await.problem(), "not_found");
    assert_eq!(app.patch(nobody, &admin).json(json!({ "name": "A" })).send().await.problem(), "not_found");
    assert_eq!(app.get("/users", &admin).send().await.expect(200).as_array().unwrap().len(), 1);
}

async fn accounts_are_found_by_a_part_of_address_or_name(app: TestApp) {
    let admin = app.user(ADMIN, Role::Admin).await;
    for (email, name) in [("eleni@aegean.example", "Ελένη Παπαδοπούλου"), ("zoe@example.com", "Zoë Brandt")]
    {
        let asked = json!({ "email": email, "name": name, "role": "owner", "password": PASSWORD });
        app.post("/users", &admin).json(asked).send().await.expect(201);
    }
    for (query, found) in [
        ("", &["admin@example.com", "eleni@aegean.example", "zoe@example.com"][..]),
        ("?q=AEGEAN", &["eleni@aegean.example"]),
        ("?q=%CE%95%CE%9B%CE%88%CE%9D%CE%97", &["eleni@aegean.example"]),
        ("?q=%25", &[]),
        ("?q=example.com&limit=1&offset=1", &["zoe@example.com"]),
    ] {
        let listed = app.get(&format!("/users{query}"), &admin).send().await.expect(200);
        let emails: Vec<_> = listed.as_array().unwrap().iter().map(|user| user["email"].clone()).collect();
        assert_eq!(emails, found, "{query}");
    }
    let part = app.get("/users?q=example.com&limit=1", &admin).send().await;
    assert_eq!(part.header("x-total-count"), "2");
    let shown = part.expect(200)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(part.header("link"), format!("</api/v1/users?q=example.com&limit=1&after={shown}>; rel=\"next\""));
}

async fn an_account_is_renamed_disabled_and_enabled(app: TestApp) {
    let admin = app.user(ADMIN, Role::Admin).await;
    let token = app.user("ops@example.com", Role::Broker).await;
    let path = path(&app, "ops@example.com").await;
    let change = async |asked: Value| app.patch(&path, &admin).json(asked).send().await.expect(200);
    assert_eq!(change(json!({ "name": "Ops Desk" })).await["name"], "Ops Desk");
    let meta = json!({ "email": "ops@example.com", "changes": { "name": { "from": "ops", "to": "Ops Desk" } } });
    assert_eq!(told(&app, &admin).await, (json!("user_updated"), meta));
    assert_eq!(change(json!({ "disabled": true })).await["disabled"], true);
    assert_eq!(told(&app, &admin).await, (json!("user_disabled"), json!({ "email": "ops@example.com" })));
    assert_eq!(app.get("/auth/me", &token).send().await.problem(), "unauthenticated");
    let asked = json!({ "email": "ops@example.com", "password": PASSWORD });
    assert_eq!(app.post("/auth/login", "").json(asked).send().await.problem(), "wrong_credentials");
    assert_eq!(change(json!({ "disabled": false })).await["disabled"], false);
    assert_eq!(told(&app, &admin).await, (json!("user_enabled"), json!({ "email": "ops@example.com" })));
    assert_eq!(app.get("/auth/me", &token).send().await.problem(), "unauthenticated", "its sessions have ended");
    login(&app, "ops@example.com", PASSWORD).await;
    let before = told(&app, &admin).await;
    change(json!({ "disabled": false, "name": "Ops Desk" })).await;
    assert_eq!(told(&app, &admin).await, before, "what changes nothing is not told");
}

async fn a_role_is_changed_and_counts_from_the_next_sign_in(app: TestApp) {
    let admin = app.user(ADMIN, Role::Admin).await;
    let token = app.user("ops@example.com", Role::Broker).await;
    let role = format!("{}/role", path(&app, "ops@example.com").await);
    assert_eq!(app.get("/users", &token).send().await.problem(), "role_forbids");
    let changed = app.put(&role, &admin).json(json!({ "role": "admin" })).send().await.expect(200);
    assert_eq!(changed["role"], "admin");
    let meta = json!({ "email": "ops@example.com", "from": "broker", "to": "admin" });
    assert_eq!(told(&app, &admin).await, (json!("user_role_changed"), meta));
    assert_eq!(app.get("/users", &token).send().await.problem(), "unauthenticated", "its sessions have ended");
    app.get("/users", &app.sign_in("ops@example.com").await).send().await.expect(200);
}

async fn nobody_disables_or_demotes_themselves(app: TestApp) {
    let admin = app.user(ADMIN, Role::Admin).await;
    app.user("other@example.com", Role::Admin).await;
    let own = path(&app, ADMIN).await;
    let disable = app.patch(&own, &admin).json(json!({ "disabled": true })).send().await;
    assert_eq!((disable.status, &*disable.problem()), (409, "conflict"));
    let demote = app.put(&format!("{own}/role"), &admin).json(json!({ "role": "buyer" })).send().await;
    assert_eq!((demote.status, &*demote.problem()), (409, "conflict"));
    app.get("/users", &admin).send().await.expect(200);
}

/// Only the operator can try: an admin cannot disable their own account, and there is no other admin.
async fn the_last_admin_stays(app: TestApp) {
    app.user(ADMIN, Role::Admin).await;
    app.user("gone@example.com", Role::Admin).await;
    app.disable("gone@example.com").await;
    let admin = users::named(&app.app, ADMIN).await.unwrap().id;
    let refused = users::disable(&app.app, &Actor::Operator, admin).await.unwrap_err();
    assert_eq!(refused.to_string(), "`admin@example.com` is the last admin; make another one first");
    let refused =
        users::change_role(&app.app, &Actor::Operator, admin, Role::Buyer, Basis::Anything).await.unwrap_err();
    assert_eq!(refused.to_string(), "`admin@example.com` is the last admin; make another one first");
    let gone = users::named(&app.app, "gone@example.com").await.unwrap().id;
    let changed = users::change_role(&app.app, &Actor::Operator, gone, Role::Buyer, Basis::Anything).await.unwrap();
    assert!(matches!(changed, Outcome::Done(user) if user.role == Role::Buyer));
}

async fn of_two_admins_who_disable_each_other_one_stays(app: TestApp) {
    let (ada, ben) = ("ada@example.com", "ben@example.com");
    let (ada_token, ben_token) = (app.user(ada, Role::Admin).await, app.user(ben, Role::Admin).await);
    let (ada, ben) = (path(&app, ada).await, path(&app, ben).await);
    let disable = |path: &str, token: &str| app.patch(path, token).json(json!({ "disabled": true })).send();
    let (one, two) = tokio::join!(disable(&ben, &ada_token), disable(&ada, &ben_token));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}
