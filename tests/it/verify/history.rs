//! Two files of one room, and a server that rewrites its log between them.

use report::record::EntryFacts;
use serde_json::json;
use sts_clearance::evidence::{
    PublicKeys,
    verify::{CheckOutcome, Report},
};

use super::{Parts, Receipted, all, check, check_two, expect_failed, expect_fault, expect_verified, small};
use crate::harness::{TestApp, on_both_databases};

/// A room with three snapshots that are taken an hour apart; the second leaves the log out.
struct Scene {
    app: TestApp,
    room: String,
    broker: String,
    first: Vec<u8>,
    without_entries: Vec<u8>,
    last: Vec<u8>,
    keys: PublicKeys,
}

impl Scene {
    async fn set(app: TestApp) -> Self {
        let (room, broker) = app.room().await;
        let first = app.file(&room, &broker, all("json")).await;
        app.later(std::time::Duration::from_hours(1));
        app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Changed" })).send().await.expect(200);
        let without_entries = app.file(&room, &broker, small("pdf")).await;
        app.later(std::time::Duration::from_hours(1));
        let last = app.file(&room, &broker, all("csv")).await;
        let keys = app.keys();
        Self { app, room, broker, first, without_entries, last, keys }
    }

    /// Returns the server's proof that the log of the newer file extends that of the older one.
    async fn consistency(&self, older: &[u8], newer: &[u8]) -> String {
        let (from, to) = (Receipted::of(older).checkpoint().size, Receipted::of(newer).checkpoint().size);
        let path = format!("/rooms/{}/log/consistency?from={from}&to={to}", self.room);
        let reply = self.app.get(&path, &self.broker).send().await;
        String::from_utf8(reply.body.to_vec()).unwrap()
    }
}

on_both_databases! {
    TestApp:
    a_log_that_goes_on_is_shown_by_the_entries_or_by_a_proof_of_the_server,
}

/// Asserts that nothing contradicts the files, and that the log goes on. Only that one of them holds no entries may
/// stand in the way.
#[track_caller]
fn expect_goes_on(report: &Report) {
    let said = report.file.checks.iter().find(|check| check.name == "older file").unwrap();
    assert_eq!(said.outcome, CheckOutcome::Ok, "{report:#?}");
    let verdicts = ["verified", "cannot be judged: follows", "cannot be judged: follows of the older"];
    assert!(verdicts.contains(&&*report.verdict), "{report:#?}");
}

async fn a_log_that_goes_on_is_shown_by_the_entries_or_by_a_proof_of_the_server(app: TestApp) {
    let scene = Scene::set(app).await;
    for (older, newer) in
        [(&scene.first, &scene.last), (&scene.without_entries, &scene.last), (&scene.first, &scene.first)]
    {
        expect_goes_on(&check_two(newer, Some(older), None, &scene.keys).unwrap());
        if older != newer {
            let proof = scene.consistency(older, newer).await;
            expect_goes_on(&check_two(newer, Some(older), Some(&proof), &scene.keys).unwrap());
        }
    }
    expect_verified(&check_two(&scene.last, Some(&scene.first), None, &scene.keys).unwrap());
    // The newer file does not contain the log, so a proof is needed.
    let (older, newer) = (&scene.first, &scene.without_entries);
    let report = check_two(newer, Some(older), None, &scene.keys).unwrap();
    let asked = format!("`GET /api/v1/rooms/{}/log/consistency?from=", scene.room);
    expect_fault(&report, "older file", CheckOutcome::Skipped, &asked);
    assert_eq!(report.verdict, "cannot be judged: follows, older file");
    let proof = scene.consistency(older, newer).await;
    expect_goes_on(&check_two(newer, Some(older), Some(&proof), &scene.keys).unwrap());
    // The proof is for other sizes.
    let other = scene.consistency(older, &scene.last).await;
    let report = check_two(newer, Some(older), Some(&other), &scene.keys).unwrap();
    expect_failed(&report, "older file", "the consistency proof is for other checkpoints than from ");
    // The proof names another log, with the same size and root.
    let origin = Receipted::of(newer).checkpoint().origin;
    let elsewhere = proof.replace(&origin, "elsewhere.example.com/rooms/1");
    assert_ne!(elsewhere, proof);
    let report = check_two(newer, Some(older), Some(&elsewhere), &scene.keys).unwrap();
    expect_failed(&report, "older file", "the consistency proof is for other checkpoints than from ");
    let report = check_two(newer, Some(older), Some("nothing"), &scene.keys).unwrap();
    expect_failed(&report, "older file", "the consistency proof: it is no proof of a log");
}

