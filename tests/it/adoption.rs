//! The adoption of logs from before events had versions: once, and never again by itself.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use reqwest::Method;
use room::{
    EntryId, Log, Role, RoomId, RoomStatus, SnapshotStatus, UserId, VersionId,
    fold::{EntryOutline, Fold, LastAdoption, State},
};
use serde_json::{Value, json};
use sts_clearance::{
    app::App,
    children::Children,
    clock::Clock,
    config::Layers,
    db::{self, Page, Tx, activity::Entry, migrations},
    domain::{
        fsck::{self, Mode, Outcome, Watch},
        log::{
            Actor,
            adoption::{self, Adopted},
            room_rows,
            schema::{self, BroughtUp},
        },
        snapshots::{verifying, way_down},
    },
    evidence::{self, Checkpoint, verify::CheckOutcome},
};
use tempfile::TempDir;

use crate::harness::{IMO, Installation, Server, TestApp, new_room, on_both_databases};

pub(crate) const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";

/// The steps from the adoption on.
const AFTER_ADOPTION: [&str; 14] = [
    migrations::ADOPTION,
    "015_mark_states",
    "016_snapshots_by_position",
    "017_add_contradictions",
    "018_add_heads_log",
    "019_know_more_of_files",
    "020_withdraw_versions",
    "021_add_search_texts",
    "022_put_parties_right",
    "023_add_mail",
    "024_add_partial_uploads",
    "025_add_account_details",
    "026_name_approving_roles",
    "027_add_news",
];
/// The last step of the schema whose logs do not tell everything.
const OLDER: &str = "013";

on_both_databases! {
    TestApp:
    a_room_is_after_the_way_down_and_up_what_it_was_before,
    what_an_earlier_version_does_after_the_way_down_is_adopted_as_its_rows_tell_it,
    an_adoption_that_was_interrupted_goes_on_at_the_next_start,
    a_log_that_an_earlier_version_went_on_with_unasked_is_refused_by_name_and_no_other,
    a_log_that_lacks_an_entry_is_refused_by_name_and_no_other,
    a_deleted_room_is_adopted_too,
    a_database_without_rooms_adopts_nothing,
}

on_both_databases! {
    Installation:
    a_step_that_was_deleted_by_hand_adopts_nothing_again_and_the_start_says_why,
}

/// Ignores the progress of a check.
struct Nobody;

impl Watch for Nobody {}

async fn check(app: &App) -> Outcome {
    fsck::run(app, Mode::Look, &mut Nobody).await.unwrap()
}

async fn bring_up(app: &App) -> Adopted {
    schema::bring_up(app, &Actor::System).await.unwrap().adopted
}

async fn take_back(app: &App) {
    let steps = way_down::take_back(app, &Actor::Operator, OLDER, true).await.unwrap();
    assert_eq!(
        steps,
        [
            "027_add_news",
            "026_name_approving_roles",
            "025_add_account_details",
            "024_add_partial_uploads",
            "023_add_mail",
            "022_put_parties_right",
            "021_add_search_texts",
            "020_withdraw_versions",
            "019_know_more_of_files",
            "018_add_heads_log",
            "017_add_contradictions",
            "016_snapshots_by_position",
            "015_mark_states",
            migrations::ADOPTION
        ]
    );
}

async fn entries(app: &App, log: Log) -> Vec<Entry> {
    app.db.read(async |tx| db::activity::range(tx, log, 0, i64::MAX).await).await.unwrap()
}

/// Returns the room as its log tells it. `None` if the log does not tell everything.
async fn told(app: &App, room: RoomId) -> Option<State> {
    let mut fold: Fold = Fold::new(room);
    for entry in entries(app, Log::Room(room)).await {
        fold.apply(&entry.leaf()).unwrap();
    }
    fold.into_state()
}

