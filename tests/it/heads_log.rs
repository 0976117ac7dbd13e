//! The log of heads: what gets into it, what outsiders see of it, and how a file's receipt leads up to it.

use std::time::Duration;

use report::Fonts;
use room::{Log, Role};
use serde_json::json;
use sts_clearance::{
    db,
    domain::{
        heads_log,
        log::{self, Actor},
    },
    evidence::{
        Checkpoint, CompactRange, Hash, HeadProof, KeyNotes, LogKey, Policy, PublicKeys, PublishedKeys, Revocation,
        ServedReceipt, WitnessKey, commitment, leaf_hash,
        verify::{CheckOutcome, Exhibits, Report, verify},
        with_signatures,
    },
};

use crate::harness::{TestApp, new_room, on_both_databases, put_back};

on_both_databases! {
    TestApp:
    heads_of_logs_that_changed_are_taken_once_and_outsiders_see_hashes_alone,
    a_receipt_leads_up_to_the_log_of_heads_and_its_witnesses,
    a_log_of_heads_that_was_put_back_goes_on_under_another_name,
    a_revoked_key_counts_for_what_witnesses_saw_before,
}

const NOW: Duration = Duration::ZERO;

impl TestApp {
    async fn gather(&self) -> usize {
        heads_log::gather(&self.app, NOW).await.unwrap()
    }

    async fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        let reply = self.get(&format!("//heads/{path}"), "").send().await;
        (reply.status == 200).then(|| reply.body.to_vec())
    }

    async fn heads_checkpoint(&self) -> (String, Checkpoint) {
        let note = String::from_utf8(self.bytes("checkpoint").await.unwrap()).unwrap();
        let opened = Checkpoint::open(&note, &self.keys()).unwrap().0;
        (note, opened)
    }
}

async fn heads_of_logs_that_changed_are_taken_once_and_outsiders_see_hashes_alone(app: TestApp) {
    assert_eq!(app.get("//heads/checkpoint", "").send().await.status, 404);
    let (room, broker) = app.room().await;
    let taken = app.gather().await;
    assert_eq!((taken, app.gather().await), (2, 0), "the platform's and the room's");
    let (_, one) = app.heads_checkpoint().await;
    assert_eq!((one.size, &*one.origin), (2, &*format!("{}/heads", app.app.log_key().name())));

    // So many rooms that there is a whole tile, and one above it.
    for _ in 0..300 {
        app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    }
    assert_eq!(app.gather().await, 300);
    let (_, head) = app.heads_checkpoint().await;
    assert_eq!(head.size, 302);
    let whole = app.bytes("tile/0/000").await.unwrap();
    let part = app.bytes("tile/0/001.p/46").await.unwrap();
    let mut tree = CompactRange::empty();
    for leaf in [&*whole, &*part].concat().chunks(32) {
        tree.push(leaf.try_into().unwrap());
    }
    assert_eq!(tree.root(), head.root, "the tiles are the tree");
    let mut under = CompactRange::empty();
    whole.chunks(32).for_each(|leaf| drop(under.push(leaf.try_into().unwrap())));
    assert_eq!(app.bytes("tile/1/000.p/1").await.unwrap(), under.root(), "a node of the next level");
    let entries = app.bytes("tile/entries/000").await.unwrap();
    assert_eq!(entries.len(), 256 * 34);
    for (entry, leaf) in entries.chunks(34).zip(whole.chunks(32)) {
        assert_eq!((&entry[..2], leaf_hash(&entry[2..]).as_slice()), ([0, 32].as_slice(), leaf));
    }
    // A head can be recognized by those who were given its salt alone.
    let taken = app.app.db.read(async |tx| db::heads_log::entries(tx, 0, 2).await).await.unwrap();
    for (entry, shown) in taken.iter().zip(entries.chunks(34)) {
        let head = Checkpoint::unchecked(&entry.head).unwrap();
        assert_eq!(commitment(&head, &entry.salt), shown[2..]);
        assert_ne!(commitment(&head, &[0; 32]), shown[2..]);
    }
    let names: Vec<_> = taken.iter().map(|entry| entry.log.as_str()).collect();
    assert!(names.contains(&"platform") && names.contains(&&*room), "{names:?}");

    for none in [
        "tile/0/000.p/256",
        "tile/0/001",
        "tile/0/001.p/47",
        "tile/0/001.p/0",
        "tile/0/1",
        "tile/0/x000/001.p/46",
        "tile/00/000",
        "tile/8/000",
        "tile/1/000",
        "tile/entries/001",
        "tile/entry/000",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/",
        "tile/0",
        "tile/0/..%2f000",
        "tile/-1/000",
    ] {
        assert_eq!(app.bytes(none).await, None, "{none}");
    }
    let lasts = app.get("//heads/tile/0/000", "").send().await.headers["cache-control"].clone();
    assert_eq!(lasts, "public, max-age=31536000, immutable");
}

