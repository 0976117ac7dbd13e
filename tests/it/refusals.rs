//! Refusals are logged with network and account, and cannot flood the log.

use std::time::Duration;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use room::Role;
use serde_json::{Value, json};

use sts_clearance::{
    domain::log::refusals,
    network::Network,
    refusals::{Kind, Reason},
};

use crate::harness::{Installation, PASSWORD, Reply, Server, TestApp, fields_of_event, on_both_databases};

on_both_databases! {
    TestApp:
    each_refusal_at_the_door_is_told_with_network_and_account,
    what_was_typed_for_an_address_is_not_told_where_there_is_no_such_account,
    an_attack_of_five_minutes_leaves_few_entries_whose_counts_add_up,
    refusals_of_one_person_in_a_room_are_two_entries_a_minute,
    a_network_is_told_by_trusted_proxies_alone,
    whatever_is_refused_is_told_once_and_in_bounds,
    beyond_32_kinds_a_minute_refusals_are_counted_together_with_up_to_1000_networks,
}

const OPS: &str = "ops@example.com";
const ELSEWHERE: &str = "203.0.113.66";
const MINUTE: Duration = Duration::from_mins(1);

async fn login(app: &TestApp, from: &str, email: &str, password: &str) -> Reply {
    let asked = json!({ "email": email, "password": password });
    app.post("/auth/login", "").header("x-forwarded-for", from).json(asked).send().await
}

/// Returns the details of the platform's log entries with this action, oldest first.
async fn told(app: &TestApp, action: &str) -> Vec<Value> {
    let admin = app.session("admin@example.com").await;
    let path = format!("/activities?action={action}&limit=100");
    let mut entries = app.get(&path, &admin).send().await.expect(200).as_array().unwrap().clone();
    entries.reverse();
    entries.into_iter().map(|entry| fields_of_event(&entry["meta"])).collect()
}

fn times(entries: &[Value]) -> u64 {
    entries.iter().map(|meta| meta["times"].as_u64().unwrap()).sum()
}

async fn each_refusal_at_the_door_is_told_with_network_and_account(app: TestApp) {
    app.user("admin@example.com", Role::Admin).await;
    let (room, _) = app.room().await;
    let stranger = app.user("stranger@example.com", Role::Owner).await;
    login(&app, ELSEWHERE, "stranger@example.com", "a wrong password").await.expect(401);
    let by = ("x-forwarded-for", ELSEWHERE);
    app.get("/rooms", "not a token").header(by.0, by.1).send().await.expect(401);
    app.get("/rooms", "").header(by.0, by.1).send().await.expect(401);
    app.get(&format!("/rooms/{room}"), &stranger).header(by.0, by.1).send().await.expect(403);
    let forged = app.post("/rooms", "").header("origin", "https://evil.example").header("host", "here.example");
    forged.header(by.0, by.1).send().await.expect(403);

    let again = json!({ "password": "a wrong password" });
    app.post("/auth/confirm", &stranger).header(by.0, by.1).json(again).send().await.expect(422);

    let now = "2026-11-23T08:00:00Z";
    let sign_in = json!({
        "reason": "wrong_credentials", "network": ELSEWHERE, "account": "stranger@example.com", "times": 1, "from": now,
        "to": now,
    });
    assert_eq!(told(&app, "sign_in_refused").await, [sign_in]);
    let request = |reason: &str, account: Option<&str>, room: Option<&str>| {
        json!({
            "reason": reason, "network": ELSEWHERE, "account": account, "room_id": room, "times": 1, "from": now, "to": now,
        })
    };
    assert_eq!(
        told(&app, "request_refused").await,
        [
            request("token", None, None),
            request("not_a_party", Some("stranger@example.com"), Some(&room)),
            request("foreign_origin", None, None),
            request("present_password", Some("stranger@example.com"), None),
        ]
    );
}

