//! The protocol: what a witness cosigns, and what it answers to all else.

use std::sync::{Arc, Mutex};

use axum::{body::Body, http::Request};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use reqwest::StatusCode;
use room::Time;
use sts_clearance::{
    evidence::{LogKey, WitnessKey, with_signatures},
    witness::router,
    witnesses::{Answer, WitnessAddress, submit},
};
use tempfile::TempDir;
use tower::ServiceExt;

use super::{HEADS, History, add, body, conflict, get, log_key, newest, note, refused, start, state, witness_of};
use crate::harness::Installation;

#[tokio::test]
async fn heads_that_go_on_from_each_other_are_cosigned() {
    let place = Installation::new(None);
    let mut server = start(&place);
    let witness = witness_of(&place);
    let said = server.said_until("  witness ");
    assert!(said.contains(&format!("Its public key: {witness}\n")), "{said}");
    let url = format!("http://{}", server.api.address());
    let setting = said.lines().find_map(|line| line.trim().strip_prefix("witnesses = ")).unwrap();
    assert_eq!(setting, format!("\"{witness} {url}\""));
    assert!(said.ends_with(&format!("  witness witness.example.net {witness} {url}\n")), "{said}");

    let history = History::of(40, 40, "");
    let steps = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 7), (7, 8), (8, 8), (8, 33), (33, 40)];
    let mut last = 1_700_000_000;
    for (from, to) in steps {
        let (status, kind, line) = add(&server, history.body(HEADS, from, to)).await;
        assert_eq!((status, kind.as_str()), (200, "text/plain; charset=utf-8"), "{from} to {to}: {line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        let note = history.note(HEADS, to);
        assert_eq!(witness.own_lines(&note, &line).unwrap(), line);
        let cosigned = with_signatures(&note, &line).unwrap();
        let time = witness.saw(&cosigned).unwrap().unwrap();
        assert!(time >= last, "times do not run backwards");
        last = time;
        assert_eq!(get(&server, &format!("/checkpoint?origin={HEADS}")).await, (200, cosigned.clone()));
        assert_eq!(get(&server, &format!("/checkpoint?origin={HEADS}&size={to}")).await, (200, cosigned));
    }
}

#[tokio::test]
async fn each_refusal_of_the_protocol_has_its_status_and_changes_nothing() {
    let place = Installation::new(None);
    let server = start(&place);
    let (history, other) = (History::of(20, 20, ""), History::of(20, 5, "other"));
    let stranger = LogKey::new("clearance.example.com", [2; 32]).unwrap();

    // Nothing is known of the log yet.
    assert_eq!(add(&server, history.body(HEADS, 3, 10)).await, conflict(0));
    let proof_from_nothing = body(0, vec![[1; 32]], history.note(HEADS, 10));
    refused(&add(&server, proof_from_nothing).await, 422, "does not show that the log goes on");
    let no_empty_tree = body(0, Vec::new(), note(&log_key(), HEADS, 0, [1; 32]));
    assert_eq!(add(&server, no_empty_tree).await, conflict(0));
    assert_eq!(get(&server, &format!("/checkpoint?origin={HEADS}")).await.0, 404);
    assert_eq!(add(&server, history.body(HEADS, 0, 10)).await.0, 200);

    // Not the size that is known.
    for (from, to) in [(0, 10), (0, 20), (9, 10), (5, 5), (11, 20), (0, 0)] {
        assert_eq!(add(&server, history.body(HEADS, from, to)).await, conflict(10), "{from} to {to}");
    }
    refused(&add(&server, body(10, Vec::new(), history.note(HEADS, 9))).await, 400, "older size is larger");
    // Another history: of the same size, and going on from there.
    assert_eq!(add(&server, body(10, Vec::new(), other.note(HEADS, 10))).await, conflict(10));
    refused(&add(&server, other.body(HEADS, 10, 20)).await, 422, "does not show");
    // Proofs that are none.
    let mut proof = history.proof(10, 20);
    refused(&add(&server, body(10, proof[1..].to_vec(), history.note(HEADS, 20))).await, 422, "does not show");
    proof.push([0; 32]);
    refused(&add(&server, body(10, proof, history.note(HEADS, 20))).await, 422, "does not show");
    refused(&add(&server, body(10, Vec::new(), history.note(HEADS, 20))).await, 422, "does not show");
    refused(&add(&server, body(10, vec![[0; 32]; 63], history.note(HEADS, 20))).await, 422, "does not show");
    refused(&add(&server, body(10, vec![[0; 32]; 64], history.note(HEADS, 20))).await, 400, "more than 63 hashes");
    let empty_for_same = body(10, vec![[0; 32]], history.note(HEADS, 10));
    refused(&add(&server, empty_for_same).await, 422, "does not show");

    // Logs that are not witnessed, and signers that are not trusted.
    let (rooms, far, padded) = ("clearance.example.com/rooms/1", format!("{HEADS}/1000"), format!("{HEADS}/02"));
    for origin in ["other.example.com/heads", rooms, &format!("{HEADS}/1"), &far, &padded, &format!("{HEADS}/2/2")] {
        refused(&add(&server, history.body(origin, 0, 10)).await, 404, "this log is not witnessed here");
    }
    let strange = note(&stranger, HEADS, 20, history.root(20));
    let strange = body(10, history.proof(10, 20), strange);
    refused(&add(&server, strange.clone()).await, 403, "the checkpoint is not accepted: it is signed by");
    let (text, _) = strange.split_once("\n\n— ").map(|(text, rest)| (text.to_owned(), rest)).unwrap();
    refused(&add(&server, text + "\n").await, 400, "");
    let genuine = history.body(HEADS, 10, 20);
    let line = genuine.lines().last().unwrap();
    let changed = genuine.replace(line, &(line[..40].to_owned() + &line[40..].replacen('A', "B", 1)));
    assert_ne!(changed, genuine);
    refused(&add(&server, changed).await, 403, "it was changed after it was signed");
    refused(&add(&server, body(10, Vec::new(), note(&log_key(), HEADS, u64::MAX, [1; 32]))).await, 400, "larger than");

    assert_eq!(newest(&server, HEADS).await.root, history.root(10), "nothing of it changed anything");
    assert_eq!(add(&server, genuine).await.0, 200);
}

