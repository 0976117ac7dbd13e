//! A room's log as others verify it: checkpoints, proofs, entries and export.

use room::Role;
use serde_json::{Value, json};

use sts_clearance::domain::snapshots::way_down;
use sts_clearance::{
    db::{self, Tx},
    domain::log::{self, Actor, schema},
    evidence::{
        Checkpoint, CompactRange, ConsistencyProof, Hash, LogKey, LogProof, PublicKeys, extends, holds, leaf_hash,
        succession, vouches,
    },
};

use crate::harness::{Installation, Ran, Reply, TestApp, fields_of_event, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    a_checkpoint_is_signed_and_names_its_room_size_and_key,
    a_proof_shows_that_the_log_holds_the_entry,
    a_later_log_is_shown_to_extend_what_it_was,
    a_proof_of_what_is_not_there_is_refused_by_name,
    the_export_holds_every_entry_as_it_is_hashed_and_is_logged_itself,
    every_snapshot_is_a_witness_of_the_log_at_its_moment,
    proofs_hold_for_every_entry_of_a_log_of_many,
    a_log_from_before_there_were_proofs_is_proven_after_the_migration,
    keys_are_told_as_the_log_tells_of_them_and_outlive_a_way_down,
    a_key_that_the_key_in_force_does_not_vouch_for_is_not_published,
    each_key_that_signs_is_an_entry_of_the_platforms_log,
}

on_both_databases! {
    Installation:
    a_rotated_key_signs_from_the_next_start_on_and_the_old_public_key_is_kept,
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.to_vec()).unwrap()
}

impl TestApp {
    pub(super) fn keys(&self) -> PublicKeys {
        PublicKeys::read(self.app.log_key().public()).unwrap()
    }

    async fn text(&self, path: &str, token: &str) -> String {
        let reply = self.get(path, token).send().await;
        assert_eq!(reply.status, 200, "{}", text(&reply));
        assert_eq!(reply.headers["content-type"], "text/plain; charset=utf-8");
        text(&reply)
    }

    /// Returns the room's checkpoint after verifying its signature.
    async fn checkpoint(&self, room: &str, token: &str) -> Checkpoint {
        let note = self.text(&format!("/rooms/{room}/log/checkpoint"), token).await;
        Checkpoint::open(&note, &self.keys()).unwrap().0
    }
}

async fn a_checkpoint_is_signed_and_names_its_room_size_and_key(app: TestApp) {
    let (room, broker) = app.room().await;
    let checkpoint = app.checkpoint(&room, &broker).await;
    assert_eq!(checkpoint.origin, format!("{}/rooms/{room}", app.app.log_key().name()));
    assert_eq!(checkpoint.size, app.actions(&room, &broker).await.len() as u64);
    let seller = app.user("seller@example.com", Role::Seller).await;
    assert_eq!(app.checkpoint(&room, &seller).await, checkpoint, "every party is a witness");
    let stranger = app.user("stranger@example.com", Role::Broker).await;
    let refused = app.get(&format!("/rooms/{room}/log/checkpoint"), &stranger).send().await;
    assert_eq!(refused.problem(), "not_a_party");
}

async fn a_proof_shows_that_the_log_holds_the_entry(app: TestApp) {
    let (room, broker) = app.room().await;
    let entries = app.get(&format!("/rooms/{room}/log/entries"), &broker).send().await.expect(200);
    let entries = entries.as_array().unwrap().clone();
    for (index, entry) in entries.iter().enumerate() {
        for asked in [index.to_string(), entry["id"].as_str().unwrap().to_owned()] {
            let proof = app.text(&format!("/rooms/{room}/log/proof?entry={asked}"), &broker).await;
            let proof = LogProof::read(&proof).unwrap();
            let (head, _) = Checkpoint::open(&proof.checkpoint, &app.keys()).unwrap();
            assert_eq!(proof.index, index as u64);
            assert_eq!(proof.leaf, serde_json_canonicalizer::to_vec(entry).unwrap());
            assert!(holds(&proof.path, head.size, head.root, proof.index, leaf_hash(&proof.leaf)));
        }
    }
}

