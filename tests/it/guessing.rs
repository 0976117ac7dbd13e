//! Guessing of passwords is slowed down, and locks no owner out.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use room::Role;
use serde_json::{Value, json};

use sts_clearance::domain::accounts::users;

use crate::harness::{PASSWORD, Reply, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    after_ten_attempts_at_an_address_the_next_waits_for_its_turn_whether_or_not_the_account_exists,
    attempts_at_once_are_not_heard_more_often_than_one_after_the_other,
    the_owner_signs_in_from_a_known_device_all_through_an_attack,
    an_unknown_device_is_heard_within_the_time_that_it_was_told_whoever_attacks,
    a_turn_is_for_two_attempts_and_for_whoever_has_its_ticket,
    every_five_attempts_more_double_the_wait_up_to_a_minute,
    a_hundred_accounts_with_one_password_from_one_network_are_not_all_heard,
    many_networks_take_turns_at_one_account,
    a_device_that_guesses_waits_like_any_other,
    a_device_is_known_to_its_own_account_alone_and_no_longer_than_the_password_is_the_owners,
    a_change_of_password_is_not_closed_by_attempts_to_sign_in,
    a_clock_that_jumps_locks_nobody_out,
    the_page_tells_the_wait_and_keeps_the_ticket,
}

const OPS: &str = "ops@example.com";
const HOME: &str = "198.51.100.7";
const ELSEWHERE: &str = "203.0.113.66";

/// Tries to sign in from a network; `more` is merged into the request's body.
async fn login(app: &TestApp, from: &str, email: &str, password: &str, more: Value) -> Reply {
    let mut asked = json!({ "email": email, "password": password });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.post("/auth/login", "").header("x-forwarded-for", from).json(asked).send().await
}

async fn guess(app: &TestApp, from: &str, email: &str) -> Reply {
    login(app, from, email, "a wrong password", json!({})).await
}

/// Guesses until the server asks to wait, and returns that answer.
async fn attack(app: &TestApp, from: &str, email: &str) -> Value {
    loop {
        let reply = guess(app, from, email).await;
        if reply.status == 429 {
            return reply.json();
        }
        assert_eq!(reply.problem(), "wrong_credentials");
    }
}

fn seconds(reply: &Reply) -> Duration {
    assert_eq!(reply.problem(), "too_many_attempts");
    Duration::from_secs(reply.header("retry-after").parse().unwrap())
}

async fn after_ten_attempts_at_an_address_the_next_waits_for_its_turn_whether_or_not_the_account_exists(app: TestApp) {
    app.user(OPS, Role::Broker).await;
    for email in [OPS, "nobody@example.com"] {
        for _ in 0..10 {
            assert_eq!(guess(&app, ELSEWHERE, email).await.problem(), "wrong_credentials");
        }
        let refused = login(&app, ELSEWHERE, email, PASSWORD, json!({})).await;
        assert_eq!(seconds(&refused), Duration::from_secs(5), "{email}");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(detail, "There were too many failed attempts; try again in 5 seconds.");
    }
    app.later(Duration::from_secs(15 * 60 + 1));
    login(&app, ELSEWHERE, OPS, PASSWORD, json!({})).await.expect(200);
}

async fn attempts_at_once_are_not_heard_more_often_than_one_after_the_other(app: TestApp) {
    app.user(OPS, Role::Broker).await;
    let attempts = join_all((0..30).map(|_| guess(&app, ELSEWHERE, OPS))).await;
    let heard = attempts.iter().filter(|reply| reply.status == 401).count();
    let refused = attempts.iter().filter(|reply| reply.status == 429).count();
    assert_eq!((heard, refused), (10, 20));
}

async fn the_owner_signs_in_from_a_known_device_all_through_an_attack(app: TestApp) {
    app.user(OPS, Role::Broker).await;
    let session = login(&app, HOME, OPS, PASSWORD, json!({})).await.expect(200);
    let mut device = session["device_token"].clone();
    for _ in 0..30 {
        for from in [HOME, ELSEWHERE] {
            attack(&app, from, OPS).await;
        }
        let again = login(&app, HOME, OPS, PASSWORD, json!({ "device_token": device })).await.expect(200);
        assert_eq!(again["device_token"], device, "it is the same device");
        device = again["device_token"].clone();
        app.later(Duration::from_secs(10));
    }
}

