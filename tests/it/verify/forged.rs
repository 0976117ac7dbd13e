//! Single forged files of earlier versions: the verifier names what is wrong with each.

use report::{Edition, Fonts, Format, record::Limit};
use serde_json::json;
use sts_clearance::evidence::{
    LogKey, PublicKeys,
    verify::{CheckOutcome, Exhibits, Judgement, verify},
};
use tools::needs;

use super::{Parts, all, check, expect_failed, expect_fault, expect_verified};
use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    every_file_of_an_earlier_version_verifies_with_the_key_of_its_log,
    a_file_verifies_with_the_key_of_its_time_when_the_server_has_another,
}

/// Names of the checks that a file of each kind has.
const CHECKS: [&str; 7] = ["file", "record", "log entry", "inclusion", "entries", "checkpoint", "rendering"];

async fn every_file_of_an_earlier_version_verifies_with_the_key_of_its_log(app: TestApp) {
    let (room, broker) = app.room().await;
    // This length needs 17 significant digits: canonical JSON must not lose any.
    let vessel = json!({ "name": "Long", "role": "other", "imo_number": IMO[0], "length_m": 228.600_000_000_000_02 });
    app.post(&format!("/rooms/{room}/vessels"), &broker).json(vessel).send().await.expect(201);
    let key = &app.app.log_key();
    let parts = Parts::of_earlier_version(&app.file(&room, &broker, all("json")).await, key);
    for format in [Format::Pdf, Format::Json, Format::Csv] {
        for (parts, with_entries) in
            [(parts.clone().of_kind(format, key), true), (parts.clone().small(format, key), false)]
        {
            let file = if format == Format::Pdf { parts.sealed(&app) } else { parts.file() };
            let report = check(&file, &app.keys()).unwrap();
            expect_verified(&report);
            assert_eq!(report.sentence, None, "it is not by its body that it was logged");
            let names: Vec<&str> = report.file.checks.iter().map(|check| &*check.name).collect();
            let expected: Vec<_> = CHECKS.into_iter().filter(|name| with_entries || *name != "entries").collect();
            assert_eq!(names.iter().copied().filter(|name| *name != "seal").collect::<Vec<_>>(), expected);
            assert_eq!(names.contains(&"seal"), format == Format::Pdf);
            let told = report.file.facts.told.unwrap();
            assert_eq!((told.room_id.as_str(), told.taken_by.as_str()), (room.as_str(), "broker@example.com"));
            assert_eq!(told.key.as_deref(), Some(key.public()));
        }
    }
}

async fn a_file_verifies_with_the_key_of_its_time_when_the_server_has_another(app: TestApp) {
    let (room, broker) = app.room().await;
    let file = app.file(&room, &broker, all("json")).await;
    let other = LogKey::new("sts-clearance/other", [9; 32]).unwrap();
    let both = format!("{}\n{}", other.public(), app.app.log_key().public());
    expect_verified(&check(&file, &PublicKeys::read(&both).unwrap()).unwrap());
}

/// Files of an honest server of an earlier version, the parts of one of them, and the server's keys.
struct Scene {
    app: TestApp,
    json: Parts,
    pdf: Vec<u8>,
    keys: PublicKeys,
}

async fn scene() -> Scene {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    for company in ["A", "B", "C"] {
        let parties = app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200);
        let party = format!("/rooms/{room}/parties/{}", parties[1]["id"].as_str().unwrap());
        app.patch(&party, &broker).json(json!({ "company": company })).send().await.expect(200);
    }
    let json = Parts::of_earlier_version(&app.file(&room, &broker, all("json")).await, &app.app.log_key());
    let pdf = json.clone().small(Format::Pdf, &app.app.log_key()).sealed(&app);
    let keys = app.keys();
    Scene { app, json, pdf, keys }
}

