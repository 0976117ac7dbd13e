//! What a witness has cosigned: one history of each log, whatever comes at once and however the process ends.

use std::{
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use room::Time;
use rusqlite::Connection;
use sts_clearance::{
    evidence::{Checkpoint, LogKey, PublicKeys, WitnessKey},
    witness::router,
};
use tempfile::TempDir;
use tower::ServiceExt;

use super::{HEADS, History, add, body, conflict, get, log_key, newest, note, refused, start, state, witness_of};
use crate::harness::{Installation, Server};

#[tokio::test]
async fn of_heads_that_do_not_go_on_from_each_other_one_is_cosigned_though_they_come_at_once() {
    let place = Installation::new(None);
    let server = start(&place);
    let histories = [History::of(8, 0, "one"), History::of(8, 0, "two"), History::of(8, 0, "three")];
    for round in 2..22 {
        // A log of its own in each round.
        let origin = format!("{HEADS}/{round}");
        let bodies = histories.iter().flat_map(|history| (5..8).map(|size| history.body(&origin, 0, size)));
        let answers = futures_util::future::join_all(bodies.map(|body| add(&server, body))).await;
        let cosigned: Vec<_> = answers.iter().filter(|answered| answered.0 == 200).collect();
        assert_eq!(cosigned.len(), 1, "{answers:?}");
        let Checkpoint { size, root, .. } = newest(&server, &origin).await;
        assert!(histories.iter().any(|history| history.root(size) == root));
        let others = answers.iter().filter(|answered| answered.0 != 200);
        others.for_each(|answered| assert_eq!(*answered, conflict(size)));
    }
}

#[tokio::test]
async fn what_was_answered_survives_the_end_of_the_process() {
    let place = Installation::new(None);
    let (history, other) = (History::of(40, 40, ""), History::of(40, 0, "other"));
    let mut server = start(&place);
    let witness = witness_of(&place);
    for size in 1..=6 {
        let (status, _, line) = add(&server, history.body(HEADS, size - 1, size)).await;
        assert_eq!(status, 200, "{line}");
        if size % 2 == 0 {
            server.kill();
        } else {
            server.ask_to_stop().await;
            assert_eq!(server.ended().await.code(), Some(0));
        }
        // Without a name: that of the key counts.
        let key = log_key();
        let again = ["witness", "--listen", "127.0.0.1:0", "--log", key.public()];
        server = Server::start(&place, &mut place.command(&again));
        assert_eq!(newest(&server, HEADS).await.root, history.root(size));
        assert_eq!(add(&server, other.body(HEADS, 0, size)).await, conflict(size));
        assert_eq!(witness_of(&place), witness);
    }
}

#[tokio::test]
async fn a_witness_that_cannot_write_cosigns_nothing_any_more_and_forgets_nothing() {
    let place = Installation::new(None);
    start(&place).kill();
    let key = log_key();
    let flags = ["witness", "--listen", "127.0.0.1:0", "--log", key.public()];
    // Files may grow to 256 KiB (512 in bash); a write beyond that fails, as on a full disk.
    let limited = "trap '' XFSZ; ulimit -f 512; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    let program = place.command(&flags);
    command.args(["-c", limited]).arg(program.get_program()).args(program.get_args());
    command.current_dir(program.get_current_dir().unwrap()).env_clear().stdout(Stdio::piped());
    let server = Server::start(&place, &mut command);

    let (history, mut cosigned) = (History::of(1_000, 1_000, ""), 0);
    let mut last = add(&server, history.body(HEADS, 0, 1)).await;
    while last.0 == 200 {
        cosigned += 1;
        last = add(&server, history.body(HEADS, cosigned, cosigned + 1)).await;
    }
    assert!(cosigned > 3, "it begins with room to write: {cosigned}");
    refused(&last, 500, "the witness failed to do this");
    // Nor does it when there is room again: what the system has lost of the file is not known.
    refused(&add(&server, history.body(HEADS, cosigned, cosigned + 1)).await, 500, "the witness failed to do this");
    assert_eq!(get(&server, "/healthz").await.0, 503);
    assert!(server.log().contains("ERROR the memory of the witness cannot be written"), "{}", server.log());
    server.kill();
    let server = Server::start(&place, &mut place.command(&flags));
    assert_eq!(newest(&server, HEADS).await.root, history.root(cosigned));
    assert_eq!(add(&server, history.body(HEADS, cosigned, cosigned + 1)).await.0, 200);
}

#[tokio::test]
async fn a_cosignature_is_never_dated_before_that_of_an_older_head() {
    let dir = TempDir::new().unwrap();
    let at = |seconds: i64| Time::from_microsecond(seconds * 1_000_000).unwrap();
    let now = Arc::new(Mutex::new(at(1_700_000_000)));
    let witness = router(state(&dir, &now));
    let history = History::of(3, 3, "");
    for (size, clock, time) in
        [(1, 1_700_000_000, 1_700_000_000), (2, 1_600_000_000, 1_700_000_000), (3, 1_800_000_000, 1_800_000_000)]
    {
        *now.lock().unwrap() = at(clock);
        let request = Request::post("/add-checkpoint").body(Body::from(history.body(HEADS, size - 1, size))).unwrap();
        let response = witness.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let line = to_bytes(response.into_body(), 1_000).await.unwrap();
        let cosigned = format!("{}{}", history.note(HEADS, size), str::from_utf8(&line).unwrap());
        let key = WitnessKey::new("witness.example.net", [7; 32]).unwrap().public();
        assert_eq!(key.saw(&cosigned).unwrap(), Some(time));
    }
}

#[tokio::test]
async fn a_fork_is_kept_with_both_signatures_of_the_log_counted_and_told() {
    let place = Installation::new(None);
    let server = start(&place);
    let history = History::of(20, 20, "");
    let forks: Vec<_> = (0..12).map(|i| History::of(20, 3, &format!("fork {i}"))).collect();
    assert_eq!(add(&server, history.body(HEADS, 0, 10)).await.0, 200);
    assert_eq!(add(&server, history.body(HEADS, 10, 15)).await.0, 200);
    // Of an older size, however it is asked for; and twice.
    assert_eq!(add(&server, forks[0].body(HEADS, 0, 10)).await, conflict(15));
    assert_eq!(add(&server, forks[0].body(HEADS, 0, 10)).await, conflict(15));
    refused(&add(&server, body(15, Vec::new(), forks[1].note(HEADS, 10))).await, 400, "older size is larger");
    // Of a size that the witness has not seen nobody can say so.
    assert_eq!(add(&server, forks[1].body(HEADS, 0, 11)).await, conflict(15));
    for fork in &forks {
        assert_eq!(add(&server, body(15, Vec::new(), fork.note(HEADS, 15))).await, conflict(15));
    }
    // Not the log's: what anybody can say is no evidence.
    let stranger = LogKey::new("clearance.example.com", [2; 32]).unwrap();
    assert_eq!(add(&server, body(15, Vec::new(), note(&stranger, HEADS, 15, [1; 32]))).await.0, 403);

    let (_, overview) = get(&server, "/").await;
    assert!(overview.contains(&format!("  {HEADS}: size 15, at 20")), "{overview}");
    assert!(overview.contains("Z, forks refused: 15\n"), "{overview}");
    let told = server.log().lines().filter(|line| line.contains("ERROR a log has signed two heads")).count();
    assert_eq!(told, 15, "{}", server.log());
    server.ask_to_stop().await;
    server.ended().await;

    let file = Connection::open(place.path("data/witness/witness.db")).unwrap();
    let mut statement = file.prepare("SELECT note, size FROM forks ORDER BY rowid").unwrap();
    let kept: Vec<(String, i64)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert_eq!(kept.len(), 8, "a log cannot fill the disk");
    assert_eq!((kept[0].clone(), kept[1].clone()), ((forks[0].note(HEADS, 10), 10), (forks[1].note(HEADS, 10), 10)));
    let keys = PublicKeys::read(log_key().public()).unwrap();
    for (note, size) in kept {
        let fork = Checkpoint::open(&note, &keys).unwrap().0;
        let select = "SELECT note FROM checkpoints WHERE origin = ?1 AND size = ?2";
        let cosigned: String = file.query_row(select, (HEADS, size), |row| row.get(0)).unwrap();
        let cosigned = Checkpoint::open(&cosigned, &keys).unwrap().0;
        assert_eq!((&fork.origin, fork.size), (&cosigned.origin, cosigned.size));
        assert_ne!(fork.root, cosigned.root, "the same log has signed two roots of one size");
    }
    for sql in ["DELETE FROM checkpoints", "UPDATE checkpoints SET size = 30 WHERE size = 15"] {
        let refused = file.execute_batch(sql).unwrap_err().to_string();
        assert!(refused.contains("what was cosigned is not"), "{refused}");
    }
}
