//! What was signed is remembered outside the database: a database that was put back takes no writes until an operator
//! has its logs go on under other names, and a head that nobody signed is not built on.

use std::{fs, path::Path, time::Duration};

use report::Fonts;
use reqwest::Method;
use room::{Event, Log, Role, RoomId};
use serde_json::{Value, json};
use sts_clearance::{
    db::{Tx, logs::Head},
    domain::{
        fsck::{self, Mode, Watch},
        log::{Actor, continuation, heads, operation},
    },
    error::{Error, Result},
    evidence::{
        Checkpoint, LogKey, PublicKeys,
        verify::{Exhibits, Report, verify},
    },
    heads::Heads,
};

use crate::harness::{
    Api, Installation, Reply, Server, TestApp, head_of, new_room, on_both_databases, put_back, until,
};

on_both_databases! {
    TestApp:
    a_log_that_was_put_back_takes_no_writes_until_it_goes_on_under_another_name,
    a_log_that_was_put_back_and_has_grown_since_takes_no_writes,
    a_head_that_no_trusted_key_has_signed_takes_no_writes,
    a_memory_that_lags_is_no_alarm,
    what_is_rolled_back_is_not_remembered,
    a_room_of_which_nothing_is_left_is_given_up_in_the_platforms_log,
}

struct Nobody;

impl Watch for Nobody {}

/// Returns the kinds of damage.
async fn damage(app: &TestApp) -> Vec<&'static str> {
    let outcome = fsck::run(&app.app, Mode::Look, &mut Nobody).await.unwrap();
    let damaged = outcome.findings.iter().filter(|finding| finding.is_damage());
    // Rows say what was written after the copy, and the triggers are gone.
    let kinds = damaged.map(|finding| finding.kind.word()).filter(|kind| !["row", "schema"].contains(kind));
    kinds.collect()
}

async fn renamed(app: &TestApp, room: RoomId, token: &str, title: &str) -> Reply {
    app.patch(&format!("/rooms/{room}"), token).json(json!({ "title": title })).send().await
}

#[track_caller]
fn expect_refused(reply: &Reply, why: &str) {
    assert_eq!((reply.status, &*reply.problem()), (503, "log_not_sound"), "{reply:?}");
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(why), "{why}: {detail}");
}

async fn readiness(app: &TestApp) -> (u16, Value) {
    let ready = app.get("//readyz", "").send().await;
    (ready.status, ready.json()["heads"].clone())
}

async fn file_of(app: &TestApp, room: RoomId, token: &str) -> Vec<u8> {
    let snapshot = app.snapshot(&room.to_string(), token, json!({ "snapshot_type": "json" })).await;
    let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    app.get(url, token).send().await.body.to_vec()
}

fn verified(app: &TestApp, file: &[u8], older: Option<&[u8]>) -> Report {
    let (keys, fonts) = (PublicKeys::trusted(&[app.app.log_key().public()]).unwrap(), Fonts::embedded());
    let keys = Some(&keys);
    verify(&Exhibits { older, ..Exhibits::of(file, keys, &fonts) }).unwrap()
}

