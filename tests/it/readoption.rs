//! A log that tells everything is adopted again by an operator alone, and then lists whatever the rows said otherwise.

use std::fs;

use report::Fonts;
use reqwest::Method;
use room::{
    Difference, Event, Leaf, Log, Role, RoomId, RowFault, Time,
    fold::{Adoption, Fold, PlatformFold, PlatformState, State, Why},
};
use serde_json::{Value, json};
use sts_clearance::domain::snapshots::way_down;
use sts_clearance::{
    app::App,
    db::{self, Tx, activity::Entry},
    domain::{
        fsck::{self, Mode as FsckMode, Watch},
        log::{
            Actor,
            readoption::{Again, Mode, adopt_again},
            schema,
        },
    },
    evidence::{
        PublicKeys,
        verify::{Exhibits, verify},
    },
};

use crate::harness::{IMO, Installation, TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    what_the_rows_say_is_told_after_a_list_of_every_difference,
    a_list_is_cut_into_entries_and_long_values_are_named_by_their_hash,
    a_row_that_no_log_can_tell_keeps_its_log_from_being_adopted_again_and_no_other,
    a_reason_that_was_private_stays_private,
}

on_both_databases! {
    Installation:
    the_command_counts_first_and_verify_prints_what_it_did,
}

/// Ignores the progress of a check.
struct Nobody;

impl Watch for Nobody {}

/// Returns the findings of damage.
async fn damage(app: &App) -> Vec<String> {
    let outcome = fsck::run(app, FsckMode::Look, &mut Nobody).await.unwrap();
    outcome.findings.iter().filter(|finding| finding.is_damage()).map(ToString::to_string).collect()
}

async fn entries(app: &App, log: Log) -> Vec<Entry> {
    app.db.read(async |tx| db::activity::range(tx, log, 0, i64::MAX).await).await.unwrap()
}

/// Returns the room as its log tells it.
async fn told(app: &App, room: RoomId) -> State {
    let mut fold: Fold = Fold::new(room);
    for entry in entries(app, Log::Room(room)).await {
        fold.apply(&entry.leaf()).unwrap();
    }
    fold.into_state().unwrap()
}

async fn execute(app: &TestApp, statements: &[&str]) {
    app.tampered();
    let statements: Vec<_> = statements.iter().map(|&sql| sql.to_owned()).collect();
    let run = async move |tx: &mut Tx| {
        for sql in &statements {
            assert!(tx.exec(sql, &[]).await? > 0, "{sql}");
        }
        Ok(())
    };
    app.app.db.write(run).await.unwrap();
}

async fn again(app: &TestApp, mode: Mode) -> Vec<(Log, Again)> {
    adopt_again(&app.app, &Actor::Operator, mode).await.unwrap()
}

/// Returns the differences that an entry lists.
fn listed(entry: &Entry) -> Vec<Difference> {
    serde_json::from_value(entry.meta["differences"].clone()).unwrap()
}

/// Makes a room with a vessel, a version, a decision, an approval, and a hold with a request to lift it. Returns its id
/// and the broker's token.
async fn furnished(app: &TestApp) -> (RoomId, String) {
    let (room, broker) = app.room().await;
    let [admin, owner] =
        [app.user("ada@example.com", Role::Admin).await, app.user("owner@example.com", Role::Owner).await];
    let path = format!("/rooms/{room}");
    let star = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let document = app.document(&room, &broker, "Q88", Some(&star)).await;
    app.version(&document, &broker, "particulars", &[]).await;
    app.post(&format!("{document}/approve"), &admin).json(json!({})).send().await.expect(200);
    let approval = json!({ "vessel_id": star, "status": "pending" });
    app.post(&format!("{path}/approvals"), &owner).json(approval).send().await.expect(201);
    let hold =
        app.post(&format!("{path}/holds"), &admin).json(json!({ "reason": "Claim 4711" })).send().await.expect(201);
    let lift = format!("{path}/holds/{}", hold["id"].as_str().unwrap());
    app.delete(&lift, &admin).json(json!({ "reason": "Settled" })).send().await.expect(202);
    (room.parse().unwrap(), broker)
}

