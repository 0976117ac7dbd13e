//! Live events of a room: each is sent once, as it happens, to those who may still see the room.

use std::time::Duration;

use reqwest::Method;
use room::Role;
use serde_json::{Value, json};

use sts_clearance::{
    db::jobs,
    live::{Listener, MOST_STREAMS, MOST_STREAMS_OF_ACCOUNT, MOST_STREAMS_OF_SESSION},
};
use tools::needs;

use crate::harness::{Event, Events, Installation, TestApp, on_both_databases, postgres_database};

on_both_databases! {
    TestApp:
    what_happens_in_a_room_is_told_there_and_nowhere_else,
    a_listener_is_notified_of_entries_and_progress_of_its_room,
    a_client_that_comes_again_misses_nothing_and_hears_nothing_twice,
    a_stream_begins_where_it_is_asked_to,
    a_position_that_is_none_is_refused_by_its_name,
    a_stream_ends_with_its_session,
    a_silent_stream_ends_with_its_session_too,
    a_stream_ends_with_the_partys_place_in_the_room,
    a_stream_ends_with_its_room,
    progress_is_told_whenever_it_changes,
    streams_are_bounded_and_a_closed_one_makes_place,
    a_stream_gives_its_place_back_whoever_ends_it,
}

on_both_databases! {
    Installation:
    a_stop_ends_streams_at_once,
}

/// Relays commits to the application's listeners, as a server does.
fn hear(app: &TestApp) {
    let db = app.app.db.clone();
    tokio::spawn(async move { db.relay().await });
}

fn events(room: &str) -> String {
    format!("/rooms/{room}/events")
}

async fn changed(listener: &mut Listener) {
    tokio::time::timeout(Duration::from_mins(2), listener.changed()).await.expect("the listener is not notified");
}

/// Changes the room's title, which appends an entry.
async fn rename(app: &TestApp, room: &str, token: &str, title: &str) {
    app.patch(&format!("/rooms/{room}"), token).json(json!({ "title": title })).send().await.expect(200);
}

/// Returns the entries of a room's log as the API lists them, oldest first.
async fn listed(app: &TestApp, room: &str, token: &str) -> Vec<Value> {
    let list = app.get(&format!("/rooms/{room}/activities?limit=100"), token).send().await.expect(200);
    list.as_array().unwrap().iter().rev().cloned().collect()
}

async fn what_happens_in_a_room_is_told_there_and_nowhere_else(app: TestApp) {
    hear(&app);
    let (room, broker) = app.room().await;
    let other = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    let other = other["id"].as_str().unwrap();
    let answer = app.get(&events(&room), &broker).send().await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!((answer.header("cache-control"), answer.header("x-accel-buffering")), ("no-store", "no"));
    assert!(answer.body.starts_with(b": connected\nretry: "), "{answer:?}");

    let mut stream = app.get(&events(&room), &broker).follow().await;
    stream.block().await.unwrap();
    rename(&app, other, &broker, "Another room").await;
    for title in ["One", "Two"] {
        rename(&app, &room, &broker, title).await;
        let told = stream.entry().await;
        assert_eq!(told["meta"]["changes"]["title"]["to"], title);
        assert_eq!(listed(&app, &room, &broker).await.last(), Some(&told));
    }
}

/// A stream looks for entries at each heartbeat as well, so it would hide a notification that does not come.
async fn a_listener_is_notified_of_entries_and_progress_of_its_room(app: TestApp) {
    hear(&app);
    let (room, broker) = app.room().await;
    let mut listener = app.app.db.listen(room.parse().unwrap());
    rename(&app, &room, &broker, "One").await;
    changed(&mut listener).await;
    app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    changed(&mut listener).await;
    let now = app.app.now();
    let claim = app.claim_job(Duration::ZERO).await;
    changed(&mut listener).await;
    let write = async move |tx: &mut _| jobs::report_progress(tx, claim, 42, now).await;
    assert!(app.app.db.write(write).await.unwrap());
    changed(&mut listener).await;
    let write = async move |tx: &mut _| jobs::give_back(tx, claim, Some(now), (1, "a test")).await;
    app.app.db.write(write).await.unwrap();
    changed(&mut listener).await;
}