/// Fails unless the log of the room tells what its rows tell, and returns that.
async fn told_as_in_rows(app: &App, room: RoomId) -> State {
    let told = told(app, room).await.expect("the log tells everything");
    let in_rows = app.db.write(async move |tx: &mut Tx| room_rows::state(tx, room).await).await.unwrap();
    // Who has opened a file stands in no row.
    let in_rows = State { seen: told.seen.clone(), ..in_rows };
    assert_eq!(unsalted(told.clone()), unsalted(in_rows));
    told
}

/// Returns the state without the hashes that are others each time, because they are salted.
fn unsalted(mut state: State) -> State {
    // What a snapshot shows of the log stands in no row, and its record is stored on the way down.
    for snapshot in state.snapshots.values_mut() {
        (snapshot.shows, snapshot.body, snapshot.record_sha256) = (None, None, None);
    }
    for hold in state.holds.values_mut() {
        hold.reason_hash.clear();
        if let Some(lifted) = &mut hold.lifted {
            lifted.reason_hash.clear();
            lifted.confirm_reason_hash = lifted.confirm_reason_hash.as_ref().map(|_| String::new());
        }
    }
    for request in state.requests.values_mut() {
        request.reason_hash = request.reason_hash.as_ref().map(|_| String::new());
    }
    state
}

/// Appends an entry to the log of a room as versions did whose events have no version.
async fn append_as_earlier(app: &App, room: RoomId, action: &str, meta: Value) {
    let (in_tx, action) = (app.clone(), action.to_owned());
    let append = async move |tx: &mut Tx| {
        let log = Log::Room(room);
        let origin = log.origin(in_tx.log_key().name());
        let mut range = db::logs::lock_head(tx, log, &origin).await?.range;
        let (id, seq) = (EntryId(in_tx.new_id()), range.size().try_into().unwrap());
        let entry = Entry { id, log, seq, actor: "owner@example.com".to_owned(), action, at: in_tx.now(), meta };
        let hash = evidence::hash_of(&entry.leaf()).unwrap();
        let nodes = range.push(hash);
        let checkpoint =
            Checkpoint { origin, size: range.size(), root: range.root() }.signed(&in_tx.log_key()).unwrap();
        db::activity::insert(tx, &entry, &hash).await?;
        db::logs::insert_nodes(tx, log, &nodes).await?;
        db::logs::set_head(tx, log, &range, &checkpoint).await
    };
    app.db.write(append).await.unwrap();
}

async fn execute(app: &App, sql: &'static str) {
    app.db.write(async move |tx: &mut Tx| tx.batch(sql).await).await.unwrap();
}

/// Opens a second room, and returns its id.
async fn second_room(app: &TestApp, broker: &str) -> RoomId {
    let room = app.post("/rooms", broker).json(new_room(&[])).send().await.expect(201);
    room["id"].as_str().unwrap().parse().unwrap()
}

/// Makes a room with something in each table that belongs to it. Returns its id, the broker's token, and the id of a
/// version that the owner has downloaded.
async fn full_room(app: &TestApp) -> (RoomId, String, VersionId) {
    let (room, broker) = app.room().await;
    for admin in [ADA, BEN] {
        app.user(admin, Role::Admin).await;
    }
    let owner = app.user("owner@example.com", Role::Owner).await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let particulars = json!({ "length_m": 243.8, "beam_m": 42.0, "flag": "MT", "gross_tonnage": 57_000 });
    app.patch(&format!("/rooms/{room}/vessels/{vessel}"), &broker).json(particulars).send().await.expect(200);
    let document = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&document, &broker, "first", &[]).await;
    let version = app.version(&document, &broker, "second", &[("notes", "checked")]).await;
    let version = version["version"]["id"].as_str().unwrap().to_owned();
    for asked in [json!({ "subjects": "the survey" }), json!({})] {
        app.post(&format!("{document}/approve"), &owner).json(asked).send().await.expect(200);
    }
    let waiver = format!("{}/waiver", app.document(&room, &broker, "CLC", Some(&vessel)).await);
    app.post(&waiver, &broker).json(json!({ "reason": "cargo below 2000 t" })).send().await.expect(200);
    let approval = json!({ "vessel_id": vessel, "status": "pending" });
    app.post(&format!("/rooms/{room}/approvals"), &broker).json(approval).send().await.expect(201);
    assert_eq!(app.get(&format!("{document}/versions/{version}/download"), &owner).send().await.status, 200);
    app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    app.take(&room, &broker, json!({ "title": "Not drawn yet" })).await;
    hold_twice(app, &room).await;
    (room.parse().unwrap(), broker, version.parse().unwrap())
}

