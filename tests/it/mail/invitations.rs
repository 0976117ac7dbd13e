//! Invitations: who is added to a room comes in by a link of their own, once, and nobody else does by it.

use std::time::Duration;

use room::Role;
use serde_json::{Value, json};
use sts_clearance::domain::accounts::users;

use crate::harness::{Mailing, PUBLIC_URL, PageForm, Reply, TestApp, new_room, on_both_databases};

on_both_databases! {
    Mailing:
    #[needs(aiosmtpd)] four_outsiders_come_in_by_their_links_and_one_address_bounces,
    #[needs(aiosmtpd)] a_link_is_used_once_and_each_that_is_over_says_what_to_do,
    #[needs(aiosmtpd)] a_link_that_was_passed_on_lets_nobody_else_in,
    #[needs(aiosmtpd)] an_invitation_is_sent_again_and_withdrawn_and_the_log_tells_of_it,
    #[needs(aiosmtpd)] a_forgotten_password_is_replaced_by_mail_and_nobody_is_told_who_has_an_account,
    #[needs(aiosmtpd)] the_link_of_an_admin_takes_two_admins,
    #[needs(aiosmtpd)] who_is_corrected_or_removed_is_invited_no_more,
    #[needs(aiosmtpd)] who_joins_stands_at_what_waits_for_them,
    #[needs(aiosmtpd)] the_page_of_mails_says_why_none_is_listed,
}

on_both_databases! {
    TestApp:
    without_mail_a_link_is_handed_over_once,
    wrong_links_are_slowed_down_like_wrong_passwords,
}

/// Returns the path of the link in the newest mail to an address, after `//` for a page.
fn link_to(app: &Mailing, email: &str) -> String {
    let mails = app.host.mails();
    let mail = mails.iter().rev().find(|mail| mail["to"][0] == email).unwrap_or_else(|| panic!("no mail to {email}"));
    let text = mail["text"].as_str().unwrap();
    let line = text.lines().find(|line| line.contains("/link?token=")).unwrap_or_else(|| panic!("no link: {text}"));
    format!("/{}", line.strip_prefix(PUBLIC_URL).unwrap().trim_end())
}

/// Chooses a password on the page of a link, as a browser does it.
async fn choose(app: &TestApp, link: &str, password: &str) -> Reply {
    let form = PageForm::of(&app.get(link, "").send().await.html(), "/link").with("new_password", password);
    let post = app.post("//link", "").header("host", "localhost").header("origin", "http://localhost");
    post.fields(&form.fields()).send().await
}

fn token_of(signed_in: &Reply) -> String {
    signed_in.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned()
}

fn party(role: &str, email: &str) -> Value {
    json!({ "role": role, "name": role, "email": email })
}

/// Makes a broker and a room with one outsider, who is invited by mail.
async fn invited(app: &Mailing) -> (String, String, String) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let opened = app.post("/rooms", &broker).json(new_room(&[party("seller", "sam@example.com")])).send().await;
    let room = opened.expect(201)["id"].as_str().unwrap().to_owned();
    let parties = app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200);
    let id = parties.as_array().unwrap().iter().find(|party| party["email"] == "sam@example.com").unwrap();
    let path = format!("/rooms/{room}/parties/{}/invitation", id["id"].as_str().unwrap());
    app.work().await;
    (room, broker, path)
}

async fn stages(app: &TestApp, room: &str, token: &str) -> Vec<(String, String)> {
    let listed = app.get(&format!("/rooms/{room}/invitations"), token).send().await.expect(200);
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    listed.as_array().unwrap().iter().map(|one| (word(&one["email"]), word(&one["stage"]))).collect()
}