async fn a_client_that_comes_again_misses_nothing_and_hears_nothing_twice(app: TestApp) {
    hear(&app);
    let (room, broker) = app.room().await;
    // The client reconnects after 230 entries that it has missed, and twice more before it has caught up with them.
    let mut stream = app.get(&events(&room), &broker).follow().await;
    stream.block().await.unwrap();
    let mut seen = stream.last_event_id.clone();
    let known = listed(&app, &room, &broker).await.len();
    for number in 0..230 {
        rename(&app, &room, &broker, &format!("Title {number}")).await;
    }
    let mut told = Vec::new();
    for part in [1, 120, 109] {
        let mut stream = app.get(&format!("{}?after=0", events(&room)), &broker).header("last-event-id", &seen);
        stream = stream.header("accept", "text/event-stream");
        let mut stream = stream.follow().await;
        for _ in 0..part {
            told.push(stream.entry().await["seq"].as_u64().unwrap());
        }
        seen = stream.last_event_id.clone();
    }
    let expected: Vec<_> = (known as u64..known as u64 + 230).collect();
    assert_eq!(told, expected);
}

async fn a_stream_begins_where_it_is_asked_to(app: TestApp) {
    hear(&app);
    let (room, broker) = app.room().await;
    let log = listed(&app, &room, &broker).await;
    for (after, first) in [(-1, 0), (0, 1), (3, 4)] {
        let mut stream = app.get(&format!("{}?after={after}", events(&room)), &broker).follow().await;
        for expected in &log[first..] {
            assert_eq!(&stream.entry().await, expected);
        }
    }
    // A position beyond the end of the log counts as its end.
    for after in [log.len().to_string(), "1000".into(), i64::MAX.to_string()] {
        let last = listed(&app, &room, &broker).await.len() - 1;
        let mut stream = app.get(&events(&room), &broker).header("last-event-id", &after).follow().await;
        stream.block().await.unwrap();
        assert_eq!(stream.last_event_id, last.to_string());
        let title = format!("After {after}");
        rename(&app, &room, &broker, &title).await;
        assert_eq!(stream.entry().await["meta"]["changes"]["title"]["to"], title);
    }
}

async fn a_position_that_is_none_is_refused_by_its_name(app: TestApp) {
    let (room, broker) = app.room().await;
    for position in ["", "x", "-2", "1.0", "9223372036854775808"] {
        let refused = app.get(&events(&room), &broker).header("last-event-id", position).send().await;
        assert_eq!(refused.fields(), ["Last-Event-ID"], "{position}");
    }
    for query in ["after=", "after=x", "after=-2"] {
        assert_eq!(app.get(&format!("{}?{query}", events(&room)), &broker).send().await.fields(), ["after"], "{query}");
    }
    assert_eq!(app.get(&format!("{}?from=3", events(&room)), &broker).send().await.fields(), ["from"]);
}

async fn a_stream_ends_with_its_session(app: TestApp) {
    hear(&app);
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let mut stream = app.get(&events(&room), &owner).follow().await;
    stream.block().await.unwrap();
    assert_eq!(app.post("/auth/logout", &owner).send().await.status, 204);
    rename(&app, &room, &broker, "Not for the owner").await;
    let end = stream.end().await;
    assert_eq!(end["code"], "unauthenticated");
    assert!(end["detail"].as_str().unwrap().starts_with("Sign in first"), "{end}");
    assert_eq!(app.get(&events(&room), &owner).send().await.problem(), "unauthenticated");
}

async fn a_silent_stream_ends_with_its_session_too(app: TestApp) {
    let (room, broker) = app.room().await;
    let mut stream = app.get(&format!("{}?after=0", events(&room)), &broker).follow().await;
    stream.entry().await;
    // Nothing is relayed or committed here: only the heartbeat can find out that the session has ended.
    app.later(Duration::from_hours(24 * 365));
    assert_eq!(stream.end().await["code"], "unauthenticated");
}