fn judged(app: &TestApp, file: &[u8], receipt: &str, policy: Option<&Policy>) -> Report {
    let (keys, fonts) = (app.keys(), Fonts::embedded());
    verify(&Exhibits { receipt: Some(receipt), policy, ..Exhibits::of(file, Some(&keys), &fonts) }).unwrap()
}

#[track_caller]
fn witnessed(report: &Report) -> (CheckOutcome, &str) {
    let check = report.file.checks.iter().find(|check| check.name == "witnessed").unwrap();
    (check.outcome, &check.detail)
}

async fn a_receipt_leads_up_to_the_log_of_heads_and_its_witnesses(app: TestApp) {
    let (room, broker) = app.room().await;
    let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let id = snapshot["id"].as_str().unwrap();
    let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    let file = app.get(url, &broker).send().await.body.to_vec();
    let receipt = async || {
        let reply = app.get(&format!("/rooms/{room}/snapshots/{id}/receipt"), &broker).send().await;
        String::from_utf8(reply.body.to_vec()).unwrap()
    };
    assert_eq!(ServedReceipt::read(&receipt().await).unwrap().head, None, "not yet");
    app.gather().await;
    // More happens, and is taken too: the first head that has the entry is the one that is proven.
    app.snapshot(&room, &broker, json!({ "snapshot_type": "csv" })).await;
    app.gather().await;
    let [witness, other] = [2, 3].map(|secret| WitnessKey::new("witness.example.net", [secret; 32]).unwrap());
    let policy = |witness: &WitnessKey| Policy::read(&format!("witness w {}\nquorum w", witness.public())).unwrap();
    let (policy, strict) = (policy(&witness), policy(&other));

    let served = receipt().await;
    let report = judged(&app, &file, &served, None);
    assert!(report.verified, "{report:#?}");
    let (outcome, detail) = witnessed(&report);
    assert!(outcome == CheckOutcome::Ok && detail.contains("/heads`, of whose"), "{detail}");
    let report = judged(&app, &file, &served, Some(&policy));
    assert_eq!(report.verdict, "cannot be judged: witnessed");
    assert!(witnessed(&report).1.ends_with("seen by none, and not by w: less than the quorum of the policy"));

    // A witness has seen the newest head.
    let (note, head) = app.heads_checkpoint().await;
    let cosigned = with_signatures(&note, &witness.cosign(&note, 1_790_000_000).unwrap()).unwrap();
    let store = app.app.db.write(async move |tx| db::heads_log::cosign(tx, head.size, &cosigned).await);
    store.await.unwrap();
    let served = receipt().await;
    let report = judged(&app, &file, &served, Some(&policy));
    assert!(report.verified, "{report:#?}");
    assert!(witnessed(&report).1.ends_with("seen by `w` at 2026-09-21 14:13:20 UTC: the quorum of the policy"));
    assert_eq!(judged(&app, &file, &served, Some(&strict)).verdict, "cannot be judged: witnessed");

    // Every part of the way is looked at.
    let whole = ServedReceipt::read(&served).unwrap();
    let proof = whole.head.clone().unwrap();
    let (own, stranger) = (app.app.log_key(), LogKey::new(app.app.log_key().name(), [9; 32]).unwrap());
    let room_head = Checkpoint::unchecked(&proof.head).unwrap();
    let heads = Checkpoint::unchecked(&proof.checkpoint).unwrap();
    let signed = |head: &Checkpoint, key: &LogKey| head.signed(key).unwrap();
    let of_platform = Checkpoint { origin: Log::Platform.origin(own.name()), ..room_head.clone() };
    let earlier = Checkpoint { size: 1, ..room_head.clone() };
    let elsewhere = Checkpoint { origin: "elsewhere/heads".into(), ..heads.clone() };
    let cases: [(&str, HeadProof); 9] = [
        ("it is signed by", HeadProof { head: signed(&room_head, &stranger), ..proof.clone() }),
        ("it is signed by", HeadProof { checkpoint: signed(&heads, &stranger), ..proof.clone() }),
        ("it is of the log `", HeadProof { head: signed(&of_platform, &own), ..proof.clone() }),
        ("it is of the first 1 entries", HeadProof { head: signed(&earlier, &own), ..proof.clone() }),
        ("is not the log of heads of", HeadProof { checkpoint: signed(&elsewhere, &own), ..proof.clone() }),
        ("are of one history", HeadProof { consistency: vec![[1; 32]; 9], ..proof.clone() }),
        ("does not have this head", HeadProof { salt: [0; 32], ..proof.clone() }),
        ("does not have this head", HeadProof { index: proof.index + 1, ..proof.clone() }),
        ("does not have this head", HeadProof { path: Vec::new(), ..proof.clone() }),
    ];
    for (words, head) in cases {
        let receipt = ServedReceipt { head: Some(head), ..whole.clone() }.to_string();
        let report = judged(&app, &file, &receipt, Some(&policy));
        let (outcome, detail) = witnessed(&report);
        assert!(outcome == CheckOutcome::Failed && detail.contains(words), "{words}: {detail}");
        assert_eq!(report.verdict, "does not verify: witnessed", "{words}");
    }
    // A cosignature that does not fit is worse than none.
    let forged = proof.checkpoint.replacen(&format!("\n{}\n", heads.size), &format!("\n{}\n", heads.size + 1), 1);
    let head = HeadProof { checkpoint: forged, ..proof };
    let receipt = ServedReceipt { head: Some(head), ..whole }.to_string();
    assert!(!judged(&app, &file, &receipt, Some(&policy)).verified);
}