async fn a_later_log_is_shown_to_extend_what_it_was(app: TestApp) {
    let (room, broker) = app.room().await;
    let mut heads = vec![app.checkpoint(&room, &broker).await];
    for title in ["a", "b", "c", "d", "e"] {
        app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": title })).send().await.expect(200);
        heads.push(app.checkpoint(&room, &broker).await);
    }
    for older in &heads {
        for newer in heads.iter().filter(|newer| newer.size >= older.size) {
            let path = format!("/rooms/{room}/log/consistency?from={}&to={}", older.size, newer.size);
            let proof = ConsistencyProof::read(&app.text(&path, &broker).await).unwrap();
            let (told, _) = Checkpoint::open(&proof.checkpoint, &app.keys()).unwrap();
            assert_eq!(told, *newer);
            assert!(extends(&proof.path, (newer.size, newer.root), (older.size, older.root)));
            assert!(!extends(&proof.path, (newer.size, newer.root), (older.size, [1; 32])));
        }
    }
}

async fn a_proof_of_what_is_not_there_is_refused_by_name(app: TestApp) {
    let (room, broker) = app.room().await;
    let other = app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    let elsewhere = format!("/rooms/{}/log/entries", other["id"].as_str().unwrap());
    let elsewhere = app.get(&elsewhere, &broker).send().await.expect(200)[0]["id"].as_str().unwrap().to_owned();
    let size = app.checkpoint(&room, &broker).await.size;
    for (path, status) in [
        (format!("proof?entry={size}"), 404),
        (format!("proof?entry={elsewhere}"), 404),
        ("proof?entry=first".into(), 422),
        ("proof".into(), 422),
        ("consistency?from=0".into(), 422),
        (format!("consistency?from={}", size + 1), 422),
        (format!("consistency?from=2&to={}", size + 1), 422),
        ("consistency?from=3&to=2".into(), 422),
        ("entries?from=5&to=2".into(), 422),
        ("entries?from=0&to=1001".into(), 422),
    ] {
        let reply = app.get(&format!("/rooms/{room}/log/{path}"), &broker).send().await;
        assert_eq!(reply.status, status, "{path}: {}", text(&reply));
    }
    let beyond = app.get(&format!("/rooms/{room}/log/entries?from={size}"), &broker).send().await.expect(200);
    assert_eq!(beyond, json!([]));
}

async fn the_export_holds_every_entry_as_it_is_hashed_and_is_logged_itself(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let path = format!("/rooms/{room}/log/export");
    assert_eq!(app.get(&path, &broker).send().await.problem(), "role_forbids");
    let reply = app.get(&path, &admin).send().await;
    assert_eq!(reply.headers["content-type"], "application/x-ndjson");
    let text = text(&reply);
    let mut lines = text.lines();
    let first: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let (head, _) = Checkpoint::open(first["checkpoint"].as_str().unwrap(), &app.keys()).unwrap();
    let mut tree = CompactRange::empty();
    let mut actions = Vec::new();
    for line in lines {
        actions.push(sts_clearance::evidence::read_leaf(line.as_bytes()).unwrap().action);
        tree.push(leaf_hash(line.as_bytes()));
    }
    assert_eq!((tree.size(), tree.root()), (head.size, head.root));
    assert_eq!(actions.last().unwrap(), "log_exported");
    assert_eq!(actions, app.actions(&room, &broker).await);
}

async fn every_snapshot_is_a_witness_of_the_log_at_its_moment(app: TestApp) {
    let (room, broker) = app.room().await;
    let snapshots = format!("/rooms/{room}/snapshots");
    for _ in 0..3 {
        app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    }
    let taken = app.get(&snapshots, &broker).send().await.expect(200);
    let now = app.checkpoint(&room, &broker).await;
    for snapshot in taken.as_array().unwrap() {
        let note = snapshot["checkpoint"].as_str().unwrap();
        let (then, _) = Checkpoint::open(note, &app.keys()).unwrap();
        let path = format!("/rooms/{room}/log/consistency?from={}", then.size);
        let proof = ConsistencyProof::read(&app.text(&path, &broker).await).unwrap();
        assert!(extends(&proof.path, (now.size, now.root), (then.size, then.root)));
    }
}

