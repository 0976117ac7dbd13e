//! Forged rows of accounts: whoever is an admin by a row alone, or again, does nothing as one.

use room::Role;
use serde_json::json;
use sts_clearance::domain::{
    accounts::users,
    input::Basis,
    log::{Actor, OpenLog},
};

use crate::{
    harness::{PASSWORD, Reply, TestApp, on_both_databases},
    projections::takes,
};

on_both_databases! {
    TestApp:
    who_is_an_admin_by_a_row_alone_does_nothing_as_one,
    who_is_disabled_by_the_log_does_nothing,
    a_password_that_only_a_row_has_signs_nobody_in,
    whether_it_takes_two_is_what_the_log_tells,
    a_platform_whose_log_was_changed_lets_nobody_write,
    accounts_are_found_by_their_log_where_it_has_grown_long,
}

async fn forge(app: &TestApp, sql: &str) {
    app.tampered();
    assert!(takes(app, sql.to_owned()).await, "{sql}");
}

async fn add_user(app: &TestApp, token: &str, email: &str, role: &str) -> Reply {
    let asked = json!({ "email": email, "name": "New", "role": role, "password": PASSWORD });
    app.post("/users", token).json(asked).send().await
}

async fn role_of(app: &TestApp, email: &str, role: Role) {
    let user = users::named(&app.app, email).await.unwrap().id;
    users::change_role(&app.app, &Actor::Operator, user, role, Basis::Anything).await.unwrap();
}

async fn who_is_an_admin_by_a_row_alone_does_nothing_as_one(app: TestApp) {
    let (room, _) = app.room().await;
    let other = app.another_node();
    app.user("ada@example.com", Role::Admin).await;
    // One who was an admin, one who never was, and a party of the room.
    app.user("bob@example.com", Role::Admin).await;
    role_of(&app, "bob@example.com", Role::Broker).await;
    for email in ["mallory@example.com", "owner@example.com"] {
        app.user(email, Role::Owner).await;
    }
    let emails = ["bob@example.com", "mallory@example.com", "owner@example.com"];
    for email in emails {
        forge(&app, &format!("UPDATE users SET role = 'admin' WHERE email = '{email}'")).await;
    }
    for email in emails {
        let token = app.session(email).await;
        for node in [&app, &other] {
            let path = format!("/rooms/{room}");
            let in_room = node.patch(&path, &token).json(json!({ "title": "Forged" })).send().await;
            let expected = if email == "owner@example.com" { 409 } else { 403 };
            assert_eq!(in_room.status, expected, "{email}: {in_room:?}");
            let hold = node.post(&format!("{path}/holds"), &token).json(json!({ "reason": "Forged" })).send().await;
            assert_eq!(hold.status, expected, "{email}: {hold:?}");
            let made = add_user(node, &token, "eve@example.com", "broker").await;
            assert_eq!(made.status, 409, "{email}: {made:?}");
            let kind = node.patch("/config/document-types/Q88", &token).json(json!({ "enabled": false })).send().await;
            assert_eq!(kind.status, 409, "{email}: {kind:?}");
        }
        let sign_in = json!({ "email": email, "password": PASSWORD });
        assert_eq!(app.post("/auth/login", "").json(sign_in).send().await.status, 409, "{email}");
    }
}

async fn who_is_disabled_by_the_log_does_nothing(app: TestApp) {
    let (room, _) = app.room().await;
    let other = app.another_node();
    for email in ["ada@example.com", "bob@example.com"] {
        app.user(email, Role::Admin).await;
    }
    app.disable("bob@example.com").await;
    forge(&app, "UPDATE users SET disabled = FALSE WHERE email = 'bob@example.com'").await;
    let token = app.session("bob@example.com").await;
    for node in [&app, &other] {
        let in_room = node.patch(&format!("/rooms/{room}"), &token).json(json!({ "title": "Forged" })).send().await;
        let made = add_user(node, &token, "eve@example.com", "broker").await;
        let sign_in = json!({ "email": "bob@example.com", "password": PASSWORD });
        let signed_in = node.post("/auth/login", "").json(sign_in).send().await;
        assert_eq!([in_room.status, made.status, signed_in.status], [401; 3]);
    }
}

