//! Signing in and out, the end of sessions, and changes of passwords.

use std::time::Duration;

use futures_util::future::join_all;
use room::Role;
use serde_json::json;

use sts_clearance::domain::{
    accounts::users::{self, GivenPassword},
    log::Actor,
};

use crate::harness::{PASSWORD, Reply, TestApp, on_both_databases};

async fn login(app: &TestApp, email: &str, password: &str) -> Reply {
    app.post("/auth/login", "").json(json!({ "email": email, "password": password })).send().await
}

on_both_databases! {
    TestApp:
    signing_in_gives_a_token_that_opens_the_api,
    an_address_is_matched_without_regard_to_case,
    an_unknown_address_a_wrong_password_and_a_disabled_account_get_the_same_answer,
    the_present_password_cannot_be_guessed_without_end_either,
    what_cannot_be_an_address_is_answered_as_an_unknown_one,
    a_password_replaced_while_the_old_one_is_examined_opens_no_session,
    a_session_ends_at_sign_out_at_its_time_and_when_the_user_is_disabled,
    a_new_password_ends_the_other_sessions_and_takes_the_present_one,
    of_changes_of_a_password_at_once_one_wins_and_its_session_alone_goes_on,
    of_changes_at_once_in_one_session_the_others_learn_that_they_came_too_late,
    the_database_holds_neither_tokens_nor_passwords,
    signing_in_and_out_and_account_changes_are_in_the_platforms_log,
}

async fn signing_in_gives_a_token_that_opens_the_api(app: TestApp) {
    app.user("ops@example.com", Role::Broker).await;
    let session = login(&app, "ops@example.com", PASSWORD).await.expect(200);
    let secret = |token: insta::internals::Content, _: insta::internals::ContentPath<'_>| {
        assert_eq!(token.as_str().unwrap().len(), 64);
        "[64 hex digits]"
    };
    insta::assert_json_snapshot!("session", session, {
        ".token" => insta::dynamic_redaction(secret),
        ".device_token" => insta::dynamic_redaction(secret),
    });
    let me = app.get("/auth/me", session["token"].as_str().unwrap()).send().await.expect(200);
    let told = json!({ "email": "ops@example.com", "name": "ops", "role": "broker", "must_change_password": false });
    assert_eq!(me, told);
}

async fn an_address_is_matched_without_regard_to_case(app: TestApp) {
    app.user("Ops@Example.com", Role::Broker).await;
    assert_eq!(login(&app, " OPS@example.COM ", PASSWORD).await.expect(200)["email"], "ops@example.com");
}

