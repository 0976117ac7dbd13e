//! `fsck`: it finds each kind of damage, repairs what it can, and finds nothing in a sound database.

use std::fs;

use room::{Event, Log, Role};
use serde_json::{Value, json};
use signed_note::{Note, StandardSigner};
use sts_clearance::domain::snapshots::way_down;
use sts_clearance::{
    db::{self, Dialect, Tx},
    domain::{
        fsck::{self, Finding, Kind, Mode, Outcome, Remedy, Watch},
        log::{self, Actor, operation, schema},
    },
    evidence::{self, Checkpoint, CompactRange, LogKey},
};

use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_sound_database_has_nothing_to_find,
    what_migrate_down_took_away_is_no_damage,
    a_flipped_byte_in_a_file_is_found,
    a_lost_file_is_found,
    an_edited_entry_is_found_and_nothing_else_is_blamed,
    an_edited_entry_with_its_hash_is_found_by_what_is_over_it,
    a_removed_entry_is_found_and_nothing_else_is_blamed,
    an_added_entry_is_found,
    a_changed_or_lost_inner_node_is_found,
    an_edited_record_is_found,
    records_swapped_between_two_snapshots_are_found,
    a_log_cut_back_to_an_older_checkpoint_is_found_by_a_later_proof,
    a_log_cut_back_under_its_newest_checkpoint_is_found_by_it,
    a_history_rewritten_without_the_key_is_found,
    a_key_that_the_log_does_not_tell_of_is_found,
    an_edited_or_a_lost_seal_is_found,
    a_checkpoint_or_a_proof_taken_away_is_found,
    a_head_that_tells_of_more_than_anybody_could_count_is_found_and_the_rest_is_checked,
    a_completed_snapshot_said_to_have_failed_is_found_with_its_lost_file,
    a_key_that_the_log_was_made_to_tell_of_is_found,
    a_rotated_key_is_vouched_for_before_and_after_the_next_start,
    a_snapshot_or_an_upload_whose_rows_were_removed_is_found,
    a_file_whose_stored_hash_was_edited_is_told_from_one_whose_bytes_were,
    repair_puts_files_of_snapshots_back_byte_for_byte_and_touches_no_row,
    repair_leaves_what_it_cannot_draw_to_the_same_bytes,
    a_file_that_no_row_names_is_told_of_and_is_no_damage,
}

/// The name by which a finding calls the document that [`Room::new`] uploads.
const Q88: &str = "Aegean Star: Vessel particulars questionnaire (Q88 / VPQ)";
/// The name by which a finding calls any of the snapshots that [`Room::new`] takes.
const SNAPSHOT: &str = "\"Snapshot of 2026-11-23 08:00 UTC\"";

/// Ignores the progress of a check.
struct Nobody;

impl Watch for Nobody {}

/// A room with a vessel, an upload, and a completed snapshot of each type.
struct Room {
    app: TestApp,
    id: String,
    broker: String,
    snapshots: Vec<String>,
    version: String,
}

impl Room {
    async fn new(app: TestApp) -> Self {
        // Each of these tests damages something on purpose, and looks for it itself.
        app.tampered();
        log::keys::register(&app.app).await.unwrap();
        let (id, broker) = app.room().await;
        let vessel = app.vessel(&id, &broker, "Aegean Star", "discharging", IMO[0]).await;
        let document = app.document(&id, &broker, "Q88", Some(&vessel)).await;
        let version = app.version(&document, &broker, "particulars", &[]).await;
        let version = version["version"]["id"].as_str().unwrap().to_owned();
        let mut room = Self { app, id, broker, snapshots: Vec::new(), version };
        for kind in ["json", "csv", "pdf"] {
            room.snapshot(kind).await;
        }
        room
    }

    async fn snapshot(&mut self, kind: &str) {
        let taken = self.app.snapshot(&self.id, &self.broker, json!({ "snapshot_type": kind })).await;
        assert_eq!(taken["status"], "completed");
        self.snapshots.push(taken["id"].as_str().unwrap().to_owned());
    }