async fn what_was_typed_for_an_address_is_not_told_where_there_is_no_such_account(app: TestApp) {
    app.user("admin@example.com", Role::Admin).await;
    for typed in ["my own secret phrase", "secret@example.com", "\u{202e}moc"] {
        login(&app, ELSEWHERE, typed, PASSWORD).await.expect(401);
    }
    app.later(MINUTE);
    app.tidy().await;
    let entries = told(&app, "sign_in_refused").await;
    assert_eq!(entries.iter().map(|meta| meta["account"].clone()).collect::<Vec<_>>(), [json!(null), json!(null)]);
    assert_eq!(times(&entries), 3, "the further two are told together");
}

async fn an_attack_of_five_minutes_leaves_few_entries_whose_counts_add_up(app: TestApp) {
    app.user("admin@example.com", Role::Admin).await;
    app.user(OPS, Role::Broker).await;
    let mut refused = 0;
    for second in 0..300 {
        for network in 0..4 {
            let from = format!("203.0.113.{}", network * 50 + second % 50);
            login(&app, &from, OPS, "a wrong password").await;
            refused += 1;
        }
        app.later(Duration::from_secs(1));
        if second % 60 == 59 {
            app.tidy().await;
        }
    }
    app.tidy().await;
    let entries = all(&app, "sign_in_refused").await;
    assert_eq!(times(&entries), refused);
    assert!(entries.iter().all(|meta| meta["account"] == OPS || meta["network"].is_null()), "{entries:?}");
    // In each of five minutes: at most 32 kinds for each of two reasons, two entries each, and one for all other kinds.
    assert!(entries.len() <= 5 * 2 * (2 * 32 + 1), "{}", entries.len());
    let bytes: usize = entries.iter().map(|meta| meta.to_string().len()).sum();
    assert!(bytes < 150_000, "{bytes}");
}

/// Returns the details of all entries with this action, reading the list page by page.
async fn all(app: &TestApp, action: &str) -> Vec<Value> {
    let admin = app.session("admin@example.com").await;
    let mut entries = Vec::new();
    loop {
        let path = format!("/activities?action={action}&limit=100&offset={}", entries.len());
        let part = app.get(&path, &admin).send().await.expect(200);
        let part = part.as_array().unwrap();
        if part.is_empty() {
            return entries;
        }
        entries.extend(part.iter().map(|entry| entry["meta"].clone()));
    }
}

async fn refusals_of_one_person_in_a_room_are_two_entries_a_minute(app: TestApp) {
    let (room, broker) = app.room().await;
    let seller = app.user("seller@example.com", Role::Seller).await;
    for _ in 0..100 {
        let refused = app.post(&format!("/rooms/{room}/snapshots"), &seller).json(json!({})).send().await;
        assert_eq!(refused.problem(), "role_forbids");
    }
    let denied = async || {
        let log = app.get(&format!("/rooms/{room}/activities?action=access_denied"), &broker).send().await.expect(200);
        log.as_array()
            .unwrap()
            .iter()
            .map(|entry| json!([entry["actor"], fields_of_event(&entry["meta"])]))
            .collect::<Vec<_>>()
    };
    let plain = json!({ "permission": "snapshots:create", "role": "seller" });
    assert_eq!(denied().await, [json!(["seller@example.com", plain])]);
    app.later(MINUTE);
    app.tidy().await;
    let now = "2026-11-23T08:00:00Z";
    let mut folded = plain.clone();
    folded["repeated"] = json!({ "times": 99, "from": now, "to": now });
    assert_eq!(denied().await, [json!(["seller@example.com", folded]), json!(["seller@example.com", plain])]);
    app.tidy().await;
    assert_eq!(denied().await.len(), 2);
}