/// Places a hold on the room that two admins lift, and then one that the first admin asks to lift.
async fn hold_twice(app: &TestApp, room: &str) {
    let [ada, ben] = [app.session(ADA).await, app.session(BEN).await];
    for confirms in [Some(&ben), None] {
        let placed = app.post(&format!("/rooms/{room}/holds"), &ada).json(json!({ "reason": "A claim" })).send().await;
        let hold = placed.header("location").strip_prefix("/api/v1").unwrap().to_owned();
        let because = |reason: &str| json!({ "reason": reason });
        app.delete(&hold, &ada).json(because("It is settled")).send().await.expect(202);
        if let Some(ben) = confirms {
            app.delete(&hold, ben).json(because("So it is")).send().await.expect(200);
        }
    }
}

async fn a_room_is_after_the_way_down_and_up_what_it_was_before(app: TestApp) {
    let (room, broker, version) = full_room(&app).await;
    let before = told_as_in_rows(&app.app, room).await;
    assert_eq!((before.holds.len(), before.requests.len(), before.snapshots.len()), (2, 1, 2));
    assert!(before.seen["owner@example.com"].contains_key(&version.0), "{:?}", before.seen);
    take_back(&app.app).await;
    let log = entries(&app.app, Log::Room(room)).await;
    let last = log.last().unwrap();
    assert_eq!((&*last.action, &*last.actor), ("adoption_ended", "operator"));
    assert!(told(&app.app, room).await.is_none());

    let adopted = bring_up(&app.app).await;
    assert_eq!((adopted.rooms, adopted.left_alone, adopted.refused.len()), (1, 0, 0), "{adopted:?}");
    let after = told_as_in_rows(&app.app, room).await;
    assert_eq!(unsalted(after), unsalted(before));
    let outcome = check(&app.app).await;
    assert_eq!(outcome.damage(), 0, "{outcome:?}");

    // The next start appends nothing.
    let size = entries(&app.app, Log::Room(room)).await.len();
    let adopted = bring_up(&app.app).await;
    assert_eq!((adopted.rooms, adopted.left_alone, adopted.refused.len()), (0, 0, 0), "{adopted:?}");
    assert_eq!(entries(&app.app, Log::Room(room)).await.len(), size);

    let renamed = json!({ "title": "Renamed" });
    app.patch(&format!("/rooms/{room}"), &broker).json(renamed).send().await.expect(200);
    assert_eq!(told_as_in_rows(&app.app, room).await.room.title, "Renamed");
}

async fn what_an_earlier_version_does_after_the_way_down_is_adopted_as_its_rows_tell_it(app: TestApp) {
    let (room, _, version) = full_room(&app).await;
    let before = told(&app.app, room).await.unwrap().seen["owner@example.com"][&version.0];
    take_back(&app.app).await;
    app.later(Duration::from_mins(1));
    execute(&app.app, "UPDATE rooms SET title = 'By an earlier version'").await;
    append_as_earlier(&app.app, room, "room_updated", json!({ "changes": {} })).await;
    append_as_earlier(&app.app, room, "document_downloaded", json!({ "version_id": version })).await;
    assert_eq!(bring_up(&app.app).await.rooms, 1);
    let state = told_as_in_rows(&app.app, room).await;
    assert_eq!(state.room.title, "By an earlier version");
    let after = state.seen["owner@example.com"][&version.0];
    assert_eq!((after.first, after.last, after.times), (before.first, app.app.now(), before.times + 1));
}

