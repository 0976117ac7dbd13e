//! What outlives the rows that named it: files of snapshots, which prove what the log had, and files whose seals went with
//! a table.

use std::time::Duration;

use room::Log;
use serde_json::json;
use sts_clearance::domain::{
    accounts::users,
    fsck::{self, Kind, Mode, Outcome, Watch},
    log::{self, Actor, schema},
    snapshots::{verifying, way_down},
};

use crate::harness::{TestApp, head_of, on_both_databases, put_back};

on_both_databases! {
    TestApp:
    a_left_over_file_of_a_snapshot_proves_what_the_log_has_lost,
    a_left_over_file_whose_entry_the_log_has_is_no_damage,
    a_way_down_past_the_seals_and_up_again_damages_no_file,
}

struct Nobody;

impl Watch for Nobody {}

/// Takes a snapshot of each type, and returns their ids with the endings of their files.
async fn one_of_each(app: &TestApp, room: &str, token: &str) -> Vec<(String, &'static str)> {
    let mut snapshots = Vec::new();
    for (kind, ending) in [("json", "json"), ("csv", "zip"), ("pdf", "pdf")] {
        let snapshot = app.snapshot(room, token, json!({ "snapshot_type": kind })).await;
        assert_eq!(snapshot["status"], "completed");
        snapshots.push((snapshot["id"].as_str().unwrap().to_owned(), ending));
    }
    snapshots
}

async fn check(app: &TestApp) -> Outcome {
    fsck::run(&app.app, Mode::Look, &mut Nobody).await.unwrap()
}

/// Deletes the rows of a snapshot, and leaves its file.
async fn forget(app: &TestApp, snapshot: &str) {
    app.tampered();
    let id = snapshot.to_owned();
    let forget = async move |tx: &mut sts_clearance::db::Tx| {
        for table in ["snapshot_seals", "snapshot_files", "snapshot_bodies", "snapshot_receipts", "snapshot_positions"]
        {
            tx.exec(&format!("DELETE FROM {table} WHERE snapshot_id = ?1"), &[&id]).await?;
        }
        tx.exec("DELETE FROM snapshots WHERE id = ?1", &[&id]).await
    };
    assert_eq!(app.app.db.write(forget).await.unwrap(), 1);
}

async fn a_left_over_file_of_a_snapshot_proves_what_the_log_has_lost(app: TestApp) {
    let (room, broker) = app.room().await;
    let log = Log::Room(room.parse().unwrap());
    one_of_each(&app, &room, &broker).await;
    let before = head_of(&app, log).await;
    let later = one_of_each(&app, &room, &broker).await;
    // An earlier copy of the database, and a memory of heads that went with it: only the files tell.
    put_back(&app, log, before).await;
    for (snapshot, _) in &later {
        forget(&app, snapshot).await;
    }
    app.app.heads.forget().unwrap();
    let outcome = check(&app).await;
    let proofs: Vec<_> = outcome.findings.iter().filter(|finding| finding.kind == Kind::Proof).collect();
    let mut found: Vec<_> = proofs.iter().map(|finding| finding.what.clone()).collect();
    let mut expected: Vec<_> =
        later.iter().map(|(id, ending)| format!("rooms/{room}/snapshots/{id}.{ending}")).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected, "{outcome:?}");
    for finding in proofs {
        assert!(finding.is_damage() && finding.fault.contains("entries were lost"), "{finding:?}");
        assert_eq!(finding.log.as_deref(), Some(&*room));
    }
    // Nothing that tidies up takes such a proof away.
    app.later(Duration::from_hours(48));
    app.tidy().await;
    assert!(later.iter().all(|(id, ending)| app.snapshot_file(&room, id, ending).exists()));
}

async fn a_left_over_file_whose_entry_the_log_has_is_no_damage(app: TestApp) {
    let (room, broker) = app.room().await;
    let taken = one_of_each(&app, &room, &broker).await;
    for (snapshot, _) in &taken {
        forget(&app, snapshot).await;
    }
    let outcome = check(&app).await;
    let kinds: Vec<_> = outcome.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::Row; 3], "the rows are missing, and the files are young: {outcome:?}");
}

async fn a_way_down_past_the_seals_and_up_again_damages_no_file(app: TestApp) {
    log::keys::register(&app.app).await.unwrap();
    let (room, broker) = app.room().await;
    let taken = one_of_each(&app, &room, &broker).await;
    for to in ["010", "009", "008", "007"] {
        way_down::take_back(&app.app, &Actor::Operator, to, true).await.unwrap();
        schema::bring_up(&app.app, &Actor::Operator).await.unwrap();
        let outcome = check(&app).await;
        assert_eq!((outcome.findings, outcome.checked.files), (Vec::new(), 3), "{to}");
        let broker = users::named(&app.app, "broker@example.com").await.unwrap().id;
        for (snapshot, ending) in &taken {
            let (room, id) = (room.parse().unwrap(), snapshot.parse().unwrap());
            let (_, report) = verifying::verify_stored(&app.app, room, id, broker).await.unwrap();
            assert!(report.verified, "{to} {ending}: {report:#?}");
        }
    }
}