async fn proofs_hold_for_every_entry_of_a_log_of_many(app: TestApp) {
    let (room, broker) = app.room().await;
    for i in 0..70 {
        let title = json!({ "title": format!("STS Ceuta {i}") });
        app.patch(&format!("/rooms/{room}"), &broker).json(title).send().await.expect(200);
    }
    let head = app.checkpoint(&room, &broker).await;
    let leaves: Vec<Hash> = {
        let entries = app.get(&format!("/rooms/{room}/log/entries?from=0&to=1000"), &broker).send().await.expect(200);
        let hash = |entry: &Value| leaf_hash(&serde_json_canonicalizer::to_vec(entry).unwrap());
        entries.as_array().unwrap().iter().map(hash).collect()
    };
    assert_eq!(leaves.len() as u64, head.size);
    for (index, leaf) in leaves.iter().enumerate() {
        let proof = app.text(&format!("/rooms/{room}/log/proof?entry={index}"), &broker).await;
        let proof = LogProof::read(&proof).unwrap();
        assert!(holds(&proof.path, head.size, head.root, index as u64, *leaf), "{index}");
    }
}

/// Starts the server and returns the public keys that it publishes.
async fn told_keys(place: &Installation) -> Vec<String> {
    let server = place.serve();
    let url = format!("http://{}/.well-known/sts-clearance/log-key", server.api.address());
    let keys = reqwest::get(url).await.unwrap().text().await.unwrap();
    keys.lines().map(str::to_owned).collect()
}

