//! Files with receipts: each statement by which one proves itself, and what makes it fail.

use report::{Edition, Fonts, Format, Opened, Rendered, ReportError};
use room::Log;
use serde_json::{Value, json};
use sts_clearance::evidence::{
    Checkpoint, LogKey, PublicKeys,
    verify::{CheckOutcome, Drawer, Exhibits, Judgement, Report, verify},
};

use super::{
    Receipted, all, check, doors::brought, expect_failed, expect_fault, expect_verified, small, unsealed, with_entries,
};
use crate::harness::{Installation, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    every_file_that_the_server_makes_verifies_with_its_key,
    a_file_without_entries_cannot_be_judged_and_every_door_says_so,
}

const KINDS: [&str; 3] = ["pdf", "json", "csv"];

fn outcome(report: &Report, name: &str) -> CheckOutcome {
    report.file.checks.iter().find(|check| check.name == name).unwrap().outcome
}

async fn every_file_that_the_server_makes_verifies_with_its_key(app: TestApp) {
    let (room, broker) = app.room().await;
    let (key, place) = (&app.app.log_key(), Installation::new(None));
    for kind in KINDS {
        let file = app.file(&room, &broker, all(kind)).await;
        let report = check(&file, &app.keys()).unwrap();
        expect_verified(&report);
        let names: Vec<&str> = report.file.checks.iter().map(|check| &*check.name).collect();
        let expected = ["file", "record", "logged", "follows", "sealed", "drawn"];
        let expected: Vec<_> = expected.into_iter().filter(|name| *name != "sealed" || kind == "pdf").collect();
        assert_eq!(names, expected);
        let sentence = report.sentence.unwrap();
        let told = report.file.facts.told.unwrap();
        let (position, entry) = (told.position, told.entry());
        let said = format!(
            "as entry {entry} of the room “STS Ceuta”; the record in it follows from the {position} entries up to the \
             moment that it shows; that its pages show this record was confirmed by drawing them again."
        );
        assert!(entry > position && sentence.ends_with(&said), "{sentence}");
        assert!(sentence.starts_with(&format!("The server {} logged this report on 2026-", key.name())), "{sentence}");
        std::fs::write(place.path("file"), &file).unwrap();
        let ran = place.run(&["verify", "file", "--key", key.public()]);
        assert!(ran.expect(0).starts_with(&format!("{sentence}\n\n")), "{ran:?}");
        // What tests make of the parts of a file is that file.
        assert_eq!(Receipted::of(&file).file(), unsealed(&file));
    }
}

async fn a_file_without_entries_cannot_be_judged_and_every_door_says_so(app: TestApp) {
    let (room, broker) = app.room().await;
    let place = Installation::new(None);
    for kind in KINDS {
        let file = app.file(&room, &broker, small(kind)).await;
        let report = check(&file, &app.keys()).unwrap();
        assert_eq!((report.judgement, &*report.verdict), (Judgement::CannotBeJudged, "cannot be judged: follows"));
        expect_fault(&report, "follows", CheckOutcome::Skipped, "the snapshot was taken without the log's entries");
        assert_eq!([outcome(&report, "logged"), outcome(&report, "drawn")], [CheckOutcome::Ok; 2]);
        std::fs::write(place.path("file"), &file).unwrap();
        let key = app.app.log_key().public().to_owned();
        let told = place.run(&["verify", "file", "--key", &key]);
        assert_eq!(told.expect(3).lines().last(), Some("cannot be judged: follows"));
        let told = place.run(&["verify", "file", "--key", &key, "--json"]);
        let told: Value = serde_json::from_str(told.expect(3)).unwrap();
        assert_eq!([&told["verified"], &told["judgement"]], [&json!(false), &json!("cannot_be_judged")]);
        let told = brought(&app, "/verify", &[("file", &file)]).await.expect(200);
        assert_eq!([&told["judgement"], &told["verdict"]], ["cannot_be_judged", "cannot be judged: follows"]);
        let page = brought(&app, "//verify", &[("file", &file)]).await.html();
        assert!(page.contains("<strong>Cannot be judged</strong>"), "{page}");
    }
}

/// Files of an honest server, and its keys.
struct Scene {
    app: TestApp,
    room: String,
    broker: String,
    json: Receipted,
    keys: PublicKeys,
}