async fn an_unknown_device_is_heard_within_the_time_that_it_was_told_whoever_attacks(app: TestApp) {
    app.user(OPS, Role::Broker).await;
    for from in [HOME, ELSEWHERE] {
        for attacker in [HOME, ELSEWHERE] {
            attack(&app, attacker, OPS).await;
        }
        let refused = login(&app, from, OPS, PASSWORD, json!({})).await;
        let (wait, ticket) = (seconds(&refused), refused.json()["ticket"].clone());
        assert!(wait <= Duration::from_secs(62), "{wait:?}");
        for _ in 0..wait.as_secs() {
            app.later(Duration::from_secs(1));
            for attacker in [HOME, ELSEWHERE] {
                assert_eq!(guess(&app, attacker, OPS).await.status, 429, "an attack that reads no answer");
            }
        }
        login(&app, from, OPS, PASSWORD, json!({ "ticket": ticket })).await.expect(200);
    }
}

async fn a_turn_is_for_two_attempts_and_for_whoever_has_its_ticket(app: TestApp) {
    app.user(OPS, Role::Broker).await;
    let told = attack(&app, ELSEWHERE, OPS).await;
    let ticket = json!({ "ticket": told["ticket"] });
    let early = login(&app, ELSEWHERE, OPS, PASSWORD, ticket.clone()).await;
    assert_eq!(early.problem(), "too_many_attempts", "before its time");
    app.later(seconds(&early));
    let other = json!({ "ticket": "00000000000000000000000000000000" });
    assert_eq!(login(&app, ELSEWHERE, OPS, PASSWORD, other).await.problem(), "too_many_attempts");
    assert_eq!(login(&app, HOME, OPS, PASSWORD, ticket.clone()).await.problem(), "too_many_attempts", "elsewhere");
    for _ in 0..2 {
        let wrong = login(&app, ELSEWHERE, OPS, "a wrong password", ticket.clone()).await;
        assert_eq!(wrong.problem(), "wrong_credentials");
    }
    let used_up = login(&app, ELSEWHERE, OPS, PASSWORD, ticket).await;
    assert_eq!(used_up.problem(), "too_many_attempts");
    assert_ne!(used_up.json()["ticket"], told["ticket"]);
}

async fn every_five_attempts_more_double_the_wait_up_to_a_minute(app: TestApp) {
    app.user(OPS, Role::Broker).await;
    for _ in 0..10 {
        assert_eq!(guess(&app, ELSEWHERE, OPS).await.status, 401);
    }
    let mut waits = Vec::new();
    for _ in 0..12 {
        let told = guess(&app, ELSEWHERE, OPS).await;
        let ticket = json!({ "ticket": told.json()["ticket"] });
        waits.push(seconds(&told).as_secs());
        app.later(seconds(&told));
        for _ in 0..2 {
            assert_eq!(login(&app, ELSEWHERE, OPS, "a wrong password", ticket.clone()).await.status, 401);
        }
    }
    assert_eq!(waits, [5, 5, 10, 10, 10, 20, 20, 40, 40, 40, 60, 60]);
}

async fn a_hundred_accounts_with_one_password_from_one_network_are_not_all_heard(app: TestApp) {
    let mut heard = 0;
    for account in 0..100 {
        let reply = guess(&app, ELSEWHERE, &format!("account{account}@example.com")).await;
        heard += usize::from(reply.status == 401);
    }
    assert_eq!(heard, 30);
    app.user(OPS, Role::Broker).await;
    login(&app, HOME, OPS, PASSWORD, json!({})).await.expect(200);
    // The turns of one network are spaced out: guessing at many accounts delays only the network that does it.
    let mut waits = Vec::new();
    for account in 0..5 {
        waits.push(seconds(&guess(&app, ELSEWHERE, &format!("another{account}@example.com")).await));
    }
    assert!(waits.is_sorted() && waits[4] >= waits[0] + Duration::from_secs(20), "{waits:?}");
}

async fn many_networks_take_turns_at_one_account(app: TestApp) {
    app.user(OPS, Role::Broker).await;
    attack(&app, ELSEWHERE, OPS).await;
    let mut waits = BTreeSet::new();
    for network in 1..=20 {
        waits.insert(seconds(&guess(&app, &format!("192.0.2.{network}"), OPS).await));
    }
    assert_eq!(waits.len(), 20, "no two of them at the same time");
    let refused = login(&app, HOME, OPS, PASSWORD, json!({})).await;
    let wait = seconds(&refused);
    for network in 21..=40 {
        guess(&app, &format!("192.0.2.{network}"), OPS).await;
    }
    app.later(wait);
    login(&app, HOME, OPS, PASSWORD, json!({ "ticket": refused.json()["ticket"] })).await.expect(200);
}