async fn an_adoption_that_was_interrupted_goes_on_at_the_next_start(app: TestApp) {
    let (first, broker) = app.room().await;
    let rooms = [first.parse().unwrap(), second_room(&app, &broker).await];
    take_back(&app.app).await;
    // As far as a start comes that is killed after the steps of the schema.
    assert_eq!(migrations::up(&app.app.db, app.app.now()).await.unwrap(), AFTER_ADOPTION);
    for room in rooms {
        assert!(told(&app.app, room).await.is_none());
    }
    let BroughtUp { steps, adopted } = schema::bring_up(&app.app, &Actor::System).await.unwrap();
    assert_eq!((steps.len(), adopted.rooms), (0, 2), "{adopted:?}");
    for room in rooms {
        told_as_in_rows(&app.app, room).await;
    }
}

async fn a_log_that_an_earlier_version_went_on_with_unasked_is_refused_by_name_and_no_other(app: TestApp) {
    app.tampered();
    let (first, broker) = app.room().await;
    let (room, other) = (first.parse().unwrap(), second_room(&app, &broker).await);
    append_as_earlier(&app.app, room, "room_updated", json!({ "changes": {} })).await;
    let size = entries(&app.app, Log::Room(room)).await.len();
    let refused = async || {
        let adopted = bring_up(&app.app).await;
        let [refused] = &adopted.refused[..] else { panic!("one log is refused: {adopted:?}") };
        assert_eq!(refused.room, room);
        assert!(refused.why.contains("it is of version 1, after entries of version 2"), "{refused:?}");
        adopted.rooms
    };
    assert_eq!(refused().await, 0);
    // The way down does not end what has not been sound.
    take_back(&app.app).await;
    assert_eq!(refused().await, 1);
    assert_eq!(entries(&app.app, Log::Room(room)).await.len(), size);
    told_as_in_rows(&app.app, other).await;
}

async fn a_log_that_lacks_an_entry_is_refused_by_name_and_no_other(app: TestApp) {
    app.tampered();
    let (first, broker) = app.room().await;
    let (room, other) = (first.parse().unwrap(), second_room(&app, &broker).await);
    take_back(&app.app).await;
    let key = first.clone();
    // Four times as many entries have as many subtrees, so the head can be read.
    let lengthen = async move |tx: &mut Tx| {
        tx.exec("UPDATE room_logs SET size = 4 * size WHERE room_id = ?1", &[&key]).await.map(drop)
    };
    app.app.db.write(lengthen).await.unwrap();
    let adopted = bring_up(&app.app).await;
    let [refused] = &adopted.refused[..] else { panic!("one log is refused: {adopted:?}") };
    assert_eq!(refused.room, room);
    assert!(refused.why.contains("entries, and the log has"), "{refused:?}");
    assert_eq!(adopted.rooms, 1);
    told_as_in_rows(&app.app, other).await;
}

async fn a_deleted_room_is_adopted_too(app: TestApp) {
    let (room, _) = app.room().await;
    let admin = app.user(ADA, Role::Admin).await;
    let gone = app.delete(&format!("/rooms/{room}?force=true"), &admin).json(json!({ "reason": "a test" }));
    assert!(gone.send().await.status < 300);
    take_back(&app.app).await;
    assert_eq!(bring_up(&app.app).await.rooms, 1);
    let state = told_as_in_rows(&app.app, room.parse().unwrap()).await;
    assert_eq!(state.room.status, RoomStatus::Deleted);
}

async fn a_database_without_rooms_adopts_nothing(app: TestApp) {
    take_back(&app.app).await;
    let adopted = bring_up(&app.app).await;
    assert_eq!((adopted.rooms, adopted.left_alone, adopted.refused.len()), (0, 0, 0), "{adopted:?}");
    let adopted = adoption::adopt_logs(&app.app, &Actor::System, &[]).await.unwrap();
    assert_eq!((adopted.rooms, adopted.left_alone, adopted.refused.len()), (0, 0, 0), "{adopted:?}");
}