    fn log(&self) -> Log {
        Log::Room(self.id.parse().unwrap())
    }

    async fn check(&self, mode: Mode) -> Outcome {
        fsck::run(&self.app.app, mode, &mut Nobody).await.unwrap()
    }

    /// Checks everything and returns what is damaged, as kind and name, but for the triggers that [`Room::sql`] drops.
    async fn damaged(&self) -> Vec<(&'static str, String)> {
        let outcome = self.check(Mode::Look).await;
        let damaged: Vec<_> = outcome.findings.iter().filter(|finding| finding.is_damage()).collect();
        assert_eq!(damaged.len() as u64, outcome.damage(), "{outcome:?}");
        let damaged = damaged.into_iter().filter(|finding| finding.kind != Kind::Schema);
        damaged.map(|finding| (finding.kind.word(), finding.what.clone())).collect()
    }

    /// Runs SQL on the database, as somebody with direct access to it could. The triggers against changes are
    /// dropped first, even if there are no statements.
    async fn sql(&self, statements: &[&str]) {
        let statements: Vec<_> = statements.iter().map(|sql| sql.replace("{room}", &self.id)).collect();
        let done = self.app.app.db.write(async move |tx| {
            drop_triggers(tx).await?;
            for statement in &statements {
                tx.batch(statement).await?;
            }
            Ok(())
        });
        done.await.unwrap();
    }

    /// Returns the path of the stored file with this ending.
    fn file(&self, ending: &str) -> std::path::PathBuf {
        let found: Vec<_> =
            self.app.stored().into_iter().filter(|path| path.to_string_lossy().ends_with(ending)).collect();
        assert_eq!(found.len(), 1, "{ending}: {found:?}");
        self.app.dir.path().join("data/files").join(&found[0])
    }

    fn key(&self, ending: &str) -> String {
        let files = self.app.dir.path().join("data/files");
        self.file(ending).strip_prefix(files).unwrap().to_string_lossy().into_owned()
    }

    /// Returns every stored row of the logs.
    async fn stored_logs(&self) -> Vec<(String, i64, String, Vec<u8>)> {
        let read = self.app.app.db.read(async |tx| {
            let entries = "SELECT id, seq, action || actor || meta_json, leaf_hash FROM activity_log ORDER BY id";
            let heads = "SELECT room_id, size, checkpoint, frontier FROM room_logs ORDER BY room_id";
            let mut rows = tx.rows(entries, &[]).await?;
            rows.extend(tx.rows(heads, &[]).await?);
            rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).collect()
        });
        read.await.unwrap()
    }
}

async fn drop_triggers(tx: &mut Tx) -> sts_clearance::error::Result<()> {
    tx.batch(match tx.dialect() {
        Dialect::Sqlite => {
            "DROP TRIGGER IF EXISTS activity_log_no_update; DROP TRIGGER IF EXISTS activity_log_no_delete;
             DROP TRIGGER IF EXISTS document_versions_no_update; DROP TRIGGER IF EXISTS document_versions_no_delete"
        }
        Dialect::Postgres => {
            "DROP TRIGGER IF EXISTS activity_log_no_change ON activity_log;
             DROP TRIGGER IF EXISTS document_versions_no_change ON document_versions"
        }
    })
    .await
}