async fn a_stream_ends_with_the_partys_place_in_the_room(app: TestApp) {
    hear(&app);
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let mut stream = app.get(&events(&room), &owner).follow().await;
    stream.block().await.unwrap();
    let parties = app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200);
    let id = parties.as_array().unwrap().iter().find(|party| party["role"] == "owner").unwrap()["id"].clone();
    let removed = app.delete(&format!("/rooms/{room}/parties/{}", id.as_str().unwrap()), &broker).send().await;
    assert_eq!(removed.status, 204);
    let end = stream.next().await.unwrap();
    assert_eq!((&*end.name, &end.data["code"]), ("end", &json!("not_a_party")), "nothing more is told");
    assert_eq!(stream.next().await, None);
}

async fn a_stream_ends_with_its_room(app: TestApp) {
    hear(&app);
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let mut streams = Vec::new();
    for token in [&broker, &admin] {
        let mut stream = app.get(&events(&room), token).follow().await;
        stream.block().await.unwrap();
        streams.push(stream);
    }
    app.delete(&format!("/rooms/{room}"), &admin).send().await.expect(200);
    for mut stream in streams {
        assert_eq!(stream.end().await["code"], "not_found");
    }
    assert_eq!(app.get(&events(&room), &admin).send().await.problem(), "not_found");
}

async fn progress_is_told_whenever_it_changes(app: TestApp) {
    hear(&app);
    let (room, broker) = app.room().await;
    let mut stream = app.get(&events(&room), &broker).follow().await;
    stream.block().await.unwrap();
    let (taken, _) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let progress = |percent: i64| Event {
        name: "progress".into(),
        data: json!({ "snapshot_id": taken["id"], "status": "generating", "progress": percent }),
    };
    assert_eq!(stream.entry().await["action"], "snapshot_created");
    let position = stream.last_event_id.clone();
    assert_eq!(stream.next().await, Some(progress(0)));
    let now = app.app.now();
    let claim = app.claim_job(Duration::ZERO).await;
    for percent in [42, 42, 77] {
        let write = async move |tx: &mut _| jobs::report_progress(tx, claim, percent, now).await;
        assert!(app.app.db.write(write).await.unwrap());
        if percent == 42 {
            continue;
        }
        // Only the latest progress is stored, so the stream may have missed the first 42; the second changes nothing.
        let mut told = stream.next().await;
        if told == Some(progress(42)) {
            told = stream.next().await;
        }
        assert_eq!(told, Some(progress(77)));
    }
    assert_eq!(stream.last_event_id, position, "progress is no place to go on from");
    // A new stream begins with the current progress.
    let mut late = app.get(&events(&room), &broker).follow().await;
    assert_eq!(late.next().await, Some(progress(77)));
    app.later(Duration::from_secs(1));
    assert_eq!(app.work().await, 1);
    for mut stream in [stream, late] {
        assert_eq!(stream.entry().await["action"], "snapshot_rendered");
        assert_eq!(stream.entry().await["action"], "snapshot_generated");
    }
}

async fn streams_are_bounded_and_a_closed_one_makes_place(app: TestApp) {
    let (room, broker) = app.room().await;
    let mut open = Vec::new();
    for _ in 0..MOST_STREAMS_OF_SESSION {
        open.push(app.get(&events(&room), &broker).follow().await);
    }
    assert_eq!(app.get(&events(&room), &broker).send().await.problem(), "conflict");
    open.pop().unwrap().close().await;
    open.push(app.get(&events(&room), &broker).follow().await);
    // Each account can hold a quarter of the server's streams.
    for role in [Role::Owner, Role::Charterer, Role::Seller] {
        app.user(&format!("{role}@example.com"), role).await;
    }
    for email in ["broker@example.com", "owner@example.com", "charterer@example.com", "seller@example.com"] {
        let most = (open.len() / MOST_STREAMS_OF_ACCOUNT + 1) * MOST_STREAMS_OF_ACCOUNT;
        while open.len() < most {
            let session = app.session(email).await;
            for _ in 0..MOST_STREAMS_OF_SESSION {
                open.push(app.get(&events(&room), &session).follow().await);
            }
        }
    }
    assert_eq!(open.len(), MOST_STREAMS);
    app.user("buyer@example.com", Role::Buyer).await;
    let session = app.session("buyer@example.com").await;
    let refused = app.get(&events(&room), &session).send().await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"));
    open.pop().unwrap().close().await;
    app.get(&events(&room), &session).follow().await;
}

