//! Marked states: where a fold starts after a restart, what is not believed of them, and how much memory states take.

use room::{Envelope, Event, Log, RoomId};
use serde_json::json;
use sha2::{Digest, Sha256};
use sts_clearance::{
    at_hand::Start,
    db::{self, marks::Mark},
    domain::{
        fsck::{self, Mode, Watch},
        log::{Actor, operation},
        rooms,
    },
    error::{Error, Result},
};

use crate::harness::{TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    a_long_log_is_marked_and_another_node_starts_there,
    a_mark_is_made_by_the_operation_that_it_is_due_in_and_goes_with_it,
    a_damaged_state_is_not_used_and_fsck_removes_it,
    a_forged_mark_stops_the_room_instead_of_being_believed,
    a_room_whose_log_is_not_sound_is_shown_by_its_rows_and_says_so,
}

on_both_databases! {
    LittleMemory:
    a_thousand_rooms_take_no_more_memory_than_is_set,
    a_state_larger_than_the_memory_works_as_any_other,
    a_room_that_is_changed_again_and_again_grows_no_heavier_and_is_folded_once,
}

struct Nobody;

impl Watch for Nobody {}

async fn damage(app: &TestApp, mode: Mode) -> Vec<String> {
    let outcome = fsck::run(&app.app, mode, &mut Nobody).await.unwrap();
    outcome.findings.iter().filter(|finding| finding.is_damage()).map(ToString::to_string).collect()
}

/// Opens a room whose log has a mark, and returns it with a token of its broker.
async fn marked_room(app: &TestApp) -> (String, String) {
    let (room, broker) = app.room().await;
    app.append(&room, 1_000).await;
    (room, broker)
}

async fn mark(app: &TestApp, room: &str) -> Option<Mark> {
    let log = Log::Room(room.parse().unwrap());
    app.app.db.read(async move |tx| db::marks::find(tx, log).await).await.unwrap()
}

/// Returns the title that a reader of the whole room is shown.
async fn title(node: &TestApp, room: &str) -> String {
    rooms::state::now(&node.app, room.parse().unwrap()).await.unwrap().state.room.title
}

/// Returns how many states this node has begun at a mark, and how many at a first entry.
fn starts(node: &TestApp) -> (u64, u64) {
    (node.app.at_hand.starts(Start::Mark), node.app.at_hand.starts(Start::First))
}

async fn a_long_log_is_marked_and_another_node_starts_there(app: TestApp) {
    let (room, broker) = marked_room(&app).await;
    let path = format!("/rooms/{room}");
    let last = app.get(&format!("{path}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!((&last[0]["action"], &last[0]["actor"]), (&json!("state_marked"), &json!("system")));
    app.append(&room, 20).await;
    app.patch(&path, &broker).json(json!({ "title": "After the mark" })).send().await.expect(200);
    let told = app.get(&format!("{path}/summary"), &broker).send().await.expect(200);
    let node = app.another_node();
    assert_eq!(node.get(&format!("{path}/summary"), &broker).send().await.expect(200), told);
    assert_eq!(starts(&node), (1, 0), "nothing was folded from its first entry");
    assert_eq!(node.app.at_hand.folded().0, 21);
    // What is written there is held against the mark by those who fold everything.
    node.patch(&path, &broker).json(json!({ "title": "By another node" })).send().await.expect(200);
    node.append(&room, 1_000).await;
    assert_eq!(damage(&app, Mode::Look).await, Vec::<String>::new());
}

async fn a_mark_is_made_by_the_operation_that_it_is_due_in_and_goes_with_it(app: TestApp) {
    let (room, broker) = app.room().await;
    let log = Log::Room(room.parse::<RoomId>().unwrap());
    let head = async || app.app.db.read(async move |tx| db::logs::head(tx, log).await).await.unwrap().unwrap().range;
    app.append(&room, 999 - head().await.size()).await;
    assert_eq!(mark(&app, &room).await, None);
    let gone: Result<()> = operation(&app.app, log, &Actor::System, async |tx, log| {
        for entries in 0..2_000 {
            log.append(tx, &Event::LogExported { entries }).await?;
        }
        Err(Error::conflict("on second thoughts"))
    })
    .await;
    assert!(gone.is_err());
    assert_eq!((head().await.size(), mark(&app, &room).await), (999, None));
    app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "The thousandth" })).send().await.expect(200);
    assert_eq!((head().await.size(), mark(&app, &room).await.unwrap().seq), (1_001, 1_000));
}

