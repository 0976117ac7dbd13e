//! The outbox: what is told arrives once, whatever the mail server does, or the page says why not.

use std::{sync::Arc, time::Duration};

use room::Role;
use serde_json::{Value, json};
use sts_clearance::{
    db::{self, Tx},
    domain::accounts::requests,
};

use crate::harness::{Mailing, PUBLIC_URL, TestApp, on_both_databases};

on_both_databases! {
    Mailing:
    #[needs(aiosmtpd)] a_request_for_a_second_admin_is_told_to_the_others_once,
    #[needs(aiosmtpd)] what_waits_while_the_mail_server_is_away_arrives_once_when_it_is_back,
    #[needs(aiosmtpd)] an_address_that_is_refused_is_given_up_and_the_page_says_why,
    #[needs(aiosmtpd)] a_mail_server_that_takes_its_time_gets_each_mail_once,
    #[needs(aiosmtpd)] a_mail_is_given_up_after_days,
    #[needs(aiosmtpd)] what_was_rolled_back_is_told_to_nobody,
    #[needs(aiosmtpd)] mails_that_are_over_go_after_a_month,
}

on_both_databases! {
    TestApp:
    without_a_mail_server_nothing_is_written_and_the_page_says_so,
}

/// Makes three admins, of whom the first asks for a fourth. Returns the first's token.
async fn three_admins(app: &TestApp) -> String {
    let first = app.user("first@example.com", Role::Admin).await;
    for email in ["second@example.com", "third@example.com"] {
        app.user(email, Role::Admin).await;
    }
    first
}

async fn ask(app: &TestApp, admin: &str, email: &str) {
    let new = json!({ "email": email, "name": "Fourth", "role": "admin", "password": "another long one" });
    app.post("/users", admin).json(new).send().await.expect(202);
}

/// Returns the mails in this state, as the API lists them.
async fn listed(app: &TestApp, admin: &str, state: &str) -> Vec<Value> {
    app.get(&format!("/mails?state={state}"), admin).send().await.expect(200).as_array().unwrap().clone()
}

async fn a_request_for_a_second_admin_is_told_to_the_others_once(app: Mailing) {
    let first = three_admins(&app).await;
    app.user("broker@example.com", Role::Broker).await;
    ask(&app, &first, "fourth@example.com").await;
    assert_eq!(listed(&app, &first, "waiting").await.len(), 2);
    app.work().await;
    assert_eq!(app.work().await, 0, "each mail is sent once");
    assert_eq!(app.host.receivers(), ["second@example.com", "third@example.com"], "not to who asked");

    let mail = &app.host.mails()[0];
    assert_eq!(mail["from"], "clearance@example.com");
    assert_eq!(mail["secure"], true);
    assert_eq!(mail["headers"]["from"], "STS Clearance <clearance@example.com>");
    assert_eq!(mail["headers"]["subject"], "Another admin is needed: add the admin fourth@example.com");
    assert_eq!(mail["headers"]["auto-submitted"], "auto-generated");
    assert!(mail["headers"]["message-id"].as_str().unwrap().ends_with("@clearance.example.com>"));
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("first@example.com has asked to add the admin Fourth, fourth@example.com."), "{text}");
    assert!(text.contains("until 24 November 2026, 08:00 UTC."), "{text}");
    let requests = requests::open(&app.app).await.unwrap();
    let link = format!("{PUBLIC_URL}/admin/users/requests/{}", requests[0].id);
    assert!(text.contains(&link) && mail["html"].as_str().unwrap().contains(&format!("href=\"{link}\"")), "{mail}");

    let sent = listed(&app, &first, "sent").await;
    assert_eq!((sent.len(), &sent[0]["kind"], &sent[0]["attempts"]), (2, &json!("account_request"), &json!(1)));
    let texts = async |tx: &mut Tx| tx.one("SELECT COUNT(told) FROM outbox", &[]).await?.get::<i64>(0);
    assert_eq!(app.app.db.read(texts).await.unwrap(), 0, "the text of a mail that was sent is gone");
    let metrics = app.get("//metrics", &first).send().await.body;
    let metrics = String::from_utf8_lossy(&metrics);
    for line in ["sts_mails{state=\"waiting\"} 0", "sts_mails{state=\"sent\"} 2", "sts_mails{state=\"failed\"} 0"] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

async fn what_waits_while_the_mail_server_is_away_arrives_once_when_it_is_back(app: Mailing) {
    let first = three_admins(&app).await;
    app.host.stop();
    ask(&app, &first, "fourth@example.com").await;
    assert_eq!(app.work().await, 2, "each is tried once");
    assert_eq!(app.work().await, 0, "and not again before a pause is over");
    app.later(Duration::from_secs(59));
    assert_eq!(app.work().await, 0);
    app.later(Duration::from_secs(2));
    assert_eq!(app.work().await, 2);
    let waiting = listed(&app, &first, "waiting").await;
    assert_eq!(waiting[0]["attempts"], 2);
    assert!(waiting[0]["last_error"].as_str().unwrap().starts_with("localhost cannot be reached"), "{waiting:?}");
    let page = app.get("//admin/mail", &first).send().await.html();
    assert!(page.contains("tried 2 times, next") && page.contains("localhost cannot be reached"), "{page}");

    app.host.start_again();
    assert_eq!(app.post("//admin/mail/try-now", &first).send().await.status, 303);
    assert_eq!(app.work().await, 2, "who put the server right need not wait");
    app.later(Duration::from_hours(72));
    assert_eq!(app.work().await, 0);
    assert_eq!(app.host.receivers(), ["second@example.com", "third@example.com"]);
}

