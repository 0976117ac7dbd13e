//! What an operation decides and writes follows from the log, and the state that it is given is that of the log: whatever
//! the rows say, whichever node wrote before, and whatever was rolled back.

use report::record;
use room::{Event, Log, Role, RoomId};
use serde_json::{Value, json};
use sts_clearance::{
    db::Tx,
    domain::{
        fsck::{self, Mode, Watch},
        log::{Actor, operation},
    },
    error::{Error, Result},
};

use crate::harness::{IMO, TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    forged_rows_decide_nothing_and_are_written_over,
    a_forged_decision_is_in_no_snapshot,
    a_party_only_by_a_row_changes_nothing,
    a_hold_whose_row_is_gone_still_holds,
    two_nodes_that_take_turns_write_one_log,
    an_operation_that_is_rolled_back_leaves_no_trace_in_the_next,
    a_state_of_entries_that_were_rolled_back_is_dropped_where_another_node_wrote_others,
    a_changed_entry_stops_the_writes_of_its_room_and_no_other,
}

struct Nobody;

impl Watch for Nobody {}

async fn damage(app: &TestApp) -> Vec<String> {
    let outcome = fsck::run(&app.app, Mode::Look, &mut Nobody).await.unwrap();
    outcome.findings.iter().filter(|finding| finding.is_damage()).map(ToString::to_string).collect()
}

/// Changes rows behind the log's back.
async fn forge(app: &TestApp, statements: &'static [&'static str]) {
    app.tampered();
    let forged = app.app.db.write(async move |tx: &mut Tx| {
        for sql in statements {
            assert!(tx.exec(sql, &[]).await? > 0, "{sql}");
        }
        Ok(())
    });
    forged.await.unwrap();
}

async fn forged_rows_decide_nothing_and_are_written_over(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    let star = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    forge(&app, &["UPDATE rooms SET phase = 'closed', title = 'Forged'", "UPDATE vessels SET flag = 'PA'"]).await;
    // A closed room would refuse this.
    let changed = app.patch(&path, &broker).json(json!({ "location": "Off Malta" })).send().await.expect(200);
    assert_eq!((&changed["title"], &changed["phase"]), (&json!("STS Ceuta"), &json!("nomination")));
    let vessel = format!("{path}/vessels/{star}");
    let changed = app.patch(&vessel, &broker).json(json!({ "owner": "Poseidon" })).send().await.expect(200);
    assert_eq!(changed["flag"], Value::Null);
    assert_eq!(damage(&app).await, Vec::<String>::new(), "both rows were written whole");
}

async fn a_forged_decision_is_in_no_snapshot(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let room = room.strip_prefix("/rooms/").unwrap().to_owned();
    app.version(&document, &broker, "a study", &[]).await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    app.post(&format!("{document}/reject"), &owner).json(json!({ "reason": "no" })).send().await.expect(200);
    forge(
        &app,
        &["INSERT INTO decisions (id, version_id, seq, party, role, verdict, comment, decided_at)
           SELECT '00000000-0000-7000-8000-000000000000', version_id, 1, party, role, 'approved', NULL, decided_at
           FROM decisions"],
    )
    .await;
    let (taken, _) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let record = record::read(&app.record_of(taken["id"].as_str().unwrap()).await).unwrap();
    let documents = record.documents.unwrap();
    let verdicts: Vec<_> = documents
        .iter()
        .flat_map(|document| &document.versions)
        .flat_map(|version| version.decisions.iter().map(|decision| decision.verdict.clone()))
        .collect();
    assert_eq!(verdicts, ["rejected"]);
    // The next decision is the second one in the log, and the forged row has its place.
    app.post(&format!("{document}/approve"), &owner).json(json!({})).send().await.expect(200);
    assert_eq!(damage(&app).await, Vec::<String>::new(), "the forged row went");
}

async fn a_party_only_by_a_row_changes_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    let buyer = app.user("buyer@example.com", Role::Buyer).await;
    let mallory = app.user("mallory@example.com", Role::Broker).await;
    forge(
        &app,
        &[
            "UPDATE parties SET role = 'broker' WHERE email = 'buyer@example.com'",
            "INSERT INTO parties (id, room_id, role, name, email, added_at)
             SELECT '00000000-0000-7000-8000-000000000000', id, 'broker', 'Mallory', 'mallory@example.com', created_at
             FROM rooms",
        ],
    )
    .await;
    let before = app.actions(&room, &broker).await;
    for (token, status) in [(&buyer, 409), (&mallory, 403)] {
        let reply = app.patch(&path, token).json(json!({ "title": "Forged" })).send().await;
        assert_eq!(reply.status, status);
    }
    assert_eq!(app.actions(&room, &broker).await, before);
}