async fn what_the_rows_say_is_told_after_a_list_of_every_difference(app: TestApp) {
    let (room, broker) = furnished(&app).await;
    let other: RoomId = {
        let other = app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
        other["id"].as_str().unwrap().parse().unwrap()
    };
    assert_eq!(again(&app, Mode::Adopt).await, [], "nothing differs");
    execute(
        &app,
        &[
            "UPDATE vessels SET flag = 'PA', name = 'Aegean Moon'",
            "UPDATE approvals SET status = 'approved'",
            "DELETE FROM parties WHERE role = 'buyer'",
            "UPDATE holds SET reason = 'Claim 4712'",
            "INSERT INTO decisions (id, version_id, seq, party, role, verdict, decided_at)
             SELECT '00000000-0000-7000-8000-000000000001', version_id, seq + 1, party, role, 'rejected', decided_at
             FROM decisions",
            "UPDATE users SET name = 'Ada Byron', password_hash = 'of another' WHERE role = 'admin'",
        ],
    )
    .await;
    let (log, before) = (Log::Room(room), entries(&app.app, Log::Room(room)).await);
    let expected = [(Log::Platform, Again::Differs(2)), (log, Again::Differs(6))];
    assert_eq!(again(&app, Mode::Count).await, expected);
    assert_eq!(entries(&app.app, log).await, before, "counting appends nothing");
    assert_ne!(damage(&app.app).await, Vec::<String>::new());
    let untouched = entries(&app.app, Log::Room(other)).await;

    assert_eq!(again(&app, Mode::Adopt).await, expected);
    assert_eq!(damage(&app.app).await, Vec::<String>::new());
    assert_eq!(again(&app, Mode::Adopt).await, [], "it is done");
    assert_eq!(entries(&app.app, Log::Room(other)).await, untouched);
    let state = told(&app.app, room).await;
    assert!(state.vessels.values().all(|vessel| vessel.details.name == "Aegean Moon"));
    let after = entries(&app.app, log).await;
    let [list, state] = &after[before.len()..] else { panic!("one list, and one part of a state") };
    assert_eq!((&*list.action, &*list.actor, &*state.action), ("adopted_again", "operator", "room_adopted"));
    assert_eq!((&list.meta["total"], &state.meta["continues"]), (&json!(6), &json!(true)));
    let sentences: Vec<_> = listed(list).iter().map(ToString::to_string).collect();
    for part in [
        "vessels.name of ",
        "the log said `Aegean Star`, the row said `Aegean Moon`",
        "the log said nothing, the row said `PA`",
        "approvals.status of ",
        "the log told of it, and its row was missing",
        "decisions of 00000000-0000-7000-8000-000000000001: the log did not tell of this row",
        "holds.reason of ",
    ] {
        assert!(sentences.iter().any(|sentence| sentence.contains(part)), "{part} in {sentences:#?}");
    }
    let metas: String = after.iter().map(|entry| entry.meta.to_string()).collect();
    assert!(!metas.contains("Claim 47") && !metas.contains("Settled"), "{metas}");
    let platform = entries(&app.app, Log::Platform).await;
    let [list, state] = &platform[platform.len() - 2..] else { panic!("one list, and one part of a state") };
    assert_eq!((&*list.action, &*state.action), ("adopted_again", "platform_adopted"));
    assert!(!list.meta.to_string().contains("of another"), "{}", list.meta);
    it_goes_on(&app, room, &broker).await;
}

/// Uses a room whose log was adopted again, verifies a file, and takes the schema down and up.
async fn it_goes_on(app: &TestApp, room: RoomId, broker: &str) {
    app.vessel(&room.to_string(), broker, "Northern Light", "receiving", IMO[1]).await;
    let snapshot = app.snapshot(&room.to_string(), broker, json!({ "snapshot_type": "pdf" })).await;
    let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    let file = app.get(url, broker).send().await.body;
    let (keys, fonts) = (PublicKeys::trusted(&[app.app.log_key().public()]).unwrap(), Fonts::embedded());
    let keys = Some(&keys);
    let given = Exhibits::of(&file, keys, &fonts);
    let report = verify(&given).unwrap();
    assert!(report.verified, "{report:#?}");
    let adopted = report.file.facts.told.unwrap().adopted_again.unwrap();
    assert_eq!((adopted.total, adopted.differences.len()), (6, 6));
    assert!(adopted.differences.iter().all(|listed| listed.contains("operator")), "{adopted:#?}");
    assert_eq!(damage(&app.app).await, Vec::<String>::new());

    let brought = schema::bring_up(&app.app, &Actor::System).await.unwrap();
    assert_eq!((brought.adopted.rooms, brought.adopted.refused.len()), (0, 0), "{brought:?}");
    way_down::take_back(&app.app, &Actor::Operator, "013", true).await.unwrap();
    let log = entries(&app.app, Log::Room(room)).await;
    assert_eq!(log.last().unwrap().action, "adoption_ended");
    assert_eq!(again(app, Mode::Count).await.len(), 0, "it does not tell everything");
    assert_eq!(schema::bring_up(&app.app, &Actor::System).await.unwrap().adopted.rooms, 2);
    assert_eq!(damage(&app.app).await, Vec::<String>::new());
}