async fn four_outsiders_come_in_by_their_links_and_one_address_bounces(app: Mailing) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let outsiders = ["owner", "charterer", "seller", "broker"].map(|role| (role, format!("{role}@else.example")));
    let mut parties: Vec<_> = outsiders.iter().map(|(role, email)| party(role, email)).collect();
    parties.push(party("buyer", "mistyped@example.com"));
    app.host.tell("refuse mistyped@example.com");
    let room = app.post("/rooms", &broker).json(new_room(&parties)).send().await.expect(201);
    let room = room["id"].as_str().unwrap();
    app.work().await;
    let mails = app.host.mails();
    assert_eq!(mails.len(), 4, "each is told once, and nobody of their own doing");
    let thread = format!("<room.{room}@clearance.example.com>");
    for mail in &mails {
        assert_eq!((&mail["headers"]["references"], &mail["headers"]["in-reply-to"]), (&json!(thread), &json!(thread)));
        assert_eq!(mail["headers"]["subject"], "STS Ceuta: you are invited");
    }
    for (role, email) in &outsiders {
        let signed_in = choose(&app, &link_to(&app, email), "a long passphrase of mine").await;
        assert_eq!(
            (signed_in.status, signed_in.header("location")),
            (303, &*format!("/rooms/{room}")),
            "{signed_in:?}"
        );
        let token = token_of(&signed_in);
        assert_eq!(app.get(&format!("/rooms/{room}"), &token).send().await.status, 200, "{role}");
        let opens = app.post("/rooms", &token).json(new_room(&[])).send().await;
        assert_eq!(opens.problem(), "role_forbids", "{role}: what they are given is a role in the room");
    }
    let page = app.get(&format!("//rooms/{room}/parties"), &broker).send().await.html();
    assert!(page.contains("Bounced") && page.contains("no such user here") && page.contains("Joined"), "{page}");
    let bounced: Vec<_> =
        stages(&app, room, &broker).await.into_iter().filter(|(_, stage)| stage != "joined").collect();
    assert_eq!(bounced, [("mistyped@example.com".to_owned(), "bounced".to_owned())]);
    let seller = app.get(&format!("//rooms/{room}/parties"), &app.session("seller@else.example").await).send().await;
    assert!(!seller.html().contains("Bounced"), "only who manages parties sees it");
}

async fn a_link_is_used_once_and_each_that_is_over_says_what_to_do(app: Mailing) {
    let (room, broker, invitation) = invited(&app).await;
    let link = link_to(&app, "sam@example.com");
    let short = choose(&app, &link, "short").await;
    assert_eq!(short.status, 422);
    assert!(short.html().contains("must be at least 12 characters long"));
    assert_eq!(choose(&app, &link, "a long passphrase of mine").await.status, 303);
    let used = app.get(&link, "").send().await;
    assert_eq!(used.status, 410);
    assert!(used.html().contains("It has been used, and works once."));
    let again = app.post(&invitation, &broker).json(json!({ "by": "mail" })).send().await;
    assert_eq!((again.status, again.problem()), (409, "conflict".into()), "they have an account");

    // Invited to another room before they had an account, by a link that is not used up.
    app.post(&format!("/rooms/{room}/parties"), &broker)
        .json(party("buyer", "ben@example.com"))
        .send()
        .await
        .expect(201);
    app.work().await;
    let link = link_to(&app, "ben@example.com");
    app.user("ben@example.com", Role::Buyer).await;
    let has_account = app.get(&link, "").send().await;
    assert_eq!(has_account.status, 410);
    assert!(has_account.html().contains("There is an account with this address already"));

    app.post(&format!("/rooms/{room}/parties"), &broker)
        .json(party("buyer", "zoe@example.com"))
        .send()
        .await
        .expect(201);
    app.work().await;
    let link = link_to(&app, "zoe@example.com");
    app.later(Duration::from_hours(14 * 24));
    assert_eq!(app.get(&link, "").send().await.status, 200);
    app.later(Duration::from_secs(1));
    let expired = app.get(&link, "").send().await;
    assert_eq!(expired.status, 410);
    let page = expired.html();
    assert!(page.contains("Its time is over. Ask") && page.contains("broker@example.com"), "{page}");
    assert!(!page.contains("new_password"), "{page}");
    let broker = app.session("broker@example.com").await;
    assert!(stages(&app, &room, &broker).await.contains(&("zoe@example.com".into(), "expired".into())));
    let unknown = app.get("//link?token=0123", "").send().await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.html().contains("This server does not know the link."));
}

async fn a_link_that_was_passed_on_lets_nobody_else_in(app: Mailing) {
    let (room, broker, _) = invited(&app).await;
    let link = link_to(&app, "sam@example.com");
    let other = app.user("other@example.com", Role::Seller).await;
    let shown = app.get(&link, &other).send().await;
    assert_eq!(shown.status, 409);
    let page = shown.html();
    assert!(page.contains("You are signed in as") && page.contains("other@example.com"), "{page}");
    let token = link.split('=').nth(1).unwrap();
    let fields = [("token", token), ("new_password", "a long passphrase of mine")];
    assert_eq!(app.post("//link", &other).fields(&fields).send().await.status, 409);
    assert_eq!(app.get(&format!("/rooms/{room}"), &other).send().await.problem(), "not_a_party");
    assert!(users::named(&app.app, "sam@example.com").await.is_err(), "nothing was done");
    assert_eq!(app.get(&link, "").send().await.status, 200, "and it still holds");
    assert!(stages(&app, &room, &broker).await.contains(&("sam@example.com".into(), "invited".into())));
}