async fn an_unknown_address_a_wrong_password_and_a_disabled_account_get_the_same_answer(app: TestApp) {
    app.user("ops@example.com", Role::Broker).await;
    app.user("gone@example.com", Role::Broker).await;
    app.disable("gone@example.com").await;
    let mut answers = Vec::new();
    for (email, password) in
        [("nobody@example.com", PASSWORD), ("ops@example.com", "wrong password"), ("gone@example.com", PASSWORD)]
    {
        let reply = login(&app, email, password).await;
        assert_eq!(reply.problem(), "wrong_credentials");
        let mut problem = reply.expect(401);
        problem["request_id"].take();
        answers.push(problem);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

async fn the_present_password_cannot_be_guessed_without_end_either(app: TestApp) {
    let token = app.user("ops@example.com", Role::Broker).await;
    let guess = || {
        let asked = json!({ "current_password": "wrong password", "new_password": "another long one" });
        app.post("/auth/password", &token).json(asked)
    };
    for _ in 0..10 {
        assert_eq!(guess().send().await.fields(), ["current_password"]);
    }
    assert_eq!(guess().send().await.problem(), "too_many_attempts");
}

async fn what_cannot_be_an_address_is_answered_as_an_unknown_one(app: TestApp) {
    for email in ["", "no at", "a\0b@example.com", "a@b@c", &"x".repeat(100_000), "\u{202e}moc@example.com"] {
        assert_eq!(login(&app, email, PASSWORD).await.problem(), "wrong_credentials", "{email:.40}");
    }
}

async fn a_password_replaced_while_the_old_one_is_examined_opens_no_session(app: TestApp) {
    app.user("ops@example.com", Role::Broker).await;
    let sign_ins = join_all((0..8).map(|_| login(&app, "ops@example.com", PASSWORD)));
    let user = users::named(&app.app, "ops@example.com").await.unwrap().id;
    let reset = users::give_password(&app.app, &Actor::Operator, user, "another long one", GivenPassword::ToReplace);
    let (sign_ins, reset) = tokio::join!(sign_ins, reset);
    reset.unwrap();
    // A sign-in that was faster than the reset has got a session, which the reset has then ended.
    for reply in sign_ins.iter().filter(|reply| reply.status == 200) {
        let token = reply.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(app.get("/auth/me", &token).send().await.problem(), "unauthenticated");
    }
}

async fn a_session_ends_at_sign_out_at_its_time_and_when_the_user_is_disabled(app: TestApp) {
    let first = app.user("ops@example.com", Role::Broker).await;
    assert_eq!(app.post("/auth/logout", &first).send().await.status, 204);
    assert_eq!(app.get("/auth/me", &first).send().await.problem(), "unauthenticated");

    let second = app.sign_in("ops@example.com").await;
    app.hours_later(11, &second).await;
    app.later(Duration::from_secs(3599));
    app.get("/auth/me", &second).send().await.expect(200);
    app.later(Duration::from_secs(1));
    assert_eq!(app.get("/auth/me", &second).send().await.problem(), "unauthenticated");

    let third = app.sign_in("ops@example.com").await;
    app.disable("OPS@example.com").await;
    let refused = app.get("/auth/me", &third).send().await;
    assert_eq!(refused.problem(), "unauthenticated");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
}

async fn a_new_password_ends_the_other_sessions_and_takes_the_present_one(app: TestApp) {
    let other = app.user("ops@example.com", Role::Broker).await;
    let token = app.sign_in("ops@example.com").await;
    let change = |current: &str, new: &str| {
        app.post("/auth/password", &token).json(json!({ "current_password": current, "new_password": new }))
    };
    assert_eq!(change("wrong password", "another long one").send().await.fields(), ["current_password"]);
    assert_eq!(change(PASSWORD, "short").send().await.fields(), ["new_password"]);
    assert_eq!(change(PASSWORD, PASSWORD).send().await.fields(), ["new_password"]);
    assert_eq!(change(PASSWORD, "another long one").send().await.status, 204);
    app.get("/auth/me", &token).send().await.expect(200);
    assert_eq!(app.get("/auth/me", &other).send().await.problem(), "unauthenticated");
    assert_eq!(login(&app, "ops@example.com", PASSWORD).await.problem(), "wrong_credentials");
    login(&app, "ops@example.com", "another long one").await.expect(200);
}

/// Changes the password in all of these sessions at once, in each to a different one.
async fn change_at_once(app: &TestApp, tokens: &[&str]) -> Vec<Reply> {
    let changes = tokens.iter().enumerate().map(|(number, token)| {
        let asked = json!({ "current_password": PASSWORD, "new_password": format!("the long one of {number}") });
        app.post("/auth/password", token).json(asked).send()
    });
    join_all(changes).await
}

/// Checks that exactly one change succeeded and that its password is now the account's. Returns its number.
async fn winner(app: &TestApp, replies: &[Reply]) -> usize {
    let won: Vec<_> = (0..replies.len()).filter(|number| replies[*number].status == 204).collect();
    assert_eq!(won.len(), 1, "{replies:?}");
    for number in 0..replies.len() {
        let status = login(app, "ops@example.com", &format!("the long one of {number}")).await.status;
        assert_eq!(status, if number == won[0] { 200 } else { 401 }, "{number}");
    }
    won[0]
}

async fn of_changes_of_a_password_at_once_one_wins_and_its_session_alone_goes_on(app: TestApp) {
    let first = app.user("ops@example.com", Role::Broker).await;
    let second = app.sign_in("ops@example.com").await;
    let tokens = [&*first, &second];
    let won = winner(&app, &change_at_once(&app, &tokens).await).await;
    app.get("/auth/me", tokens[won]).send().await.expect(200);
    assert_eq!(app.get("/auth/me", tokens[1 - won]).send().await.problem(), "unauthenticated");
}

/// Each request gives the right password when it is examined, but the first one to be written has replaced it by then.
async fn of_changes_at_once_in_one_session_the_others_learn_that_they_came_too_late(app: TestApp) {
    let token = app.user("ops@example.com", Role::Broker).await;
    let replies = change_at_once(&app, &[&*token; 4]).await;
    let won = winner(&app, &replies).await;
    let late: Vec<_> = (0..4).filter(|number| *number != won).map(|number| replies[number].problem()).collect();
    assert!(late.contains(&"conflict".to_owned()), "none was examined before the first was written: {late:?}");
    app.get("/auth/me", &token).send().await.expect(200);
    let admin = app.user("admin@example.com", Role::Admin).await;
    let changed = app.get("/activities?action=password_changed", &admin).send().await.expect(200);
    assert_eq!(changed.as_array().unwrap().len(), 1, "{changed}");
}

async fn the_database_holds_neither_tokens_nor_passwords(app: TestApp) {
    let token = app.user("ops@example.com", Role::Broker).await;
    let (hash, password): (Vec<u8>, String) = app
        .app
        .db
        .read(async |tx| {
            let row = tx.one("SELECT s.token_hash, u.password_hash FROM sessions s, users u", &[]).await?;
            Ok((row.get(0)?, row.get(1)?))
        })
        .await
        .unwrap();
    assert_eq!(hash.len(), 32);
    assert_ne!(hash, token.as_bytes());
    assert!(password.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{password}");
}

async fn signing_in_and_out_and_account_changes_are_in_the_platforms_log(app: TestApp) {
    let token = app.user("ops@example.com", Role::Broker).await;
    app.post("/auth/logout", &token).send().await;
    app.disable("ops@example.com").await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let entries = app.get("/activities?limit=6", &admin).send().await.expect(200);
    let told: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|entry| format!("{} {}", entry["actor"].as_str().unwrap(), entry["action"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            "operator user_added",
            "ops@example.com signed_in",
            "ops@example.com signed_out",
            "operator user_disabled",
            "operator user_added",
            "admin@example.com signed_in",
        ]
    );
}
