//! The certificate that PDFs are sealed with: its end is told before it comes, and keeps no snapshot from completing.

use std::{fs, path::PathBuf, time::Duration};

use room::Role;
use serde_json::{Value, json};
use sts_clearance::{jobs, jobs::SealWatch};

use crate::harness::{Installation, TestApp, ending_at, on_both_databases, until};

on_both_databases! {
    GivenCertificate:
    with_a_certificate_that_has_ended_snapshots_complete_and_every_place_says_that_they_are_not_sealed,
    the_end_is_told_once_at_60_30_and_7_days_and_when_it_has_come_and_a_new_one_is_taken_up,
    a_seal_that_was_made_in_time_stands_and_one_that_was_not_is_not_made,
}

on_both_databases! {
    TestApp:
    a_self_made_certificate_is_made_anew_before_it_ends,
}

const DAY: Duration = Duration::from_hours(24);

fn seal_file(app: &TestApp) -> PathBuf {
    app.app.config.seal_file().unwrap()
}

/// Takes a snapshot, and returns it with its file.
async fn drawn(app: &TestApp, (room, token): (&str, &str), asked: Value) -> (Value, Vec<u8>) {
    let snapshot = app.snapshot(room, token, asked).await;
    let file = file_of(app, &snapshot, token).await;
    (snapshot, file)
}

async fn file_of(app: &TestApp, snapshot: &Value, token: &str) -> Vec<u8> {
    assert_eq!(snapshot["status"], "completed", "{snapshot}");
    let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    app.get(url, token).send().await.body.to_vec()
}

/// Verifies a file by the command line. Returns the exit code, the verdict, and the line of the seal.
fn verified(app: &TestApp, file: &[u8], arguments: &[&str]) -> (Option<i32>, String, String) {
    let place = Installation::new(None);
    fs::write(place.path("file"), file).unwrap();
    let ran = place.run(&[&["verify", "file", "--key", app.app.log_key().public()], arguments].concat());
    let last = ran.stdout.lines().last().unwrap_or_default().to_owned();
    let sealed = ran.stdout.lines().find(|line| line.split_whitespace().nth(1) == Some("sealed"));
    (ran.code, last, sealed.unwrap_or_default().to_owned())
}

async fn expect_undamaged(app: &TestApp) {
    app.later(DAY);
    let admin = app.user("ada@example.com", Role::Admin).await;
    assert!(jobs::check_where_due(&app.app).await.unwrap());
    let status = app.get("/system", &admin).send().await.expect(200);
    assert_eq!((&status["fsck"]["damaged"], &status["fsck"]["error"]), (&json!({}), &Value::Null), "{status}");
}

async fn with_a_certificate_that_has_ended_snapshots_complete_and_every_place_says_that_they_are_not_sealed(
    app: TestApp,
) {
    let (room, broker) = app.room().await;
    let (sealed, before) = drawn(&app, (&room, &broker), json!({})).await;
    assert_eq!((&sealed["seal"]["signer"], &sealed["not_sealed"]), (&json!("Harbour"), &Value::Null));
    app.later(62 * DAY);
    let broker = app.sign_in("broker@example.com").await;
    let (snapshot, file) = drawn(&app, (&room, &broker), json!({})).await;
    let why = "the certificate that PDFs are sealed with was good until 2027-01-23T08:00:00Z only";
    assert_eq!((&snapshot["seal"], &snapshot["not_sealed"]), (&Value::Null, &json!(why)));
    let (csv, _) = drawn(&app, (&room, &broker), json!({ "snapshot_type": "csv" })).await;
    assert_eq!((&csv["seal"], &csv["not_sealed"]), (&Value::Null, &Value::Null));
    let page = app.get(&format!("//rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap()), &broker);
    assert!(page.send().await.html().contains(&format!("<dt>Seal</dt><dd>None: {why}.</dd>")));
    let activity = app.get(&format!("//rooms/{room}/activity"), &broker).send().await.html();
    assert!(activity.contains(&format!("; it is not sealed: “{why}”")), "{activity}");
    let entries =
        app.get(&format!("/rooms/{room}/activities?action=snapshot_rendered"), &broker).send().await.expect(200);
    let told: Vec<_> = entries.as_array().unwrap().iter().map(|entry| entry["meta"].clone()).collect();
    let [of_csv, unsealed, of_sealed] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&of_csv["certificate_sha256"], of_csv.get("not_sealed")), (&Value::Null, None));
    assert_eq!((&unsealed["certificate_sha256"], &unsealed["not_sealed"]), (&Value::Null, &json!(why)));
    assert!(of_sealed["certificate_sha256"].is_string() && of_sealed.get("not_sealed").is_none(), "{of_sealed}");

    // Nothing contradicts the file, and it says itself that it is not sealed.
    let (code, verdict, line) = verified(&app, &file, &[]);
    assert_eq!((code, &*verdict), (Some(0), "verified"), "{line}");
    assert_eq!(line, format!("skipped  sealed       it is not sealed; the log says why: “{why}”"));
    let seal_file = seal_file(&app);
    fs::write(seal_file.with_extension("crt"), app.app.seal_identity().unwrap().certificate_pem()).unwrap();
    let certificate = seal_file.with_extension("crt").display().to_string();
    // Whoever asks for a seal is told that there is none.
    let (code, verdict, line) = verified(&app, &file, &["--seal-certificate", &certificate]);
    assert_eq!((code, &*verdict), (Some(1), "does not verify: sealed"), "{line}");
    assert!(
        line.contains("it is not sealed, and has to be with a certificate that was given; the log says why: “"),
        "{line}"
    );
    // Nobody adds one later, not with the server's former certificate either.
    let own = app.app.seal_identity().unwrap();
    let mallory = ending_at("Mallory", "2030-01-01T00:00:00Z");
    for (identity, at) in [(&*own, "2027-01-22T08:00:00Z"), (&mallory, "2027-01-25T08:00:00Z")] {
        let added = seal::apply(&file, &seal::sign(&file, identity, at.parse().unwrap()).unwrap()).unwrap();
        let (code, verdict, line) = verified(&app, &added, &[]);
        assert_eq!((code, &*verdict), (Some(1), "does not verify: sealed"), "{line}");
        assert!(line.contains("it is a seal of somebody else, “"), "{line}");
        assert!(line.ends_with(&format!("and the log says that the file is not sealed: “{why}”")), "{line}");
    }
    // What was sealed in time is what it was.
    let (code, _, line) = verified(&app, &before, &["--seal-certificate", &certificate]);
    assert!(code == Some(0) && line.ends_with(", and it is the certificate that was given"), "{line}");
    expect_undamaged(&app).await;
}

