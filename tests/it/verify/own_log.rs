//! Files that this server has signed are held against its own log, and a contradiction is an alarm.

use std::time::Duration;

use reqwest::Method;
use room::{Log, Role, RoomId};
use serde_json::{Value, json};
use sts_clearance::{
    db,
    domain::log::{Actor, continuation},
    evidence::LogKey,
};

use super::{
    Parts, Receipted, all,
    doors::{Part, brought, signed},
};
use crate::harness::{Installation, TestApp, change_role, head_of, new_room, on_both_databases, put_back, until};

on_both_databases! {
    TestApp:
    a_file_agrees_with_the_log_of_the_server_that_has_signed_it,
    an_entry_that_was_changed_before_the_receipt_is_an_alarm_until_it_is_put_right,
    the_entry_of_the_receipt_is_held_against_the_log_too,
    a_log_that_was_put_back_is_an_alarm_until_it_says_so_itself,
    a_file_that_somebody_else_made_with_the_key_is_an_alarm,
    what_another_key_has_signed_raises_nothing,
}

/// Returns the outcome and the words of the check against the server's log. `None` if there is none.
fn own_log(report: &Value) -> Option<(&str, &str)> {
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "own log")?;
    Some((check["outcome"].as_str().unwrap(), check["detail"].as_str().unwrap()))
}

#[track_caller]
pub(super) fn expect_own_log(report: &Value, outcome: &str, words: &str) {
    let (found, detail) = own_log(report).unwrap_or_else(|| panic!("no check: {report:#}"));
    assert!(found == outcome && detail.contains(words), "`{words}` is not in: {found} {detail}");
}

pub(super) async fn verified(app: &TestApp, file: &[u8]) -> Value {
    brought(app, "/verify", &[("file", file)]).await.expect(200)
}

/// What an admin is told of contradictions.
pub(super) struct Told {
    pub(super) total: u64,
    pub(super) open: u64,
    listed: Vec<Value>,
    pub(super) page: String,
}

pub(super) async fn told(app: &TestApp, admin: &str) -> Told {
    let metrics = app.get("//metrics", admin).send().await;
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    let [total, open] = ["sts_contradictions_total", "sts_contradictions_open"].map(|name| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap().parse().unwrap()
    });
    let status = app.get("/system", admin).send().await.expect(200);
    assert_eq!(status["open_contradictions"], json!(open));
    let page = app.get("//admin/system", admin).send().await.html();
    Told { total, open, listed: status["contradictions"].as_array().unwrap().clone(), page }
}

#[track_caller]
fn expect_nothing(told: &Told) {
    assert_eq!((told.total, told.open, told.listed.len()), (0, 0, 0));
    assert!(!told.page.contains("and its log contradicts"), "{}", told.page);
}

async fn a_file_agrees_with_the_log_of_the_server_that_has_signed_it(app: TestApp) {
    let admin = app.user("ada@example.com", Role::Admin).await;
    let (room, broker) = app.room().await;
    let mut older = None;
    for kind in ["pdf", "json", "csv"] {
        let file = app.file(&room, &broker, all(kind)).await;
        let report = verified(&app, &file).await;
        assert_eq!(report["verdict"], "verified", "{report:#}");
        expect_own_log(&report, "ok", "this server's log has the same ");
        older.get_or_insert(file);
    }
    // Also with more entries than are read at once, and with a second file.
    for number in 0..120 {
        let title = json!({ "title": format!("Title {number}"), "location": format!("Place {number}") });
        app.patch(&format!("/rooms/{room}"), &broker).json(title).send().await.expect(200);
    }
    for _ in 0..50 {
        change_role(&app.app, Log::Room(room.parse().unwrap()), "buyer@example.com", Role::Buyer).await;
    }
    let (older, newer) = (older.unwrap(), app.file(&room, &broker, all("json")).await);
    let both = brought(&app, "/verify", &[("file", &newer), ("older", &older)]).await.expect(200);
    assert_eq!(both["verified"], true, "{both:#}");
    expect_own_log(&both, "ok", "the last of which is the file's");
    expect_own_log(&both["older"], "ok", "the last of which is the file's");
    expect_nothing(&told(&app, &admin).await);
}

