//! The verifier through its doors: the command line, the API, the page.

use std::{fs, net::IpAddr};

use report::{Format, record::Record};
use serde_json::{Value, json};

use sts_clearance::{
    children::Claimant,
    evidence::{LogKey, LogProof},
};

use super::{Parts, Receipted, all, parts::announcement, small};
use crate::harness::{Form, Installation, Reply, TestApp, on_both_databases};

/// Returns a file that is the same in every run, and the key of its log.
fn sample(title: &str) -> (Vec<u8>, LogKey) {
    signed(|record| record.room.title = title.into())
}

/// Returns a file whose record was changed before it was signed, and the key of its log.
pub(super) fn signed(change: impl FnOnce(&mut Record)) -> (Vec<u8>, LogKey) {
    let key = LogKey::new("sts-clearance/3a2e351c", [7; 32]).unwrap();
    let mut record = report::sample::record(10);
    record.snapshot.kind = "json".into();
    change(&mut record);
    record.log.key = Some(key.public().into());
    let (entries, leaf) = (record.activity.clone().unwrap(), announcement(&record, 10));
    let checkpoint =
        sts_clearance::evidence::Checkpoint { origin: record.log.origin.clone().unwrap(), size: 11, root: [0; 32] };
    let checkpoint = checkpoint.signed(&key).unwrap();
    let proof = LogProof { leaf: leaf.canonical().unwrap(), index: 10, path: Vec::new(), checkpoint };
    let mut parts = Parts { record, proof, format: Format::Json };
    parts.reconcile(&entries, &key);
    (parts.file(), key)
}