async fn a_log_that_was_put_back_takes_no_writes_until_it_goes_on_under_another_name(app: TestApp) {
    let (room, broker) = app.room().await;
    let (room, other): (RoomId, _) = (room.parse().unwrap(), app.another_node());
    let log = Log::Room(room);
    let kept = file_of(&app, room, &broker).await;
    let before = head_of(&app, log).await;
    let lost_file = file_of(&app, room, &broker).await;
    app.app.heads.save().unwrap();
    let restarted = app.another_node();
    put_back(&app, log, before.clone()).await;

    // A server that starts now knows before anybody writes, and so does `fsck`.
    assert_eq!(readiness(&restarted).await, (200, json!("ok")));
    heads::look_over(&restarted.app).await.unwrap();
    assert_eq!(readiness(&restarted).await, (503, json!("failing")));
    assert_eq!(damage(&restarted).await.iter().filter(|kind| **kind == "head").count(), 1);
    for node in [&app, &restarted] {
        expect_refused(&renamed(node, room, &broker, "Next").await, "of its entries were signed, and the database has");
        assert_eq!(readiness(node).await, (503, json!("failing")));
        node.get(&format!("/rooms/{room}"), &broker).send().await.expect(200);
    }
    // Another log is as it was.
    app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);

    let done = continuation::go_on(&app.app, &Actor::Operator, log, "restored").await.unwrap();
    let origin = done.origin.clone().unwrap();
    assert_eq!((done.size, origin.ends_with(&format!("/rooms/{room}/2"))), (before.range.size(), true), "{done:?}");
    let twice = continuation::go_on(&app.app, &Actor::Operator, log, "restored").await;
    assert!(matches!(twice, Err(Error::Refused(_))), "{twice:?}");
    // Also a node that was not told, and one that never knew of what was lost.
    heads::look_again(&restarted.app).await.unwrap();
    for (node, title) in [(&app, "One"), (&restarted, "Two"), (&other, "Three"), (&app, "Four")] {
        renamed(node, room, &broker, title).await.expect(200);
        assert_eq!(readiness(node).await, (200, json!("ok")));
    }
    // The row of the snapshot is still there, whose entry is lost.
    assert_eq!(damage(&app).await, ["proof"]);

    let file = file_of(&app, room, &broker).await;
    let report = verified(&app, &file, Some(&kept));
    assert!(report.verified, "{report:#?}");
    let told = report.file.facts.told.unwrap();
    assert_eq!((told.log, told.continued.len()), (Some(origin), 1));
    let told = &told.continued[0];
    assert!(
        told.contains("by operator") && told.ends_with(": “restored”") && told.contains(&hex::encode(done.lost.root))
    );
    let report = verified(&app, &file, Some(&lost_file));
    let fault = report.file.checks.iter().find(|check| check.name == "older file").unwrap();
    assert!(!report.verified && fault.detail.contains("lacks some of the"), "{fault:?}");
    let report = verified(&app, &kept, Some(&file));
    assert_eq!(report.verdict, "does not verify: older file");
}

async fn a_log_that_was_put_back_and_has_grown_since_takes_no_writes(app: TestApp) {
    let (room, broker) = app.room().await;
    let room: RoomId = room.parse().unwrap();
    let log = Log::Room(room);
    let before = head_of(&app, log).await;
    renamed(&app, room, &broker, "Lost").await.expect(200);
    // A server with the key and without the memory writes another history.
    let forgetful = app.another_node();
    forgetful.app.heads.forget().unwrap();
    put_back(&app, log, before).await;
    for (title, why) in [("One", "entries are others than"), ("Two", "entries are others than")] {
        renamed(&forgetful, room, &broker, title).await.expect(200);
        expect_refused(&renamed(&app, room, &broker, "Next").await, why);
        assert_eq!(damage(&app).await, ["head"]);
    }
    continuation::go_on(&app.app, &Actor::Operator, log, "two servers wrote it").await.unwrap();
    renamed(&app, room, &broker, "Next").await.expect(200);
    assert_eq!(damage(&app).await, ["head"; 0]);
}

async fn a_head_that_no_trusted_key_has_signed_takes_no_writes(app: TestApp) {
    // Heads are signed since the key was added, and not since the same instant.
    app.later(Duration::from_mins(1));
    let (room, broker) = app.room().await;
    let room: RoomId = room.parse().unwrap();
    let log = Log::Room(room);
    let Head { range, origin, checkpoint } = head_of(&app, log).await;
    let head = Checkpoint { origin: origin.unwrap(), size: range.size(), root: range.root() };
    let stranger = LogKey::new(app.app.log_key().name(), [7; 32]).unwrap();
    let of_another_log = Checkpoint { origin: Log::Platform.origin(app.app.log_key().name()), ..head.clone() };
    let earlier = Checkpoint { size: 1, root: [1; 32], ..head.clone() };
    let of_others = Checkpoint { root: [1; 32], ..head.clone() };
    app.tampered();
    for (forged, why) in [
        (head.signed(&stranger).unwrap(), "not signed with a key that the one in force vouches for"),
        (of_another_log.signed(&app.app.log_key()).unwrap(), "its checkpoint is that of the log"),
        (earlier.signed(&app.app.log_key()).unwrap(), "its checkpoint is of 1 entries, and the log has "),
        (of_others.signed(&app.app.log_key()).unwrap(), "its checkpoint was signed over other entries"),
        ("no note".to_owned(), "it is no signed checkpoint"),
        (String::new(), "its signed checkpoint is missing"),
        (checkpoint.unwrap(), ""),
    ] {
        let set = async move |tx: &mut Tx| {
            let forged = (!forged.is_empty()).then_some(forged);
            let update = "UPDATE room_logs SET checkpoint = ?2 WHERE room_id = ?1";
            tx.exec(update, &[&log.key(), &forged]).await.map(drop)
        };
        app.app.db.write(set).await.unwrap();
        // One server has made the head, and the other has never seen it.
        for node in [&app, &app.another_node()] {
            if why.is_empty() {
                renamed(node, room, &broker, &format!("Next of {}", app.app.new_id())).await.expect(200);
            } else {
                expect_refused(&renamed(node, room, &broker, "Next").await, why);
                node.get(&format!("/rooms/{room}"), &broker).send().await.expect(200);
            }
        }
    }
}