async fn an_address_that_is_refused_is_given_up_and_the_page_says_why(app: Mailing) {
    let first = three_admins(&app).await;
    app.host.tell("refuse second@example.com");
    app.host.tell("defer third@example.com");
    ask(&app, &first, "fourth@example.com").await;
    app.work().await;
    let failed = listed(&app, &first, "failed").await;
    assert_eq!((failed.len(), &failed[0]["receiver"]), (1, &json!("second@example.com")));
    let why = failed[0]["last_error"].as_str().unwrap();
    assert!(why.starts_with("localhost refused the address:") && why.contains("no such user here"), "{why}");
    let page = app.get("//admin/mail?state=failed", &first).send().await.html();
    assert!(page.contains("Given up") && page.contains("no such user here"), "{page}");
    assert_eq!(listed(&app, &first, "waiting").await[0]["receiver"], "third@example.com", "451 is for now");

    app.later(Duration::from_hours(1));
    app.host.tell("accept second@example.com");
    app.host.tell("accept third@example.com");
    app.work().await;
    assert_eq!(app.host.receivers(), ["third@example.com"]);
    let again = format!("/mails/{}/send-again", failed[0]["id"].as_str().unwrap());
    assert_eq!(app.post(&again, &first).send().await.expect(200)["state"], "waiting");
    app.work().await;
    assert_eq!(app.host.receivers(), ["second@example.com", "third@example.com"]);
    let refused = app.post(&again, &first).send().await;
    assert_eq!((refused.status, refused.problem()), (409, "conflict".into()), "what arrived is not sent again");
}

async fn a_mail_server_that_takes_its_time_gets_each_mail_once(app: Mailing) {
    let first = three_admins(&app).await;
    app.host.tell("hold");
    app.post("/mails/test", &first).send().await.expect(204);
    let slowly = async {
        app.work().await;
    };
    let meanwhile = async {
        let host = Arc::clone(&app.host);
        tokio::task::spawn_blocking(move || host.tell("wait")).await.unwrap();
        assert_eq!(app.work().await, 0, "another worker leaves the mail alone while its lease holds");
        app.host.tell("release");
    };
    Box::pin(futures_util::future::join(slowly, meanwhile)).await;
    assert_eq!(app.work().await, 0);
    assert_eq!(app.host.receivers(), ["first@example.com"]);
    assert_eq!(listed(&app, &first, "sent").await.len(), 1);
}

async fn a_mail_is_given_up_after_days(app: Mailing) {
    let first = three_admins(&app).await;
    app.host.tell("defer first@example.com");
    app.post("/mails/test", &first).send().await.expect(204);
    let begun = app.app.now();
    let mut tries = 0;
    while app.work().await > 0 {
        tries += 1;
        let next =
            async |tx: &mut Tx| Ok(db::outbox::list(tx, None, db::Page { limit: 1, offset: 0 }).await?.0[0].not_before);
        let Some(next) = app.app.db.read(next).await.unwrap() else { break };
        app.later(next.since(app.app.now()));
    }
    assert_eq!(tries, 11, "a pause after each, but for the last");
    let took = app.app.now().since(begun);
    assert!((Duration::from_hours(4 * 24)..Duration::from_hours(6 * 24)).contains(&took), "{took:?}");
    let first = app.session("first@example.com").await;
    assert_eq!(listed(&app, &first, "failed").await.len(), 1);
}

async fn what_was_rolled_back_is_told_to_nobody(app: Mailing) {
    let first = three_admins(&app).await;
    ask(&app, &first, "fourth@example.com").await;
    let again = json!({ "email": "fourth@example.com", "name": "F", "role": "admin", "password": "another long one" });
    app.post("/users", &first).json(again).send().await.expect(409);
    app.work().await;
    assert_eq!(app.host.receivers(), ["second@example.com", "third@example.com"], "of the first request alone");
}

async fn mails_that_are_over_go_after_a_month(app: Mailing) {
    let first = three_admins(&app).await;
    app.post("/mails/test", &first).send().await.expect(204);
    app.work().await;
    app.later(Duration::from_hours(30 * 24));
    app.tidy().await;
    let count = async || app.app.db.read(async |tx| db::outbox::count(tx).await).await.unwrap();
    assert_eq!(count().await.sent, 1);
    app.later(Duration::from_secs(1));
    app.tidy().await;
    assert_eq!(count().await.sent, 0);
}

async fn without_a_mail_server_nothing_is_written_and_the_page_says_so(app: TestApp) {
    let first = three_admins(&app).await;
    ask(&app, &first, "fourth@example.com").await;
    assert_eq!(app.get("/mails", &first).send().await.expect(200), json!([]));
    let page = app.get("//admin/mail", &first).send().await.html();
    assert!(page.contains("No mail goes out."), "{page}");
    assert_eq!(app.post("/mails/test", &first).send().await.status, 409);
    assert_eq!(app.work().await, 0);
}

/// A mail server that is spoken to in another way, on SQLite alone.
async fn test_mail_by(mode: &'static str) {
    let app = Mailing::with(String::new(), mode).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    assert_eq!(app.post("//admin/mail/test", &admin).send().await.status, 303);
    app.work().await;
    assert_eq!(app.host.receivers(), ["admin@example.com"]);
    assert_eq!(app.host.mails()[0]["secure"], mode != "plain");
}

#[tools::needs(aiosmtpd)]
#[tokio::test]
async fn a_mail_server_is_spoken_to_by_starttls() {
    test_mail_by("starttls").await;
}

#[tools::needs(aiosmtpd)]
#[tokio::test]
async fn a_mail_server_on_this_machine_is_spoken_to_as_it_is() {
    test_mail_by("plain").await;
}