#[tokio::test]
async fn an_entry_removed_reordered_inserted_or_changed_in_the_record_is_named() {
    let scene = scene().await;
    let entries = scene.json.record.activity.clone().unwrap();
    assert!(entries.len() > 6, "{}", entries.len());
    let mut removed = entries.clone();
    removed.remove(2);
    let mut reordered = entries.clone();
    reordered.swap(2, 3);
    let mut inserted = entries.clone();
    inserted.insert(2, entries[2].clone());
    let mut changed = entries.clone();
    changed[2].meta["company"] = "Another".into();
    let mut first_lost = entries.clone();
    first_lost.remove(0);
    for (entries, words) in [
        (removed, "lacking, or out of order"),
        (reordered, "where entry 2 should be is entry 3"),
        (inserted, "it holds 11 entries of a log of 10"),
        (changed, "the entries from 0 to 7 are not those of the log"),
        (first_lost, "the record says that it holds all entries, and lacks those before 1"),
    ] {
        let mut parts = scene.json.clone();
        parts.record.activity = Some(entries);
        let report = check(&parts.file(), &scene.keys).unwrap();
        expect_failed(&report, "entries", words);
        expect_failed(&report, "log entry", "it announces another record: SHA-256 ");
        expect_fault(&report, "rendering", CheckOutcome::Skipped, "not drawn again, as the log entry does not hold");
    }
}

#[tokio::test]
async fn entries_may_be_lacking_at_the_beginning_alone_and_as_many_as_the_record_says() {
    let scene = scene().await;
    let mut parts = scene.json.clone();
    let all = parts.record.log.size;
    let entries = &parts.record.activity.clone().unwrap()[1..];
    for (section, shown, total, fits) in [
        ("activity", all - 1, all, true),
        ("activity", all - 2, all, false),
        ("activity", all - 1, all + 1, false),
        ("documents", all - 1, all, false),
    ] {
        parts.record.activity = Some(entries.to_vec());
        parts.record.limits = vec![Limit { section: section.into(), shown, total }];
        let report = check(&parts.file(), &scene.keys).unwrap();
        let said = report.file.checks.iter().find(|check| check.name == "entries").unwrap();
        assert_eq!(said.outcome == CheckOutcome::Ok, fits, "{shown} of {total} {section}: {said:?}");
        let words =
            if fits { "the newest 9 of 10, in their order" } else { "holds all entries, and lacks those before 1" };
        assert!(said.detail.contains(words), "{shown} of {total} {section}: {said:?}");
    }
}

#[tokio::test]
async fn a_forged_log_that_is_consistent_in_itself_lacks_the_signature() {
    let scene = scene().await;
    let mut parts = scene.json.clone();
    let mut entries = parts.record.activity.clone().unwrap();
    entries[2].meta["company"] = "Another".into();
    parts.record.activity = Some(entries.clone());
    // The forger's key has the same name as the genuine one.
    let forger = LogKey::new(scene.app.app.log_key().name(), [9; 32]).unwrap();
    parts.reconcile(&entries, &forger);
    let report = check(&parts.file(), &scene.keys).unwrap();
    assert_eq!(report.verdict, "does not verify: checkpoint");
    expect_failed(&report, "checkpoint", "it is signed by sts-clearance/");
    expect_failed(&report, "checkpoint", ", not by sts-clearance/");
    expect_fault(&report, "rendering", CheckOutcome::Skipped, "as the checkpoint does not hold");
    // A genuine signature does not fit another text.
    let true_signature =
        scene.json.proof.checkpoint.rsplit_once('\n').unwrap().0.rsplit_once('\n').unwrap().1.to_owned();
    let (text, _) = parts.proof.checkpoint.split_once("\n\n").unwrap();
    parts.proof.checkpoint = format!("{text}\n\n{true_signature}\n");
    let report = check(&parts.file(), &scene.keys).unwrap();
    expect_failed(&report, "checkpoint", "does not fit it: it was changed after it was signed");
}

#[tokio::test]
async fn a_checkpoint_of_another_room_or_log_is_named_though_the_true_key_has_signed_it() {
    let scene = scene().await;
    let (key, room) = (&scene.app.app.log_key(), &scene.json.record.room.id);
    let mut parts = scene.json.clone();
    let mut checkpoint = parts.checkpoint();
    checkpoint.origin = format!("{}/rooms/00000000-0000-7000-8000-000000000000", key.name());
    parts.sign(&checkpoint, key);
    expect_failed(&check(&parts.file(), &scene.keys).unwrap(), "checkpoint", "it is of another room: of the log `");
    checkpoint.origin = format!("elsewhere/rooms/{room}");
    parts.sign(&checkpoint, key);
    expect_failed(&check(&parts.file(), &scene.keys).unwrap(), "checkpoint", "it is of another log: of `elsewhere/");
    // The file has the complete, genuine proof of another room's log.
    let broker = scene.app.sign_in("broker@example.com").await;
    let other = scene.app.another_room(&broker).await;
    let other = Parts::of_earlier_version(&scene.app.file(&other, &broker, all("json")).await, key);
    let parts = Parts { proof: other.proof, ..scene.json.clone() };
    let report = check(&parts.file(), &scene.keys).unwrap();
    expect_failed(&report, "log entry", "it is of another room: `");
    expect_failed(&report, "checkpoint", "it is of another room: of the log `");
}