async fn a_rotated_key_signs_from_the_next_start_on_and_the_old_public_key_is_kept(place: Installation) {
    let before = told_keys(&place).await;
    assert_eq!(before.len(), 1);
    assert_eq!(place.run(&["key", "show"]).expect(0), format!("{}\n", before[0]));
    let said = place.run(&["key", "rotate"]);
    let after = told_keys(&place).await;
    assert_eq!(after.len(), 2);
    assert_eq!(after[1], before[0]);
    assert!(said.expect(0).contains(&after[0]), "{said:?}");
    let name = |key: &str| key.split('+').next().unwrap().to_owned();
    assert_eq!(name(&after[0]), name(&after[1]));
    assert_eq!(place.run(&["key", "show"]).expect(0), format!("{}\n{}\n", after[0], after[1]));
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(place.path("data/keys/log.key")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let given = place.run(&["key", "new", "--name", "clearance.example.com"]);
    let given = given.expect(0).trim().to_owned();
    let mut rotate = place.command(&["key", "rotate"]);
    let refused = Ran::of(rotate.env("STS_LOG_KEY", &given), "").refused();
    assert!(refused.contains("`log_key`"), "{refused}");
    let config = Ran::of(place.command(&["config"]).env("STS_LOG_KEY", &given), "");
    assert!(config.expect(0).contains("log_key = \"****\""), "{config:?}");
}

async fn a_log_from_before_there_were_proofs_is_proven_after_the_migration(app: TestApp) {
    let (room, broker) = app.room().await;
    for title in ["a", "b", "c", "d", "e"] {
        app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": title })).send().await.expect(200);
    }
    let of_room = room.clone();
    let nodes = async move |tx: &mut Tx| {
        let all = "SELECT level, number, hash FROM log_nodes WHERE log = ?1 ORDER BY level, number";
        let rows = tx.rows(all, &[&of_room]).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
    };
    let before: Vec<(i64, i64, Vec<u8>)> = app.app.db.read(nodes.clone()).await.unwrap();
    // The way down deletes the log's tree; the way up computes it again from the entries.
    way_down::take_back(&app.app, &Actor::Operator, "007", true).await.unwrap();
    schema::bring_up(&app.app, &Actor::Operator).await.unwrap();
    assert!(before.len() > 5);
    // The adoption of the log has added nodes.
    let after = app.app.db.read(nodes).await.unwrap();
    assert!(before.iter().all(|node| after.contains(node)), "{after:?}");
    let broker = app.sign_in("broker@example.com").await;
    let head = app.checkpoint(&room, &broker).await;
    for index in 0..head.size {
        let proof = app.text(&format!("/rooms/{room}/log/proof?entry={index}"), &broker).await;
        let proof = LogProof::read(&proof).unwrap();
        assert!(holds(&proof.path, head.size, head.root, index, leaf_hash(&proof.leaf)), "{index}");
    }
}

async fn keys_are_told_as_the_log_tells_of_them_and_outlive_a_way_down(app: TestApp) {
    log::keys::register(&app.app).await.unwrap();
    let rotated = log::keys::rotate(&app.app, &Actor::Operator).await.unwrap();
    let known = async || app.app.db.read(async |tx| db::logs::keys(tx).await).await.unwrap();
    let before = known().await;
    assert_eq!(before.len(), 2);
    assert!(before.iter().any(|key| key == rotated.public()));
    way_down::take_back(&app.app, &Actor::Operator, "007", true).await.unwrap();
    schema::bring_up(&app.app, &Actor::Operator).await.unwrap();
    let (mut before, mut after) = (before, known().await);
    before.sort();
    after.sort();
    assert_eq!(after, before);
    // A key that was written into the database without an entry in the log must not be published.
    app.tampered();
    let forged = LogKey::new("other.example.com", [7; 32]).unwrap().public().to_owned();
    let now = app.app.now();
    app.app.db.write(async move |tx: &mut Tx| db::logs::add_key(tx, &forged, now).await).await.unwrap();
    let mut told = app.app.db.read(async |tx| db::logs::told_keys(tx).await).await.unwrap();
    told.sort();
    assert_eq!(told, before);
}

async fn a_key_that_the_key_in_force_does_not_vouch_for_is_not_published(app: TestApp) {
    app.tampered();
    log::keys::register(&app.app).await.unwrap();
    let in_force = app.app.log_key().public().to_owned();
    let [stolen, forged] = [[5; 32], [7; 32]].map(|seed| LogKey::new(app.app.log_key().name(), seed).unwrap());
    // The old key was replaced by the one in force, and stolen since; it names a key of the thief's as its successor.
    let rightful = succession(&stolen, &app.app.log_key());
    let wrongful = succession(&stolen, &forged);
    let entries = [
        json!({ "from": stolen.public(), "to": in_force, "signed": rightful }),
        json!({ "from": stolen.public(), "to": forged.public(), "signed": wrongful }),
        json!({ "from": in_force, "to": forged.public(), "signed": wrongful }),
    ];
    let (added, now) = (json!({ "public_key": forged.public() }), app.app.now());
    let insert = app.app.db.write(async move |tx: &mut Tx| {
        let forge = "INSERT INTO activity_log (id, room_id, actor, action, meta_json, ts, seq, leaf_hash)
                     VALUES (?1, NULL, 'system', ?2, ?3, ?4, ?5, ?6)";
        let rotations = entries.iter().map(|meta| ("log_key_rotated", meta));
        for (seq, (action, meta)) in (10_000_i64..).zip(rotations.chain([("log_key_added", &added)])) {
            let (id, leaf): (String, &[u8]) = (format!("forged {seq}"), &[0; 32]);
            tx.exec(forge, &[&id, &action, &meta.to_string(), &now, &seq, &leaf]).await?;
        }
        Ok(())
    });
    insert.await.unwrap();
    let published = app.get("//.well-known/sts-clearance/log-key", "").send().await;
    let published = String::from_utf8(published.body.to_vec()).unwrap();
    assert_eq!(published.lines().collect::<Vec<_>>(), [&*in_force, stolen.public()]);
}

async fn each_key_that_signs_is_an_entry_of_the_platforms_log(app: TestApp) {
    log::keys::register(&app.app).await.unwrap();
    log::keys::register(&app.app).await.unwrap();
    let (before, after) =
        (app.app.log_key().public().to_owned(), log::keys::rotate(&app.app, &Actor::Operator).await.unwrap());
    let admin = app.user("admin@example.com", Role::Admin).await;
    let entries = app.get("/activities?limit=100", &admin).send().await.expect(200);
    let entries: Vec<_> = entries.as_array().unwrap().iter().rev().collect();
    let of = |action: &str| entries.iter().filter(|entry| entry["action"] == action).collect::<Vec<_>>();
    let [added] = of("log_key_added")[..] else { panic!("it is told once: {entries:#?}") };
    assert_eq!(added["actor"], "system");
    assert_eq!(fields_of_event(&added["meta"]), json!({ "public_key": before }));
    let [rotated] = of("log_key_rotated")[..] else { panic!("it is told once: {entries:#?}") };
    assert_eq!(rotated["actor"], "operator");
    assert_eq!((&rotated["meta"]["from"], &rotated["meta"]["to"]), (&json!(before), &json!(after.public())));
    let signed = rotated["meta"]["signed"].as_str().unwrap();
    for key in [&*before, after.public()] {
        assert!(vouches(key, signed, &before, after.public()), "{key} vouches for the change: {signed}");
    }
}