async fn a_damaged_state_is_not_used_and_fsck_removes_it(app: TestApp) {
    let (room, _) = marked_room(&app).await;
    app.tampered();
    let log = Log::Room(room.parse().unwrap());
    let Mark { seq, state } = mark(&app, &room).await.unwrap();
    let text = String::from_utf8(state.clone()).unwrap();
    let forged = text.replace("STS Ceuta", "STS Malta");
    assert_ne!(text, forged);
    let damaged = [
        (seq, forged.into_bytes()),
        (seq, b"no state".to_vec()),
        (seq, Vec::new()),
        (seq - 1, state.clone()),
        (seq + 7, state),
    ];
    for (seq, state) in damaged {
        let row = Mark { seq, state };
        app.app.db.write(async move |tx| db::marks::set(tx, log, &row).await).await.unwrap();
        let node = app.another_node();
        assert_eq!(title(&node, &room).await, "STS Ceuta");
        assert_eq!(starts(&node), (0, 1));
        let found = damage(&app, Mode::Look).await;
        assert!(found.len() == 1 && found[0].contains("log_marks of entry"), "{found:?}");
        damage(&app, Mode::Repair).await;
        assert_eq!((mark(&app, &room).await, damage(&app, Mode::Look).await), (None, Vec::new()));
    }
    // A state that belongs to no log, and bytes that cannot be decompressed.
    let stray = "INSERT INTO log_marks (log, seq, state) VALUES ('nobody', 1, ?1)";
    app.app.db.write(async |tx| tx.exec(stray, &[&vec![1_u8, 2, 3]]).await).await.unwrap();
    let found = damage(&app, Mode::Look).await;
    damage(&app, Mode::Repair).await;
    assert!(found.iter().any(|found| found.contains("log_marks of `nobody`")), "{found:?}");
    assert_eq!(damage(&app, Mode::Look).await, Vec::<String>::new());
}

async fn a_forged_mark_stops_the_room_instead_of_being_believed(app: TestApp) {
    let (room, broker) = marked_room(&app).await;
    let log = Log::Room(room.parse().unwrap());
    let Mark { seq, state } = mark(&app, &room).await.unwrap();
    let state = String::from_utf8(state).unwrap().replace("STS Ceuta", "STS Malta").into_bytes();
    // The entry is forged too, so that it has the hash of the forged state.
    let event = Event::StateMarked { state_sha256: hex::encode(Sha256::digest(&state)) };
    let (_, meta) = event.to_entry(Envelope { continues: true, ..Envelope::default() }).unwrap();
    app.change_entries(&format!(
        "UPDATE activity_log SET meta_json = '{meta}' WHERE seq = {seq} AND action = 'state_marked'"
    ))
    .await;
    app.app.db.write(async move |tx| db::marks::set(tx, log, &Mark { seq, state }).await).await.unwrap();
    let node = app.another_node();
    let path = format!("/rooms/{room}");
    let seen = node.get(&format!("{path}/summary"), &broker).send().await.expect(200);
    assert!(seen["log_fault"].is_string(), "{seen}");
    assert_eq!(title(&node, &room).await, "STS Ceuta");
    let refused = node.patch(&path, &broker).json(json!({ "location": "Off Malta" })).send().await;
    assert_eq!((refused.status, &*refused.problem()), (503, "log_not_sound"), "{refused:?}");
}