#[tokio::test]
async fn a_proof_for_another_index_or_of_a_log_cut_to_an_older_size_is_named() {
    let scene = scene().await;
    let key = &scene.app.app.log_key();
    let mut parts = scene.json.clone();
    parts.proof.index -= 1;
    let report = check(&parts.file(), &scene.keys).unwrap();
    expect_failed(&report, "inclusion", "the proof is for entry 9, and holds entry 10");
    // The file has the checkpoint of the log when it had three entries, signed with the genuine key.
    let entries = scene.json.record.activity.clone().unwrap();
    let mut parts = scene.json.clone();
    let older = super::tree(&parts.record.room.id, &entries[..3]);
    let checkpoint = sts_clearance::evidence::Checkpoint { size: 3, root: older.root(), ..parts.checkpoint() };
    parts.sign(&checkpoint, key);
    let report = check(&parts.file(), &scene.keys).unwrap();
    expect_failed(&report, "inclusion", "its checkpoint is of 3 entries, not of just those up to it");
    // The proof is for a log that leaves entries out before the one that announces the snapshot.
    let mut parts = scene.json.clone();
    let leaf = room::Leaf { seq: 3, ..parts.leaf() };
    parts.prove(&entries[..3], &leaf, key);
    let report = check(&parts.file(), &scene.keys).unwrap();
    expect_failed(&report, "log entry", "it is entry 3 of its log, and the record was announced as entry 10");
    expect_failed(&report, "inclusion", "the record was announced as entry 10");
    // First the proof has a wrong path, then the record a root that the log never had.
    let mut parts = scene.json.clone();
    parts.proof.path[0][0] ^= 1;
    expect_failed(&check(&parts.file(), &scene.keys).unwrap(), "inclusion", "does not hold this entry as entry 10");
    let mut parts = scene.json.clone();
    parts.record.log.root = "00".repeat(32);
    expect_failed(&check(&parts.file(), &scene.keys).unwrap(), "inclusion", "before this entry the log's root was ");
}

#[tokio::test]
async fn a_record_swapped_with_that_of_another_snapshot_is_named() {
    let scene = scene().await;
    let (room, broker) = (&scene.json.record.room.id, scene.app.sign_in("broker@example.com").await);
    scene.app.later(std::time::Duration::from_mins(2));
    let later = scene.app.file(room, &broker, json!({ "snapshot_type": "json", "title": "Later" })).await;
    let other = Parts::of_earlier_version(&later, &scene.app.app.log_key());
    for parts in [
        Parts { record: other.record.clone(), ..scene.json.clone() },
        Parts { proof: other.proof.clone(), ..scene.json.clone() },
    ] {
        let report = check(&parts.file(), &scene.keys).unwrap();
        expect_failed(&report, "log entry", "it announces another record: SHA-256 ");
        expect_failed(&report, "log entry", "it announces another snapshot: `");
        expect_failed(&report, "log entry", "it announces another title: `");
        expect_failed(&report, "log entry", "it is of another time: 2026-11-23 08:0");
        expect_failed(&report, "inclusion", "the record was announced as entry ");
    }
}

