//! One's own sessions: what is shown of them, and how they end.

use std::time::Duration;

use room::Role;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestApp, fields_of_event, on_both_databases, until};

on_both_databases! {
    TestApp:
    ones_sessions_are_told_with_what_one_signed_in_with,
    what_a_client_calls_itself_is_kept_short_and_legible,
    when_a_session_was_last_seen_is_noted_every_few_minutes_and_not_logged,
    a_session_is_ended_by_its_owner_and_nobody_else,
    all_other_sessions_are_ended_at_once,
}

/// Signs in with this `User-Agent` and returns the token.
async fn sign_in_with(app: &TestApp, email: &str, user_agent: &str) -> String {
    let asked = json!({ "email": email, "password": PASSWORD });
    let session = app.post("/auth/login", "").header("user-agent", user_agent).json(asked).send().await.expect(200);
    session["token"].as_str().unwrap().to_owned()
}

async fn listed(app: &TestApp, token: &str) -> Vec<Value> {
    let sessions = app.get("/auth/sessions", token).send().await.expect(200);
    sessions.as_array().unwrap().clone()
}

async fn ones_sessions_are_told_with_what_one_signed_in_with(app: TestApp) {
    let first = app.user("ops@example.com", Role::Broker).await;
    app.user("other@example.com", Role::Broker).await;
    app.later(Duration::from_mins(1));
    let second = sign_in_with(&app, "ops@example.com", "curl/8.14").await;
    let mut sessions = listed(&app, &second).await;
    assert_ne!(sessions[0]["id"].take(), sessions[1]["id"].take());
    let told = |minute: u8, user_agent: Option<&str>, current: bool| {
        json!({
            "id": null,
            "created_at": format!("2026-11-23T08:0{minute}:00Z"),
            "last_seen_at": format!("2026-11-23T08:0{minute}:00Z"),
            "expires_at": format!("2026-11-23T20:0{minute}:00Z"),
            "user_agent": user_agent,
            "current": current,
        })
    };
    assert_eq!(sessions, [told(1, Some("curl/8.14"), true), told(0, None, false)]);
    app.hours_later(11, &second).await;
    app.later(Duration::from_mins(59));
    assert_eq!(app.get("/auth/sessions", &first).send().await.problem(), "unauthenticated");
    assert_eq!(listed(&app, &second).await.len(), 1, "what has run out is no session");
}

async fn what_a_client_calls_itself_is_kept_short_and_legible(app: TestApp) {
    app.user("ops@example.com", Role::Broker).await;
    for (given, kept) in [
        (&*format!(" Mozilla/5.0 {}", "x".repeat(1000)), Some(format!("Mozilla/5.0 {}", "x".repeat(243)))),
        ("Räder\t\u{202e}1.0", Some("Räder1.0".to_owned())),
        ("\t", None),
    ] {
        let token = sign_in_with(&app, "ops@example.com", given).await;
        let sessions = listed(&app, &token).await;
        let current = sessions.iter().find(|session| session["current"] == true).unwrap();
        assert_eq!(current["user_agent"], json!(kept));
    }
}

async fn when_a_session_was_last_seen_is_noted_every_few_minutes_and_not_logged(app: TestApp) {
    let token = app.user("admin@example.com", Role::Admin).await;
    app.later(Duration::from_secs(299));
    assert_eq!(listed(&app, &token).await[0]["last_seen_at"], "2026-11-23T08:00:00Z");
    assert_eq!(listed(&app, &token).await[0]["last_seen_at"], "2026-11-23T08:00:00Z");
    app.later(Duration::from_secs(1));
    until("the session is seen", async || {
        (listed(&app, &token).await[0]["last_seen_at"] == "2026-11-23T08:05:00Z").then_some(())
    })
    .await;
    let log = app.get("/activities", &token).send().await.expect(200);
    assert_eq!(log[0]["action"], "signed_in");
}

async fn a_session_is_ended_by_its_owner_and_nobody_else(app: TestApp) {
    let first = app.user("ops@example.com", Role::Broker).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let second = app.sign_in("ops@example.com").await;
    let sessions = listed(&app, &second).await;
    let id = sessions.iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap();
    let path = format!("/auth/sessions/{id}");
    assert_eq!(app.delete(&path, &admin).send().await.problem(), "not_found");
    app.get("/auth/me", &first).send().await.expect(200);
    assert_eq!(app.delete(&path, &second).send().await.status, 204);
    assert_eq!(app.get("/auth/me", &first).send().await.problem(), "unauthenticated");
    assert_eq!(app.delete(&path, &second).send().await.problem(), "not_found");
    assert_eq!(listed(&app, &second).await.len(), 1);
    let log = app.get("/activities?action=session_ended", &admin).send().await.expect(200);
    assert_eq!(log[0]["actor"], "ops@example.com");
    assert_eq!(fields_of_event(&log[0]["meta"]), json!({ "session_id": id }));
}

async fn all_other_sessions_are_ended_at_once(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let others = [app.user("ops@example.com", Role::Broker).await, app.sign_in("ops@example.com").await];
    let token = app.sign_in("ops@example.com").await;
    for _ in 0..2 {
        assert_eq!(app.delete("/auth/sessions", &token).send().await.status, 204);
    }
    for other in &others {
        assert_eq!(app.get("/auth/me", other).send().await.problem(), "unauthenticated");
    }
    assert_eq!(listed(&app, &token).await.len(), 1);
    let log = app.get("/activities?action=other_sessions_ended", &admin).send().await.expect(200);
    assert_eq!(log.as_array().unwrap().len(), 1, "what ends nothing is not told");
    assert_eq!(fields_of_event(&log[0]["meta"]), json!({ "sessions": 2 }));
}