async fn the_end_is_told_once_at_60_30_and_7_days_and_when_it_has_come_and_a_new_one_is_taken_up(app: TestApp) {
    let mut watch = SealWatch::default();
    assert_eq!(watch.look(&app.app).unwrap(), None);
    app.user("ada@example.com", Role::Admin).await;
    // Days that pass, and what is said then.
    let said = [
        (1, Some("ends in 60 days"), "ends_in_60_days"),
        (1, None, "ends_in_60_days"),
        (29, Some("ends in 30 days"), "ends_in_30_days"),
        (22, None, "ends_in_30_days"),
        (1, Some("ends in 7 days"), "ends_in_7_days"),
        (6, None, "ends_in_7_days"),
        (2, Some("was good until 2027-01-23T08:00:00Z only, and PDFs are not sealed"), "ended"),
        (300, None, "ended"),
    ];
    for (days, words, stage) in said {
        app.later(days * DAY);
        let told = watch.look(&app.app).unwrap();
        assert_eq!(told.is_some(), words.is_some(), "{words:?}: {told:?}");
        for (told, words) in told.iter().zip(words) {
            assert!(told.contains(words) && told.contains("put one that is valid, with its key"), "{told}");
        }
        assert_eq!(watch.look(&app.app).unwrap(), None, "it is said once");
        // Who looks sees it as long as it is so.
        let admin = app.sign_in("ada@example.com").await;
        let status = app.get("/system", &admin).send().await.expect(200)["seal"].clone();
        assert_eq!(status["stage"], stage, "{status}");
        let notice = status["notice"].as_str().unwrap();
        let page = app.get("//admin/system", &admin).send().await.html();
        assert!(page.contains(&sts_clearance::http::sentence(notice)), "{page}");
        assert!(page.contains("The certificate ") && page.contains(status["sha256"].as_str().unwrap()), "{page}");
        let metrics = app.get("//metrics", &admin).send().await.body;
        let metrics = String::from_utf8(metrics.to_vec()).unwrap();
        assert!(metrics.contains("\nsts_seal_certificate_not_after_seconds 1800691200\n"), "{metrics}");
    }
    // What cannot be read, or is no better, leaves the one in force where it is.
    let admin = app.sign_in("ada@example.com").await;
    fs::write(seal_file(&app), "nothing").unwrap();
    assert!(watch.look(&app.app).unwrap_err().to_string().contains("there is no private key in it"));
    fs::write(seal_file(&app), ending_at("New Harbour", "2031-01-01T00:00:00Z").to_pem().unwrap()).unwrap();
    assert_eq!(watch.look(&app.app).unwrap(), None);
    let status = app.get("/system", &admin).send().await.expect(200)["seal"].clone();
    assert_eq!(
        (&status["signer"], &status["stage"], &status["notice"]),
        (&json!("New Harbour"), &json!("valid"), &Value::Null)
    );
    fs::write(seal_file(&app), ending_at("Old Harbour", "2027-02-01T00:00:00Z").to_pem().unwrap()).unwrap();
    assert_eq!(watch.look(&app.app).unwrap(), None);
    let (room, broker) = app.room().await;
    let (snapshot, file) = drawn(&app, (&room, &broker), json!({})).await;
    assert_eq!(snapshot["seal"]["signer"], "New Harbour");
    assert_eq!(verified(&app, &file, &[]).0, Some(0));
}