#[tokio::test]
async fn every_word_of_the_entry_has_to_fit_the_record() {
    let scene = scene().await;
    let entries = scene.json.record.activity.clone().unwrap();
    let cases: [(&str, &str, &str); 4] = [
        ("/action", "room_created", "it is `room_created`, which announces no snapshot"),
        ("/actor", "seller@example.com", "it is by another actor: `seller@example.com`"),
        ("/meta/snapshot_type", "pdf", "it announces another type of file: `pdf`"),
        ("/room_id", "elsewhere", "it is of another room: `elsewhere`"),
    ];
    for (pointer, value, words) in cases {
        let mut parts = scene.json.clone();
        let mut leaf = serde_json::to_value(parts.leaf()).unwrap();
        *leaf.pointer_mut(pointer).unwrap() = value.into();
        parts.prove(&entries, &serde_json::from_value(leaf).unwrap(), &scene.app.app.log_key());
        let report = check(&parts.file(), &scene.keys).unwrap();
        assert_eq!(report.verdict, "does not verify: log entry");
        expect_failed(&report, "log entry", words);
    }
}

#[tokio::test]
async fn a_record_that_is_not_as_it_is_hashed_or_of_another_format_is_named() {
    let scene = scene().await;
    let file = String::from_utf8(scene.json.file()).unwrap();
    for (from, to, words) in [
        ("\"record\":{", "\"record\":{ ", "it is not in canonical form (RFC 8785)"),
        ("\"record\":{", "\"record\":{\"a\":1,", "it is not in canonical form (RFC 8785)"),
        ("\"counts\":", "\"count\":", "the record cannot be read: missing field `counts`"),
    ] {
        let report = check(file.replacen(from, to, 1).as_bytes(), &scene.keys).unwrap();
        expect_failed(&report, "record", words);
    }
    // A later version may know what this one does not.
    let later = file.replacen("snapshot/2", "snapshot/9", 1);
    let report = check(later.as_bytes(), &scene.keys).unwrap();
    expect_fault(&report, "record", CheckOutcome::Skipped, "the JSON envelope has another format");
    assert_eq!(report.judgement, Judgement::CannotBeJudged);
    let report = check(file.replacen("record/3", "record/9", 1).as_bytes(), &scene.keys).unwrap();
    expect_fault(&report, "record", CheckOutcome::Skipped, "the record has schema `sts-clearance/record/9`");
    let other_hash = file.replacen("\"record_sha256\":\"", "\"record_sha256\":\"0", 1);
    expect_failed(&check(other_hash.as_bytes(), &scene.keys).unwrap(), "rendering", "other bytes from offset");
    // The genuine record of a JSON snapshot is drawn as a PDF.
    let drawn = Parts { format: Format::Pdf, ..scene.json.clone() }.file();
    let report = check(&drawn, &scene.keys).unwrap();
    expect_failed(&report, "record", "it is of a `json` snapshot, and the file is a `pdf`");
    expect_failed(&report, "seal", "the PDF ends without a seal of ours");
    // The file has no proof, as those of versions before 0.3.
    let bare = report::render(
        report::Edition::CURRENT,
        &scene.json.canonical(),
        None,
        Format::Json,
        &Fonts::embedded(),
        &mut |_| (),
    )
    .unwrap();
    let report = check(&bare.bytes, &scene.keys).unwrap();
    expect_fault(&report, "log entry", CheckOutcome::Skipped, "the file carries no proof");
    assert_eq!(report.judgement, Judgement::CannotBeJudged);
    for nothing in [&b""[..], b"hello", b"\x89PNG"] {
        assert!(check(nothing, &scene.keys).is_err());
    }
}

#[tokio::test]
async fn a_seal_taken_off_or_put_on_again_and_a_pdf_with_something_added_are_told() {
    let scene = scene().await;
    expect_verified(&check(&scene.pdf, &scene.keys).unwrap());
    let (unsealed, _) = seal::split(&scene.pdf).unwrap();
    let report = check(unsealed, &scene.keys).unwrap();
    assert_eq!(report.verdict, "does not verify: seal");
    expect_failed(&report, "seal", "it was taken off");
    let added = [&scene.pdf[..], b"\n%added"].concat();
    expect_failed(&check(&added, &scene.keys).unwrap(), "seal", "something was changed or added there");
    // Anybody can replace the seal: the report names the new signer and says that nobody vouches for them.
    let at = "2026-11-23T09:00:00Z".parse().unwrap();
    let mallory = seal::Identity::self_made("Mallory", at, [7; 32]).unwrap();
    let resealed = seal::apply(unsealed, &seal::sign(unsealed, &mallory, at).unwrap()).unwrap();
    let report = check(&resealed, &scene.keys).unwrap();
    let told = &report.file.checks[1].detail;
    assert!(told.starts_with("sealed by “Mallory”, with a self-made certificate: nobody else vouches"), "{told}");
    assert!(told.contains("no trusted time: that it was sealed at 2026-11-23 09:00:00 UTC is its word"), "{told}");
    assert!(told.ends_with(&hex::encode(mallory.certificate_sha256())), "{told}");
    // The seal belongs to another file.
    let other = [&unsealed[..unsealed.len() - 1], b" ", &scene.pdf[unsealed.len()..]].concat();
    assert!(!check(&other, &scene.keys).unwrap().verified);
}