async fn an_entry_that_was_changed_before_the_receipt_is_an_alarm_until_it_is_put_right(app: TestApp) {
    let admin = app.user("ada@example.com", Role::Admin).await;
    let (room, broker) = app.room().await;
    let snapshot = app.snapshot(&room, &broker, all("json")).await;
    let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    let file = app.get(url, &broker).send().await.body.to_vec();
    let replace = |from: &str, to: &str| {
        format!(
            "UPDATE activity_log SET meta_json = REPLACE(meta_json, '{from}', '{to}') WHERE room_id = '{room}' AND seq = 0"
        )
    };
    app.change_entries(&replace("STS Ceuta", "STS Malta")).await;

    for _ in 0..2 {
        let report = verified(&app, &file).await;
        assert_eq!((&report["verdict"], &report["judgement"]), (&json!("does not verify: own log"), &json!("failed")));
        expect_own_log(&report, "failed", "is the file's, and others before it are not; entry 0 was changed");
        let sentence = report["sentence"].as_str().unwrap();
        assert!(sentence.starts_with("This server cannot confirm the report “"), "{sentence}");
        app.later(Duration::from_mins(1));
    }
    let both = brought(&app, "/verify", &[("file", &file), ("older", &file)]).await.expect(200);
    assert_eq!(both["verdict"], "does not verify: own log, own log of the older");
    let page = brought(&app, "//verify", &[("file", &file)]).await.html();
    assert!(page.contains("<strong>Does not verify</strong>: This server cannot confirm the report"), "{page}");
    let told_then = told(&app, &admin).await;
    assert_eq!((told_then.total, told_then.open), (1, 1));
    let [found] = &told_then.listed[..] else { panic!("{:?}", told_then.listed) };
    let detail = found["detail"].as_str().unwrap();
    assert_eq!(
        *found,
        json!({
            "room_id": room, "room_title": "STS Ceuta", "snapshot_id": snapshot["id"], "detail": detail,
            "seen_at": "2026-11-23T08:00:00Z", "settled_at": null,
        })
    );
    for shown in [&*room, snapshot["id"].as_str().unwrap(), "1 contradiction", "entry 0 was changed", "Open"] {
        assert!(told_then.page.contains(shown), "{shown}: {}", told_then.page);
    }
    // Another file with the same receipt, which somebody has changed, is no other contradiction.
    let mut changed = Receipted::of(&file);
    changed.record.facts.room.title = "Another".into();
    let report = verified(&app, &changed.file()).await;
    assert_eq!(report["verdict"], "does not verify: logged, follows, own log");
    assert_eq!(report.get("sentence"), None);
    // Another server on the same database tells of it too, also after a restart.
    let node = app.another_node();
    assert_eq!(told(&node, &admin).await.total, 1);

    app.change_entries(&replace("STS Malta", "STS Ceuta")).await;
    assert_eq!(verified(&app, &file).await["verdict"], "verified");
    let told_now = told(&app, &admin).await;
    assert_eq!((told_now.total, told_now.open), (1, 0));
    assert_eq!(told_now.listed[0]["settled_at"], json!(app.app.now()));
    assert!(told_now.page.contains("Settled"), "{}", told_now.page);

    // Seen again, it is open again.
    app.change_entries(&replace("STS Ceuta", "STS Malta")).await;
    expect_own_log(&verified(&app, &file).await, "failed", "");
    let told_again = told(&app, &admin).await;
    assert_eq!((told_again.total, told_again.open), (1, 1));
    assert_eq!(told_again.listed[0]["seen_at"], json!(app.app.now()));
}