async fn an_invitation_is_sent_again_and_withdrawn_and_the_log_tells_of_it(app: Mailing) {
    let (room, broker, invitation) = invited(&app).await;
    let first = link_to(&app, "sam@example.com");
    let page = format!("/{invitation}");
    let shown = app.get(&page, &broker).send().await.html();
    assert!(shown.contains("Send again") && shown.contains("Withdraw the invitation"), "{shown}");
    assert_eq!(app.post(&page, &broker).fields(&[("by", "mail")]).send().await.status, 303);
    app.work().await;
    let second = link_to(&app, "sam@example.com");
    assert!(first != second, "a token for each try");
    for link in [&first, &second] {
        assert_eq!(app.get(link, "").send().await.status, 200);
    }
    assert_eq!(app.post(&format!("{page}/withdraw"), &broker).send().await.status, 303);
    for link in [&first, &second] {
        let over = app.get(link, "").send().await;
        assert_eq!(over.status, 410);
        assert!(over.html().contains("It was withdrawn"));
    }
    assert_eq!(app.delete(&invitation, &broker).send().await.problem(), "not_found");
    assert!(stages(&app, &room, &broker).await.contains(&("sam@example.com".into(), "withdrawn".into())));
    let admin = app.user("admin@example.com", Role::Admin).await;
    let entries = app.get("/activities?action=link_changed", &admin).send().await.expect(200);
    let deeds: Vec<_> = entries.as_array().unwrap().iter().rev().map(|entry| entry["meta"]["deed"].clone()).collect();
    assert_eq!(deeds, ["invited", "invited_again", "invitation_withdrawn"]);
    assert!(!entries.to_string().contains(first.split('=').nth(1).unwrap()), "no token is in a log");
}

async fn a_forgotten_password_is_replaced_by_mail_and_nobody_is_told_who_has_an_account(app: Mailing) {
    let before = app.user("sam@example.com", Role::Seller).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let entries = async || app.get("/activities?limit=1", &admin).send().await.header("x-total-count").to_owned();
    let logged = entries().await;
    let ask = async |email: &str| app.post("//forgotten", "").fields(&[("email", email)]).send().await;
    let (known, unknown) = (ask("Sam@Example.com").await, ask("nobody@example.com").await);
    assert_eq!((known.status, known.html()), (unknown.status, unknown.html()));
    app.work().await;
    assert_eq!(app.host.receivers(), ["sam@example.com"]);
    assert_eq!(entries().await, logged, "a log that grew would tell by `/heads` who has an account");
    let link = link_to(&app, "sam@example.com");
    let chosen = choose(&app, &link, "another long passphrase").await;
    assert_eq!(chosen.status, 303);
    assert_eq!(app.get("/auth/me", &before).send().await.status, 401, "sessions that were open end");
    assert_eq!(app.get("/auth/me", &token_of(&chosen)).send().await.status, 200);
    assert_eq!(app.get(&link, "").send().await.status, 410);

    for _ in 0..2 {
        ask("sam@example.com").await;
    }
    app.work().await;
    assert_eq!(app.host.receivers().len(), 3, "three in a quarter of an hour");
    assert_eq!(ask("sam@example.com").await.status, 200, "who asks on is told the same");
    app.work().await;
    assert_eq!(app.host.receivers().len(), 3);
    for _ in 0..5 {
        assert_eq!(ask("nobody@example.com").await.status, 200);
    }
    assert_eq!(ask("nobody@example.com").await.status, 429);
    let old = link_to(&app, "sam@example.com");
    app.later(Duration::from_hours(2) + Duration::from_secs(1));
    let over = app.get(&old, "").send().await;
    assert!(over.status == 410 && over.html().contains("Its two hours are over."));
}

async fn the_link_of_an_admin_takes_two_admins(app: Mailing) {
    let [first, second] = [app.user("a@example.com", Role::Admin).await, app.user("b@example.com", Role::Admin).await];
    app.user("c@example.com", Role::Admin).await;
    let id = users::named(&app.app, "c@example.com").await.unwrap().id;
    app.post(&format!("/users/{id}/link"), &first).json(json!({ "by": "mail" })).send().await.expect(202);
    app.work().await;
    assert_eq!(app.host.receivers(), ["b@example.com"], "the other admin is asked, and no link goes out");
    let request = app.get("/users/requests", &second).send().await.expect(200)[0]["id"].as_str().unwrap().to_owned();
    app.post(&format!("/users/requests/{request}/confirm"), &second).send().await.expect(200);
    app.work().await;
    let chosen = choose(&app, &link_to(&app, "c@example.com"), "another long passphrase").await;
    assert_eq!(chosen.status, 303);

    // The first admin had the link made, so that the account could be in their hands: it confirms nothing of theirs.
    let new = json!({ "email": "d@example.com", "name": "D", "role": "admin" });
    app.post("/users", &first).json(new).send().await.expect(202);
    let request = app.get("/users/requests", &second).send().await.expect(200)[0]["id"].as_str().unwrap().to_owned();
    let third = token_of(&chosen);
    let refused = app.post(&format!("/users/requests/{request}/confirm"), &third).send().await;
    assert_eq!(refused.status, 409, "{refused:?}");
    app.post(&format!("/users/requests/{request}/confirm"), &second).send().await.expect(200);
    app.work().await;
    assert_eq!(choose(&app, &link_to(&app, "d@example.com"), "yet another passphrase").await.status, 303);
}