async fn a_hold_whose_row_is_gone_still_holds(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("ada@example.com", Role::Admin).await;
    let (_, snapshot) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let hold = json!({ "reason": "Claim 4711" });
    app.post(&format!("/rooms/{room}/holds"), &admin).json(hold).send().await.expect(201);
    forge(&app, &["DELETE FROM holds"]).await;
    let refused = app.delete(&snapshot, &admin).send().await;
    assert_eq!(refused.problem(), "conflict");
    assert!(refused.json()["detail"].as_str().unwrap().contains("Claim 4711"), "{refused:?}");
}

async fn two_nodes_that_take_turns_write_one_log(app: TestApp) {
    let (room, broker) = app.room().await;
    let (path, other) = (format!("/rooms/{room}"), app.another_node());
    for number in 0..6 {
        for (node, name) in [(&app, "one"), (&other, "two")] {
            let title = json!({ "title": format!("Turn {number} of {name}") });
            node.patch(&path, &broker).json(title).send().await.expect(200);
        }
    }
    // Both at once: each waits for the other's entry, and folds it.
    for number in 0..6 {
        let title = |name: &str| json!({ "title": format!("Together {number} of {name}") });
        let (one, two) = tokio::join!(
            app.patch(&path, &broker).json(title("one")).send(),
            other.patch(&path, &broker).json(title("two")).send()
        );
        assert_eq!((one.status, two.status), (200, 200));
    }
    assert_eq!(damage(&app).await, Vec::<String>::new());
}

async fn an_operation_that_is_rolled_back_leaves_no_trace_in_the_next(app: TestApp) {
    let (room, broker) = app.room().await;
    let (path, id): (_, RoomId) = (format!("/rooms/{room}"), room.parse().unwrap());
    for _ in 0..3 {
        let gone: Result<()> = operation(&app.app, Log::Room(id), &Actor::System, async move |tx, log| {
            let changes = json!({ "title": { "from": log.room()?.room.title, "to": "Rolled back" } });
            log.append(tx, &Event::RoomUpdated { changes: changes.as_object().unwrap().clone() }).await?;
            assert_eq!(log.room()?.room.title, "Rolled back", "what was appended is seen in the same operation");
            Err(Error::conflict("on second thoughts"))
        })
        .await;
        assert!(matches!(gone, Err(Error::Conflict { .. })));
        let seen = app.patch(&path, &broker).json(json!({ "location": "Off Malta" })).send().await.expect(200);
        assert_eq!(seen["title"], "STS Ceuta");
    }
    // An entry that cannot follow the others is an error of the program, and is not written.
    let refused = operation(&app.app, Log::Room(id), &Actor::System, async move |tx, log| {
        let changes = json!({ "title": { "from": "Something else", "to": "Rolled back" } });
        log.append(tx, &Event::RoomUpdated { changes: changes.as_object().unwrap().clone() }).await
    });
    assert!(matches!(refused.await, Err(Error::Internal(_))));
    app.patch(&path, &broker).json(json!({ "location": "Off Ceuta" })).send().await.expect(200);
    assert_eq!(damage(&app).await, Vec::<String>::new());
}

async fn a_state_of_entries_that_were_rolled_back_is_dropped_where_another_node_wrote_others(app: TestApp) {
    let (room, broker) = app.room().await;
    let (path, id): (_, RoomId) = (format!("/rooms/{room}"), room.parse().unwrap());
    let other = app.another_node();
    for number in 0..4 {
        let gone: Result<()> = operation(&app.app, Log::Room(id), &Actor::System, async move |tx, log| {
            log.append(tx, &Event::LogExported { entries: number }).await?;
            Err(Error::conflict("on second thoughts"))
        })
        .await;
        assert!(gone.is_err());
        // As many entries as were rolled back, and one more than that.
        for turn in 0..=number % 2 {
            let title = json!({ "title": format!("Turn {number}, {turn}") });
            other.patch(&path, &broker).json(title).send().await.expect(200);
        }
        app.patch(&path, &broker).json(json!({ "title": format!("Turn {number}") })).send().await.expect(200);
    }
    assert_eq!(damage(&app).await, Vec::<String>::new());
}

async fn a_changed_entry_stops_the_writes_of_its_room_and_no_other(app: TestApp) {
    let (room, broker) = app.room().await;
    let sound =
        app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201)["id"].as_str().unwrap().to_owned();
    app.change_entries(&format!(
        "UPDATE activity_log SET meta_json = replace(meta_json, 'charterer@', 'mallory@') WHERE room_id = '{room}'"
    ))
    .await;
    // A server that has the state at hand would find it when it folds the log the next time.
    let node = app.another_node();
    let refused = node.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Next" })).send().await;
    assert_eq!((refused.status, &*refused.problem()), (503, "log_not_sound"), "{refused:?}");
    node.get(&format!("/rooms/{room}"), &broker).send().await.expect(200);
    node.patch(&format!("/rooms/{sound}"), &broker).json(json!({ "title": "Next" })).send().await.expect(200);
}