async fn a_memory_that_lags_is_no_alarm(app: TestApp) {
    let (room, broker) = app.room().await;
    let room: RoomId = room.parse().unwrap();
    app.app.heads.save().unwrap();
    let lags = app.another_node();
    for number in 0..40 {
        renamed(&app, room, &broker, &format!("Title {number}")).await.expect(200);
    }
    heads::look_over(&lags.app).await.unwrap();
    assert_eq!(readiness(&lags).await, (200, json!("ok")));
    assert_eq!(damage(&lags).await, ["head"; 0]);
    renamed(&lags, room, &broker, "Next").await.expect(200);
    renamed(&app, room, &broker, "Last").await.expect(200);
}

async fn what_is_rolled_back_is_not_remembered(app: TestApp) {
    let (room, broker) = app.room().await;
    let room: RoomId = room.parse().unwrap();
    let log = Log::Room(room);
    let size = head_of(&app, log).await.range.size();
    let gone: Result<()> = operation(&app.app, log, &Actor::System, async move |tx, log| {
        log.append(tx, &Event::LogExported { entries: 1 }).await?;
        Err(Error::conflict("on second thoughts"))
    })
    .await;
    assert!(gone.is_err());
    assert_eq!(app.app.heads.signed(log).unwrap().size, size);
    // Together with others that are kept, in one commit on SQLite.
    let rolled_back = operation(&app.app, log, &Actor::System, async move |tx, log| {
        log.append(tx, &Event::LogExported { entries: 1 }).await?;
        Err::<(), _>(Error::conflict("on second thoughts"))
    });
    let [one, two] = ["One", "Two"].map(|title| renamed(&app, room, &broker, title));
    let (one, gone, two) = tokio::join!(one, rolled_back, two);
    assert_eq!((one.status, gone.is_err(), two.status), (200, true, 200));
    assert_eq!(app.app.heads.signed(log).unwrap().size, head_of(&app, log).await.range.size());
    assert_eq!(damage(&app).await, ["head"; 0]);
}

async fn a_room_of_which_nothing_is_left_is_given_up_in_the_platforms_log(app: TestApp) {
    // The memory of another database with the same rooms cannot be told from this.
    let room = RoomId(app.app.new_id());
    let log = Log::Room(room);
    let lost = Checkpoint { origin: log.origin(app.app.log_key().name()), size: 7, root: [7; 32] };
    app.app.heads.remember(log, lost);
    heads::look_over(&app.app).await.unwrap();
    assert_eq!(readiness(&app).await, (503, json!("failing")));
    assert_eq!(damage(&app).await, ["head"]);
    let planned = continuation::planned(&app.app, log).await.unwrap().unwrap();
    assert_eq!((planned.size, planned.origin), (0, None));
    continuation::go_on(&app.app, &Actor::Operator, log, "older backup").await.unwrap();
    assert_eq!(readiness(&app).await, (200, json!("ok")));
    assert_eq!(damage(&app).await, ["head"; 0]);
    let admin = app.user("ada@example.com", Role::Admin).await;
    let told = app.get("/activities?action=log_lost", &admin).send().await.expect(200);
    assert_eq!(told[0]["meta"]["room_id"], json!(room));
    // Also after a restart.
    app.app.heads.save().unwrap();
    let restarted = app.another_node();
    heads::look_over(&restarted.app).await.unwrap();
    assert_eq!(readiness(&restarted).await, (200, json!("ok")));
}