#[tokio::test]
async fn a_continuation_and_a_log_of_its_own_name_are_logs_of_their_own() {
    let place = Installation::new(None);
    let server = start(&place);
    let (history, other) = (History::of(20, 20, ""), History::of(20, 5, "other"));
    assert_eq!(add(&server, history.body(HEADS, 0, 10)).await.0, 200);
    for origin in ["clearance.example.com/heads/2", "clearance.example.com/heads/999", "clearance.example.com"] {
        assert_eq!(add(&server, other.body(origin, 0, 10)).await.0, 200, "{origin}");
        assert_eq!(newest(&server, origin).await.root, other.root(10));
    }
    assert_eq!(newest(&server, HEADS).await.root, history.root(10));
}

#[tokio::test]
async fn a_body_that_is_none_is_refused_whatever_it_is() {
    let place = Installation::new(None);
    let server = start(&place);
    let history = History::of(20, 20, "");
    assert_eq!(add(&server, history.body(HEADS, 0, 10)).await.0, 200);
    let good = history.body(HEADS, 10, 20);
    let checkpoint = history.note(HEADS, 20);
    let hash = good.lines().nth(1).unwrap();
    let cases = [
        String::new(),
        "\n".into(),
        "old 10\n".into(),
        checkpoint.clone(),
        format!("\n{checkpoint}"),
        good.replacen("old 10", "old  10", 1),
        good.replacen("old 10", "old +10", 1),
        good.replacen("old 10", "old 010", 1),
        good.replacen("old 10", "old -1", 1),
        good.replacen("old 10", "old ten", 1),
        good.replacen("old 10", "OLD 10", 1),
        good.replacen("old 10", "old 99999999999999999999", 1),
        good.replace('\n', "\r\n"),
        good.replacen(hash, "", 1),
        good.replacen(hash, "AAAA", 1),
        good.replacen(hash, &hash[..43], 1),
        good.replacen(hash, &format!("{hash} "), 1),
        good.replacen("\n\n", "\n", 1),
        format!("{good}\n"),
        format!(" {good}"),
        good.trim_end().to_owned(),
        good.replacen("\n20\n", "\n020\n", 1),
        good.replacen("\n20\n", "\n-20\n", 1),
        good.replacen("\n20\n", "\n\n", 1),
        good.replacen("— ", "- ", 1),
    ];
    for case in cases {
        assert_ne!(case, good);
        refused(&add(&server, case.clone()).await, 400, "");
    }
    refused(&add(&server, b"old 0\n\n\xff\xfe\n".to_vec()).await, 400, "the body is no UTF-8");
    for size in [64 * 1024 + 1, 16 * 1024 * 1024] {
        // The answer may come before the body is sent, which then breaks.
        let url = format!("http://{}/add-checkpoint", server.api.address());
        match reqwest::Client::new().post(url).body(vec![b'x'; size]).send().await {
            Ok(response) => assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE),
            Err(error) => assert!(error.is_request() || error.is_body(), "{error}"),
        }
    }
    assert_eq!(add(&server, good).await.0, 200);
}

