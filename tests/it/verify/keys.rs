//! Keys that lead to others, keys that may sign only their own server's logs, and policies.

use report::Fonts;
use room::Log;
use serde_json::json;
use sts_clearance::{
    domain::log::{self, Actor, operation},
    evidence::{
        LogKey, Policy, PolicyError, PublicKeys, PublishedKeys, Succession, WitnessKey, succession,
        verify::{CheckOutcome, Exhibits, verify},
    },
};

use super::{Parts, all, check, doors::brought, expect_failed, expect_fault, expect_verified, with_entries};
use crate::harness::{Installation, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    after_a_rotation_whoever_has_one_key_follows_to_the_other_and_the_server_takes_the_new_one_up,
}

async fn after_a_rotation_whoever_has_one_key_follows_to_the_other_and_the_server_takes_the_new_one_up(app: TestApp) {
    let (room, broker) = app.room().await;
    log::keys::register(&app.app).await.unwrap();
    let old = app.app.log_key();
    let before = app.file(&room, &broker, all("json")).await;
    let new = log::keys::rotate(&app.app, &Actor::Operator).await.unwrap();
    // The server runs on, and signs with the new key once it has looked.
    log::keys::take_up(&app.app).await.unwrap();
    assert_eq!(app.app.log_key().public(), new.public());
    let after = app.file(&room, &broker, all("pdf")).await;

    let place = Installation::new(None);
    let published = app.get("//.well-known/sts-clearance/keys", "").send().await.expect(200);
    assert_eq!(published["keys"], json!([new.public(), old.public()]));
    for (name, bytes) in [("before", &before), ("after", &after), ("keys", &published.to_string().into_bytes())] {
        std::fs::write(place.path(name), bytes).unwrap();
    }
    let verify = |file: &str, key: &LogKey, more: &[&str]| {
        let args = [&["verify", file, "--key", key.public()], more].concat();
        place.run(&args)
    };
    verify("before", &old, &[]).expect(0);
    verify("after", &new, &[]).expect(0);
    // The newer file has the note in its receipt; for the older one, the server has published it.
    verify("after", &old, &[]).expect(0);
    verify("before", &new, &[]).expect(1);
    verify("before", &new, &["--rotations", "keys"]).expect(0);
    // A key that somebody else has made leads nowhere.
    let stranger = LogKey::new(old.name(), [7; 32]).unwrap();
    verify("after", &stranger, &["--rotations", "keys"]).expect(1);
    let told = place.run(&["verify", "before", "--key", new.public(), "--rotations", "before"]);
    assert!(told.expect(2).is_empty() && told.stderr.contains("it is no answer of `/.well-known"), "{told:?}");
    // On the server, its own keys are known.
    for key in [old.public(), new.public()] {
        let sent = brought(&app, "/verify", &[("file", &before), ("key", key.as_bytes())]).await;
        assert_eq!(sent.expect(200)["verified"], true, "{key}");
    }
}

/// A key leads to another only if its holder has signed so, and then for the logs of its own server alone.
#[tokio::test]
async fn a_note_leads_from_a_trusted_key_alone_and_gives_no_name() {
    let key = |name: &str, secret: u8| LogKey::new(name, [secret; 32]).unwrap();
    let [own, next, last] = [1, 2, 3].map(|secret| key("own.example.com", secret));
    let renamed = key("victim.example.com", 4);
    let read = |from: &LogKey, to: &LogKey| Succession::read(&succession(from, to)).unwrap();
    let notes = [read(&own, &next), read(&next, &last), read(&own, &renamed)];
    let keys = PublicKeys::read(own.public()).unwrap().following(&notes);
    let by = |key: &LogKey| key.public().rsplit_once('+').unwrap().0.to_owned();
    for key in [&own, &next, &last, &renamed] {
        assert!(keys.sign_for(&by(key), "own.example.com"), "{key:?}");
        assert!(!keys.sign_for(&by(key), "victim.example.com"), "{key:?}");
    }
    let notes = [read(&next, &last)];
    assert!(!PublicKeys::read(own.public()).unwrap().following(&notes).sign_for(&by(&last), "own.example.com"));
    for note in ["", "a\nb\n", &succession(&own, &next).replace("follows", "precedes")] {
        assert_eq!(Succession::read(note), None);
    }
    let published = PublishedKeys {
        server: "own.example.com".into(),
        keys: vec![],
        notes: vec![succession(&own, &next); 65],
        as_of: "2026-11-29T12:00:00Z".parse().unwrap(),
    };
    assert!(PublishedKeys::read(&serde_json::to_string(&published).unwrap()).is_err(), "more than is followed");
}

/// The trial of 0.3.0: whoever trusts two servers was shown a log of the one, signed by the other.
#[tokio::test]
async fn a_trusted_key_signs_no_log_of_another_server_in_files_of_any_version() {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    let (own, other) = (app.app.log_key(), LogKey::new("elsewhere", [9; 32]).unwrap());
    let both = PublicKeys::read(&format!("{}\n{}", own.public(), other.public())).unwrap();
    let file = app.file(&room, &broker, with_entries("json")).await;
    expect_verified(&check(&Parts::of_earlier_version(&file, &own).file(), &both).unwrap());
    let report = check(&Parts::of_earlier_version(&file, &other).file(), &both).unwrap();
    assert_eq!(report.verdict, "does not verify: checkpoint");
    let words = format!("a key of another server than `{}`", own.name());
    expect_failed(&report, "checkpoint", &words);
}