fn flip_a_byte(path: &std::path::Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn words(findings: &[(&'static str, String)]) -> Vec<&'static str> {
    findings.iter().map(|(kind, _)| *kind).collect()
}

async fn a_sound_database_has_nothing_to_find(app: TestApp) {
    let room = Room::new(app).await;
    let admin = room.app.user("admin@example.com", Role::Admin).await;
    let deleted = format!("/rooms/{}/snapshots/{}", room.id, room.snapshots[0]);
    room.app.delete(&deleted, &admin).send().await.expect(200);
    room.app.take(&room.id, &room.broker, json!({})).await;
    let other = room.app.post("/rooms", &room.broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    let other = other["id"].as_str().unwrap();
    room.app.snapshot(other, &room.broker, json!({ "snapshot_type": "csv" })).await;
    let gone = room.app.delete(&format!("/rooms/{other}?force=true"), &admin).json(json!({ "reason": "a test" }));
    assert!(gone.send().await.status < 300);
    let outcome = room.check(Mode::Look).await;
    assert_eq!(outcome.findings, []);
    assert_eq!(outcome.checked.logs, 3);
    assert!(outcome.checked.records >= 3 && outcome.checked.files >= 3 && outcome.checked.entries > 20, "{outcome:?}");
}

async fn what_migrate_down_took_away_is_no_damage(app: TestApp) {
    let room = Room::new(app).await;
    way_down::take_back(&room.app.app, &Actor::Operator, "002", true).await.unwrap();
    schema::bring_up(&room.app.app, &Actor::Operator).await.unwrap();
    let outcome = room.check(Mode::Look).await;
    assert_eq!(outcome.findings, []);
}

async fn a_flipped_byte_in_a_file_is_found(app: TestApp) {
    let room = Room::new(app).await;
    let mut expected = Vec::new();
    for ending in
        [format!("{}.pdf", room.version), format!("{}.json", room.snapshots[0]), format!("{}.pdf", room.snapshots[2])]
    {
        flip_a_byte(&room.file(&ending));
        expected.push(("file", room.key(&ending)));
    }
    let mut damaged = room.damaged().await;
    damaged.sort();
    expected.sort();
    assert_eq!(damaged, expected);
}

async fn a_lost_file_is_found(app: TestApp) {
    let room = Room::new(app).await;
    let names = [format!("{}.pdf", room.version), format!("{}.zip", room.snapshots[1])];
    let [paper, report] = names.map(|name| {
        let key = room.key(&name);
        fs::remove_file(room.file(&name)).unwrap();
        key
    });
    let outcome = room.check(Mode::Look).await;
    let remedy = |key: &str| {
        let found: Vec<&Finding> = outcome.findings.iter().filter(|finding| finding.what == key).collect();
        assert_eq!((found.len(), found[0].fault.as_str()), (1, "it is missing"));
        found[0].remedy
    };
    assert_eq!((remedy(&paper), remedy(&report), outcome.damage()), (Remedy::None, Remedy::Repair, 2));
}

async fn an_edited_entry_is_found_and_nothing_else_is_blamed(app: TestApp) {
    let room = Room::new(app).await;
    room.sql(&["UPDATE activity_log SET meta_json = '{\"title\":\"Another\"}' WHERE room_id = '{room}' AND seq = 0"])
        .await;
    assert_eq!(room.damaged().await, [("entry", "entry 0".to_owned())]);
    room.sql(&["UPDATE activity_log SET meta_json = 'no JSON' WHERE room_id = '{room}' AND seq = 0"]).await;
    assert_eq!(room.damaged().await, [("entry", "entry 0".to_owned())]);
    room.sql(&["UPDATE activity_log SET actor = 'nobody' WHERE room_id IS NULL AND seq = 1"]).await;
    assert_eq!(words(&room.damaged().await), ["entry", "entry"]);
}

async fn an_edited_entry_with_its_hash_is_found_by_what_is_over_it(app: TestApp) {
    let room = Room::new(app).await;
    let log = room.log();
    room.sql(&[]).await;
    let edited = room.app.app.db.write(async move |tx| {
        let mut entry = db::activity::range(tx, log, 1, 2).await?.remove(0);
        entry.meta = json!({ "reason": "another" });
        let hash = sts_clearance::evidence::hash_of(&entry.leaf()).unwrap();
        let update = "UPDATE activity_log SET meta_json = ?2, leaf_hash = ?3 WHERE id = ?1";
        tx.exec(update, &[&entry.id, &entry.meta.to_string(), &hash.as_slice()]).await
    });
    edited.await.unwrap();
    let damaged = room.damaged().await;
    assert_eq!(words(&damaged), ["entry", "node", "proof", "checkpoint"]);
    assert_eq!(damaged[1].1, "the node over entries 0 to 1");
    assert_eq!(damaged[2].1, format!("snapshot {}", room.snapshots[0]), "the oldest that contradicts");
}

async fn a_removed_entry_is_found_and_nothing_else_is_blamed(app: TestApp) {
    let room = Room::new(app).await;
    room.sql(&["DELETE FROM activity_log WHERE room_id = '{room}' AND seq = 1"]).await;
    assert_eq!(room.damaged().await, [("entry", "entry 1".to_owned())]);
    room.sql(&["DELETE FROM activity_log WHERE room_id = '{room}' AND seq IN (2, 3)"]).await;
    assert_eq!(room.damaged().await, [("entry", "entries 1 to 3".to_owned())]);
    let last = "(SELECT MAX(seq) FROM activity_log WHERE room_id = '{room}')";
    room.sql(&[&format!("DELETE FROM activity_log WHERE room_id = '{{room}}' AND seq = {last}")]).await;
    assert_eq!(words(&room.damaged().await), ["entry", "entry"]);
}

async fn an_added_entry_is_found(app: TestApp) {
    let room = Room::new(app).await;
    room.sql(&["INSERT INTO activity_log (id, room_id, actor, action, meta_json, ts, seq, leaf_hash)
        SELECT 'x' || id, room_id, actor, action, meta_json, ts, 1000, leaf_hash FROM activity_log
        WHERE room_id = '{room}' AND seq = 0"])
        .await;
    assert_eq!(room.damaged().await, [("log", "its entries".to_owned())]);
}

async fn a_changed_or_lost_inner_node_is_found(app: TestApp) {
    let room = Room::new(app).await;
    let leaf = "(SELECT leaf_hash FROM activity_log WHERE room_id = '{room}' AND seq = 0)";
    room.sql(&[&format!("UPDATE log_nodes SET hash = {leaf} WHERE log = '{{room}}' AND level = 1 AND number = 1")])
        .await;
    assert_eq!(room.damaged().await, [("node", "the node over entries 2 to 3".to_owned())]);
    room.sql(&["DELETE FROM log_nodes WHERE log = '{room}' AND level = 1 AND number = 1"]).await;
    assert_eq!(room.damaged().await, [("node", "the node over entries 2 to 3".to_owned())]);
    room.sql(&["UPDATE room_logs SET size = size + 1 WHERE room_id = '{room}'"]).await;
    let damaged = words(&room.damaged().await);
    assert!(damaged.contains(&"entry") && damaged.contains(&"log"), "{damaged:?}");
}

async fn an_edited_record_is_found(app: TestApp) {
    let room = Room::new(app).await;
    way_down::store_records(&room.app.app).await.unwrap();
    let [body, hash] = [0, 1].map(|i| room.snapshots[i].clone());
    let other = format!("(SELECT sha256 FROM snapshot_records WHERE snapshot_id = '{body}')");
    room.sql(&[&format!("UPDATE snapshot_records SET sha256 = {other} WHERE snapshot_id = '{hash}'")]).await;
    assert_eq!(room.damaged().await, [("record", format!("snapshot {hash}"))]);
    // A different record that decompresses without an error: only its hash gives it away.
    let id = body.clone();
    let edited = room.app.app.db.write(async move |tx| {
        let packed = zstd::encode_all(&b"{}"[..], 3).unwrap();
        tx.exec("UPDATE snapshot_records SET body = ?2 WHERE snapshot_id = ?1", &[&id, &packed]).await
    });
    edited.await.unwrap();
    assert_eq!(words(&room.damaged().await), ["record"; 2]);
    room.sql(&[&format!("UPDATE snapshots SET title = 'Another' WHERE id = '{hash}'")]).await;
    let row = ("row", format!("snapshots.title of {SNAPSHOT}"));
    assert!(room.damaged().await.contains(&row));
}

async fn records_swapped_between_two_snapshots_are_found(app: TestApp) {
    let mut room = Room::new(app).await;
    room.snapshot("json").await;
    way_down::store_records(&room.app.app).await.unwrap();
    let [a, b] = [room.snapshots[0].clone(), room.snapshots[3].clone()];
    let (mut expected, swap) = (Vec::new(), [a.clone(), b.clone()]);
    let swapped = room.app.app.db.write(async move |tx| {
        let [a, b] = &swap;
        let take = "SELECT body, sha256, proof FROM snapshot_records WHERE snapshot_id = ?1";
        let put = "UPDATE snapshot_records SET body = ?2, sha256 = ?3, proof = ?4 WHERE snapshot_id = ?1";
        let rows = [tx.one(take, &[a]).await?, tx.one(take, &[b]).await?];
        for (id, row) in [b, a].into_iter().zip(rows) {
            let (body, sha256): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
            tx.exec(put, &[id, &body, &sha256, &row.get::<String>(2)?]).await?;
        }
        Ok(())
    });
    swapped.await.unwrap();
    for snapshot in [a, b] {
        expected.extend([("proof", format!("snapshot {snapshot}")), ("record", format!("snapshot {snapshot}"))]);
    }
    let mut damaged = room.damaged().await;
    damaged.sort();
    expected.sort();
    assert_eq!(damaged, expected);
}

/// Takes a snapshot, and then truncates the log to what it was before, with everything that depends on its size.
async fn cut_back(room: &mut Room, keep_checkpoint: bool) {
    let log = room.log();
    let head = room.app.app.db.read(async |tx| db::logs::head(tx, log).await).await.unwrap().unwrap();
    room.snapshot("json").await;
    room.sql(&[]).await;
    let cut = room.app.app.db.write(async move |tx| {
        let size = i64::try_from(head.range.size()).unwrap();
        let newest = db::logs::head(tx, log).await?.unwrap().checkpoint;
        tx.exec("DELETE FROM activity_log WHERE room_id = ?1 AND seq >= ?2", &[&log.key(), &size]).await?;
        for level in 1..20_i64 {
            let beyond = "DELETE FROM log_nodes WHERE log = ?1 AND level = ?2 AND number >= ?3";
            tx.exec(beyond, &[&log.key(), &level, &(size >> level)]).await?;
        }
        let checkpoint = if keep_checkpoint { newest } else { head.checkpoint.clone() };
        db::logs::set_head(tx, log, &head.range, &checkpoint.unwrap()).await
    });
    cut.await.unwrap();
}

async fn a_log_cut_back_to_an_older_checkpoint_is_found_by_a_later_proof(app: TestApp) {
    let mut room = Room::new(app).await;
    cut_back(&mut room, false).await;
    let last = &room.snapshots[3];
    let head = ("head", "the largest head that was signed".to_owned());
    let expected = [head, ("proof", format!("snapshot {last}")), ("row", format!("snapshots of {last}"))];
    assert_eq!(room.damaged().await, expected);
    // Where what was signed is forgotten, too, only the proof tells.
    room.app.app.heads.forget().unwrap();
    assert_eq!(room.damaged().await, expected[1..]);
}

async fn a_log_cut_back_under_its_newest_checkpoint_is_found_by_it(app: TestApp) {
    let mut room = Room::new(app).await;
    cut_back(&mut room, true).await;
    assert_eq!(words(&room.damaged().await), ["head", "proof", "checkpoint", "row"]);
}

async fn a_history_rewritten_without_the_key_is_found(app: TestApp) {
    let room = Room::new(app).await;
    room.sql(&[]).await;
    let other = LogKey::new(room.app.app.log_key().name(), [7; 32]).unwrap();
    let (app, log, other) = (room.app.app.clone(), room.log(), std::sync::Arc::new(other));
    for signed in [None, Some(other)] {
        let by_other = signed.is_some();
        let rewritten = app.db.write(async move |tx| {
            let mut entries = db::activity::range(tx, log, 0, i64::MAX).await?;
            entries[1].meta = json!({ "reason": "it was otherwise" });
            tx.exec("DELETE FROM log_nodes WHERE log = ?1", &[&log.key()]).await?;
            let mut tree = CompactRange::empty();
            for entry in &entries {
                let hash = sts_clearance::evidence::hash_of(&entry.leaf()).unwrap();
                let update = "UPDATE activity_log SET meta_json = ?2, leaf_hash = ?3 WHERE id = ?1";
                tx.exec(update, &[&entry.id, &entry.meta.to_string(), &hash.as_slice()]).await?;
                db::logs::insert_nodes(tx, log, &tree.push(hash)).await?;
            }
            let head = db::logs::head(tx, log).await?.unwrap();
            let origin = head.origin.unwrap();
            let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
            let checkpoint = signed.as_ref().map_or(head.checkpoint.unwrap(), |key| checkpoint.signed(key).unwrap());
            db::logs::set_head(tx, log, &tree, &checkpoint).await
        });
        rewritten.await.unwrap();
        assert_eq!(words(&room.damaged().await), ["head", "entry", "proof", "checkpoint"]);
        let outcome = room.check(Mode::Look).await;
        let fault = &outcome.findings.iter().find(|finding| finding.kind.word() == "checkpoint").unwrap().fault;
        assert!(fault.contains(if by_other { "is signed by" } else { "signed over other entries" }), "{fault}");
        let proof = outcome.findings.iter().find(|finding| finding.kind == Kind::Proof).unwrap();
        assert!(proof.fault.ends_with("2 later ones say the same"), "{proof:?}");
    }
}

async fn a_key_that_the_log_does_not_tell_of_is_found(app: TestApp) {
    let room = Room::new(app).await;
    let other = LogKey::new("other.example.com", [7; 32]).unwrap().public().to_owned();
    room.sql(&[&format!("INSERT INTO log_keys (public_key, added_at) SELECT '{other}', added_at FROM log_keys")]).await;
    assert_eq!(room.damaged().await, [("row", format!("log_keys of {other}"))]);
}

async fn a_checkpoint_or_a_proof_taken_away_is_found(app: TestApp) {
    let room = Room::new(app).await;
    room.app.later(std::time::Duration::from_mins(1));
    let later = json!({ "snapshot_type": "json" });
    let taken = room.app.snapshot(&room.id, &room.broker, later).await["id"].as_str().unwrap().to_owned();
    room.sql(&[
        "UPDATE room_logs SET checkpoint = NULL",
        &format!("DELETE FROM snapshot_receipts WHERE snapshot_id = '{taken}'"),
    ])
    .await;
    let kinds: Vec<_> = room.damaged().await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["checkpoint", "checkpoint", "proof"]);
}

async fn a_head_that_tells_of_more_than_anybody_could_count_is_found_and_the_rest_is_checked(app: TestApp) {
    let room = Room::new(app).await;
    room.sql(&[&format!("UPDATE room_logs SET size = 9000000000000000000 WHERE room_id = '{}'", room.id)]).await;
    assert_eq!(room.damaged().await, [("log", "its head".to_owned())]);
    assert_eq!(room.check(Mode::Look).await.checked.files, 4, "the files were looked at all the same");
}

async fn a_completed_snapshot_said_to_have_failed_is_found_with_its_lost_file(app: TestApp) {
    let room = Room::new(app).await;
    let id = &room.snapshots[0];
    room.sql(&[&format!("UPDATE snapshots SET status = 'failed' WHERE id = '{id}'")]).await;
    let key = format!("rooms/{}/snapshots/{id}.json", room.id);
    fs::remove_file(room.app.dir.path().join("data/files").join(&key)).unwrap();
    let row = format!("snapshots.status of {SNAPSHOT}");
    assert_eq!(room.damaged().await, [("row", row), ("file", key)]);
}

/// Somebody with access to the database but not to the key adds a key of their own to the log and signs with it.
async fn a_key_that_the_log_was_made_to_tell_of_is_found(app: TestApp) {
    let room = Room::new(app).await;
    let forger = LogKey::new("other.example.com", [7; 32]).unwrap();
    let (evil, by) = (forger.public().to_owned(), Actor::System);
    let told = evil.clone();
    let ours = room.app.app.log_key().public().to_owned();
    operation(&room.app.app, Log::Platform, &by, async move |tx, log| {
        db::logs::add_key(tx, &told, log.now).await?;
        let (from, to) = (ours.clone(), told.clone());
        // Without our key they can sign the succession only with a key of their own.
        let other = LogKey::new("other.example.com", [8; 32]).unwrap();
        let signed = evidence::succession(&other, &LogKey::new("other.example.com", [7; 32]).unwrap());
        log.append(tx, &Event::LogKeyRotated { from, to, signed }).await
    })
    .await
    .unwrap();
    assert_eq!(room.damaged().await, [("key", evil)]);
}

async fn a_rotated_key_is_vouched_for_before_and_after_the_next_start(app: TestApp) {
    let room = Room::new(app).await;
    let before = room.app.app.log_key().public().to_owned();
    let after = log::keys::rotate(&room.app.app, &Actor::Operator).await.unwrap();
    assert_eq!(room.damaged().await, Vec::new());
    let note = evidence::succession(&room.app.app.log_key(), &after);
    for trusted in [&before, after.public()] {
        assert!(evidence::vouches(trusted, &note, &before, after.public()));
        assert!(!evidence::vouches(trusted, &note, after.public(), &before));
    }
    let stranger = LogKey::new("other.example.com", [7; 32]).unwrap();
    assert!(!evidence::vouches(stranger.public(), &note, &before, after.public()));
    // A stranger's signature under the same text does not count either, even for those who trust that stranger.
    let mut signed = Note::from_bytes(note.as_bytes()).unwrap();
    signed.add_sigs(&[&StandardSigner::new(&stranger.private()).unwrap()]).unwrap();
    let signed = String::from_utf8(signed.to_bytes()).unwrap();
    assert!(!evidence::vouches(stranger.public(), &signed, &before, after.public()));
    assert!(evidence::vouches(&before, &signed, &before, after.public()));
    assert!(!evidence::vouches(&before, &note.replace("follows", "precedes"), &before, after.public()));
}

async fn an_edited_or_a_lost_seal_is_found(app: TestApp) {
    let room = Room::new(app).await;
    let seal = format!("snapshot_seals of {SNAPSHOT}");
    room.sql(&["UPDATE snapshot_seals SET trusted_time = sealed_at, note = NULL"]).await;
    assert_eq!(room.damaged().await, [("row", seal.clone())]);
    room.sql(&["DELETE FROM snapshot_seals"]).await;
    assert_eq!(room.damaged().await, [("row", seal)]);
}

async fn a_snapshot_or_an_upload_whose_rows_were_removed_is_found(app: TestApp) {
    let room = Room::new(app).await;
    let (snapshot, version) = (&room.snapshots[0], &room.version);
    room.sql(&[
        &format!("DELETE FROM snapshot_files WHERE snapshot_id = '{snapshot}'"),
        &format!("DELETE FROM snapshot_bodies WHERE snapshot_id = '{snapshot}'"),
        &format!("DELETE FROM snapshot_positions WHERE snapshot_id = '{snapshot}'"),
        &format!("DELETE FROM snapshots WHERE id = '{snapshot}'"),
        &format!("DELETE FROM document_versions WHERE id = '{version}'"),
    ])
    .await;
    let expected = [format!("document_versions of version 1 of {Q88}"), format!("snapshots of {SNAPSHOT}")];
    assert_eq!(room.damaged().await, expected.map(|row| ("row", row)));
}

async fn a_file_whose_stored_hash_was_edited_is_told_from_one_whose_bytes_were(app: TestApp) {
    let room = Room::new(app).await;
    let leaf = "(SELECT leaf_hash FROM activity_log WHERE room_id = '{room}' AND seq = 0)";
    let (snapshot, version) = (&room.snapshots[0], &room.version);
    room.sql(&[
        &format!("UPDATE snapshot_files SET sha256 = {leaf} WHERE snapshot_id = '{snapshot}'"),
        &format!("UPDATE document_versions SET sha256 = {leaf} WHERE id = '{version}'"),
    ])
    .await;
    let expected =
        [format!("document_versions.sha256 of version 1 of {Q88}"), format!("snapshot_files.sha256 of {SNAPSHOT}")];
    assert_eq!(room.damaged().await, expected.map(|row| ("row", row)));
}

async fn repair_puts_files_of_snapshots_back_byte_for_byte_and_touches_no_row(app: TestApp) {
    let room = Room::new(app).await;
    let names = [("json", 0), ("zip", 1), ("pdf", 2)].map(|(ending, i)| format!("{}.{ending}", room.snapshots[i]));
    let paths = names.map(|name| room.file(&name));
    let before: Vec<_> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    let rows = room.stored_logs().await;
    fs::remove_file(&paths[0]).unwrap();
    flip_a_byte(&paths[1]);
    fs::write(&paths[2], "").unwrap();
    assert_eq!(words(&room.damaged().await), ["file"; 3]);
    let outcome = room.check(Mode::Repair).await;
    assert_eq!((outcome.damage(), outcome.repaired), (0, 3), "{outcome:?}");
    assert!(paths.iter().map(|path| fs::read(path).unwrap()).eq(before));
    assert_eq!(room.stored_logs().await, rows);
    assert_eq!(room.check(Mode::Repair).await.findings, []);
}

async fn repair_leaves_what_it_cannot_draw_to_the_same_bytes(app: TestApp) {
    let room = Room::new(app).await;
    let [older, damaged] = [0, 2].map(|i| room.snapshots[i].clone());
    room.sql(&[
        &format!("UPDATE snapshot_files SET renderer = 'an older one' WHERE snapshot_id = '{older}'"),
        &format!("DELETE FROM snapshot_receipts WHERE snapshot_id = '{damaged}'"),
    ])
    .await;
    let paths = [format!("{older}.json"), format!("{damaged}.pdf"), format!("{}.pdf", room.version)];
    let paths = paths.map(|name| room.file(&name));
    for path in &paths {
        flip_a_byte(path);
    }
    let before: Vec<_> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    let outcome = room.check(Mode::Repair).await;
    // The row that names the edition is written anew from the log, after which a further run could draw that file.
    assert_eq!((outcome.damaged["file"], outcome.repaired), (3, 1), "{outcome:?}");
    let faults: Vec<_> = outcome.findings.iter().map(|finding| finding.fault.as_str()).collect();
    assert!(faults.iter().any(|fault| fault.contains("drawn by `an older one`")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains("its receipt is missing")), "{faults:?}");
    assert!(paths.iter().map(|path| fs::read(path).unwrap()).eq(before));
}

async fn a_file_that_no_row_names_is_told_of_and_is_no_damage(app: TestApp) {
    let room = Room::new(app).await;
    let folder = room.file(&format!("{}.json", room.snapshots[0])).parent().unwrap().to_owned();
    // A file without a row may belong to an unfinished upload for a day.
    for (name, hours) in [("old.pdf", 25), ("new.pdf", 23)] {
        let now = fs::metadata(&folder).unwrap().modified().unwrap();
        fs::write(folder.join(name), "%PDF").unwrap();
        let file = fs::File::options().write(true).open(folder.join(name)).unwrap();
        file.set_modified(now - std::time::Duration::from_hours(hours)).unwrap();
    }
    let outcome = room.check(Mode::Look).await;
    assert_eq!(outcome.damage(), 0);
    let [left_over] = outcome.findings.as_slice() else { panic!("{outcome:?}") };
    assert_eq!(left_over.what, room.key("old.pdf"));
    assert_eq!(serde_json::to_value(left_over).unwrap()["remedy"], Value::from("not_needed"));
}