#[tokio::test]
async fn another_renderer_another_hash_and_a_missing_key_are_told() {
    let scene = scene().await;
    let json = scene.json.file();
    let other = String::from_utf8(json.clone()).unwrap().replace(Edition::V0_3.name(), "sts-clearance-report 9.9.9");
    let report = check(other.as_bytes(), &scene.keys).unwrap();
    let words =
        "the file says that `sts-clearance-report 9.9.9` drew it, and this program draws as `sts-clearance-report ";
    expect_fault(&report, "rendering", CheckOutcome::Skipped, words);
    assert_eq!(report.verdict, "cannot be judged: rendering");

    let fonts = Fonts::embedded();
    let given = Exhibits { sha256: Some([1; 32]), ..Exhibits::of(&json, None, &fonts) };
    let report = verify(&given).unwrap();
    assert_eq!(report.verdict, "does not verify: file");
    expect_failed(&report, "file", "; the one given is 0101");
    expect_fault(
        &report,
        "checkpoint",
        CheckOutcome::Skipped,
        &format!("the file prints `{}`", scene.app.app.log_key().public()),
    );
    let rendering = report.file.checks.iter().find(|check| check.name == "rendering").unwrap();
    assert_eq!(rendering.outcome, CheckOutcome::Ok, "without a key at least the file is what its record says");
}

#[needs(fonts)]
#[tokio::test]
async fn a_file_that_was_drawn_with_other_fonts_is_not_drawn_again_and_says_so() {
    let scene = scene().await;
    let dir = tempfile::tempdir().unwrap();
    let family = std::fs::read_dir("/usr/share/fonts/truetype").unwrap().next().unwrap().unwrap();
    for file in std::fs::read_dir(family.path()).unwrap().flatten() {
        std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    let fonts = Fonts::with_directory(dir.path()).unwrap();
    let given = Exhibits { ours: None, ..Exhibits::of(&scene.pdf, Some(&scene.keys), &fonts) };
    let words = "drawn with the fonts `embedded`, and here are";
    expect_fault(&verify(&given).unwrap(), "rendering", CheckOutcome::Skipped, words);
}

#[tokio::test]
async fn a_second_signature_under_the_checkpoint_stands_in_no_way_if_nobody_knows_its_key() {
    let scene = scene().await;
    for signer in [LogKey::new("witness.example.com", [9; 32]).unwrap().private(), String::new()] {
        let mut parts = scene.json.clone();
        let note = parts.proof.checkpoint.clone();
        let line = match LogKey::read(&signer) {
            Ok(witness) => parts.checkpoint().signed(&witness).unwrap().rsplit_once("\n\n").unwrap().1.to_owned(),
            // An empty key stands for a repetition of the genuine signature.
            Err(_) => note.rsplit_once("\n\n").unwrap().1.to_owned(),
        };
        parts.proof.checkpoint = note + &line;
        let report = check(&parts.file(), &scene.keys).unwrap();
        expect_verified(&report);
        // One that is known, and does not fit, does.
        let Ok(witness) = LogKey::read(&signer) else { continue };
        let keys = scene.keys.clone().and(&PublicKeys::read(witness.public()).unwrap());
        let mut other = parts.checkpoint();
        other.size = 1;
        let other = other.signed(&witness).unwrap();
        parts.proof.checkpoint = scene.json.proof.checkpoint.clone() + other.rsplit_once("\n\n").unwrap().1;
        let report = check(&parts.file(), &keys).unwrap();
        expect_failed(&report, "checkpoint", "the signature of the key `witness.example.com+");
    }
}