async fn a_device_that_guesses_waits_like_any_other(app: TestApp) {
    app.user(OPS, Role::Broker).await;
    let device = login(&app, HOME, OPS, PASSWORD, json!({})).await.expect(200)["device_token"].clone();
    let mut heard = 0;
    loop {
        let reply = login(&app, HOME, OPS, "a wrong password", json!({ "device_token": device })).await;
        if reply.status == 429 {
            break;
        }
        heard += 1;
    }
    assert_eq!(heard, 20, "ten as the device, and ten as anybody");
}

async fn a_device_is_known_to_its_own_account_alone_and_no_longer_than_the_password_is_the_owners(app: TestApp) {
    app.user("other@example.com", Role::Broker).await;
    app.user(OPS, Role::Broker).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let devices = async |email: &str| {
        let session = login(&app, HOME, email, PASSWORD, json!({})).await.expect(200);
        json!({ "device_token": session["device_token"] })
    };
    let (other, own) = (devices("other@example.com").await, devices(OPS).await);
    attack(&app, ELSEWHERE, OPS).await;
    assert_eq!(login(&app, ELSEWHERE, OPS, PASSWORD, other).await.problem(), "too_many_attempts");
    login(&app, ELSEWHERE, OPS, PASSWORD, own.clone()).await.expect(200);

    let given = "given for the moment";
    let path = format!("/users/{}/password", users::named(&app.app, OPS).await.unwrap().id);
    let reply = app.post(&path, &admin).json(json!({ "new_password": given })).send().await;
    assert_eq!(reply.status, 204);
    attack(&app, ELSEWHERE, OPS).await;
    assert_eq!(login(&app, ELSEWHERE, OPS, given, own).await.problem(), "too_many_attempts");
}

async fn a_change_of_password_is_not_closed_by_attempts_to_sign_in(app: TestApp) {
    let token = app.user(OPS, Role::Broker).await;
    attack(&app, ELSEWHERE, OPS).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another long one" });
    assert_eq!(app.post("/auth/password", &token).json(change).send().await.status, 204);
}

async fn a_clock_that_jumps_locks_nobody_out(app: TestApp) {
    app.user(OPS, Role::Broker).await;
    app.later(Duration::from_hours(24));
    attack(&app, ELSEWHERE, OPS).await;
    app.earlier(Duration::from_hours(24));
    login(&app, ELSEWHERE, OPS, PASSWORD, json!({})).await.expect(200);
    attack(&app, ELSEWHERE, OPS).await;
    app.later(Duration::from_hours(48));
    login(&app, ELSEWHERE, OPS, PASSWORD, json!({})).await.expect(200);
}

async fn the_page_tells_the_wait_and_keeps_the_ticket(app: TestApp) {
    app.user(OPS, Role::Broker).await;
    let told = attack(&app, ELSEWHERE, OPS).await;
    let form = |ticket: &str| {
        let form = app.post("//sign-in", "").header("host", "localhost").header("origin", "http://localhost");
        let form = form.header("x-forwarded-for", ELSEWHERE);
        form.fields(&[("email", OPS), ("password", PASSWORD), ("ticket", ticket)])
    };
    let refused = form("").send().await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "5"));
    let page = refused.html();
    let ticket = told["ticket"].as_str().unwrap();
    assert!(page.contains("try again in 5 seconds") && page.contains(&format!("value=\"{ticket}\"")), "{page}");
    app.later(Duration::from_secs(5));
    let signed_in = form(ticket).send().await;
    assert_eq!(signed_in.status, 303);
    let cookies: Vec<_> = signed_in.headers("set-cookie").collect();
    let [session, device] = &cookies[..] else { panic!("{cookies:?}") };
    assert!(session.starts_with("sts-session=") && device.starts_with("sts-device="), "{cookies:?}");
    assert!(device.ends_with("; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax"), "{device}");

    attack(&app, ELSEWHERE, OPS).await;
    let known = form("").header("cookie", device.split(';').next().unwrap()).send().await;
    assert_eq!(known.status, 303, "the browser is known");
}
