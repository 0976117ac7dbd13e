//! The client of witnesses: what it takes from a witness, and from one that is none; and the setting that names them.

use std::net::SocketAddr;

use axum::{
    Router,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::post,
};
use sts_clearance::{
    evidence::{Checkpoint, Hash, LogKey, Witness, WitnessKey, leaf_hash},
    http,
    witnesses::{Answer, WitnessAddress, submit},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::harness::{Installation, Ran};

fn witness_key() -> WitnessKey {
    WitnessKey::new("witness.example.net", [7; 32]).unwrap()
}

/// Returns a signed checkpoint of this size.
fn note(size: u64) -> String {
    let key = LogKey::new("clearance.example.com", [1; 32]).unwrap();
    let root: Hash = leaf_hash(&size.to_be_bytes());
    Checkpoint { origin: "clearance.example.com/heads".into(), size, root }.signed(&key).unwrap()
}

fn at(address: SocketAddr) -> WitnessAddress {
    WitnessAddress { key: witness_key().public(), url: format!("http://{address}/w1") }
}

/// Serves a witness that gives this answer whatever it is asked, and returns the address to ask it at.
async fn that_answers(status: StatusCode, kind: &'static str, body: impl Into<Vec<u8>>) -> WitnessAddress {
    let body = body.into();
    let handler = post(async move || (status, [(CONTENT_TYPE, kind)], body).into_response());
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/w1/add-checkpoint", handler);
    tokio::spawn(http::serve(listener, router, http::Limits::default(), CancellationToken::new()));
    at(address)
}

/// The media type of what a witness answers, if it is not a size.
const TEXT: &str = "text/plain; charset=utf-8";
const SIZE: &str = "text/x.tlog.size";

#[tokio::test]
async fn of_a_cosignature_the_lines_of_the_witness_are_taken_and_no_others() {
    let note = note(5);
    let line = witness_key().cosign(&note, 1_700_000_000).unwrap();
    let other = WitnessKey::new("witness.example.net", [8; 32]).unwrap().cosign(&note, 1_700_000_000).unwrap();
    for answered in [line.clone(), format!("{other}{line}"), format!("{line}{other}")] {
        let witness = that_answers(StatusCode::OK, TEXT, answered).await;
        assert_eq!(submit(&witness, 3, &[[1; 32]], &note).await, Ok(Answer::Cosigned(line.clone())));
    }
    // Also of a note that has an older cosignature of the same witness.
    let cosigned = sts_clearance::evidence::with_signatures(&note, &witness_key().cosign(&note, 1).unwrap()).unwrap();
    let witness = that_answers(StatusCode::OK, TEXT, line.clone()).await;
    assert_eq!(submit(&witness, 5, &[], &cosigned).await, Ok(Answer::Cosigned(line)));
}

#[tokio::test]
async fn what_is_no_cosignature_of_this_checkpoint_by_this_key_is_an_error() {
    let asked = note(5);
    let line = witness_key().cosign(&asked, 1_700_000_000).unwrap();
    let bare = line.trim_end().to_owned();
    let of_another_head = witness_key().cosign(&note(6), 1_700_000_000).unwrap();
    let by_another_key = WitnessKey::new("witness.example.net", [8; 32]).unwrap().cosign(&asked, 1).unwrap();
    let by_another_name = WitnessKey::new("witness.example.org", [7; 32]).unwrap().cosign(&asked, 1).unwrap();
    let log_key = LogKey::new("witness.example.net", [7; 32]).unwrap();
    let read = Checkpoint::unchecked(&asked).unwrap();
    let by_a_log = read.signed(&log_key).unwrap().rsplit_once("\n\n").unwrap().1.to_owned();
    // With the time of another: the bytes of the time stand before those of the signature.
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("a blank line", b"\n".to_vec()),
        ("prose", b"ok\n".to_vec()),
        ("no text", vec![0xff, 0xfe, 0x00]),
        ("no line feed", bare.clone().into_bytes()),
        ("a carriage return", format!("{bare}\r\n").into_bytes()),
        ("prose after it", format!("{line}thanks\n").into_bytes()),
        ("a text before it", format!("more\n\n{line}").into_bytes()),
        ("a whole note", format!("{asked}{line}").into_bytes()),
        ("another head", of_another_head.clone().into_bytes()),
        ("another head, and this one", format!("{line}{of_another_head}").into_bytes()),
        ("another key", by_another_key.into_bytes()),
        ("another name", by_another_name.into_bytes()),
        ("a log's signature", by_a_log.into_bytes()),
        ("1,000 lines", line.repeat(1_000).into_bytes()),
        ("more than is read", vec![b'x'; 1024 * 1024]),
    ];
    for (what, answered) in cases {
        let witness = that_answers(StatusCode::OK, TEXT, answered).await;
        let why = submit(&witness, 3, &[[1; 32]], &asked).await.expect_err(what);
        assert!(why.contains("the witness witness.example.net"), "{what}: {why}");
        assert!(!why.contains('\n'), "{what}: {why}");
    }
}