async fn a_step_that_was_deleted_by_hand_adopts_nothing_again_and_the_start_says_why(place: Installation) {
    const SAID: &str = "tell everything already and are not adopted again";
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &new_room(&[])).await;
    let activities = format!("/rooms/{}/activities", room["id"].as_str().unwrap());
    let before = server.api.all(&activities, &token).await;
    assert!(!server.log().contains(SAID), "{}", server.log());
    drop(server);

    let forged = "DELETE FROM schema_migrations WHERE name = '014_adopt_logs'; DROP TABLE private_texts;
                  UPDATE rooms SET title = 'Forged'";
    place.execute(forged).await;
    let server = place.serve();
    assert_eq!(server.log().matches(SAID).count(), 1, "{}", server.log());
    assert_eq!(server.api.all(&activities, &token).await, before);
    drop(server);
    let checked = place.run(&["fsck"]);
    let found = checked.expect(1);
    assert!(found.contains("rooms.title") && found.contains("Forged"), "{found}");

    place.execute(forged).await;
    let up = place.run(&["migrate", "up"]);
    let said = up.expect(0);
    assert!(said.starts_with("014_adopt_logs taken\n") && said.matches(SAID).count() == 1, "{said}");
    assert_eq!(place.run(&["migrate", "up"]).expect(0), "there is nothing to take\n");
}

#[tokio::test]
async fn the_demo_of_release_0_2_0_comes_up_goes_down_and_up_again() {
    the_demo_comes_up_goes_down_and_up_again("0.2.0").await;
}

#[tokio::test]
async fn the_demo_of_release_0_3_0_comes_up_goes_down_and_up_again() {
    the_demo_comes_up_goes_down_and_up_again("0.3.0").await;
}

/// Holds every stored file of these rooms against the log, as far as it carries a proof.
async fn agree_with_the_log(app: &App, rooms: &[RoomId]) {
    let children = Children::of(env!("CARGO_BIN_EXE_sts-clearance").into(), None);
    let app = app.with_children(children);
    for room in rooms {
        let page = Page { limit: 100, offset: 0 };
        let (snapshots, ..) = app.db.read(async |tx| db::snapshots::list(tx, *room, &page.into()).await).await.unwrap();
        for snapshot in snapshots.into_iter().filter(|snapshot| snapshot.status == SnapshotStatus::Completed) {
            let account = UserId(app.new_id());
            let (_, report) = verifying::verify_stored(&app, *room, snapshot.id, account).await.unwrap();
            let check = report.file.checks.iter().find(|check| check.name == "own log");
            assert_eq!(check.map(|check| check.outcome), snapshot.proof.map(|_| CheckOutcome::Ok), "{report:#?}");
        }
    }
}