async fn a_log_of_heads_that_was_put_back_goes_on_under_another_name(app: TestApp) {
    let (room, broker) = app.room().await;
    let log = Log::Room(room.parse().unwrap());
    app.gather().await;
    let kept = app.app.db.read(async |tx| db::logs::head(tx, log).await).await.unwrap().unwrap();
    app.user("ada@example.com", Role::Admin).await;
    app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    app.gather().await;
    let (_, lost) = app.heads_checkpoint().await;
    assert_eq!(lost.size, 4);
    app.app.heads.save().unwrap();
    // The database is an earlier copy, and the memory is not.
    put_back(&app, log, kept).await;
    let back = app.app.db.write(async |tx| {
        for sql in [
            "DELETE FROM head_entries WHERE position >= 2",
            "DELETE FROM head_nodes WHERE (level = 0 AND number >= 2) OR level = 2 OR (level = 1 AND number = 1)",
            "UPDATE heads_log SET size = 2, checkpoint = (SELECT note FROM head_checkpoints WHERE size = 2)",
            "DELETE FROM head_checkpoints WHERE size > 2",
        ] {
            tx.exec(sql, &[]).await?;
        }
        Ok(())
    });
    back.await.unwrap();
    let restarted = app.another_node();
    assert_eq!(restarted.gather().await, 2);
    let (_, head) = restarted.heads_checkpoint().await;
    assert_eq!((head.size, &*head.origin), (4, &*format!("{}/2", lost.origin)));
    // It does not begin anew each time.
    restarted.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    assert_eq!(restarted.gather().await, 1);
    assert_eq!(restarted.heads_checkpoint().await.1.origin, head.origin);
    // Nor does it grow from a head that nobody has signed.
    let forge =
        "UPDATE head_nodes SET hash = (SELECT hash FROM head_nodes WHERE level = 0 AND number = 0) WHERE level = 2";
    restarted.app.db.write(async move |tx| tx.exec(forge, &[]).await).await.unwrap();
    restarted.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    assert_eq!(restarted.gather().await, 1);
    assert!(restarted.heads_checkpoint().await.1.origin.ends_with("/heads/3"));
}

