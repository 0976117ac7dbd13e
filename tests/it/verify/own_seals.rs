//! The seal of a file is held against the one that the server's log tells of.

use room::Role;
use seal::{Authorities, Identity, timestamp};
use serde_json::json;
use tools::needs;

use super::{
    all,
    own_log::{expect_own_log, told, verified},
    unsealed,
};
use crate::{
    harness::{TestApp, on_both_databases},
    sealing::{Authority, set_right},
};

on_both_databases! {
    TestApp:
    a_seal_with_the_servers_certificate_that_its_log_does_not_tell_of_is_an_alarm,
    a_seal_of_somebody_else_or_none_is_a_fault_of_the_file_alone,
    an_entry_about_a_seal_that_was_changed_is_an_alarm,
}

/// Seals a file anew, this many seconds after the genuine seal.
fn sealed_again(pdf: &[u8], identity: &Identity, seconds: i64) -> Vec<u8> {
    let (unsealed, genuine) = seal::split(pdf).unwrap();
    let at = genuine.at + jiff::SignedDuration::from_secs(seconds);
    seal::apply(unsealed, &seal::sign(unsealed, identity, at).unwrap()).unwrap()
}

/// Returns the words of the check of the seal, which has failed.
#[track_caller]
fn fault_of_seal(report: &serde_json::Value) -> String {
    assert_eq!(report["verdict"], "does not verify: sealed", "{report:#}");
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "sealed").unwrap();
    check["detail"].as_str().unwrap().to_owned()
}

async fn a_seal_with_the_servers_certificate_that_its_log_does_not_tell_of_is_an_alarm(app: TestApp) {
    let admin = app.user("ada@example.com", Role::Admin).await;
    let (room, broker) = app.room().await;
    let snapshot = app.snapshot(&room, &broker, all("pdf")).await;
    let path = format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap());
    let pdf = app.get(&format!("{path}/download"), &broker).send().await.body.to_vec();
    expect_own_log(&verified(&app, &pdf).await, "ok", " tells of this seal");
    let own = app.app.seal_identity().unwrap();
    let forged = sealed_again(&pdf, &own, 60);
    for _ in 0..2 {
        let report = verified(&app, &forged).await;
        assert_eq!(report["verdict"], "does not verify: own log", "{report:#}");
        expect_own_log(&report, "failed", "made with the certificate of this server: somebody else has its key");
        assert!(report["sentence"].as_str().unwrap().starts_with("This server cannot confirm the report “"));
    }
    // The genuine file has the same receipt, and does not settle it.
    assert_eq!(verified(&app, &pdf).await["verdict"], "verified");
    let then = told(&app, &admin).await;
    assert_eq!((then.total, then.open), (1, 1));
    assert!(then.page.contains("somebody else has its key"), "{}", then.page);
    // Whoever has the key makes as many as they like, and is told of often enough.
    for seconds in 1..=12 {
        expect_own_log(
            &verified(&app, &sealed_again(&pdf, &own, seconds)).await,
            "failed",
            "somebody else has its key",
        );
    }
    assert_eq!(told(&app, &admin).await.total, 10);
    // The log outlasts the snapshot.
    app.delete(&path, &admin).send().await.expect(200);
    let report = verified(&app, &pdf).await;
    assert_eq!(report["verdict"], "verified", "{report:#}");
    expect_own_log(&report, "ok", " tells of this seal, a snapshot that was deleted since");
    expect_own_log(&verified(&app, &forged).await, "failed", "somebody else has its key");
}

async fn a_seal_of_somebody_else_or_none_is_a_fault_of_the_file_alone(app: TestApp) {
    let admin = app.user("ada@example.com", Role::Admin).await;
    let (room, broker) = app.room().await;
    let pdf = app.file(&room, &broker, all("pdf")).await;
    let mallory = Identity::self_made("Mallory", "2026-11-20T09:00:00Z".parse().unwrap(), [7; 32]).unwrap();
    for (file, words) in [
        (sealed_again(&pdf, &mallory, 60), "it is a seal of somebody else, “Mallory”"),
        (unsealed(&pdf).to_vec(), "it was taken off"),
    ] {
        let report = verified(&app, &file).await;
        assert!(fault_of_seal(&report).contains(words), "{report:#}");
        expect_own_log(&report, "ok", "the last of which is the file's");
    }
    let then = told(&app, &admin).await;
    assert_eq!((then.total, then.open), (0, 0));
}

async fn an_entry_about_a_seal_that_was_changed_is_an_alarm(app: TestApp) {
    let admin = app.user("ada@example.com", Role::Admin).await;
    let (room, broker) = app.room().await;
    let pdf = app.file(&room, &broker, all("pdf")).await;
    let change = |from: &str, to: &str| {
        format!(
            "UPDATE activity_log SET meta_json = REPLACE(meta_json, '{from}', '{to}')
             WHERE room_id = '{room}' AND action = 'snapshot_generated'"
        )
    };
    app.change_entries(&change("\"signer\":\"", "\"signer\":\"x")).await;
    let report = verified(&app, &pdf).await;
    expect_own_log(&report, "failed", "which tells of the seal, was changed after it was written");
    assert_eq!(told(&app, &admin).await.open, 1);
    app.change_entries(&change("\"signer\":\"x", "\"signer\":\"")).await;
    expect_own_log(&verified(&app, &pdf).await, "ok", " tells of this seal");
    let then = told(&app, &admin).await;
    assert_eq!((then.total, then.open), (1, 0));
}

#[needs(openssl)]
#[tokio::test]
async fn a_time_stamp_that_was_put_in_taken_off_or_replaced_raises_no_alarm() {
    let app = TestApp::on_sqlite().await;
    set_right(&app);
    let admin = app.user("ada@example.com", Role::Admin).await;
    let (room, broker) = app.room().await;
    let snapshot = app.snapshot(&room, &broker, all("pdf")).await;
    let path = format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap());
    let pdf = app.get(&format!("{path}/download"), &broker).send().await.body.to_vec();
    let (unsealed, genuine) = seal::split(&pdf).unwrap();
    let stranger = Authority::new();
    let answer = stranger.answer(&timestamp::request(&genuine, 7).unwrap());
    let stamped = timestamp::accept(&genuine, 7, &answer, &Authorities::none()).unwrap();
    assert_eq!(stamped.without_time_stamp().unwrap(), genuine);
    let stamped = seal::apply(unsealed, &stamped).unwrap();
    // Nobody can tell without the server.
    let report = super::check(&stamped, &app.keys()).unwrap();
    assert!(report.verified, "{report:#?}");
    let words = "it was taken off, put in or replaced, which anybody can do";
    assert!(fault_of_seal(&verified(&app, &stamped).await).contains(words));
    app.delete(&path, &admin).send().await.expect(200);
    assert!(fault_of_seal(&verified(&app, &stamped).await).contains(words));
    assert_eq!(verified(&app, &pdf).await["verified"], json!(true));
    let then = told(&app, &admin).await;
    assert_eq!((then.total, then.open), (0, 0));
}