async fn the_demo_comes_up_goes_down_and_up_again(release: &str) {
    let dir = TempDir::new().unwrap();
    unpack_demo(release, dir.path());
    let data_dir = dir.path().join(format!("demo-{release}")).display().to_string();
    let settings = Layers::read(None, &[], &[("data_dir", data_dir)]).unwrap().config().unwrap();
    let app = App::open(settings, Clock::System).unwrap();
    let BroughtUp { steps, adopted } = schema::bring_up(&app, &Actor::System).await.unwrap();
    assert!(steps.contains(&migrations::ADOPTION), "{steps:?}");
    assert_eq!((adopted.rooms, adopted.left_alone, adopted.refused.len()), (2, 0, 0), "{adopted:?}");

    let rooms = rooms(&app).await;
    let mut first = Vec::new();
    let mut parts = Vec::new();
    for room in &rooms {
        first.push(told_as_in_rows(&app, *room).await);
        let log = entries(&app, Log::Room(*room)).await;
        let adopted = log.iter().filter(|entry| entry.action == "room_adopted");
        let sizes: Vec<_> = adopted.map(|entry| entry.meta.to_string().len()).collect();
        assert!(sizes.iter().all(|size| *size <= 64 * 1024), "{sizes:?}");
        parts.push(sizes.len());
    }
    assert!(parts.iter().any(|parts| *parts > 1), "a room of many parts: {parts:?}");
    let outcome = check(&app).await;
    assert_eq!(outcome.damage(), 0, "{:#?}", outcome.findings);

    // A second start appends nothing to the rooms.
    let sizes = sizes(&app, &rooms).await;
    assert_eq!(bring_up(&app).await.rooms, 0);
    assert_eq!(self::sizes(&app, &rooms).await, sizes);

    agree_with_the_log(&app, &rooms).await;

    take_back(&app).await;
    for room in &rooms {
        assert!(told(&app, *room).await.is_none());
    }
    assert_eq!(bring_up(&app).await.rooms, 2);
    for (room, first) in rooms.iter().zip(first) {
        assert_eq!(unsalted(told_as_in_rows(&app, *room).await), unsalted(first));
    }
    let outcome = check(&app).await;
    assert_eq!(outcome.damage(), 0, "{:#?}", outcome.findings);
}

#[tokio::test]
async fn files_of_an_adopted_room_say_from_where_on_the_log_tells_everything() {
    let place = Installation::new(None);
    unpack_demo("0.3.0", &place.path(""));
    fs::rename(place.path("demo-0.3.0"), place.path("data")).unwrap();
    place.run(&["migrate", "up"]).expect(0);
    place.add_user(ADA, "admin");
    // The demo's accounts are in it, so it is served as a demo.
    let server = Server::start(&place, &mut place.command(&["serve", "--demo", "--listen", "127.0.0.1:0"]));
    let ada = server.api.sign_in(ADA).await;
    let rooms = server.api.all("/rooms", &ada).await;
    let room = rooms[0]["id"].as_str().unwrap();
    let log = server.api.all(&format!("/rooms/{room}/activities"), &ada).await;
    let adopted = log.iter().find(|entry| entry["action"] == "room_adopted").expect("its last part, the newest first");
    let (entry, at) = (adopted["seq"].as_u64().unwrap(), adopted["timestamp"].as_str().unwrap());
    let said = format!("Up to entry {entry}, of {} UTC, the log did not tell everything", at[..19].replace('T', " "));
    let after = format!("From entry {} on, the log tells everything.", entry + 1);

    for (kind, entries) in [("pdf", true), ("json", true), ("pdf", false)] {
        let asked = json!({ "snapshot_type": kind, "include_activity": entries });
        let snapshot = server.api.post(&format!("/rooms/{room}/snapshots"), &ada, &asked).await;
        let snapshot = server.api.completed(room, snapshot["id"].as_str().unwrap(), &ada).await;
        let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
        let file = server.api.request(Method::GET, url, &ada).send().await.unwrap().bytes().await.unwrap();
        fs::write(place.path("file"), &file).unwrap();
        let key = place.run(&["key", "show"]);
        let verify = ["verify", "file", "--key", key.expect(0).trim()];
        let told = place.run(&verify);
        // Without entries, nobody can fold the record's facts from them.
        let code = if entries { 0 } else { 3 };
        let lines: Vec<_> = told.expect(code).lines().filter(|line| line.starts_with("Adopted")).collect();
        let report: Value = serde_json::from_str(place.run(&[&verify[..], &["--json"]].concat()).expect(code)).unwrap();
        let field = &report["facts"]["told"]["adopted"];
        if entries {
            assert!(matches!(lines[..], [line] if line.contains(&said) && line.ends_with(&after)), "{told:?}");
            assert_eq!((&field["entry"], &field["at"]), (&json!(entry), &json!(at)), "{report}");
        } else {
            assert_eq!((lines.len(), field), (0, &Value::Null), "{report}");
        }
    }
}