async fn a_network_is_told_by_trusted_proxies_alone(app: TestApp) {
    app.user("admin@example.com", Role::Admin).await;
    for (forwarded, network) in [
        ("198.51.100.9, 203.0.113.66", "203.0.113.66"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("not an address", "127.0.0.1"),
    ] {
        login(&app, forwarded, "nobody@example.com", PASSWORD).await.expect(401);
        assert_eq!(told(&app, "sign_in_refused").await.last().unwrap()["network"], network, "{forwarded}");
    }
}

async fn whatever_is_refused_is_told_once_and_in_bounds(app: TestApp) {
    app.user("admin@example.com", Role::Admin).await;
    let event = (0_u8..3, 0_u8..60, prop::option::of(0_u8..3), 0_u64..50);
    let events = prop::collection::vec(event, 300..301);
    let mut runner = TestRunner::deterministic();
    let events = events.new_tree(&mut runner).unwrap().current();
    let mut noted = [0; 3];
    for (which, network, account, seconds) in events {
        let reason = [Reason::Token, Reason::ForeignOrigin, Reason::NotAParty][usize::from(which)];
        let network = Network::from(std::net::IpAddr::from([192, 0, 2, network]));
        let account = account.map(|account| format!("{account}@example.com"));
        refusals::note(&app.app, Kind::AtDoor { reason, network, account, room: None }).await;
        noted[usize::from(which)] += 1;
        match seconds {
            0 => app.earlier(Duration::from_secs(90)),
            1..5 => app.later(Duration::from_secs(seconds)),
            5 => app.tidy().await,
            _ => {}
        }
    }
    refusals::tell_all(&app.app, true).await.unwrap();
    let entries = all(&app, "request_refused").await;
    for (reason, noted) in ["token", "foreign_origin", "not_a_party"].into_iter().zip(noted) {
        let of_reason: Vec<_> = entries.iter().filter(|meta| meta["reason"] == reason).cloned().collect();
        assert_eq!(times(&of_reason), noted, "{reason}");
    }
    refusals::tell_all(&app.app, true).await.unwrap();
    assert_eq!(all(&app, "request_refused").await.len(), entries.len(), "nothing is told twice");
}

async fn beyond_32_kinds_a_minute_refusals_are_counted_together_with_up_to_1000_networks(app: TestApp) {
    app.user("admin@example.com", Role::Admin).await;
    let refuse = async |number: u16| {
        let [high, low] = number.to_be_bytes();
        let network = Network::from(std::net::IpAddr::from([10, 0, high, low]));
        refusals::note(&app.app, Kind::AtDoor { reason: Reason::Token, network, account: None, room: None }).await;
    };
    for number in 0..32 + 1_005 {
        refuse(number).await;
    }
    // A second refusal of the same network does not add to the number of networks.
    refuse(32).await;
    app.later(MINUTE);
    app.tidy().await;
    let entries = all(&app, "request_refused").await;
    assert_eq!((entries.len(), times(&entries)), (33, 32 + 1_006));
    let [together] = &entries.iter().filter(|meta| meta["network"].is_null()).collect::<Vec<_>>()[..] else {
        panic!("one entry is of many networks: {entries:?}")
    };
    assert_eq!((&together["times"], &together["networks"]), (&json!(1_006), &json!(1_000)));
}

#[tokio::test]
async fn a_server_that_stops_tells_what_it_has_counted_and_its_request_lines_say_who_asked_for_which_route() {
    let place = Installation::new(None);
    place.add_user("admin@example.com", "admin");
    let server = Server::start(&place, &mut place.command(&["serve", "--listen", "127.0.0.1:0"]));
    let token = server.api.sign_in("admin@example.com").await;
    for _ in 0..5 {
        assert_eq!(server.api.login("admin@example.com", "a wrong password").await.status(), 401);
    }
    let me: Value = server.api.get("/auth/me", &token).await;
    assert_eq!(me["email"], "admin@example.com");
    server.ask_to_stop().await;
    let log = server.log();
    assert!(server.ended().await.success());
    let line = log.lines().find(|line| line.contains("/api/v1/auth/me")).unwrap();
    assert!(line.contains("client=127.0.0.1") && line.contains("route=\"/api/v1/auth/me\""), "{line}");
    let user = line.split("user=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(user.parse::<room::UserId>().is_ok(), "{line}");
    assert!(!log.contains("admin@example.com"), "addresses are no matter of request lines");

    let server = Server::start(&place, &mut place.command(&["serve", "--listen", "127.0.0.1:0"]));
    let entries = server.api.get("/activities?action=sign_in_refused", &token).await;
    let entries: Vec<Value> = entries.as_array().unwrap().iter().map(|entry| entry["meta"].clone()).collect();
    assert_eq!((entries.len(), times(&entries)), (2, 5));
}