#[test]
fn what_a_server_serves_is_read_as_it_is_written() {
    let hash: Hash = [7; 32];
    let key = LogKey::new("clearance.example.com", [1; 32]).unwrap();
    let head = Checkpoint { origin: "clearance.example.com/heads".into(), size: 9, root: hash }.signed(&key).unwrap();
    let (consistency, path) = (vec![hash], vec![hash, hash]);
    let proof = HeadProof { head: head.clone(), consistency, salt: hash, index: 8, path, checkpoint: head };
    assert_eq!(HeadProof::read(&proof.to_string()).unwrap(), proof);
    for (from, to) in [("index 8", "index 08"), ("\n\n", "\n"), ("extra ", "extra e30=")] {
        assert!(HeadProof::read(&proof.to_string().replacen(from, to, 1)).is_err(), "{from}");
    }
}

/// The same server twice: a copy of it has gone its own way, under the same key.
#[tokio::test]
async fn two_histories_under_one_name_are_told_by_a_head_from_elsewhere() {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    let file_and_receipt = async || {
        let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
        let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
        let file = app.get(url, &broker).send().await.body.to_vec();
        app.gather().await;
        let receipt = url.replace("/download", "/receipt");
        (file, String::from_utf8(app.get(&receipt, &broker).send().await.body.to_vec()).unwrap())
    };
    let (file, receipt) = file_and_receipt().await;
    let (keys, fonts) = (app.keys(), Fonts::embedded());
    let against = |head: &str, receipt: Option<&str>| {
        let given = Exhibits::of(&file, Some(&keys), &fonts);
        verify(&Exhibits { checkpoint: Some(head), receipt, ..given }).unwrap()
    };
    let key = app.app.log_key();
    let (note, heads) = app.heads_checkpoint().await;
    app.snapshot(&room, &broker, json!({ "snapshot_type": "csv" })).await;
    let log = app.get(&format!("/rooms/{room}/log/checkpoint"), &broker).send().await;
    let later = String::from_utf8(log.body.to_vec()).unwrap();
    let head = ServedReceipt::read(&receipt).unwrap().receipt.proof.checkpoint;
    let of_room = Checkpoint::unchecked(&head).unwrap();
    let early = Checkpoint { size: 1, root: [5; 32], ..of_room.clone() };
    let forked = |head: &Checkpoint| Checkpoint { root: [5; 32], ..head.clone() }.signed(&key).unwrap();
    let elsewhere = Checkpoint { origin: Log::Platform.origin(key.name()), ..of_room.clone() };
    let stranger = LogKey::new(key.name(), [9; 32]).unwrap();
    for (what, head, expected, words) in [
        ("the log of heads", note.clone(), CheckOutcome::Ok, "as this file has them"),
        ("a fork of the log of heads", forked(&heads), CheckOutcome::Failed, "two histories were signed"),
        ("the room's log", head.clone(), CheckOutcome::Ok, "as this file has them"),
        ("a fork of the room's log", forked(&of_room), CheckOutcome::Failed, "two histories were signed"),
        ("a fork before the position", early.signed(&key).unwrap(), CheckOutcome::Failed, "two histories were signed"),
        ("a later head", later, CheckOutcome::Skipped, "the file has no head of so many"),
        ("another log", elsewhere.signed(&key).unwrap(), CheckOutcome::Skipped, "it is of the log `"),
        ("another key", of_room.signed(&stranger).unwrap(), CheckOutcome::Skipped, "it says nothing of this file"),
    ] {
        let report = against(&head, Some(&receipt));
        let check = report.file.checks.iter().find(|check| check.name == "other head").unwrap();
        assert!(check.outcome == expected && check.detail.contains(words), "{what}: {check:?}");
        assert_eq!(report.verified, expected == CheckOutcome::Ok, "{what}");
    }
    // Without the receipt that the server gives, the file has no head of the log of heads.
    assert_eq!(against(&note, None).verdict, "cannot be judged: other head");
}

