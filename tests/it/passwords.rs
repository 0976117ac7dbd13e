//! Passwords: which are refused, how long a given one is valid, and when one's own is asked for again.

use std::time::Duration;

use room::Role;
use serde_json::json;

use crate::harness::{PASSWORD, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_password_that_others_would_guess_is_refused_with_its_reason,
    a_given_password_runs_out_after_a_week,
    what_cannot_be_undone_asks_for_the_password_again_after_five_minutes,
    signing_in_again_ends_the_session_that_it_replaces,
    a_session_that_is_not_used_ends_after_two_hours,
}

const ADMIN: &str = "admin@example.com";

async fn a_password_that_others_would_guess_is_refused_with_its_reason(app: TestApp) {
    let admin = app.user(ADMIN, Role::Admin).await;
    let length = "must be at least 12 characters long";
    let common = "is too easily guessed: it is a common password, or little more than one";
    let own = "must not be made of your address or your name";
    let asked = |password: &str| json!({ "email": "jane.doe@aegean.example", "name": "Jane van Doe", "role": "broker", "password": password });
    for (password, reason) in [
        ("password", length),
        ("        ", length),
        ("elevenchars", length),
        (&*"x1 ".repeat(43), "must be at most 128 characters long"),
        ("            ", common),
        ("aaaaaaaaaaaaa", common),
        ("123456789012", common),
        ("987654321098", common),
        ("abcdefghijklmn", common),
        ("qwertyuiop12", common),
        ("1QAZ2wsx3EDC", common),
        ("PASSWORD2026!", common),
        ("passwordpassword", common),
        ("!!!letmein!!!", common),
        ("abc123abc123abc123", common),
        ("STS Clearance 2026", common),
        ("jane.doe@aegean.example", own),
        ("Jane.Doe2026!", own),
        ("JaneVanDoe1990", own),
        ("doe van jane 11", own),
        ("janedoejanedoe", own),
    ] {
        let refused = app.post("/users", &admin).json(asked(password)).send().await;
        assert_eq!(refused.fields(), ["password"], "{password}");
        assert_eq!(refused.json()["errors"][0]["message"], reason, "{password}");
    }
    for (number, password) in [
        "twelve chars",
        "jane likes herring",
        "password to the port of Ceuta",
        "ετσι κι ετσι",
        &"7 barrels and 11 herrings; ".repeat(5)[..128],
    ]
    .iter()
    .enumerate()
    {
        let mut asked = asked(password);
        asked["email"] = json!(format!("user{number}@aegean.example"));
        app.post("/users", &admin).json(asked).send().await.expect(201);
    }
}

async fn a_given_password_runs_out_after_a_week(app: TestApp) {
    let admin = app.user(ADMIN, Role::Admin).await;
    let asked = json!({ "email": "ops@example.com", "name": "Ops", "role": "broker", "password": PASSWORD });
    let made = app.post("/users", &admin).json(asked).send().await.expect(201);
    let login = |password: &str| {
        app.post("/auth/login", "").json(json!({ "email": "ops@example.com", "password": password })).send()
    };
    app.later(Duration::from_hours(7 * 24));
    login(PASSWORD).await.expect(200);
    app.later(Duration::from_secs(1));
    let refused = login(PASSWORD).await;
    assert_eq!((refused.status, &*refused.problem()), (403, "given_password_ran_out"));
    assert_eq!(login("a wrong password").await.problem(), "wrong_credentials", "only its owner learns of it");

    let admin = app.sign_in(ADMIN).await;
    let path = format!("/users/{}/password", made["id"].as_str().unwrap());
    let new = json!({ "new_password": "given once more" });
    assert_eq!(app.post(&path, &admin).json(new).send().await.status, 204);
    let session = login("given once more").await.expect(200);
    let token = session["token"].as_str().unwrap();
    let change = json!({ "current_password": "given once more", "new_password": "one of my own choice" });
    assert_eq!(app.post("/auth/password", token).json(change).send().await.status, 204);
    app.later(Duration::from_hours(30 * 24));
    login("one of my own choice").await.expect(200);
    app.sign_in(ADMIN).await;
}

async fn what_cannot_be_undone_asks_for_the_password_again_after_five_minutes(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user(ADMIN, Role::Admin).await;
    let mut snapshots = Vec::new();
    for _ in 0..3 {
        snapshots.push(app.take(&room, &broker, json!({ "snapshot_type": "json" })).await.1);
    }
    app.later(Duration::from_mins(5));
    app.delete(&snapshots[0], &admin).send().await.expect(200);
    app.later(Duration::from_secs(1));
    let refused = app.delete(&snapshots[1], &admin).send().await;
    assert_eq!((refused.status, &*refused.problem()), (403, "password_required"));

    let again = |password: &str| app.post("/auth/confirm", &admin).json(json!({ "password": password }));
    assert_eq!(again("a wrong password").send().await.fields(), ["password"]);
    assert_eq!(app.delete(&snapshots[1], &admin).send().await.problem(), "password_required");
    assert_eq!(again(PASSWORD).send().await.status, 204);
    app.delete(&snapshots[1], &admin).send().await.expect(200);

    app.later(Duration::from_mins(6));
    let path = format!("/{}/delete", snapshots[2]);
    let page = app.get(&path, &admin).send().await.html();
    assert!(page.contains("Your password"), "{page}");
    let title = page.split("To confirm, type: ").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let form = |password: &str| app.post(&path, &admin).fields(&[("title", &title), ("own_password", password)]);
    for (password, words) in [("", "has to be given"), ("a wrong password", "is not your present password")] {
        let refused = form(password).send().await;
        assert_eq!(refused.status, 422);
        assert!(refused.html().contains(words), "{password}");
    }
    assert_eq!(form(PASSWORD).send().await.status, 303);
    let room = format!("//rooms/{room}/delete");
    assert!(!app.get(&room, &admin).send().await.html().contains("Your password"), "it was given just now");
}

async fn signing_in_again_ends_the_session_that_it_replaces(app: TestApp) {
    let first = app.user("ops@example.com", Role::Broker).await;
    let other = app.sign_in("ops@example.com").await;
    let asked = json!({ "email": "ops@example.com", "password": PASSWORD });
    app.post("/auth/login", &first).json(asked).send().await.expect(200);
    assert_eq!(app.get("/auth/me", &first).send().await.problem(), "unauthenticated");
    app.get("/auth/me", &other).send().await.expect(200);
}

async fn a_session_that_is_not_used_ends_after_two_hours(app: TestApp) {
    let token = app.user("ops@example.com", Role::Broker).await;
    let stale = app.sign_in("ops@example.com").await;
    for _ in 0..5 {
        app.later(Duration::from_mins(119));
        app.get("/auth/me", &token).send().await.expect(200);
        app.seen(&token).await;
    }
    assert_eq!(app.get("/auth/me", &stale).send().await.problem(), "unauthenticated");
    let listed = app.get("/auth/sessions", &token).send().await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    app.later(Duration::from_mins(126));
    assert_eq!(app.get("/auth/me", &token).send().await.problem(), "unauthenticated");
}