#[tokio::test]
async fn a_size_is_taken_from_a_conflict_and_all_else_is_a_refusal() {
    let asked = note(5);
    let witness = that_answers(StatusCode::CONFLICT, SIZE, "4\n").await;
    assert_eq!(submit(&witness, 3, &[], &asked).await, Ok(Answer::Has(4)));
    for nonsense in ["", "4", "four\n", "-1\n", "+4\n", "04\n", "4\n4\n", "99999999999999999999\n"] {
        let witness = that_answers(StatusCode::CONFLICT, SIZE, nonsense).await;
        let why = submit(&witness, 3, &[], &asked).await.expect_err(nonsense);
        assert_eq!(why, "the witness witness.example.net answered with something else than a size");
    }
    for status in [301, 400, 403, 404, 409, 422, 500, 503] {
        let witness = that_answers(StatusCode::from_u16(status).unwrap(), TEXT, "not \u{1b}[31mthis\r\n one\n").await;
        let answer = submit(&witness, 3, &[], &asked).await;
        assert_eq!(answer, Ok(Answer::Refused { status, why: "not [31mthis one".into() }));
    }
    let witness = that_answers(StatusCode::FORBIDDEN, TEXT, "no ".repeat(10_000)).await;
    let Ok(Answer::Refused { why, .. }) = submit(&witness, 3, &[], &asked).await else { panic!("it is refused") };
    assert_eq!(why.chars().count(), 301);
}

#[tokio::test(start_paused = true)]
async fn a_witness_that_says_nothing_is_waited_for_ten_seconds() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let witness = at(listener.local_addr().unwrap());
    let begun = tokio::time::Instant::now();
    let why = submit(&witness, 0, &[], &note(5)).await.unwrap_err();
    assert_eq!(why, "the witness witness.example.net did not answer within 10 seconds");
    assert_eq!(begun.elapsed().as_secs(), 10);
    // The port is free again, and nobody is there.
    drop(listener);
    tokio::time::resume();
    let why = submit(&witness, 0, &[], &note(5)).await.unwrap_err();
    assert!(why.starts_with("the witness witness.example.net cannot be reached: "), "{why}");
}

#[test]
fn a_list_of_witnesses_has_a_key_and_a_url_for_each() {
    let [one, two] = [7, 8].map(|secret| WitnessKey::new("witness.example.net", [secret; 32]).unwrap().public());
    let list = WitnessAddress::read_list(&format!("{one} http://[::1]:8081/\n  {two}\thttp://w.example/a/b")).unwrap();
    let urls: Vec<_> = list.iter().map(|witness| (witness.key.clone(), witness.url.as_str())).collect();
    assert_eq!(urls, [(one, "http://[::1]:8081"), (two, "http://w.example/a/b")]);
    assert_eq!(WitnessAddress::read_list(" "), Ok(Vec::new()));
}

#[test]
fn a_setting_that_names_no_witness_stops_the_start_and_tells_no_secret() {
    let (key, secret) = (witness_key().public().to_string(), witness_key().private());
    let log = LogKey::new("clearance.example.com", [1; 32]).unwrap();
    let cases = [
        (key.clone(), "the witness witness.example.net has no URL after its key"),
        (
            format!("{key} witness.example.net"),
            "the witness witness.example.net: `witness.example.net` is no `http://` URL",
        ),
        (format!("{key} https://w.example"), "has to be asked over `http://`"),
        (format!("{key} http://ops:s3cret@w.example"), "a user or a password in it"),
        (format!("{key} http://w.example/?log=1"), "`/add-checkpoint` cannot be added to `http://w.example/?log=1`"),
        (format!("{key} http://a.example {key} http://b.example"), "the witness witness.example.net is named twice"),
        (format!("{key} http://a.example http://b.example"), "witness 2: it is no public key of a witness"),
        (format!("http://a.example {key}"), "witness 1: it is no public key of a witness"),
        (format!("{} http://a.example", log.public()), "witness 1: it is no public key of a witness"),
        (format!("{secret} http://a.example"), "witness 1: this is a private key"),
    ];
    for (value, says) in cases {
        let place = Installation::new(None);
        for command in [&["config"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let said = Ran::of(place.command(command).env("STS_WITNESSES", &value), "").refused();
            assert!(said.starts_with("STS_WITNESSES: `witnesses`: ") && said.contains(says), "{value}: {said}");
            assert!(!said.contains(&secret) && !said.contains("s3cret"), "{said}");
        }
    }
    let place = Installation::new(None);
    let value = format!("{key} http://127.0.0.1:8081");
    let ran = Ran::of(place.command(&["config"]).env("STS_WITNESSES", &value), "");
    assert!(ran.expect(0).contains(&format!("witnesses = \"{value}\"  # STS_WITNESSES")), "{ran:?}");
    assert_eq!(Witness::read(&key).unwrap(), witness_key().public());
}