/// Somebody else may have the old key: what it has signed counts if witnesses have seen it before.
async fn a_revoked_key_counts_for_what_witnesses_saw_before(app: TestApp) {
    let (room, broker) = app.room().await;
    log::keys::register(&app.app).await.unwrap();
    let old = app.app.log_key();
    let file_and_receipt = async || {
        let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
        let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
        let file = app.get(url, &broker).send().await.body.to_vec();
        app.gather().await;
        (file, url.replace("/download", "/receipt"))
    };
    let (before, before_receipt) = file_and_receipt().await;
    let from = app.heads_checkpoint().await.1.size;
    let (after, after_receipt) = file_and_receipt().await;
    let new = log::keys::rotate(&app.app, &Actor::Operator).await.unwrap();
    let revoke = async |key: &str, from| log::keys::revoke(&app.app, &Actor::Operator, key, from).await;
    // Not before the server signs with another key, not of a stranger's, and not from what is to come.
    assert!(revoke(old.public(), from).await.unwrap_err().to_string().contains("the key is in force"));
    log::keys::take_up(&app.app).await.unwrap();
    let stranger = LogKey::new(old.name(), [9; 32]).unwrap();
    assert!(revoke(stranger.public(), from).await.unwrap_err().to_string().contains("has followed"));
    assert!(revoke(old.public(), 99).await.unwrap_err().to_string().contains("entries: from one of them"));
    revoke(old.public(), from).await.unwrap();

    app.gather().await;
    let witness = WitnessKey::new("witness.example.net", [2; 32]).unwrap();
    let (note, head) =
        (app.bytes("checkpoint").await.unwrap(), app.app.db.read(async |tx| db::heads_log::find(tx).await));
    let (note, size) = (String::from_utf8(note).unwrap(), head.await.unwrap().unwrap().size);
    let cosigned = with_signatures(&note, &witness.cosign(&note, 1_790_000_000).unwrap()).unwrap();
    app.app.db.write(async move |tx| db::heads_log::cosign(tx, size, &cosigned).await).await.unwrap();
    let policy = Policy::read(&format!("witness w {}\nquorum w", witness.public())).unwrap();

    let published = app.get("//.well-known/sts-clearance/keys", "").send().await.expect(200);
    let published = PublishedKeys::read(&published.to_string()).unwrap();
    assert_eq!(published.notes.len(), 2, "the rotation and the revocation");
    let (notes, fonts) = (KeyNotes::read(&published.notes), Fonts::embedded());
    let receipts = [before_receipt, after_receipt];
    let mut served = Vec::new();
    for receipt in &receipts {
        served.push(String::from_utf8(app.get(receipt, &broker).send().await.body.to_vec()).unwrap());
    }
    let judged = |file: &[u8], receipt: Option<&str>, key: &LogKey, policy: Option<&Policy>, notes: &KeyNotes| {
        let keys = PublicKeys::read(key.public()).unwrap();
        let given = Exhibits::of(file, Some(&keys), &fonts);
        verify(&Exhibits { receipt, policy, notes: Some(notes), ..given }).unwrap().verdict
    };
    let (before_served, after_served) = (Some(&*served[0]), Some(&*served[1]));
    let no_notes = KeyNotes::default();
    let cases = [
        ("nobody knows of it", judged(&before, None, &old, None, &no_notes), "verified"),
        ("without a receipt", judged(&before, None, &new, None, &notes), "cannot be judged: key"),
        ("without a policy", judged(&before, before_served, &new, None, &notes), "cannot be judged: key"),
        ("seen before", judged(&before, before_served, &new, Some(&policy), &notes), "verified"),
        ("seen after", judged(&after, after_served, &new, Some(&policy), &notes), "cannot be judged: key"),
        ("trusting the old key alone", judged(&before, before_served, &old, Some(&policy), &notes), "verified"),
    ];
    for (what, verdict, expected) in cases {
        assert_eq!(verdict, expected, "{what}");
    }
    // What the old key leads to counts for nothing: whoever has it could lead anywhere.
    let (newest, _) = file_and_receipt().await;
    assert_eq!(judged(&newest, None, &new, None, &notes), "verified");
    assert_eq!(judged(&newest, None, &old, None, &notes), "cannot be judged: key");
    // A key that did not follow it cannot say so, nor can the key itself.
    for by in [&stranger, &*old] {
        let revocation = Revocation::signed(by, old.public(), &head_origin(&app), 0);
        let notes = KeyNotes { revocations: vec![revocation], ..notes.clone() };
        assert_eq!(judged(&before, None, &old, None, &notes), "verified");
    }
}

fn head_origin(app: &TestApp) -> String {
    room::heads_origin(app.app.log_key().name())
}