async fn a_list_is_cut_into_entries_and_long_values_are_named_by_their_hash(app: TestApp) {
    let (room, _) = app.room().await;
    let long = format!("ETA {}", "ö".repeat(999));
    execute(&app, &[&format!("UPDATE documents SET name = '{long}', category = '{long}'")]).await;
    let of_room = Log::Room(room.parse().unwrap());
    let before = entries(&app.app, of_room).await.len();
    let found = again(&app, Mode::Adopt).await;
    let [(_, Again::Differs(total))] = &found[..] else { panic!("{found:?}") };
    assert_eq!(damage(&app.app).await, Vec::<String>::new());
    let after = entries(&app.app, of_room).await;
    let lists: Vec<_> = after[before..].iter().filter(|entry| entry.action == "adopted_again").collect();
    assert!(lists.len() > 1, "{}", lists.len());
    for (part, list) in (1..).zip(&lists) {
        assert!(list.meta.to_string().len() <= 32 * 1024, "{}", list.meta.to_string().len());
        let expected = [json!(part), json!(lists.len()), json!(total)];
        assert_eq!(["part", "of", "total"].map(|field| list.meta[field].clone()), expected);
    }
    let listed: Vec<_> = lists.iter().flat_map(|list| listed(list)).collect();
    assert_eq!(listed.len(), *total);
    let shown = format!("ETA {}… (SHA-256 ", "ö".repeat(996));
    assert!(listed.iter().all(|it| it.row.as_deref().is_some_and(|row| row.starts_with(&shown))), "{:?}", listed[0]);
}

async fn a_row_that_no_log_can_tell_keeps_its_log_from_being_adopted_again_and_no_other(app: TestApp) {
    let (room, broker) = app.room().await;
    let (snapshot, _) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    app.work().await;
    let other = app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    let other: RoomId = other["id"].as_str().unwrap().parse().unwrap();
    let elsewhere = "UPDATE snapshots SET file_url = 'elsewhere'";
    execute(&app, &[elsewhere, "UPDATE rooms SET title = 'Another'"]).await;
    let texts = async |tx: &mut Tx| tx.one("SELECT COUNT(*) FROM private_texts", &[]).await?.get::<i64>(0);
    let kept = app.app.db.read(texts).await.unwrap();
    let found = again(&app, Mode::Adopt).await;
    let [(_, Again::Refused(why)), (log, Again::Differs(1))] = &found[..] else { panic!("{found:?}") };
    assert!(why.contains("`file_url`") && why.contains(snapshot["id"].as_str().unwrap()), "{why}");
    assert_eq!(*log, Log::Room(other));
    assert_eq!(told(&app.app, other).await.room.title, "Another");
    assert_eq!(app.app.db.read(texts).await.unwrap(), kept, "nothing of it stays");
}

async fn a_reason_that_was_private_stays_private(app: TestApp) {
    let (room, _) = furnished(&app).await;
    execute(&app, &["UPDATE confirmations SET deed = 'delete_room', reason = 'Settled at last'"]).await;
    assert_eq!(again(&app, Mode::Adopt).await, [(Log::Room(room), Again::Differs(2))]);
    let metas: String = entries(&app.app, Log::Room(room)).await.iter().map(|entry| entry.meta.to_string()).collect();
    assert!(!metas.contains("Settled"), "{metas}");
    assert_eq!(damage(&app.app).await, Vec::<String>::new());
}

