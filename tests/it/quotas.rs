//! A party adds no more to a room in a day than its quota allows, in entries of its log and in bytes of files.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use futures_util::{future::join_all, stream};
use room::{Event, Log, Role};
use serde_json::{Value, json};
use sts_clearance::{
    at_hand::Start,
    domain::log::{Actor, operation},
    error::Error,
};

use crate::harness::{Form, Reply, TestApp, fields_of_event, new_room, on_both_databases, pdf};

on_both_databases! {
    SmallQuotas:
    beyond_the_quota_of_entries_nothing_is_added_until_the_day_is_over,
    reading_and_repeating_is_never_refused,
    another_party_another_room_and_an_admin_are_not_touched,
    downloads_count_and_are_refused,
    requests_at_once_add_no_more_than_the_quota,
    nodes_that_take_turns_add_no_more_than_the_quota_together,
    a_node_that_begins_at_a_mark_counts_what_came_before_it,
    what_was_rolled_back_does_not_count,
    uploads_have_a_quota_in_bytes_for_each_party_and_room,
    an_upload_beyond_the_quota_is_refused_before_it_is_sent,
    refusals_for_a_quota_are_in_the_log_folded_by_minute_and_in_the_metrics,
    a_page_says_which_quota_is_used_up_and_until_when,
}

on_both_databases! {
    NoQuotas:
    without_a_quota_everything_is_taken,
}

/// The entries that a party may add to a room in these tests.
const QUOTA: usize = 20;

/// The seconds from the instant at which tests begin until the next day.
const REST_OF_DAY: u64 = 16 * 3_600;

async fn rename(node: &TestApp, room: &str, token: &str, title: &str) -> Reply {
    node.patch(&format!("/rooms/{room}"), token).json(json!({ "title": title })).send().await
}

/// Returns how many entries of a room's log are by this actor, as somebody is told who may read them.
async fn entries_of(app: &TestApp, room: &str, token: &str, actor: &str) -> usize {
    let path = format!("/rooms/{room}/activities?actor={actor}");
    app.get(&path, token).send().await.header("x-total-count").parse().unwrap()
}

/// Renames a room until the quota of who has the token is used up. Returns the refusal.
async fn use_up(node: &TestApp, room: &str, token: &str) -> Reply {
    for number in 0..=QUOTA {
        let reply = rename(node, room, token, &format!("Title {number}")).await;
        if reply.status != 200 {
            return reply;
        }
    }
    panic!("more than the quota was taken");
}

/// Returns a PDF of about so many KiB.
fn paper(words: &str, kib: usize) -> Vec<u8> {
    [pdf(words), vec![b' '; kib * 1024]].concat()
}

async fn upload(app: &TestApp, document: &str, token: &str, bytes: &[u8]) -> Reply {
    app.post(&format!("{document}/versions"), token).upload("paper.pdf", bytes, &[]).send().await
}

async fn beyond_the_quota_of_entries_nothing_is_added_until_the_day_is_over(app: TestApp) {
    let (room, broker) = app.room().await;
    let refused = use_up(&app, &room, &broker).await;
    assert_eq!((refused.status, &*refused.problem()), (429, "quota_reached"));
    assert_eq!(refused.header("retry-after"), REST_OF_DAY.to_string());
    assert_eq!(
        refused.json()["detail"],
        "You have added as many entries to the log of this room as a party may in a day, 20, downloads included; more are \
         taken from 2026-11-24 00:00 UTC on, and an admin can act before."
    );
    assert_eq!(entries_of(&app, &room, &broker, "broker@example.com").await, QUOTA);

    app.later(Duration::from_secs(REST_OF_DAY - 1));
    let broker = app.session("broker@example.com").await;
    let refused = rename(&app, &room, &broker, "Late").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    app.later(Duration::from_secs(1));
    let refused = use_up(&app, &room, &broker).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "86400"));
    assert_eq!(entries_of(&app, &room, &broker, "broker@example.com").await, 2 * QUOTA);
}

async fn reading_and_repeating_is_never_refused(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    upload(&app, &document, &broker, &pdf("a study")).await.expect(201);
    let snapshot = |key: &str| app.post(&format!("{room}/snapshots"), &broker).header("idempotency-key", key);
    let made = snapshot("first").json(json!({ "snapshot_type": "json" })).send().await.expect(201);
    use_up(&app, room.trim_start_matches("/rooms/"), &broker).await;
    for path in ["", "/activities", "/documents", "/snapshots", "/summary", "/log/entries?from=0"] {
        app.get(&format!("{room}{path}"), &broker).send().await.expect(200);
    }
    let again = snapshot("first").json(json!({ "snapshot_type": "json" })).send().await;
    assert_eq!(again.json()["id"], made["id"], "what adds nothing is answered: {again:?}");
    let other = snapshot("second").json(json!({ "snapshot_type": "json" })).send().await;
    assert_eq!(other.problem(), "quota_reached");
}