async fn a_room_whose_log_is_not_sound_is_shown_by_its_rows_and_says_so(app: TestApp) {
    let (room, broker) = app.room().await;
    let sound =
        app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201)["id"].as_str().unwrap().to_owned();
    app.change_entries(&format!(
        "UPDATE activity_log SET meta_json = replace(meta_json, 'Ceuta', 'Malta') WHERE room_id = '{room}'"
    ))
    .await;
    let node = app.another_node();
    for (room, is_sound) in [(&room, false), (&sound, true)] {
        let seen = node.get(&format!("/rooms/{room}/summary"), &broker).send().await.expect(200);
        assert_eq!(seen.get("log_fault").is_none(), is_sound, "{seen}");
        assert_eq!(title(&node, room).await, "STS Ceuta");
        for read in ["documents", "clearance", "parties", "activities"] {
            node.get(&format!("/rooms/{room}/{read}"), &broker).send().await.expect(200);
        }
    }
    node.get("/cockpit", &broker).send().await.expect(200);
}

async fn a_thousand_rooms_take_no_more_memory_than_is_set(app: TestApp) {
    let (first, broker) = app.room().await;
    let mut rooms = Vec::new();
    for _ in 0..1_000 {
        let opened = app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
        rooms.push(opened["id"].as_str().unwrap().to_owned());
    }
    let most = 1024 * 1024;
    for room in &rooms {
        app.get(&format!("/rooms/{room}/summary"), &broker).send().await.expect(200);
        let (_, bytes) = app.app.at_hand.size();
        assert!(bytes <= most, "{bytes}");
    }
    let (logs, _) = app.app.at_hand.size();
    assert!((2..1_000).contains(&logs), "{logs}");
    // What is no longer kept is folded again, and nothing is lost.
    app.patch(&format!("/rooms/{first}"), &broker).json(json!({ "title": "Still here" })).send().await.expect(200);
}

async fn a_state_larger_than_the_memory_works_as_any_other(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    let other = app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    for number in 0..12 {
        let description = format!("{}{number:03}", "\u{1F6A2}".repeat(7_000));
        app.patch(&path, &broker).json(json!({ "description": description })).send().await.expect(200);
    }
    let (logs, bytes) = app.app.at_hand.size();
    assert!(logs == 2 && bytes > 1024 * 1024, "{logs} of {bytes} bytes");
    let begun = starts(&app);
    for number in 0..5 {
        app.patch(&path, &broker).json(json!({ "title": format!("Large {number}") })).send().await.expect(200);
    }
    assert_eq!(starts(&app), begun, "the room and the platform do not drop each other");
    app.get(&format!("{path}/summary"), &broker).send().await.expect(200);
    // Another room takes its place, and both go on.
    let other = format!("/rooms/{}", other["id"].as_str().unwrap());
    app.patch(&other, &broker).json(json!({ "title": "Small" })).send().await.expect(200);
    let (logs, bytes) = app.app.at_hand.size();
    assert!(logs > 0 && bytes <= 1024 * 1024, "{logs} of {bytes} bytes");
    app.patch(&path, &broker).json(json!({ "title": "Large" })).send().await.expect(200);
}

/// What its entries have replaced is no part of its state.
async fn a_room_that_is_changed_again_and_again_grows_no_heavier_and_is_folded_once(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    let log = Log::Room(room.parse().unwrap());
    let before = app.app.at_hand.size().1;
    for turn in 0..4 {
        let changed = operation(&app.app, log, &Actor::System, async move |tx, log| {
            for number in 0..1_000 {
                let from = log.room()?.room.title.clone();
                let changes = json!({ "title": { "from": from, "to": format!("Title {number} of turn {turn}") } });
                log.append(tx, &Event::RoomUpdated { changes: changes.as_object().unwrap().clone() }).await?;
            }
            Ok(())
        });
        changed.await.unwrap();
        app.get(&format!("{path}/summary"), &broker).send().await.expect(200);
    }
    let after = app.app.at_hand.size().1;
    assert!(after < before + 100_000, "{before} bytes were {after} after 4,000 changes");
    let begun = starts(&app);
    for number in 0..20 {
        app.patch(&path, &broker).json(json!({ "title": format!("After {number}") })).send().await.expect(200);
        app.get(&format!("{path}/summary"), &broker).send().await.expect(200);
    }
    assert_eq!(starts(&app), begun, "nothing is folded anew");
}