impl Scene {
    async fn set() -> Self {
        let app = TestApp::on_sqlite().await;
        let (room, broker) = app.room().await;
        let json = Receipted::of(&app.file(&room, &broker, with_entries("json")).await);
        let keys = app.keys();
        Self { app, room, broker, json, keys }
    }

    fn key(&self) -> std::sync::Arc<LogKey> {
        self.app.app.log_key()
    }

    fn check(&self, parts: &Receipted) -> Report {
        check(&parts.file(), &self.keys).unwrap()
    }

    async fn pdf(&self) -> Vec<u8> {
        self.app.file(&self.room, &self.broker, with_entries("pdf")).await
    }

    /// Seals a file as the server does, or as somebody else.
    fn sealed(&self, unsealed: &[u8], identity: Option<&seal::Identity>, seconds: i64) -> Vec<u8> {
        let own = self.app.app.seal_identity().unwrap();
        let at = self.json.record.snapshot.created_at + jiff::SignedDuration::from_secs(seconds);
        let seal = seal::sign(unsealed, identity.unwrap_or(&own), at).unwrap();
        seal::apply(unsealed, &seal).unwrap()
    }
}

fn mallory() -> seal::Identity {
    seal::Identity::self_made("Mallory", "2026-11-20T09:00:00Z".parse().unwrap(), [7; 32]).unwrap()
}