async fn the_entry_of_the_receipt_is_held_against_the_log_too(app: TestApp) {
    let (room, broker) = app.room().await;
    let file = app.file(&room, &broker, all("pdf")).await;
    let entry = Receipted::of(&file).leaf().seq;
    let change = format!("UPDATE activity_log SET actor = 'operator' WHERE room_id = '{room}' AND seq = {entry}");
    app.change_entries(&change).await;
    let words = format!("entry {entry} is not the file's; entry {entry} was changed after it was written");
    expect_own_log(&verified(&app, &file).await, "failed", &words);
    // What cannot be read at all is no error of the server.
    app.change_entries(&format!("UPDATE activity_log SET meta_json = '{{' WHERE room_id = '{room}' AND seq = 1")).await;
    expect_own_log(&verified(&app, &file).await, "failed", "entry 1 of this server's log is missing, or unreadable");
}

async fn a_log_that_was_put_back_is_an_alarm_until_it_says_so_itself(app: TestApp) {
    let admin = app.user("ada@example.com", Role::Admin).await;
    let (room, broker) = app.room().await;
    let room_id: RoomId = room.parse().unwrap();
    let log = Log::Room(room_id);
    let kept = app.file(&room, &broker, all("json")).await;
    let before = head_of(&app, log).await;
    let lost = app.file(&room, &broker, all("json")).await;
    put_back(&app, log, before.clone()).await;

    expect_own_log(&verified(&app, &kept).await, "ok", "");
    for _ in 0..2 {
        let report = verified(&app, &lost).await;
        assert_eq!(report["verdict"], "does not verify: own log");
        expect_own_log(&report, "failed", "entries were lost, or its database is an older copy");
    }
    let then = told(&app, &admin).await;
    assert_eq!((then.total, then.open, then.listed.len()), (1, 1, 1));
    // That it went on under another name, only its signed head can say.
    let rename = async |sql: &'static str| {
        app.app.db.write(async move |tx| tx.exec(sql, &[&log.key()]).await).await.unwrap();
    };
    rename("UPDATE room_logs SET origin = origin || '/2' WHERE room_id = ?1").await;
    expect_own_log(&verified(&app, &lost).await, "failed", "entries were lost");
    rename("UPDATE room_logs SET origin = REPLACE(origin, '/2', '') WHERE room_id = ?1").await;

    continuation::go_on(&app.app, &Actor::Operator, log, "the disk broke").await.unwrap();
    let title = json!({ "title": "After" });
    app.patch(&format!("/rooms/{room}"), &broker).json(title).send().await.expect(200);
    expect_own_log(&verified(&app, &kept).await, "ok", "");
    let report = verified(&app, &lost).await;
    assert_eq!(report["verdict"], "verified");
    expect_own_log(
        &report,
        "skipped",
        "the file is of before entries were lost: this server's log has since gone on as `",
    );
    expect_own_log(&report, "skipped", "the reason given: the disk broke");
    assert_eq!(told(&app, &admin).await.open, 0);

    // A database from before the log went on does not know its new name.
    let newer = app.file(&room, &broker, all("json")).await;
    expect_own_log(&verified(&app, &newer).await, "ok", "");
    put_back(&app, log, before.clone()).await;
    let origin = before.origin.unwrap();
    app.app.db.write(async move |tx| db::logs::set_origin(tx, log, &origin).await).await.unwrap();
    expect_own_log(&verified(&app, &newer).await, "failed", "it is of the log after it went on as `");
    assert_eq!(told(&app, &admin).await.total, 2);
}