async fn a_password_that_only_a_row_has_signs_nobody_in(app: TestApp) {
    app.user("ada@example.com", Role::Admin).await;
    app.user("mallory@example.com", Role::Broker).await;
    // Each hash is salted, so that both are of one password and differ.
    let forged =
        "UPDATE users SET password_hash = (SELECT o.password_hash FROM users o WHERE o.email = 'mallory@example.com')
                  WHERE email = 'ada@example.com'";
    forge(&app, forged).await;
    let sign_in = json!({ "email": "ada@example.com", "password": PASSWORD });
    assert_eq!(app.post("/auth/login", "").json(sign_in).send().await.status, 401);
}

async fn whether_it_takes_two_is_what_the_log_tells(app: TestApp) {
    let ada = app.user("ada@example.com", Role::Admin).await;
    app.user("bob@example.com", Role::Admin).await;
    let mallory = app.user("mallory@example.com", Role::Broker).await;
    // As if there were no other admin.
    forge(&app, "UPDATE users SET role = 'broker' WHERE email = 'bob@example.com'").await;
    let asked = add_user(&app, &ada, "carol@example.com", "admin").await;
    assert_eq!(asked.status, 202, "{asked:?}");
    // As if the one who confirms were an admin.
    forge(&app, "UPDATE users SET role = 'admin' WHERE email = 'mallory@example.com'").await;
    let listed = app.get("/users/requests", &ada).send().await.expect(200);
    let confirm = format!("/users/requests/{}/confirm", listed[0]["id"].as_str().unwrap());
    let confirmed = app.post(&confirm, &mallory).send().await;
    assert_eq!(confirmed.status, 409, "{confirmed:?}");
    assert!(users::named(&app.app, "carol@example.com").await.is_err());
    // As if the last admin were not the last.
    forge(&app, "UPDATE users SET role = 'admin' WHERE email = 'bob@example.com'").await;
    role_of(&app, "bob@example.com", Role::Owner).await;
    let ada_id = users::named(&app.app, "ada@example.com").await.unwrap().id;
    let disabled = users::disable(&app.app, &Actor::Operator, ada_id).await;
    assert!(disabled.is_err(), "the last admin stays, whatever the row of mallory says");
}

async fn a_platform_whose_log_was_changed_lets_nobody_write(app: TestApp) {
    let (room, broker) = app.room().await;
    app.change_entries(
        "UPDATE activity_log SET meta_json = replace(meta_json, 'broker', 'admin')
         WHERE room_id IS NULL AND action = 'user_added'",
    )
    .await;
    let node = app.another_node();
    let refused = node.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Next" })).send().await;
    assert_eq!((refused.status, &*refused.problem()), (503, "log_not_sound"), "{refused:?}");
    node.get(&format!("/rooms/{room}"), &broker).send().await.expect(200);
}

async fn accounts_are_found_by_their_log_where_it_has_grown_long(app: TestApp) {
    let (room, broker) = app.room().await;
    let other = app.another_node();
    let path = format!("/rooms/{room}");
    other.patch(&path, &broker).json(json!({ "title": "First" })).send().await.expect(200);
    // More than an operation folds while a log is locked.
    app.app
        .db
        .write({
            let app = app.app.clone();
            async move |tx| {
                let mut log = OpenLog::lock(tx, &app, room::Log::Platform, &Actor::System).await?;
                for entries in 0..1_100 {
                    log.append(tx, &room::Event::LogExported { entries }).await?;
                }
                Ok(())
            }
        })
        .await
        .unwrap();
    for node in [&app, &other, &app.another_node()] {
        node.patch(&path, &broker).json(json!({ "title": "Next" })).send().await.expect(200);
    }
}