#[test]
fn no_body_that_was_changed_is_cosigned() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let place = Installation::new(None);
    let server = start(&place);
    let history = History::of(20, 20, "");
    assert_eq!(runtime.block_on(add(&server, history.body(HEADS, 0, 10))).0, 200);
    let good = history.body(HEADS, 10, 20).into_bytes();
    let strategy = (0..good.len(), any::<u8>(), 0..3_u8);
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    runner
        .run(&strategy, |(at, byte, how)| {
            let mut body = good.clone();
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
            prop_assume!(body != good);
            let answered = runtime.block_on(add(&server, body));
            prop_assert!([400, 403, 404, 409, 422].contains(&answered.0), "{answered:?}");
            Ok(())
        })
        .unwrap();
    assert_eq!(runtime.block_on(newest(&server, HEADS)).size, 10);
    assert_eq!(runtime.block_on(add(&server, good)).0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_waited_for_half_a_minute() {
    let dir = TempDir::new().unwrap();
    let witness = router(state(&dir, &Arc::new(Mutex::new(Time::EARLIEST))));
    let begun = tokio::time::Instant::now();
    let never = Body::from_stream(futures_util::stream::pending::<std::io::Result<Vec<u8>>>());
    let response = witness.oneshot(Request::post("/add-checkpoint").body(never).unwrap()).await.unwrap();
    assert_eq!((response.status(), begun.elapsed().as_secs()), (StatusCode::REQUEST_TIMEOUT, 30));
}

#[tokio::test]
async fn signatures_of_others_are_passed_over_and_not_kept() {
    let place = Installation::new(None);
    let server = start(&place);
    let history = History::of(20, 20, "");
    let checkpoint = history.note(HEADS, 10);
    let strangers = |number: u8| -> String {
        let of = |secret| WitnessKey::new("another.example.net", [secret; 32]).unwrap().cosign(&checkpoint, 1).unwrap();
        (10..10 + number).map(of).collect()
    };
    let with = |lines: &str| body(0, Vec::new(), format!("{checkpoint}{lines}"));
    refused(&add(&server, with(&strangers(1).repeat(1_000))).await, 413, "64 KiB");
    refused(&add(&server, with(&"— a AAAAAAA=\n".repeat(1_000))).await, 400, "not a signed note");
    refused(&add(&server, with(&strangers(100))).await, 400, "not a signed note");
    // The log's own, so often that they would fill the memory.
    let own = checkpoint.rsplit_once("\n\n").unwrap().1;
    refused(&add(&server, with(&own.repeat(90))).await, 400, "8 KiB");

    let (status, _, line) = add(&server, with(&strangers(90))).await;
    assert_eq!(status, 200, "{line}");
    let (_, shown) = get(&server, &format!("/checkpoint?origin={HEADS}")).await;
    assert_eq!(shown, format!("{checkpoint}{line}"));
}

#[tokio::test]
async fn the_client_hears_what_the_witness_says() {
    let place = Installation::new(None);
    let server = start(&place);
    let (history, other) = (History::of(20, 20, ""), History::of(20, 5, "other"));
    let url = format!("http://{}", server.api.address());
    let witness = WitnessAddress { key: witness_of(&place), url };
    let Ok(Answer::Cosigned(lines)) = submit(&witness, 0, &[], &history.note(HEADS, 10)).await else {
        panic!("the first head is cosigned")
    };
    assert_eq!(witness.key.own_lines(&history.note(HEADS, 10), &lines).unwrap(), lines);
    assert_eq!(submit(&witness, 0, &[], &history.note(HEADS, 20)).await, Ok(Answer::Has(10)));
    assert_eq!(submit(&witness, 10, &[], &other.note(HEADS, 10)).await, Ok(Answer::Has(10)));
    let answer = submit(&witness, 10, &history.proof(10, 20), &history.note(HEADS, 20)).await;
    assert!(matches!(answer, Ok(Answer::Cosigned(_))), "{answer:?}");
    let why = "the proof does not show that the log goes on from its head".to_owned();
    let answer = submit(&witness, 20, &[[1; 32]], &history.note(HEADS, 20)).await;
    assert_eq!(answer, Ok(Answer::Refused { status: 422, why }));
    let answer = submit(&witness, 0, &[], &history.note("clearance.example.com/rooms/1", 20)).await;
    assert_eq!(answer, Ok(Answer::Refused { status: 404, why: "this log is not witnessed here".into() }));
    // Of the same witness under another key: somebody else sits there.
    let key = WitnessKey::new("witness.example.net", [9; 32]).unwrap().public();
    let why = submit(&WitnessAddress { key, ..witness }, 20, &[], &history.note(HEADS, 20)).await.unwrap_err();
    assert!(why.starts_with("what the witness witness.example.net answered is no cosignature: "), "{why}");
}