async fn a_file_that_somebody_else_made_with_the_key_is_an_alarm(app: TestApp) {
    let admin = app.user("ada@example.com", Role::Admin).await;
    let (room, broker) = app.room().await;
    let file = app.file(&room, &broker, all("json")).await;
    let mut forged = Receipted::of(&file);
    let entries = forged.entries();
    forged.prove(&entries, &app.app.log_key());
    let report = verified(&app, &forged.file()).await;
    assert_eq!(report["verdict"], "does not verify: own log");
    expect_own_log(&report, "failed", "is the file's, and others before it are not (root ");
    // The same for a file as earlier versions made them.
    let earlier = Parts::of_earlier_version(&file, &app.app.log_key());
    let report = verified(&app, &earlier.file()).await;
    assert_eq!(report["verdict"], "does not verify: own log");
    expect_own_log(&report, "failed", "is not the file's");
    assert_eq!(told(&app, &admin).await.total, 2);
    // A proof of an entry that tells of no snapshot is none of a file, and parties can ask for many of them.
    let mut of_another = forged.clone();
    let leaf = room::Leaf { action: "room_updated".into(), ..forged.leaf() };
    of_another.prove_leaf(&entries, leaf, &app.app.log_key());
    assert_eq!(own_log(&verified(&app, &of_another.file()).await), None);
    assert_eq!(told(&app, &admin).await.total, 2);
}

async fn what_another_key_has_signed_raises_nothing(app: TestApp) {
    let admin = app.user("ada@example.com", Role::Admin).await;
    let (room, broker) = app.room().await;
    let mut forged = Receipted::of(&app.file(&room, &broker, all("json")).await);
    // With the name of the genuine key, and a key of another name; also if the caller says that it is to be trusted.
    for name in [app.app.log_key().name(), "elsewhere"] {
        let stranger = LogKey::new(name, [9; 32]).unwrap();
        forged.prove(&forged.entries(), &stranger);
        let file = forged.file();
        let parts: [Part<'_>; 2] = [("file", &file), ("key", stranger.public().as_bytes())];
        for parts in [&parts[..1], &parts[..]] {
            let report = brought(&app, "/verify", parts).await.expect(200);
            assert_eq!(own_log(&report), None, "{report:#}");
        }
    }
    expect_nothing(&told(&app, &admin).await);
}

#[tokio::test]
async fn a_room_that_this_server_does_not_know_raises_nothing() {
    let (file, key) = signed(|_| {});
    let app = TestApp::with(String::new(), &[("trusted_log_keys", key.public().to_owned())]).await;
    let admin = app.user("ada@example.com", Role::Admin).await;
    let report = verified(&app, &file).await;
    assert_eq!(report["verdict"], "verified");
    expect_own_log(&report, "skipped", "this server does not know the room");
    expect_nothing(&told(&app, &admin).await);
}

/// On SQLite only, where an earlier copy is an earlier file.
#[tokio::test]
async fn the_programs_log_has_one_error_however_often_the_file_is_verified() {
    let place = Installation::new(None);
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &new_room(&[])).await["id"].as_str().unwrap().to_owned();
    let snapshots = format!("/rooms/{room}/snapshots");
    let snapshot = server.api.post(&snapshots, &token, &all("json")).await["id"].as_str().unwrap().to_owned();
    server.api.completed(&room, &snapshot, &token).await;
    let file = server.api.request(Method::GET, &format!("{snapshots}/{snapshot}/download"), &token);
    let file = file.send().await.unwrap().text().await.unwrap();
    drop(server);
    place
        .execute(
            "DROP TRIGGER activity_log_no_update;
             UPDATE activity_log SET actor = 'nobody@example.com' WHERE seq = 0 AND room_id IS NOT NULL",
        )
        .await;
    let server = place.serve();
    for _ in 0..2 {
        let form =
            format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n{file}\r\n--b--\r\n");
        let verify = server.api.request(Method::POST, "/verify", "");
        let verify = verify.header("content-type", "multipart/form-data; boundary=b").body(form);
        let report: Value = verify.send().await.unwrap().json().await.unwrap();
        assert_eq!(report["verdict"], "does not verify: own log", "{report:#}");
    }
    until("the error is in the log", async || server.log().contains("the log contradicts what").then_some(())).await;
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("the log contradicts what")).collect();
    assert!(lines.len() == 1 && lines[0].contains(&room) && lines[0].contains(&snapshot), "{lines:?}");
    assert!(lines[0].contains("ERROR") && lines[0].contains("signed_root="), "{lines:?}");
}