#[test]
fn a_log_tells_everything_from_the_end_of_its_last_adoption_on() {
    type Named = (&'static str, Value);
    let old = |action: &'static str| -> Named { (action, json!({ "part": 1, "of": 1 })) };
    let new = |action: &'static str| -> Named { (action, json!({ "v": 2 })) };
    let part = |part: u64, of: u64| -> Named { ("room_adopted", json!({ "v": 2, "part": part, "of": of })) };
    let (before, after, ended) = (|| old("room_updated"), || new("room_updated"), || new("adoption_ended"));
    let of_platform = ("platform_adopted", json!({ "v": 2, "part": 1, "of": 1 }));
    let cases = [
        (vec![], None),
        (vec![before(), before()], None),
        (vec![after(), after()], None),
        (vec![before(), part(1, 2), part(2, 2), after()], Some(2)),
        (vec![of_platform], Some(0)),
        // A part alone adopts nothing, and neither does what is none.
        (vec![before(), part(1, 2)], None),
        (vec![new("room_adopted")], None),
        (vec![part(1, 1), after(), ended(), before(), part(1, 1)], Some(4)),
        (vec![part(1, 1), after(), ended()], None),
        (vec![part(1, 1), after(), ended(), before()], None),
        // What an entry of version 1 is called means nothing.
        (vec![old("room_adopted"), before()], None),
        (vec![part(1, 1), old("adoption_ended")], Some(0)),
    ];
    let second = |seq: u64| Timestamp::from_second(1_000 + seq.cast_signed()).unwrap();
    for (entries, expected) in cases {
        let outlines: Vec<_> = (0..)
            .zip(&entries)
            .map(|(seq, (action, meta))| EntryOutline { seq, action, timestamp: second(seq), meta })
            .collect();
        let expected = expected.map(|seq| LastAdoption { seq, at: second(seq) });
        assert_eq!(LastAdoption::among(outlines.into_iter()), expected, "{entries:?}");
    }
}

async fn rooms(app: &App) -> Vec<RoomId> {
    let list = async |tx: &mut Tx| tx.rows("SELECT id FROM rooms ORDER BY id", &[]).await;
    let rows = app.db.read(list).await.unwrap();
    rows.iter().map(|row| row.get(0).unwrap()).collect()
}

async fn sizes(app: &App, rooms: &[RoomId]) -> Vec<usize> {
    let mut sizes = Vec::new();
    for room in rooms {
        sizes.push(entries(app, Log::Room(*room)).await.len());
    }
    sizes
}

/// Unpacks the data directory of the demo that a released version has made.
pub(crate) fn unpack_demo(release: &str, into: &Path) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures");
    let packed = fs::read(fixtures.join(release).join(format!("demo-{release}.tar.zst"))).unwrap();
    unpack_tar(&zstd::decode_all(&*packed).unwrap(), into);
}

/// Unpacks files and directories of an archive that GNU tar has made.
fn unpack_tar(mut archive: &[u8], into: &Path) {
    const BLOCK: usize = 512;
    let text = |field: &[u8]| {
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
        String::from_utf8(field[..end].to_vec()).unwrap()
    };
    let mut long_name = None;
    while archive.first().is_some_and(|byte| *byte != 0) {
        let (header, rest) = archive.split_at(BLOCK);
        let size = usize::from_str_radix(text(&header[124..136]).trim(), 8).unwrap();
        let content = &rest[..size];
        archive = &rest[size.next_multiple_of(BLOCK)..];
        // A name of more than 100 bytes stands before its file, as a file of its own.
        if header[156] == b'L' {
            long_name = Some(text(content));
            continue;
        }
        let path = into.join(long_name.take().unwrap_or_else(|| text(&header[..100])));
        match header[156] {
            b'5' => fs::create_dir_all(&path).unwrap(),
            b'0' => fs::write(&path, content).unwrap(),
            other => panic!("an entry of the kind {other}"),
        }
        // Keys that others may read are refused.
        let mode = u32::from_str_radix(text(&header[100..108]).trim(), 8).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
}