async fn another_party_another_room_and_an_admin_are_not_touched(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    use_up(&app, &room, &broker).await;
    app.post(&format!("/rooms/{room}/snapshots"), &owner).json(json!({})).send().await.expect(201);
    let other = app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    rename(&app, other["id"].as_str().unwrap(), &broker, "Another").await.expect(200);
    for number in 0..=QUOTA {
        rename(&app, &room, &admin, &format!("By the admin, {number}")).await.expect(200);
    }
    app.work().await;
    let drawn = app.get(&format!("/rooms/{room}/snapshots"), &broker).send().await.expect(200);
    assert_eq!(drawn[0]["status"], "completed", "jobs have no quota");
    assert_eq!(rename(&app, &room, &broker, "Again").await.problem(), "quota_reached");
}

async fn downloads_count_and_are_refused(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    upload(&app, &document, &broker, &pdf("a study")).await.expect(201);
    let (id, download) = (room.trim_start_matches("/rooms/"), format!("{document}/download"));
    for _ in entries_of(&app, id, &broker, "broker@example.com").await..QUOTA {
        assert_eq!(app.get(&download, &broker).send().await.status, 200);
    }
    for path in [download, format!("{room}/archive")] {
        assert_eq!(app.get(&path, &broker).send().await.problem(), "quota_reached", "{path}");
    }
    assert_eq!(entries_of(&app, id, &broker, "broker@example.com").await, QUOTA);
}

async fn requests_at_once_add_no_more_than_the_quota(app: TestApp) {
    let (room, broker) = app.room().await;
    let titles: Vec<_> = (0..2 * QUOTA).map(|number| format!("At once, {number}")).collect();
    let replies = join_all(titles.iter().map(|title| rename(&app, &room, &broker, title))).await;
    assert!(replies.iter().all(|reply| [200, 429].contains(&reply.status)), "{replies:?}");
    assert_eq!(entries_of(&app, &room, &broker, "broker@example.com").await, QUOTA);
}

async fn nodes_that_take_turns_add_no_more_than_the_quota_together(app: TestApp) {
    let (room, broker) = app.room().await;
    let other = app.another_node();
    for number in 0..QUOTA {
        for (node, name) in [(&app, "one"), (&other, "two")] {
            rename(node, &room, &broker, &format!("Turn {number} of {name}")).await;
        }
    }
    assert_eq!(entries_of(&app, &room, &broker, "broker@example.com").await, QUOTA);
    let restarted = app.another_node();
    assert_eq!(rename(&restarted, &room, &broker, "Anew").await.problem(), "quota_reached");
}

async fn a_node_that_begins_at_a_mark_counts_what_came_before_it(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let id = room.trim_start_matches("/rooms/");
    upload(&app, &document, &owner, &paper("a study", 600)).await.expect(201);
    let used = entries_of(&app, id, &broker, "broker@example.com").await;
    for number in used..QUOTA - 1 {
        rename(&app, id, &broker, &format!("Title {number}")).await.expect(200);
    }
    app.append(id, 1_000).await;
    let node = app.another_node();
    assert_eq!(upload(&node, &document, &owner, &paper("another", 600)).await.problem(), "quota_reached");
    rename(&node, id, &broker, "The last one").await.expect(200);
    assert_eq!(rename(&node, id, &broker, "One more").await.problem(), "quota_reached");
    assert_eq!(node.app.at_hand.starts(Start::First), 1, "only the platform's log was folded whole");

    // The next mark has entries of both days before it.
    app.later(Duration::from_secs(REST_OF_DAY));
    app.append(id, 1_000).await;
    let (node, broker) = (app.another_node(), app.session("broker@example.com").await);
    use_up(&node, id, &broker).await;
    assert_eq!(entries_of(&node, id, &broker, "broker@example.com").await, 2 * QUOTA);
}

async fn what_was_rolled_back_does_not_count(app: TestApp) {
    let (room, broker) = app.room().await;
    let by = Actor::User {
        email: "broker@example.com".into(),
        name: "broker".into(),
        role: Role::Broker,
        roles: Role::Broker.into(),
        session: None,
    };
    for _ in 0..QUOTA {
        let log = Log::Room(room.parse().unwrap());
        let gone = operation(&app.app, log, &by, async move |tx, log| {
            log.append(tx, &Event::LogExported { entries: 1 }).await?;
            Err::<(), _>(Error::conflict("on second thoughts"))
        });
        assert!(gone.await.is_err());
    }
    use_up(&app, &room, &broker).await;
    assert_eq!(entries_of(&app, &room, &broker, "broker@example.com").await, QUOTA);
}