#[test]
fn the_command_line_ends_with_0_1_2_or_3_and_makes_nothing() {
    let place = Installation::new(None);
    let (file, key) = sample("STS Ceuta");
    fs::write(place.path("good.json"), &file).unwrap();
    fs::write(
        place.path("bad.json"),
        String::from_utf8(file.clone()).unwrap().replacen("STS Ceuta", "STS Kalymnos", 1),
    )
    .unwrap();
    fs::write(place.path("picture.png"), b"\x89PNG").unwrap();
    fs::write(place.path("keys"), format!("# of the server\n{}\n", key.public())).unwrap();
    // `verify` does not read the settings, so a broken file of them is no error.
    fs::write(place.path("sts-clearance.toml"), "nonsense").unwrap();
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&file));

    let verified: [&[&str]; 4] = [
        &["good.json", "--key", key.public()],
        &["good.json", "--key", "keys"],
        &["good.json", "--key", "keys", "--key", key.public(), "--sha256", &sha256],
        &["good.json", "good.json", "--key", "keys"],
    ];
    for arguments in verified {
        let ran = place.run(&[&["verify"], arguments].concat());
        let lines: Vec<_> = ran.expect(0).lines().collect();
        assert_eq!(lines.last(), Some(&"verified"));
        assert!(lines.iter().any(|line| line.starts_with("ok       rendering    drawn again, ")), "{ran:?}");
    }
    let zeros = "0".repeat(64);
    let does_not: [(&[&str], &str); 3] = [
        (&["bad.json", "--key", "keys"], "does not verify: log entry"),
        (&["good.json", "--key", "keys", "--sha256", &zeros], "does not verify: file"),
        (&["bad.json", "good.json", "--key", "keys"], "does not verify: log entry of the older"),
    ];
    for (arguments, verdict) in does_not {
        let ran = place.run(&[&["verify"], arguments].concat());
        assert_eq!(ran.expect(1).lines().last(), Some(verdict));
        assert!(ran.stdout.contains("FAILED   "), "{ran:?}");
    }
    let ran = place.run(&["verify", "good.json"]);
    assert_eq!(ran.expect(3).lines().last(), Some("cannot be judged: checkpoint"));
    assert!(!ran.stdout.contains("FAILED"), "{ran:?}");
    // 200 MiB of zeros, which take no room on the disk.
    fs::File::create(place.path("zeros")).unwrap().set_len(200 * 1024 * 1024).unwrap();
    let unreadable: [(&[&str], &str); 9] = [
        (&["zeros"], "zeros: this is no PDF, JSON or zip of STS Clearance"),
        (&["missing.json"], "missing.json cannot be read: "),
        (&["picture.png"], "picture.png: this is no PDF, JSON or zip of STS Clearance"),
        (&["picture.png", "good.json"], "picture.png: this is no PDF"),
        (&["good.json", "--key", "nobody"], "--key: `nobody` is neither a public key"),
        (&["good.json", "--key", "picture.png"], "picture.png is not text in UTF-8"),
        (&["good.json", "--key", "good.json"], "--key: good.json: line 1 is no public key"),
        (&["good.json", "--key", &key.private()], "--key: this is a private key: keep it to yourself"),
        (&["good.json", "good.json", "--consistency", "keys"], "keys: it is no proof of a log"),
    ];
    for (arguments, words) in unreadable {
        let ran = place.run(&[&["verify"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
        assert!(ran.stderr.starts_with(&format!("sts-clearance: {words}")), "{ran:?}");
    }
    for arguments in [&["good.json", "--consistency", "keys"][..], &["good.json", "--sha256", "12"], &[]] {
        assert_eq!(place.run(&[&["verify"], arguments].concat()).code, Some(2));
    }
    assert!(!place.path("data").exists());
}

#[test]
fn json_says_all_of_it() {
    let place = Installation::new(None);
    let (file, key) = sample("STS Ceuta");
    fs::write(place.path("good.json"), file).unwrap();
    let ran = place.run(&["verify", "good.json", "--key", key.public(), "--json"]);
    let report: Value = serde_json::from_str(ran.expect(0)).unwrap();
    insta::assert_json_snapshot!("verify_json", report);
    let told = place.run(&["verify", "good.json", "--key", key.public()]);
    insta::assert_snapshot!("verify_text", told.expect(0));
}

#[test]
fn a_file_writes_nothing_else_on_a_terminal() {
    let place = Installation::new(None);
    let (file, key) = sample("\u{1b}[2Jverified\n\u{1b}]0;x\u{7}");
    fs::write(place.path("sly.json"), file).unwrap();
    let ran = place.run(&["verify", "sly.json", "--key", key.public()]);
    assert!(ran.stdout.contains("Room        \u{fffd}[2Jverified\u{fffd}\u{fffd}]0;x\u{fffd} ("), "{ran:?}");
    assert!(ran.stdout.chars().all(|c| c == '\n' || !c.is_control()));
}

on_both_databases! {
    TestApp:
    the_api_checks_a_file_of_anyone_and_keeps_nothing_of_it,
}

/// A part of a form: its name and its bytes.
pub(super) type Part<'a> = (&'a str, &'a [u8]);

pub(super) fn brought(app: &TestApp, path: &str, parts: &[Part<'_>]) -> impl Future<Output = Reply> {
    let mut form = Form::new();
    for (name, bytes) in parts {
        match *name {
            "key" => form.text(name, std::str::from_utf8(bytes).unwrap()),
            _ => form.file(name, "a", bytes),
        }
    }
    app.post(path, "").form(form).send()
}

async fn the_api_checks_a_file_of_anyone_and_keeps_nothing_of_it(app: TestApp) {
    let (room, broker) = app.room().await;
    let older = app.file(&room, &broker, all("pdf")).await;
    let newer = app.file(&room, &broker, all("json")).await;
    let bare = app.file(&room, &broker, small("json")).await;
    let [from, to] = [&older, &bare].map(|file| Receipted::of(file).checkpoint().size);
    let proof = format!("/rooms/{room}/log/consistency?from={from}&to={to}");
    let proof = app.get(&proof, &broker).send().await.body;
    let before = app.actions(&room, &broker).await;

    let one = brought(&app, "/verify", &[("file", &older)]).await.expect(200);
    assert_eq!(one["verified"], true, "{one}");
    assert_eq!((&one["facts"]["kind"], one.get("older")), (&json!("PDF"), None));
    let whole = brought(&app, "/verify", &[("file", &newer)]).await.expect(200);
    assert_eq!(whole["facts"]["told"].get("adopted"), None, "the log tells everything from its beginning: {whole}");
    let two = brought(&app, "/verify", &[("file", &newer), ("older", &older)]).await.expect(200);
    assert_eq!((&two["verified"], &two["older"]["facts"]["kind"]), (&json!(true), &json!("PDF")), "{two}");
    let three = brought(&app, "/verify", &[("file", &bare), ("older", &older)]).await.expect(200);
    let said = [&three["judgement"], &three["verdict"]];
    assert_eq!(said, ["cannot_be_judged", "cannot be judged: follows, older file"]);
    let parts: [Part<'_>; 3] = [("file", &bare), ("older", &older), ("consistency", &proof)];
    assert_eq!(brought(&app, "/verify", &parts).await.expect(200)["verdict"], "cannot be judged: follows");
    let stranger = LogKey::new("stranger", [3; 32]).unwrap();
    let parts: [Part<'_>; 2] = [("file", &newer), ("key", stranger.public().as_bytes())];
    let other = brought(&app, "/verify", &parts).await.expect(200);
    assert_eq!(other["verdict"], "does not verify: logged");

    let refused: [(&[Part<'_>], &str); 8] = [
        (&[], "file"),
        (&[("file", b"")], "file"),
        (&[("file", b"hello")], "file"),
        (&[("file", &newer), ("file", &newer)], "file"),
        (&[("file", &newer), ("older", b"hello")], "older"),
        (&[("file", &newer), ("key", b"nonsense")], "key"),
        (&[("file", &newer), ("consistency", &proof)], "consistency"),
        (&[("file", &newer), ("room", b"x")], "room"),
    ];
    for (parts, field) in refused {
        assert_eq!(brought(&app, "/verify", parts).await.fields(), [field]);
    }
    assert_eq!(app.post("/verify", "").json(json!({})).send().await.status, 415);
    let large = vec![b'{'; 64 * 1024 * 1024 + 1];
    assert_eq!(brought(&app, "/verify", &[("file", &large)]).await.status, 413);
    assert_eq!(app.actions(&room, &broker).await, before);
    let uploads = fs::read_dir(app.dir.path().join("data/files/uploads"));
    assert!(uploads.is_err() || uploads.unwrap().count() == 0);
}

#[tokio::test]
async fn who_comes_when_the_memory_is_taken_is_asked_to_come_again() {
    let app = TestApp::on_sqlite().await;
    let (file, _) = sample("STS Ceuta");
    let take_all = || {
        let mut others = [1, 2].map(|last| {
            let network = IpAddr::V4([192, 0, 2, last].into()).into();
            app.app.children.verifying(Claimant::Network(network))
        });
        for other in &mut others {
            other.claim(128 * 1024 * 1024).unwrap();
        }
        others
    };
    let taken = take_all();
    let busy = brought(&app, "/verify", &[("file", &file)]).await;
    assert_eq!((busy.status, busy.header("retry-after")), (503, "1"));
    drop(taken);
    assert_eq!(brought(&app, "/verify", &[("file", &file)]).await.status, 200);
    drop(take_all());
}

#[tokio::test]
async fn the_page_asks_for_a_file_and_shows_every_check() {
    let app = TestApp::on_sqlite().await;
    let asked = app.get("//verify", "").send().await;
    insta::assert_snapshot!("page_of_verify", asked.html().replace("><", ">\n<"));

    let (file, key) = sample("STS <script>alert('Ceuta')</script> & \"more\"");
    // A browser sends a part for every field, also for one that is left empty.
    let parts: [Part<'_>; 4] =
        [("file", &file), ("older", b""), ("consistency", b""), ("key", key.public().as_bytes())];
    let found = brought(&app, "//verify", &parts).await;
    assert_eq!(found.status, 200);
    insta::assert_snapshot!("page_of_a_verified_file", found.html().replace("><", ">\n<"));
    let found = brought(&app, "//verify", &[("file", &file), ("older", &file), ("key", b" ")]).await;
    let page = found.html();
    assert!(page.contains("<strong>Does not verify</strong>") && page.contains(">FAILED</span>"), "{page}");
    assert!(page.contains("Older file") && page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
}

#[tokio::test]
async fn every_door_says_where_a_log_was_adopted() {
    let (file, key) = signed(|record| {
        let entries = record.activity.as_mut().unwrap();
        entries[8].action = "room_adopted".into();
        entries[8].meta = json!({ "v": 2, "part": 1, "of": 1, "state": "{}" });
        entries[8].timestamp = "2026-10-02T10:00:00Z".parse().unwrap();
    });
    let said = "Up to entry 8, of 2026-10-02 10:00:00 UTC, the log did not tell everything: but for the entries \
                themselves, what this file shows of that time rests on the tables of the database as they were then. \
                From entry 9 on, the log tells everything.";
    let place = Installation::new(None);
    fs::write(place.path("file.json"), &file).unwrap();
    let told = place.run(&["verify", "file.json", "--key", key.public()]);
    assert!(told.expect(0).contains(&format!("\nAdopted     {said}\n")), "{told:?}");
    let app = TestApp::on_sqlite().await;
    let parts: [Part<'_>; 2] = [("file", &file), ("key", key.public().as_bytes())];
    let report = brought(&app, "/verify", &parts).await.expect(200);
    let adopted = json!({ "entry": 8, "at": "2026-10-02T10:00:00Z", "detail": said });
    assert_eq!((&report["verified"], &report["facts"]["told"]["adopted"]), (&json!(true), &adopted), "{report}");
    let page = brought(&app, "//verify", &parts).await.html();
    assert!(page.contains(&format!("<dt>Adopted</dt><dd>{said}</dd>")), "{page}");
}

#[tokio::test]
async fn the_page_says_itself_what_is_wrong_with_a_form() {
    let app = TestApp::on_sqlite().await;
    for (parts, status, words) in [
        (&[("file", &b""[..])][..], 422, "`file` is missing."),
        (&[("file", b"hello")], 422, "`file` must be a PDF, JSON or zip of STS Clearance."),
        (&[("file", b"{}"), ("key", b"x<y")], 422, "`key` cannot be used: line 1 is no public key"),
    ] {
        let reply = brought(&app, "//verify", parts).await;
        assert_eq!(reply.status, status);
        let page = reply.html();
        assert!(page.contains(words) && page.contains("<form"), "{page}");
    }
    let reply = app.post("//verify", "").json(json!({})).send().await;
    assert_eq!((reply.status, reply.html().contains("multipart/form-data")), (415, true));
}