/// Two servers share one PostgreSQL, and one loses the connection on which it listens to the other.
#[needs(postgres)]
#[tokio::test]
async fn what_one_server_commits_the_others_tell_also_after_a_lost_connection() {
    let url = postgres_database().await;
    let one = TestApp::with(url.clone(), &[]).await;
    let two = TestApp::with(url, &[]).await;
    hear(&two);
    let (room, broker) = one.room().await;
    let mut stream = two.get(&events(&room), &broker).follow().await;
    stream.block().await.unwrap();
    for title in ["One", "Two"] {
        rename(&one, &room, &broker, title).await;
        assert_eq!(stream.entry().await["meta"]["changes"]["title"]["to"], title);
    }
    let count = async |what: &'static str| {
        let sql =
            format!("SELECT {what} FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'");
        one.app.db.write(async move |tx| Ok(tx.rows(&sql, &[]).await?.len())).await.unwrap()
    };
    let mut listener = two.app.db.listen(room.parse().unwrap());
    assert_eq!(count("pg_terminate_backend(pid)").await, 1);
    rename(&one, &room, &broker, "Three").await;
    assert_eq!(stream.entry().await["meta"]["changes"]["title"]["to"], "Three");
    changed(&mut listener).await;
    assert_eq!(count("pid").await, 1, "it listens again");
    rename(&one, &room, &broker, "Four").await;
    changed(&mut listener).await;
    assert_eq!(stream.entry().await["meta"]["changes"]["title"]["to"], "Four");
}

async fn a_stream_gives_its_place_back_whoever_ends_it(app: TestApp) {
    hear(&app);
    let (room, broker) = app.room().await;
    let path = events(&room);
    let fill = async |token: &str| {
        let mut open = Vec::new();
        for _ in 0..MOST_STREAMS_OF_SESSION {
            open.push(app.get(&path, token).follow().await);
        }
        open
    };
    let refused = async |token: &str| app.get(&path, token).send().await.expect(409)["detail"].to_string();
    // If the client ends its streams, the session gets all of its places back, and no more than before.
    for _ in 0..2 {
        let open = fill(&broker).await;
        assert!(refused(&broker).await.contains("This session has 16 event streams open already"));
        for stream in open {
            stream.close().await;
        }
    }
    // If the server ends them because the session has ended, the account gets their places back.
    let ending = app.session("broker@example.com").await;
    let mut ended = fill(&ending).await;
    let mut open = fill(&broker).await;
    for _ in 2..MOST_STREAMS_OF_ACCOUNT / MOST_STREAMS_OF_SESSION {
        open.extend(fill(&app.session("broker@example.com").await).await);
    }
    let late = app.session("broker@example.com").await;
    assert!(refused(&late).await.contains("Your account has 64 event streams open already"));
    app.post("/auth/logout", &ending).send().await.expect(204);
    rename(&app, &room, &broker, "Another").await;
    for stream in &mut ended {
        assert_eq!(stream.end().await["code"], "unauthenticated");
    }
    open.extend(fill(&late).await);
    assert_eq!(open.len(), MOST_STREAMS_OF_ACCOUNT);
    assert!(refused(&late).await.contains("This session has 16 event streams open already"));
}

async fn a_stop_ends_streams_at_once(place: Installation) {
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &crate::harness::new_room(&[])).await;
    let path = format!("/rooms/{}", room["id"].as_str().unwrap());
    let response = server.api.request(Method::GET, &format!("{path}/events"), &token).send().await.unwrap();
    let mut stream = Events::from_server(response);
    stream.block().await.unwrap();
    let renamed = server.api.request(Method::PATCH, &path, &token).json(&json!({ "title": "Another" }));
    renamed.send().await.unwrap().error_for_status().unwrap();
    assert_eq!(stream.entry().await["action"], "room_updated");
    server.ask_to_stop().await;
    assert_eq!(stream.next().await, None, "it may come again: no word tells it not to");
    assert!(server.ended().await.success());
}