#[tokio::test]
async fn where_a_policy_asks_for_witnesses_a_file_without_them_cannot_be_judged() {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    let file = app.file(&room, &broker, with_entries("json")).await;
    let witness = WitnessKey::new("witness.example.net", [5; 32]).unwrap().public();
    let log = format!("log {}", app.app.log_key().public());
    let asking = format!("# a policy\n{log} https://clearance.example.com\n\nwitness w {witness}\nquorum w\n");
    let not_asking = format!("{log}\nquorum none\n");
    let fonts = Fonts::embedded();
    let judged = |policy: &str| {
        let policy = Policy::read(policy).unwrap();
        verify(&Exhibits { policy: Some(&policy), ..Exhibits::of(&file, policy.logs(), &fonts) }).unwrap()
    };
    expect_verified(&judged(&not_asking));
    let report = judged(&asking);
    assert_eq!(report.verdict, "cannot be judged: witnessed");
    expect_fault(&report, "witnessed", CheckOutcome::Skipped, "no receipt with a way up to the log of heads is given");
    // By every door.
    let place = Installation::new(None);
    for (name, bytes) in [("file", &*file), ("asking", asking.as_bytes()), ("not_asking", not_asking.as_bytes())] {
        std::fs::write(place.path(name), bytes).unwrap();
    }
    place.run(&["verify", "file", "--policy", "not_asking"]).expect(0);
    place.run(&["verify", "file", "--policy", "asking"]).expect(3);
    let told = brought(&app, "/verify", &[("file", &file), ("policy", asking.as_bytes())]).await.expect(200);
    assert_eq!(told["verdict"], "cannot be judged: witnessed");
    let told = brought(&app, "/verify", &[("file", &file), ("policy", b"quorum w")]).await.expect(422);
    assert_eq!(told["errors"][0]["field"], "policy", "{told}");
}

#[test]
fn a_policy_is_read_as_c2sp_has_it_and_a_line_that_is_wrong_is_named() {
    let log = LogKey::new("clearance.example.com", [1; 32]).unwrap();
    let witness = |secret: u8| WitnessKey::new("witness.example.net", [secret; 32]).unwrap().public();
    let [w1, w2, w3] = [2, 3, 4].map(|secret| format!("witness w{secret} {}", witness(secret)));
    let refused = |text: &str| match Policy::read(text) {
        Err(PolicyError::Line(number, why)) => (number, why),
        other => panic!("{text}: {other:?}"),
    };
    for (text, line, words) in [
        ("log x\nquorum none".to_owned(), 1, "line 1 is no public key"),
        (format!("{w1}\n{w1}\nquorum w2"), 2, "the name `w2` is taken"),
        (format!("{w1}\ngroup g any w9\nquorum g"), 2, "no line above names a witness or a group `w9`"),
        (format!("{w1}\ngroup g 2 w2\nquorum g"), 2, "`2` is none of `any`, `all` and a number from 1 to 1"),
        (format!("{w1}\n{w2}\ngroup g 0 w2 w3\nquorum g"), 3, "`0` is none of"),
        (format!("{w1}\ngroup g all w2 w2\nquorum g"), 2, "a member is named twice"),
        (format!("{w1}\nquorum w2\nquorum none"), 3, "there is a quorum already"),
        ("quorum w".to_owned(), 1, "no line above names a witness or a group `w`"),
        (format!("witness none {}", witness(2)), 1, "the name `none` is taken"),
        (format!("witness w {}", log.public()), 1, "it is no public key of a witness"),
        ("trust me".to_owned(), 1, "it is none of `log KEY [URL]`"),
    ] {
        let (number, why) = refused(&text);
        assert!(number == line && why.contains(words), "{text}: {number}, {why}");
    }
    assert_eq!(Policy::read("# nothing\n").unwrap_err(), PolicyError::NoQuorum);
    assert_eq!(Policy::read(&"#\n".repeat(1_001)).unwrap_err(), PolicyError::TooLarge);

    // Two of three, or the first alone.
    let policy = format!("{w1}\n{w2}\n{w3}\ngroup two 2 w2 w3 w4\ngroup either any w2 two\nquorum either");
    let policy = Policy::read(&policy).unwrap();
    let head = sts_clearance::evidence::Checkpoint { origin: "x/heads".into(), size: 1, root: [0; 32] };
    let note = head.signed(&log).unwrap();
    let seen = |by: &[u8]| {
        let cosigned = by.iter().fold(note.clone(), |note, secret| {
            let key = WitnessKey::new("witness.example.net", [*secret; 32]).unwrap();
            sts_clearance::evidence::with_signatures(&note, &key.cosign(&note, 7).unwrap()).unwrap()
        });
        policy.seen(&cosigned).unwrap()
    };
    let cases: [(&[u8], bool); 6] =
        [(&[], false), (&[2], true), (&[3], false), (&[3, 4], true), (&[4, 9], false), (&[2, 3, 4], true)];
    for (by, is_enough) in cases {
        assert_eq!(seen(by).is_enough, is_enough, "{by:?}");
    }
    assert_eq!(seen(&[3]).by, [("w3".to_owned(), 7)]);
    assert_eq!(seen(&[3]).lacking, ["w2", "w4"]);
}

/// A key that replaced another and lies in the log as an entry, but whose note is of something else, is not published.
#[tokio::test]
async fn a_note_that_says_nothing_of_keys_is_not_published() {
    let app = TestApp::on_sqlite().await;
    let (from, to) = (app.app.log_key().public().to_owned(), "x+00000000+x".to_owned());
    operation(&app.app, Log::Platform, &Actor::Operator, async move |tx, log| {
        let (from, to, signed) = (from.clone(), to.clone(), "no note".to_owned());
        log.append(tx, &room::Event::LogKeyRotated { from, to, signed }).await
    })
    .await
    .unwrap();
    log::keys::register(&app.app).await.unwrap();
    let published = app.get("//.well-known/sts-clearance/keys", "").send().await.expect(200);
    assert_eq!(published["notes"], json!([]));
}
