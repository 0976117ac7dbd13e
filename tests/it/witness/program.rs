//! The program: what it shows, how logs are named, and when it does not start.

use std::fs;

use reqwest::Method;
use rusqlite::Connection;
use sts_clearance::evidence::{LogKey, WitnessKey};

use super::{HEADS, History, add, body, get, log_key, note, refused, send, start, start_with, witness_of};
use crate::harness::{Installation, Ran};

#[tokio::test]
async fn it_shows_who_it_is_and_what_it_has_cosigned_and_nothing_else() {
    let place = Installation::new(None);
    let server = start(&place);
    let history = History::of(20, 20, "");
    let (status, overview) = get(&server, "/").await;
    assert_eq!(status, 200);
    assert!(overview.contains(&format!("Its public key: {}\n", witness_of(&place))), "{overview}");
    assert!(overview.contains(&format!("\n  clearance.example.com\n  {HEADS}\n")), "{overview}");
    assert!(overview.ends_with("  none yet\n"), "{overview}");
    assert_eq!(get(&server, "/healthz").await, (200, "ok\n".into()));
    assert_eq!(add(&server, history.body(HEADS, 0, 10)).await.0, 200);

    let shown = format!("/checkpoint?origin={HEADS}");
    for (path, status, says) in [
        ("/checkpoint?origin=other.example.com/heads", 404, "no checkpoint of this log was cosigned here\n"),
        (&format!("{shown}&size=9"), 404, "no checkpoint of this size of this log was cosigned here\n"),
        ("/checkpoint", 400, "give `origin`, once, and at most a `size`\n"),
        ("/checkpoint?size=10", 400, "give `origin`, once, and at most a `size`\n"),
        (&format!("{shown}&size=ten"), 400, "give `origin`, once, and at most a `size`\n"),
        (&format!("{shown}&size=18446744073709551615"), 400, "give `origin`, once, and at most a `size`\n"),
        (&format!("{shown}&size=10&size=9"), 400, "give `origin`, once, and at most a `size`\n"),
        (&format!("{shown}&origin=x"), 400, "give `origin`, once, and at most a `size`\n"),
        (&format!("{shown}&page=2"), 400, "give `origin`, once, and at most a `size`\n"),
        ("/checkpoint/10", 404, "there is nothing here; see /\n"),
        ("/metrics", 404, "there is nothing here; see /\n"),
        ("/api/v1/rooms", 404, "there is nothing here; see /\n"),
        ("/add-checkpoint/", 404, "there is nothing here; see /\n"),
    ] {
        assert_eq!(get(&server, path).await, (status, says.to_owned()), "{path}");
    }
    assert_eq!(send(&server, Method::GET, "/add-checkpoint", "").await.0, 405);
    assert_eq!(send(&server, Method::DELETE, &shown, "").await.0, 405);
}

#[tokio::test]
async fn logs_are_named_by_key_by_key_and_origin_or_by_a_policy_file() {
    let place = Installation::new(None);
    let history = History::of(20, 20, "");
    let (rooms, other) = ("clearance.example.com/rooms/1", LogKey::new("other.example.com", [3; 32]).unwrap());
    let policy =
        format!("# our logs\n\n\tlog  {} http://other.example.com\nwitness w x\nquorum none\n", other.public());
    fs::write(place.path("policy"), policy).unwrap();
    let named = format!("{}@{rooms}", log_key().public());
    let server = start_with(&place, &["--log", &named, "--logs", "policy", "--dir", "mine"]);
    assert!(place.path("mine/witness-key").exists() && !place.path("data").exists());
    assert_eq!(add(&server, history.body(rooms, 0, 10)).await.0, 200);
    refused(&add(&server, history.body(HEADS, 0, 10)).await, 404, "not witnessed");
    let theirs = |key: &LogKey| body(0, Vec::new(), note(key, "other.example.com/heads", 10, history.root(10)));
    assert_eq!(add(&server, theirs(&other)).await.0, 200);
    assert_eq!(add(&server, theirs(&log_key())).await.0, 403, "a key is trusted for its own log alone");
}

#[tokio::test]
async fn a_witness_that_cannot_keep_its_word_does_not_start_and_says_why() {
    let place = Installation::new(None);
    let (key, secret) = (log_key().public().to_owned(), log_key().private());
    let witness = WitnessKey::new("witness.example.net", [7; 32]).unwrap().public().to_string();
    fs::write(place.path("policy"), format!("log {key}\nlogs {key}\n")).unwrap();
    fs::write(place.path("empty"), "quorum none\n").unwrap();
    let run = |flags: &[&str]| place.run(&[&["witness", "--listen", "127.0.0.1:0"], flags].concat()).refused();
    for (flags, says) in [
        (
            &["--name", "w", "--log", "clearance.example.com"][..],
            "log 1: it is no public key of a log (`name+hash+key`)",
        ),
        (&["--name", "w", "--log", &key, "--log", &witness], "log 2: it is no public key of a log (`name+hash+key`)"),
        (
            &["--name", "w", "--log", &secret],
            "log 1: this is a private key: keep it to yourself, and give the public one",
        ),
        (&["--name", "w", "--log", &format!("{key}@")], "log 1: there is no origin after `@`"),
        (&["--name", "w", "--logs", "nowhere"], "the logs of nowhere cannot be read: "),
        (&["--name", "w", "--logs", "policy"], "the logs of policy: line 2: it is none of `log KEY [URL]`, "),
        (&["--name", "w", "--logs", "empty"], "the logs of empty: no log is named"),
        (&["--log", &key], "data/witness has no key of a witness yet; give its name by `--name`"),
        (&["--log", &key, "--name", "two words"], "a key's name must be one word without `+`, not `two words`"),
    ] {
        let said = run(flags);
        assert!(said.starts_with(says) && !said.contains(&secret), "{flags:?}: {said}");
    }
    let ran = place.run(&["witness"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");

    start(&place).kill();
    let said = run(&["--log", &key, "--name", "another.example.net"]);
    assert!(said.ends_with("has the name `witness.example.net`; leave out `--name`"), "{said}");
    let memory = place.path("data/witness/witness.db");
    let away = place.path("away.db");
    fs::rename(&memory, &away).unwrap();
    let said = run(&["--log", &key]);
    assert!(said.starts_with("data/witness/witness.db is missing, so that the witness does not know"), "{said}");
    fs::copy(&away, &memory).unwrap();
    let file = Connection::open(&memory).unwrap();
    file.execute_batch("PRAGMA user_version = 2").unwrap();
    drop(file);
    assert!(run(&["--log", &key]).ends_with("has schema 2, but this program knows 1 only"));
    // Neither takes the other's file.
    fs::remove_file(&memory).unwrap();
    place.run(&["migrate", "up"]).expect(0);
    fs::rename(place.database_file(), &memory).unwrap();
    let said = run(&["--log", &key]);
    assert_eq!(said, "the database data/witness/witness.db is not the memory of a witness");
    let theirs = Ran::of(place.command(&["migrate", "status"]).env("STS_DATABASE_URL", &away), "");
    assert!(theirs.refused().ends_with("is not a database of STS Clearance"), "{theirs:?}");
}