#[tokio::test]
async fn the_log_of_a_file_of_an_earlier_version_is_held_against_an_older_one_too() {
    let scene = Scene::set(TestApp::on_sqlite().await).await;
    let key = &scene.app.app.log_key();
    let older = Parts::of_earlier_version(&scene.first, key);
    let entries = older.record.activity.clone().unwrap();
    let leaf = older.leaf();
    let announced = EntryFacts {
        seq: leaf.seq,
        id: leaf.id,
        action: leaf.action,
        actor: leaf.actor,
        meta: leaf.meta,
        timestamp: leaf.timestamp,
    };
    let mut newer = older.clone();
    let going_on = [entries.clone(), vec![announced.clone()]].concat();
    newer.record.activity = Some(going_on.clone());
    newer.reconcile(&going_on, key);
    expect_verified(&check_two(&newer.file(), Some(&older.file()), None, &scene.keys).unwrap());
    let mut rewritten = going_on;
    rewritten[1].actor = "nobody@example.com".into();
    newer.record.activity = Some(rewritten.clone());
    newer.reconcile(&rewritten, key);
    expect_verified(&check(&newer.file(), &scene.keys).unwrap());
    let report = check_two(&newer.file(), Some(&older.file()), None, &scene.keys).unwrap();
    assert_eq!(report.verdict, "does not verify: older file");
    expect_failed(&report, "older file", "the log was rewritten: its first ");
}

#[tokio::test]
async fn files_in_the_wrong_order_or_of_different_rooms_are_told() {
    let scene = Scene::set(TestApp::on_sqlite().await).await;
    let report = check_two(&scene.first, Some(&scene.last), None, &scene.keys).unwrap();
    expect_failed(&report, "older file", "the older file is the newer one: its log has ");
    let room = scene.app.another_room(&scene.broker).await;
    let other = scene.app.file(&room, &scene.broker, all("json")).await;
    let report = check_two(&other, Some(&scene.first), None, &scene.keys).unwrap();
    expect_failed(&report, "older file", "the files are of different logs: `");
    // An older file that does not verify proves nothing, and the verdict names it.
    let mut changed = scene.first.clone();
    let at = changed.windows(9).position(|bytes| bytes == b"STS Ceuta").unwrap();
    changed[at] = b'X';
    let report = check_two(&scene.last, Some(&changed), None, &scene.keys).unwrap();
    assert_eq!(report.verdict, "does not verify: logged of the older, follows of the older");
}

#[tokio::test]
async fn a_history_rewritten_and_signed_with_the_true_key_is_shown_by_any_older_file() {
    let scene = Scene::set(TestApp::on_sqlite().await).await;
    let key = &scene.app.app.log_key();
    let mut parts = Receipted::of(&scene.last);
    let mut entries = parts.entries();
    entries[1].actor = "nobody@example.com".into();
    parts.fold(entries.clone());
    parts.prove(&entries, key);
    let rewritten = parts.file();
    expect_verified(&check(&rewritten, &scene.keys).unwrap());
    for older in [&scene.first, &scene.without_entries] {
        let report = check_two(&rewritten, Some(older), None, &scene.keys).unwrap();
        assert_eq!(report.verdict, "does not verify: older file");
        expect_failed(&report, "older file", "the log was rewritten: its first ");
        // The server's proof is for the genuine log, and with a forged checkpoint it proves nothing.
        let proof = scene.consistency(older, &scene.last).await;
        let report = check_two(&rewritten, Some(older), Some(&proof), &scene.keys).unwrap();
        expect_failed(&report, "older file", "the consistency proof is for other checkpoints");
        let (head, _) = proof.split_once("\n\n").unwrap();
        let forged = format!("{head}\n\n{}", parts.receipt.proof.checkpoint);
        let report = check_two(&rewritten, Some(older), Some(&forged), &scene.keys).unwrap();
        expect_failed(&report, "older file", "the consistency proof does not show that the log goes on");
    }
    // The rewritten log is left out of the file, so that only a proof could show the change.
    let mut hiding = parts.clone();
    (hiding.record.entries, hiding.record.snapshot.options.include_activity) = (None, false);
    hiding.prove(&entries, key);
    let report = check_two(&hiding.file(), Some(&scene.first), None, &scene.keys).unwrap();
    expect_fault(&report, "older file", CheckOutcome::Skipped, "cannot be shown from these two files");
    // The two logs have the same length.
    let mut fork = Receipted::of(&scene.first);
    let mut entries = fork.entries();
    entries[1].actor = "nobody@example.com".into();
    fork.fold(entries.clone());
    fork.prove(&entries, key);
    let report = check_two(&fork.file(), Some(&scene.first), None, &scene.keys).unwrap();
    expect_failed(&report, "older file", "the log was rewritten: its first ");
}