async fn uploads_have_a_quota_in_bytes_for_each_party_and_room(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    upload(&app, &document, &broker, &paper("first", 600)).await.expect(201);
    let refused = upload(&app, &document, &broker, &paper("second", 600)).await;
    assert_eq!((refused.status, &*refused.problem()), (429, "quota_reached"));
    assert_eq!(refused.header("retry-after"), REST_OF_DAY.to_string());
    assert_eq!(
        refused.json()["detail"],
        "With this file you would have uploaded more to this room than a party may in a day, 1 MiB; more is taken from \
         2026-11-24 00:00 UTC on, and an admin can act before."
    );
    app.only_versions_are_stored(&document, &broker).await;
    upload(&app, &document, &broker, &paper("third", 400)).await.expect(201);
    let again = upload(&app, &document, &broker, &paper("third", 400)).await.expect(200);
    assert_eq!(again["duplicate"], true, "the same bytes add nothing");
    rename(&app, room.trim_start_matches("/rooms/"), &broker, "Not by bytes").await.expect(200);
    upload(&app, &document, &owner, &paper("the owner's", 600)).await.expect(201);
    let other = app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    let elsewhere = app.document(other["id"].as_str().unwrap(), &broker, "COMPAT", None).await;
    upload(&app, &elsewhere, &broker, &paper("elsewhere", 600)).await.expect(201);

    app.later(Duration::from_secs(REST_OF_DAY));
    let broker = app.session("broker@example.com").await;
    upload(&app, &document, &broker, &paper("tomorrow", 600)).await.expect(201);
}

async fn an_upload_beyond_the_quota_is_refused_before_it_is_sent(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let by_type = format!("{room}/documents/upload");
    for path in [&format!("{document}/versions"), &by_type, &format!("/{document}/versions")] {
        let is_read = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&is_read);
        let body = stream::once(async move {
            noted.store(true, Ordering::Relaxed);
            Ok::<_, Infallible>("--x-test-boundary--")
        });
        let upload = app.post(path, &broker).header("content-type", Form::MEDIA_TYPE).body(Body::from_stream(body));
        let refused = upload.header("content-length", "3000000").send().await;
        assert_eq!((refused.status, is_read.load(Ordering::Relaxed)), (429, false), "{path}");
    }
}

async fn refusals_for_a_quota_are_in_the_log_folded_by_minute_and_in_the_metrics(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    use_up(&app, &room, &broker).await;
    for _ in 1..50 {
        assert_eq!(rename(&app, &room, &broker, "More").await.status, 429);
    }
    let told = async || {
        let entries = app.get("/activities?action=request_refused", &admin).send().await.expect(200);
        entries.as_array().unwrap().iter().map(|entry| fields_of_event(&entry["meta"])).collect::<Vec<Value>>()
    };
    let now = "2026-11-23T08:00:00Z";
    let refused = |times: u64| {
        json!({
            "reason": "quota_reached", "network": "127.0.0.1", "account": "broker@example.com", "room_id": room,
            "times": times, "from": now, "to": now,
        })
    };
    assert_eq!(told().await, [refused(1)]);
    app.later(Duration::from_mins(1));
    app.tidy().await;
    assert_eq!(told().await, [refused(49), refused(1)]);
    let metrics = String::from_utf8(app.get("//metrics", &admin).send().await.body.to_vec()).unwrap();
    assert!(metrics.contains("\nsts_quota_refusals_total 50\n"), "{metrics}");
}

async fn a_page_says_which_quota_is_used_up_and_until_when(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    upload(&app, &document, &broker, &pdf("a study")).await.expect(201);
    use_up(&app, room.trim_start_matches("/rooms/"), &broker).await;
    let snapshot = app.post(&format!("/{room}/snapshots"), &broker).fields(&[("title", "")]);
    let download = app.get(&format!("{document}/download"), &broker);
    for request in [snapshot, download] {
        let refused = request.header("accept", "text/html").send().await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, &*REST_OF_DAY.to_string()));
        let page = refused.html();
        assert!(page.contains("Enough for one day"), "{page}");
        assert!(page.contains("as a party may in a day, 20, downloads included"), "{page}");
        assert!(page.contains("from 2026-11-24 00:00 UTC on"), "{page}");
    }
}

async fn without_a_quota_everything_is_taken(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    upload(&app, &document, &broker, &pdf("a study")).await.expect(201);
    rename(&app, room.trim_start_matches("/rooms/"), &broker, "Another").await.expect(200);
}