async fn the_command_counts_first_and_verify_prints_what_it_did(place: Installation) {
    const AGAIN: [&str; 3] = ["migrate", "up", "--adopt-again"];
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &new_room(&[])).await;
    let room = room["id"].as_str().unwrap();
    drop(server);
    let nothing = place.run(&AGAIN);
    assert!(
        nothing.expect(0).ends_with("no row says anything else than the logs; none is adopted again\n"),
        "{nothing:?}"
    );
    place.execute("UPDATE documents SET category = 'forged', name = 'forged'; UPDATE rooms SET title = 'Forged'").await;
    let counted = place.run(&AGAIN);
    let name = format!("the log of the room {room}: ");
    assert!(counted.expect(1).contains(&name) && counted.stderr.contains("repeat with --yes"), "{counted:?}");
    place.run(&["fsck"]).expect(1);
    let done = place.run(&[&AGAIN[..], &["--yes"]].concat());
    assert!(done.expect(0).contains(&name) && done.stdout.contains(" differences, adopted again\n"), "{done:?}");
    place.run(&["fsck"]).expect(0);

    let server = place.serve();
    let snapshots = format!("/rooms/{room}/snapshots");
    let snapshot = server.api.post(&snapshots, &token, &json!({ "snapshot_type": "json" })).await;
    let snapshot = snapshot["id"].as_str().unwrap();
    server.api.completed(room, snapshot, &token).await;
    let file = server.api.request(Method::GET, &format!("{snapshots}/{snapshot}/download"), &token);
    fs::write(place.path("report.json"), file.send().await.unwrap().bytes().await.unwrap()).unwrap();
    fs::write(place.path("log.key"), place.run(&["key", "show"]).expect(0)).unwrap();
    let verified = place.run(&["verify", "report.json", "--key", "log.key"]);
    let said = verified.expect(0);
    assert_eq!(
        said.matches("the row said `forged`").count() + said.matches("the row said `Forged`").count(),
        20,
        "{said}"
    );
    assert!(said.contains("Adopted     again, by an operator") && said.contains(" more\n"), "{said}");
}

/// Returns an entry of a log, with the fields of the event as they are given.
fn entry(log: Log, seq: u64, event: &Event) -> Leaf {
    let (action, meta): (String, Value) = event.to_entry(room::Envelope::default()).unwrap();
    let at: Time = "2026-11-23T08:00:00Z".parse().unwrap();
    let id = format!("00000000-0000-0000-0000-{seq:012}");
    let room_id = log.room().map(|room| room.to_string());
    Leaf { action, actor: "operator".into(), id, meta, room_id, seq, timestamp: at.into() }
}

#[test]
fn the_fold_takes_a_list_only_whole_and_before_a_state() {
    let apply = |fold: &mut PlatformFold, event: &Event| {
        let seq = fold.size();
        fold.apply(&entry(Log::Platform, seq, event)).map_err(|contradiction| contradiction.why)
    };
    let difference = Difference {
        table: "users".into(),
        id: "x".repeat(900),
        fault: RowFault::Added,
        column: None,
        log: None,
        row: None,
    };
    let events = Adoption::events_again(vec![difference; 80], &PlatformState::default()).unwrap();
    let [first, second, third, state] = &events[..] else { panic!("{}", events.len()) };
    let mut fold = PlatformFold::of_platform();
    // A log that does not tell everything is adopted, and not adopted again.
    assert!(matches!(apply(&mut fold.clone(), first), Err(Why::Against(_))));
    apply(&mut fold, state).unwrap();
    for (before, wrong) in [(&[][..], second), (&[first], third), (&[first], state), (&[first, second, third], first)] {
        let mut fold = fold.clone();
        for event in before {
            apply(&mut fold, event).unwrap();
        }
        assert!(matches!(apply(&mut fold, wrong), Err(Why::Against(_))), "{wrong:?}");
    }
    apply(&mut fold, first).unwrap();
    let signed_in = Event::SignedIn {};
    assert!(matches!(apply(&mut fold.clone(), &signed_in), Err(Why::Against(_))));
    apply(&mut fold, second).unwrap();
    apply(&mut fold, third).unwrap();
    assert!(matches!(apply(&mut fold.clone(), &signed_in), Err(Why::Against(_))));
    assert!(fold.state().is_none() && !fold.may_be_adopted());
    apply(&mut fold, state).unwrap();
    apply(&mut fold, &signed_in).unwrap();
    assert_eq!(fold.state(), Some(&PlatformState::default()));
}