/// On SQLite only: an earlier copy is an earlier file there.
#[tokio::test]
async fn an_earlier_copy_of_the_file_goes_on_by_the_command_and_verify_prints_it() {
    let place = Installation::new(None);
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &new_room(&[])).await["id"].as_str().unwrap().to_owned();
    stop(server).await;
    fs::copy(place.database_file(), place.path("copy.db")).unwrap();

    let server = place.serve();
    server.api.sign_in("broker@example.com").await;
    server.api.post("/rooms", &token, &new_room(&[])).await;
    assert_eq!(patch(&server.api, &room, &token, "Lost").await, 200);
    // By the job, with nobody asking for it.
    until("the head is in the file", async || {
        let file = fs::read_to_string(place.path("data/signed-heads")).unwrap();
        (file.lines().filter(|line| line.starts_with(&room)).count() > 1).then_some(())
    })
    .await;
    server.kill();
    restore(&place);

    place.run(&["fsck"]).expect(1);
    let server = Server::start(&place, &mut place.command(&["serve", "--listen", "127.0.0.1:0", "--accept", "behind"]));
    assert_eq!(ready(&server.api).await, (503, json!("failing")));
    assert!(server.log().contains("the database is behind what was signed"), "{}", server.log());
    assert_eq!(patch(&server.api, &room, &token, "Next").await, 503);
    assert_eq!(server.api.get(&format!("/rooms/{room}"), &token).await["title"], "STS Ceuta");
    let cli = |more: &[&str]| place.run(&[&["log", "continue", "--reason", "the disk broke"], more].concat());
    let shown = cli(&["--all"]);
    let said = shown.expect(1);
    assert!(said.contains("the platform's log: ") && said.contains(&format!("/rooms/{room}/2`")), "{said}");
    assert!(said.contains("it is given up as a whole") && shown.stderr.contains("repeat with --yes"), "{shown:?}");
    let one = cli(&["--platform", "--yes"]);
    assert!(one.expect(0).contains("it goes on from these as `"), "{one:?}");
    assert_eq!(cli(&["--all", "--yes"]).expect(0).lines().count(), 2);
    assert_eq!(cli(&["--all", "--yes"]).expect(0), "no log is behind what was signed of it\n");
    cli(&["--room", &room, "--yes"]).expect(1);
    cli(&["--room", "no id"]).expect(2);
    place.run(&["log", "continue", "--all", "--reason", " "]).expect(1);
    // The server that runs finds it by itself.
    until("the server is ready again", async || (ready(&server.api).await.0 == 200).then_some(())).await;
    assert_eq!(patch(&server.api, &room, &token, "Next").await, 200);

    let snapshots = format!("/rooms/{room}/snapshots");
    let snapshot = server.api.post(&snapshots, &token, &json!({ "snapshot_type": "json" })).await;
    let snapshot = snapshot["id"].as_str().unwrap();
    server.api.completed(&room, snapshot, &token).await;
    let file = server.api.request(Method::GET, &format!("{snapshots}/{snapshot}/download"), &token);
    fs::write(place.path("report.json"), file.send().await.unwrap().bytes().await.unwrap()).unwrap();
    fs::write(place.path("log.key"), place.run(&["key", "show"]).expect(0)).unwrap();
    let verified = place.run(&["verify", "report.json", "--key", "log.key"]);
    let said = verified.expect(0);
    assert!(said.contains("Continued   at entry ") && said.contains("): “the disk broke”\n"), "{said}");
    stop(server).await;
    place.run(&["fsck"]).expect(0);
    place.serve().kill();
}

/// Everything was lost but the keys and the memory.
#[tokio::test]
async fn an_empty_database_beside_a_memory_begins_under_another_name() {
    let place = Installation::new(None);
    place.add_user("broker@example.com", "broker");
    fs::remove_file(place.database_file()).unwrap();
    let refused = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("`sts-clearance log continue`"), "{refused:?}");
    let done = place.run(&["log", "continue", "--all", "--reason", "no backup", "--yes"]);
    assert!(done.expect(0).contains("/platform/2`"), "{done:?}");
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let token = server.api.sign_in("broker@example.com").await;
    server.api.post("/rooms", &token, &new_room(&[])).await;
    assert_eq!(ready(&server.api).await, (200, json!("ok")));
    stop(server).await;
    place.run(&["fsck"]).expect(0);
}

async fn stop(server: Server) {
    server.ask_to_stop().await;
    assert!(server.ended().await.success());
}

fn restore(place: &Installation) {
    let file = place.database_file();
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", file.display()));
    }
    fs::copy(place.path("copy.db"), file).unwrap();
}