/// Makes the first page show the content of another one.
fn painted_over(pdf: &[u8]) -> Vec<u8> {
    let mut painted = pdf.to_vec();
    let at = pdf.windows(10).position(|bytes| bytes == b"/Contents ").unwrap() + 10;
    let digits = pdf[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let last = &mut painted[at + digits - 1];
    *last = if *last == b'9' { b'8' } else { *last + 1 };
    painted
}

#[tokio::test]
async fn a_page_painted_over_and_sealed_again_is_neither_what_was_logged_nor_sealed() {
    let scene = Scene::set().await;
    let pdf = scene.pdf().await;
    let parts = Receipted::of(&pdf);
    let painted = painted_over(&parts.body());
    let unsealed = report::with_receipt(Format::Pdf, &painted, &parts.receipt.to_string()).unwrap();
    let report = check(&scene.sealed(&unsealed, Some(&mallory()), 0), &scene.keys).unwrap();
    assert_eq!(report.verdict, "does not verify: logged, sealed");
    expect_failed(&report, "logged", "the log tells of a body with the SHA-256 ");
    expect_failed(&report, "sealed", "it is a seal of somebody else, “Mallory”: ");
    expect_fault(&report, "drawn", CheckOutcome::Skipped, "not drawn again, as the logged does not hold");
    // Whoever has the server's seal too still has not logged it.
    let report = check(&scene.sealed(&unsealed, None, 0), &scene.keys).unwrap();
    assert_eq!(report.verdict, "does not verify: logged");
    // Even the log's key makes no other pages of the record.
    let mut parts = parts;
    let mut leaf = parts.leaf();
    leaf.meta["body_sha256"] = hex::encode(report::split(&painted).unwrap().body.sha256).into();
    let entries = parts.entries();
    parts.prove_leaf(&entries, leaf, &scene.key());
    let unsealed = report::with_receipt(Format::Pdf, &painted, &parts.receipt.to_string()).unwrap();
    let report = check(&scene.sealed(&unsealed, None, 0), &scene.keys).unwrap();
    assert_eq!(report.verdict, "does not verify: drawn");
    expect_failed(&report, "drawn", "drawn again, its body has other bytes");
}

#[tokio::test]
async fn a_seal_taken_off_or_of_somebody_else_or_too_early_or_with_other_objects_fails() {
    let scene = Scene::set().await;
    let pdf = scene.pdf().await;
    let unsealed = unsealed(&pdf);
    let before = "it says that it was made before the snapshot was taken";
    for (file, words) in [
        (unsealed.to_vec(), "it was taken off"),
        ([&pdf[..], b"\n%added"].concat(), "something was changed or added there"),
        (scene.sealed(unsealed, Some(&mallory()), 0), "it is a seal of somebody else, “Mallory”: "),
        (scene.sealed(unsealed, None, -60), before),
        // The catalog and the first page are written again with the seal.
        ([unsealed, &painted_over(&pdf[unsealed.len()..])].concat(), "what was added with the seal is not"),
    ] {
        let report = check(&file, &scene.keys).unwrap();
        // What hides the end of the receipt's update hides the receipt.
        if report.verdict == "does not verify: sealed" {
            assert_eq!(outcome(&report, "logged"), CheckOutcome::Ok);
            expect_failed(&report, "sealed", words);
        } else {
            assert!(file.ends_with(b"added") && report.judgement == Judgement::Failed, "{words}: {report:#?}");
        }
    }
    expect_verified(&check(&scene.sealed(unsealed, None, 60), &scene.keys).unwrap());
}

/// A change of a file's parts.
type Change = fn(&mut Receipted);

#[tokio::test]
async fn a_receipt_of_another_snapshot_or_room_or_size_or_changed_in_any_part_fails() {
    let scene = Scene::set().await;
    let other = Receipted::of(&scene.app.file(&scene.room, &scene.broker, with_entries("json")).await);
    let report = scene.check(&Receipted { receipt: other.receipt, ..scene.json.clone() });
    expect_failed(&report, "logged", "the log tells of a body with the SHA-256 ");
    expect_failed(&report, "logged", "its receipt is of the snapshot ");
    let room = scene.app.another_room(&scene.broker).await;
    let other = Receipted::of(&scene.app.file(&room, &scene.broker, with_entries("json")).await);
    let report = scene.check(&Receipted { receipt: other.receipt, ..scene.json.clone() });
    expect_failed(&report, "logged", "its receipt is of the room ");
    expect_failed(&report, "logged", "its receipt is of the log `");
    expect_failed(&report, "follows", "the receipt does not show that its log goes on");

    // The genuine checkpoint of the log when it was shorter.
    let (mut parts, entries) = (scene.json.clone(), scene.json.entries());
    let tree = super::tree(&scene.room, &entries);
    let checkpoint = Checkpoint { size: tree.size(), root: tree.root(), ..parts.checkpoint() };
    parts.sign(&checkpoint, &scene.key());
    let report = scene.check(&parts);
    expect_failed(&report, "logged", "the log of the checkpoint does not end with entry ");
    expect_failed(&report, "follows", "the receipt does not show that its log goes on");

    let changes: [(Change, &str, &str); 6] = [
        (|it| it.receipt.proof.index -= 1, "logged", "does not end with entry "),
        (|it| it.receipt.proof.path[0][0] ^= 1, "logged", "does not end with entry "),
        (|it| it.receipt.consistency[0][0] ^= 1, "follows", "does not show that its log goes on"),
        (|it| it.receipt.consistency.clear(), "follows", "does not show that its log goes on"),
        (
            |it| {
                let leaf = room::Leaf { actor: "operator".into(), ..it.leaf() };
                it.receipt.proof.leaf = leaf.canonical().unwrap();
            },
            "logged",
            "does not end with entry ",
        ),
        (
            |it| it.receipt.proof.checkpoint = it.receipt.proof.checkpoint.replacen("/rooms/", "/room/", 1),
            "logged",
            "does not fit it: it was changed after it was signed",
        ),
    ];
    for (change, name, words) in changes {
        let mut parts = scene.json.clone();
        change(&mut parts);
        expect_failed(&scene.check(&parts), name, words);
    }
    // An entry that tells of something else, and a file whose receipt was taken off.
    let mut parts = scene.json.clone();
    let leaf = room::Leaf { action: "snapshot_generated".into(), ..parts.leaf() };
    parts.prove_leaf(&entries, leaf, &scene.key());
    expect_failed(&scene.check(&parts), "logged", "an entry `snapshot_generated`, which tells of no body");
    let report = check(&scene.json.body(), &scene.keys).unwrap();
    expect_failed(&report, "logged", "the file carries no receipt: it was taken off");
}

#[tokio::test]
async fn facts_that_are_not_what_the_entries_lead_to_fail_whoever_has_signed_them() {
    let scene = Scene::set().await;
    let mut parts = scene.json.clone();
    parts.record.facts.room.title = "Another".into();
    // Only put into the file again.
    let report = scene.check(&parts);
    assert_eq!(report.verdict, "does not verify: logged, follows");
    expect_failed(&report, "follows", "its facts are not what the entries of the log lead to");
    // With a log of one's own, whose key has the name of the genuine one.
    let forger = LogKey::new(scene.key().name(), [9; 32]).unwrap();
    parts.prove(&scene.json.entries(), &forger);
    let report = scene.check(&parts);
    assert_eq!(report.verdict, "does not verify: logged, follows");
    expect_failed(&report, "logged", "it is signed by ");
    // With the genuine key.
    parts.prove(&scene.json.entries(), &scene.key());
    let report = scene.check(&parts);
    assert_eq!(report.verdict, "does not verify: follows");
    let mut pdf = Receipted::of(&scene.pdf().await);
    pdf.record.facts.room.title = "Another".into();
    let entries = pdf.entries();
    pdf.prove(&entries, &scene.key());
    let report = check(&scene.sealed(&pdf.file(), None, 0), &scene.keys).unwrap();
    assert_eq!(report.verdict, "does not verify: follows");
    assert_eq!(outcome(&report, "drawn"), CheckOutcome::Ok, "its pages show the changed record");
}

#[tokio::test]
async fn an_entry_removed_reordered_inserted_or_changed_in_the_record_fails() {
    let scene = Scene::set().await;
    let entries = scene.json.entries();
    let changed = |change: fn(&mut Vec<report::record::EntryFacts>)| {
        let mut entries = entries.clone();
        change(&mut entries);
        entries
    };
    for (entries, words) in [
        (changed(|them| drop(them.remove(2))), "it holds "),
        (changed(|them| them.swap(2, 3)), "where entry 2 should be is entry 3"),
        (changed(|them| them.insert(2, them[2].clone())), "it holds "),
        (changed(|them| them[2].actor = "nobody@example.com".into()), "one or more of them were changed"),
    ] {
        let mut parts = scene.json.clone();
        parts.record.entries = Some(entries);
        let report = scene.check(&parts);
        assert_eq!(report.verdict, "does not verify: logged, follows");
        expect_failed(&report, "follows", words);
        // Also if the log tells of this very body.
        parts.prove(&scene.json.entries(), &scene.key());
        let report = scene.check(&parts);
        assert_eq!(report.verdict, "does not verify: follows");
    }
    // The position is that of the changed entries, and the facts are the old ones.
    let mut parts = scene.json.clone();
    let mut entries = entries.clone();
    entries[0].meta["title"] = "Another".into();
    parts.set_entries(entries.clone());
    parts.prove(&entries, &scene.key());
    let report = scene.check(&parts);
    assert_eq!(report.verdict, "does not verify: follows");
    expect_failed(&report, "follows", "its facts are not what the entries of the log lead to");
}

#[tokio::test]
async fn of_a_log_too_long_for_its_record_it_cannot_be_judged_what_its_facts_follow_from() {
    let scene = Scene::set().await;
    let (mut parts, entries) = (scene.json.clone(), scene.json.entries());
    let room = &scene.room;
    let first = sts_clearance::evidence::hash_of(entries[0].leaf(room)).unwrap();
    (parts.record.entries, parts.record.before) = (Some(entries[1..].to_vec()), vec![hex::encode(first)]);
    parts.prove(&entries, &scene.key());
    let report = scene.check(&parts);
    assert_eq!(report.verdict, "cannot be judged: follows");
    expect_fault(
        &report,
        "follows",
        CheckOutcome::Skipped,
        "which are those of the log; its facts could be folded from",
    );
    parts.record.before = vec!["00".repeat(32)];
    parts.prove(&entries, &scene.key());
    expect_failed(&scene.check(&parts), "follows", "one or more of them were changed");
}

#[tokio::test]
async fn without_a_key_or_with_a_schema_not_known_here_a_file_cannot_be_judged() {
    let scene = Scene::set().await;
    let (file, fonts, place) = (scene.json.file(), Fonts::embedded(), Installation::new(None));
    let bare = Exhibits::of(&file, None, &fonts);
    let report = verify(&bare).unwrap();
    assert_eq!(report.verdict, "cannot be judged: logged");
    let printed = format!("no key is given: the file prints `{}`", scene.key().public());
    expect_fault(&report, "logged", CheckOutcome::Skipped, &printed);
    std::fs::write(place.path("file"), &file).unwrap();
    let ran = place.run(&["verify", "file"]);
    assert_eq!(ran.expect(3).lines().last(), Some("cannot be judged: logged"));
    // What contradicts the file does so without a key.
    let other = Exhibits { sha256: Some([1; 32]), ..bare };
    assert_eq!(verify(&other).unwrap().verdict, "does not verify: file");

    let mut parts = scene.json.clone();
    let body = String::from_utf8(parts.body()).unwrap().replacen("record/4", "record/9", 1).into_bytes();
    let mut leaf = parts.leaf();
    leaf.meta["body_sha256"] = hex::encode(report::split(&body).unwrap().body.sha256).into();
    parts.prove_leaf(&scene.json.entries(), leaf, &scene.key());
    let file = report::with_receipt(Format::Json, &body, &parts.receipt.to_string()).unwrap();
    let report = check(&file, &scene.keys).unwrap();
    assert_eq!(report.verdict, "cannot be judged: record, follows");
    expect_fault(&report, "record", CheckOutcome::Skipped, "the record has schema `sts-clearance/record/9`");
    assert_eq!(outcome(&report, "logged"), CheckOutcome::Ok);
}

#[tokio::test]
async fn another_servers_key_and_a_key_of_another_origin_fail_in_words_of_their_own() {
    let scene = Scene::set().await;
    let (own, other) = (scene.key(), LogKey::new("elsewhere", [9; 32]).unwrap());
    let report = check(&scene.json.file(), &PublicKeys::read(other.public()).unwrap()).unwrap();
    expect_failed(&report, "logged", &format!("it is signed by {}+", own.name()));
    expect_failed(&report, "logged", ", not by elsewhere+");
    // Somebody trusts both servers, and one of them signs a log of the other.
    let both = PublicKeys::read(&format!("{}\n{}", own.public(), other.public())).unwrap();
    let mut parts = scene.json.clone();
    parts.prove(&scene.json.entries(), &other);
    let report = check(&parts.file(), &both).unwrap();
    assert_eq!(report.verdict, "does not verify: logged");
    expect_failed(&report, "logged", &format!("a key of another server than `{}`", own.name()));
    // The record and the checkpoint are of different logs.
    let mut parts = scene.json.clone();
    let mut checkpoint = parts.checkpoint();
    checkpoint.origin = Log::Room(parts.record.facts.room.id).origin("elsewhere");
    parts.sign(&checkpoint, &own);
    expect_failed(&scene.check(&parts), "logged", "its receipt is of the log `elsewhere/rooms/");
}

#[tokio::test]
async fn a_log_that_was_continued_between_position_and_receipt_is_the_same_log() {
    let scene = Scene::set().await;
    let begun = scene.json.checkpoint().origin;
    let cases =
        [("", "", true), ("", "/2", true), ("/2", "/3", true), ("/2", "", false), ("", "/1", false), ("", "/x", false)];
    for (shown, signed, fits) in cases {
        let mut parts = scene.json.clone();
        parts.record.log.origin = Some(format!("{begun}{shown}"));
        parts.prove(&scene.json.entries(), &scene.key());
        let checkpoint = Checkpoint { origin: format!("{begun}{signed}"), ..parts.checkpoint() };
        parts.sign(&checkpoint, &scene.key());
        let report = scene.check(&parts);
        if fits {
            expect_verified(&report);
            assert!(report.sentence.unwrap().starts_with(&format!("The server {} logged ", scene.key().name())));
        } else {
            expect_failed(&report, "logged", "its receipt is of the log `");
        }
    }
}

/// A program that draws otherwise than the server.
struct Otherwise(Fonts);

impl Drawer for Otherwise {
    fn fonts(&self) -> &str {
        self.0.name()
    }

    fn edition_of(&self, _: &str) -> Option<Edition> {
        None
    }

    fn draw(&self, _: &Opened, _: Edition) -> Result<Rendered, ReportError> {
        panic!("a file of another renderer is not drawn again")
    }
}

#[tokio::test]
async fn where_another_renderer_drew_it_a_file_verifies_and_that_its_pages_show_the_record_is_the_servers_word() {
    let scene = Scene::set().await;
    for file in [scene.pdf().await, scene.json.file()] {
        let drawer = Otherwise(Fonts::embedded());
        let keys = Some(&scene.keys);
        let given = Exhibits::of(&file, keys, &drawer);
        let report = verify(&given).unwrap();
        assert!(report.verified && report.verdict == "verified", "{report:#?}");
        let drawn = report.file.checks.iter().find(|check| check.name == "drawn").unwrap();
        assert_eq!(drawn.outcome, CheckOutcome::Skipped);
        assert!(drawn.detail.contains("this program draws otherwise, or has other fonts"), "{}", drawn.detail);
        let sentence = report.sentence.unwrap();
        assert!(sentence.ends_with("; that its pages show this record is the server's word."), "{sentence}");
    }
}