async fn who_is_corrected_or_removed_is_invited_no_more(app: Mailing) {
    let (room, broker, invitation) = invited(&app).await;
    let mistyped = link_to(&app, "sam@example.com");
    let party = invitation.strip_suffix("/invitation").unwrap();
    app.patch(party, &broker).json(json!({ "email": "samuel@example.com" })).send().await.expect(200);
    app.work().await;
    assert_eq!(app.get(&mistyped, "").send().await.status, 410);
    let right = link_to(&app, "samuel@example.com");
    assert_eq!(app.get(&right, "").send().await.status, 200);
    app.delete(party, &broker).send().await.expect(204);
    assert_eq!(app.get(&right, "").send().await.status, 410);
    assert!(stages(&app, &room, &broker).await.iter().all(|(email, _)| email == "broker@example.com"));
}

async fn without_mail_a_link_is_handed_over_once(app: TestApp) {
    let (room, broker) = app.room().await;
    let parties = app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200);
    let seller = parties.as_array().unwrap().iter().find(|party| party["email"] == "seller@example.com").unwrap();
    let page = format!("//rooms/{room}/parties/{}/invitation", seller["id"].as_str().unwrap());
    let shown = app.get(&page, &broker).send().await.html();
    assert!(shown.contains("This server sends no mail") && !shown.contains("Send the invitation"), "{shown}");
    assert_eq!(app.post(&page, &broker).fields(&[("by", "mail")]).send().await.status, 409);
    let handed =
        app.post(&page, &broker).header("host", "sts.example.com").fields(&[("by", "hand")]).send().await.html();
    let link = handed.split('"').find(|part| part.contains("/link?token=")).unwrap();
    assert!(link.starts_with("http://sts.example.com/link?token="), "{link}");
    let link = format!("/{}", &link[link.find("/link").unwrap()..]);
    assert!(!app.get(&page, &broker).send().await.html().contains("token="), "it is shown once");
    assert_eq!(choose(&app, &link, "a long passphrase of mine").await.header("location"), format!("/rooms/{room}"));
    assert_eq!(app.get(&link, "").send().await.status, 410);
    assert!(app.get("//forgotten", "").send().await.html().contains("This server sends no mail."));
}

async fn wrong_links_are_slowed_down_like_wrong_passwords(app: TestApp) {
    for _ in 0..10 {
        assert_eq!(app.get("//link?token=wrong", "").send().await.status, 404);
    }
    assert_eq!(app.get("//link?token=wrong", "").send().await.status, 429);
    app.later(Duration::from_mins(15) + Duration::from_secs(1));
    assert_eq!(app.get("//link?token=wrong", "").send().await.status, 404);
}

async fn who_joins_stands_at_what_waits_for_them(app: Mailing) {
    let (room, broker, _) = invited(&app).await;
    let seller = choose(&app, &link_to(&app, "sam@example.com"), "a long passphrase of mine").await;
    assert_eq!(seller.header("location"), format!("/rooms/{room}"), "nothing waits for them");
    let document = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&document, &token_of(&seller), "a paper", &[]).await;
    app.post(&format!("/rooms/{room}/parties"), &broker)
        .json(party("charterer", "zoe@example.com"))
        .send()
        .await
        .expect(201);
    app.work().await;
    let charterer = choose(&app, &link_to(&app, "zoe@example.com"), "a long passphrase of mine").await;
    assert_eq!(charterer.header("location"), format!("{document}?show=mine"));
    let page = app.get(&format!("/{document}?show=mine"), &token_of(&charterer)).send().await.html();
    assert!(page.contains("Your decision on version 1"), "{page}");
}

async fn the_page_of_mails_says_why_none_is_listed(app: Mailing) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let page = async |query: &str| app.get(&format!("//admin/mail{query}"), &admin).send().await.html();
    assert!(page("").await.contains("No mail was written yet."));
    assert!(page("?state=failed").await.contains("No mail was given up in the last 30 days."));
    assert_eq!(app.post("//admin/mail/test", &admin).send().await.status, 303);
    assert!(!page("").await.contains("No mail"));
    assert!(page("?state=sent").await.contains("No mail was sent in the last 30 days."));
    assert!(page("?offset=50").await.contains("The list ends before this part."));
    app.work().await;
    assert!(page("?state=waiting").await.contains("No mail waits to be sent."));
}