async fn patch(api: &Api, room: &str, token: &str, title: &str) -> u16 {
    let patch = api.request(Method::PATCH, &format!("/rooms/{room}"), token).json(&json!({ "title": title }));
    patch.send().await.unwrap().status().as_u16()
}

async fn ready(api: &Api) -> (u16, Value) {
    let reply = reqwest::get(format!("http://{}/readyz", api.address())).await.unwrap();
    let status = reply.status().as_u16();
    (status, reply.json::<Value>().await.unwrap()["heads"].clone())
}

fn of_size(log: Log, origin: &str, size: u64) -> (Log, Checkpoint) {
    let root = [u8::try_from(size % 256).unwrap(); 32];
    (log, Checkpoint { origin: origin.into(), size, root })
}

fn opened(directory: &Path) -> Vec<(Log, Checkpoint)> {
    let mut all = Heads::open(directory).unwrap().all();
    all.sort_by_key(|(log, _)| log.key());
    all
}

#[test]
fn the_file_has_the_largest_head_of_each_log_and_stays_small() {
    let dir = tempfile::tempdir().unwrap();
    let room = Log::Room("00000000-0000-7000-8000-000000000001".parse().unwrap());
    let origin = room.origin("name");
    let heads = Heads::open(dir.path()).unwrap();
    let remember = |(log, head): (Log, Checkpoint)| heads.remember(log, head);
    remember(of_size(room, &origin, 7));
    remember(of_size(room, &origin, 6));
    remember(of_size(Log::Platform, "name/platform/2", 3));
    remember(of_size(Log::Platform, "name/platform", 300));
    heads.save().unwrap();
    let expected = [of_size(room, &origin, 7), of_size(Log::Platform, "name/platform/2", 3)];
    assert_eq!(opened(dir.path()), expected);

    // A line that a crash has cut short, and what comes after it.
    let file = dir.path().join("signed-heads");
    let cut = format!("{}{} 900 {origin} 0101", fs::read_to_string(&file).unwrap(), room.key());
    fs::write(&file, cut).unwrap();
    assert_eq!(opened(dir.path()), expected);
    remember(of_size(room, &origin, 8));
    heads.save().unwrap();
    assert_eq!(opened(dir.path())[0], of_size(room, &origin, 8));

    for size in 9..3_000 {
        remember(of_size(room, &origin, size));
        heads.save().unwrap();
    }
    // Another process has written meanwhile.
    let other = Heads::open(dir.path()).unwrap();
    let (log, head) = of_size(Log::Platform, "name/platform/2", 4);
    other.remember(log, head.clone());
    drop(other);
    assert!(fs::metadata(&file).unwrap().len() < 70 * 1024);
    assert_eq!(opened(dir.path()), [of_size(room, &origin, 2_999), (log, head)]);

    // What cannot be written stays to be written.
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    remember(of_size(room, &origin, 3_000));
    heads.save().unwrap_err();
    assert!(Heads::open(dir.path()).is_err(), "a memory that cannot be read is not forgotten");
    fs::remove_dir(&file).unwrap();
    heads.save().unwrap();
    assert_eq!(opened(dir.path())[0], of_size(room, &origin, 3_000));
}

#[test]
fn an_origin_is_of_one_log_and_has_one_form() {
    let id = "00000000-0000-7000-8000-000000000001";
    let (room, platform) = (Log::Room(id.parse().unwrap()), Log::Platform);
    let begun = format!("a/b/rooms/{id}");
    for (origin, expected) in [
        (begun.clone(), Some(1)),
        (format!("{begun}/2"), Some(2)),
        (format!("{begun}/10"), Some(10)),
        (format!("{begun}/1"), None),
        (format!("{begun}/02"), None),
        (format!("{begun}/+2"), None),
        (format!("{begun}/2/2"), None),
        (format!("{begun}/"), None),
        ("a/b/platform".to_owned(), None),
        (format!("a/b/rooms/{}", id.replace('1', "2")), None),
    ] {
        let found = room.continuation_in(&origin);
        assert_eq!(found, expected.map(|number| (&*begun, number)), "{origin}");
        assert!(platform.continuation_in(&origin).is_none_or(|found| found == ("a/b/platform", 1)));
    }
    assert_eq!(platform.continuation_in("a/platform/3"), Some(("a/platform", 3)));
}