async fn a_seal_that_was_made_in_time_stands_and_one_that_was_not_is_not_made(app: TestApp) {
    let (room, broker) = app.room().await;
    // As if the server had ended between sealing and completing one, and between logging and sealing another.
    let (made, _) = app.take(&room, &broker, json!({})).await;
    let (lost, _) = app.take(&room, &broker, json!({})).await;
    app.work_in_vain().await;
    app.work_in_vain().await;
    let id = lost["id"].as_str().unwrap().to_owned();
    let forget = "DELETE FROM snapshot_seals WHERE snapshot_id = ?1";
    app.app.db.write(async move |tx| tx.exec(forget, &[&id]).await).await.unwrap();
    app.later(62 * DAY);
    assert_eq!(app.work().await, 2);
    let broker = app.sign_in("broker@example.com").await;
    for (taken, is_sealed) in [(made, true), (lost, false)] {
        let path = format!("/rooms/{room}/snapshots/{}", taken["id"].as_str().unwrap());
        let snapshot = app.get(&path, &broker).send().await.expect(200);
        assert_eq!(
            (snapshot["seal"].is_object(), snapshot["not_sealed"].is_null()),
            (is_sealed, is_sealed),
            "{snapshot}"
        );
        let (code, verdict, line) = verified(&app, &file_of(&app, &snapshot, &broker).await, &[]);
        assert_eq!((code, &*verdict), (Some(0), "verified"), "{line}");
        assert_eq!(line.starts_with("ok "), is_sealed, "{line}");
    }
    expect_undamaged(&app).await;
}

async fn a_self_made_certificate_is_made_anew_before_it_ends(app: TestApp) {
    let (room, broker) = app.room().await;
    let (_, before) = drawn(&app, (&room, &broker), json!({})).await;
    let first = app.app.seal_identity().unwrap();
    let mut watch = SealWatch::default();
    assert_eq!(watch.look(&app.app).unwrap(), None);
    let end = room::Time::from(first.validity().1);
    app.later(end.before(60 * DAY).since(app.app.now()));
    assert_eq!(watch.look(&app.app).unwrap(), None, "there is nothing that anybody has to do");
    let second = app.app.seal_identity().unwrap();
    assert_ne!(second.certificate_sha256(), first.certificate_sha256());
    assert!(room::Time::from(second.validity().1) > end && second.is_self_made());
    let kept = app.dir.path().join(format!("data/keys/seal-until-{}.pem", end.day()));
    assert_eq!(fs::read_to_string(kept).unwrap().trim_end(), first.to_pem().unwrap().trim_end());
    // Also of a server that is started only then, and the file of before verifies.
    let node = app.another_node();
    assert_eq!(node.app.seal_identity().unwrap().certificate_sha256(), second.certificate_sha256());
    let broker = app.sign_in("broker@example.com").await;
    let (snapshot, after) = drawn(&app, (&room, &broker), json!({})).await;
    assert_eq!(snapshot["not_sealed"], Value::Null);
    for file in [before, after] {
        let (code, _, line) = verified(&app, &file, &[]);
        assert!(code == Some(0) && line.starts_with("ok "), "{line}");
    }
}

#[tokio::test]
async fn a_server_with_a_certificate_that_has_ended_starts_and_says_so_in_its_log() {
    let place = Installation::new(None);
    fs::write(place.path("seal.pem"), ending_at("Harbour", "2020-01-01T00:00:00Z").to_pem().unwrap()).unwrap();
    fs::write(place.path("sts-clearance.toml"), "seal_file = \"seal.pem\"\n").unwrap();
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let words = "was good until 2020-01-01T00:00:00Z only, and PDFs are not sealed; put one that is valid";
    until("the log says so", async || server.log().contains(words).then_some(())).await;
    let log = server.log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains(words)).collect();
    assert!(lines.len() == 1 && lines[0].contains("WARN") && lines[0].contains("not_after="), "{lines:?}");
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &crate::harness::new_room(&[])).await;
    let room = room["id"].as_str().unwrap();
    let snapshot = server.api.post(&format!("/rooms/{room}/snapshots"), &token, &json!({})).await;
    let snapshot = server.api.completed(room, snapshot["id"].as_str().unwrap(), &token).await;
    assert_eq!(snapshot["seal"], Value::Null);
    assert!(
        snapshot["not_sealed"].as_str().unwrap().contains("was good until 2020-01-01T00:00:00Z only"),
        "{snapshot}"
    );
}
