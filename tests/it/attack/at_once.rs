//! The largest of everything that a party may send or ask for, all of it at the same time, within a gibibyte of address
//! space: some of it is told to come again, none of it ends the server, and what was acknowledged is there.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tools::needs;

use super::bombs::{rejected_often, serve_within_limits};
use crate::{
    harness::{Api, Form, Installation, PASSWORD, pdf},
    verify::bombs::bombs,
};

/// The largest file that may be uploaded, in bytes, by default.
const LARGEST: usize = 50 * 1024 * 1024;
/// How many ask for the same at once.
const EACH: usize = 3;

/// A request, with what it is.
type Asked = (String, reqwest::RequestBuilder);

/// Returns a PDF of the largest size that has one page and much that it does not show.
fn largest(number: usize) -> Vec<u8> {
    let mut bytes = pdf(&format!("paper {number}"));
    bytes.resize(LARGEST, b'\n');
    bytes
}

fn upload(api: &Api, document: &str, token: &str, number: usize) -> reqwest::RequestBuilder {
    let mut form = Form::new();
    form.file("file", "paper.pdf", &largest(number));
    form.text("notes", &"\u{1F6A2}".repeat(1_000));
    let request = api.request(Method::POST, &format!("{document}/versions"), token);
    request.header("content-type", Form::MEDIA_TYPE).body(form.finish())
}

/// Returns the largest of everything that can be sent.
fn writes(api: &Api, room: &str, documents: &[String], token: &str) -> Vec<Asked> {
    let long = "\u{1F6A2}".repeat(4_000);
    let mut asked = Vec::new();
    for number in 0..EACH {
        let mut add = |what: &str, request| asked.push((format!("{what} {number}"), request));
        add("upload", upload(api, &documents[number + 1], token, number));
        let signing_in = json!({ "email": "owner@example.com", "password": PASSWORD });
        add("sign in", api.request(Method::POST, "/auth/login", "").json(&signing_in));
        let described = json!({ "description": long });
        add("describe", api.request(Method::PATCH, room, token).json(&described));
        // As large as a body may be, most of which is not asked for.
        let much = json!({ "title": "x".repeat(900_000), "description": long });
        add("too long a title", api.request(Method::PATCH, room, token).json(&much));
        let nested = format!("{}{}", "[".repeat(400_000), "]".repeat(400_000));
        let nested = api.request(Method::PATCH, room, token).header("content-type", "application/json").body(nested);
        add("nested", nested);
        for kind in ["pdf", "json", "csv"] {
            let snapshot = json!({ "snapshot_type": kind, "title": format!("{number}") });
            add(kind, api.request(Method::POST, &format!("{room}/snapshots"), token).json(&snapshot));
        }
        let mut form = Form::new();
        let (_, bomb, _) = bombs().swap_remove(number);
        form.file("file", "report.pdf", &bomb);
        let verify = api.request(Method::POST, "/verify", "").header("content-type", Form::MEDIA_TYPE);
        add("verify", verify.body(form.finish()));
    }
    asked
}

/// Returns the largest of everything that can be asked for.
fn reads(api: &Api, room: &str, document: &str, version: &str, token: &str) -> Vec<Asked> {
    let paths = [
        format!("{document}/download"),
        format!("{document}/versions/{version}/preview"),
        format!("{room}/archive?all=true"),
        format!("{room}/log/export"),
        format!("{room}/log/entries?limit=100"),
        format!("{room}/activities?limit=100"),
        format!("{room}/documents?limit=100"),
        format!("{room}/summary"),
        format!("{room}/compare?from=0&to=400"),
    ];
    let asked = |path: &String| (path.clone(), api.request(Method::GET, path, token));
    (0..EACH).flat_map(|_| paths.iter().map(asked)).collect()
}

/// Sends all of it at once, and reads each answer to its end. Returns what was answered.
async fn at_once(asked: Vec<Asked>) -> Vec<(String, u16)> {
    let mut clients = JoinSet::new();
    for (what, request) in asked {
        clients.spawn(async move {
            match request.send().await {
                Ok(answer) => {
                    let status = answer.status().as_u16();
                    answer.bytes().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
                    (what, status)
                }
                // On a slow machine, a file may come too slowly: it is given up while it is sent.
                Err(_) if what.starts_with("upload") => (what, 408),
                Err(error) => panic!("{what}: {error:?}"),
            }
        });
    }
    clients.join_all().await
}

#[needs(prlimit)]
#[tokio::test]
async fn the_largest_of_everything_at_once_ends_nothing_and_loses_nothing() {
    let place = Installation::new(None);
    place.add_user("broker@example.com", "broker");
    place.add_user("owner@example.com", "owner");
    let server = serve_within_limits(&place);
    let api = &server.api;
    let (room, broker) = rejected_often(&place, &server).await;
    let room = format!("/rooms/{room}");
    let documents = api.all(&format!("{room}/documents"), &broker).await;
    let documents: Vec<_> =
        documents.iter().map(|it| format!("{room}/documents/{}", it["id"].as_str().unwrap())).collect();
    let paper = &documents[documents.len() - 1];
    let uploaded = upload(api, paper, &broker, EACH).send().await.unwrap().error_for_status().unwrap();
    let uploaded: Value = uploaded.json().await.unwrap();
    let version = uploaded["version"]["id"].as_str().unwrap();

    let mut asked = writes(api, &room, &documents, &broker);
    asked.extend(reads(api, &room, paper, version, &broker));
    let answered = at_once(asked).await;
    let of_ours: Vec<_> = answered.iter().filter(|(_, status)| *status >= 500 && *status != 503).collect();
    assert!(of_ours.is_empty(), "{of_ours:?}");
    // What was told to come again, and everything else, is served to who asks alone.
    assert_eq!(api.request(Method::GET, &room, &broker).send().await.unwrap().status(), 200);
    for (what, status) in answered.iter().filter(|(what, _)| what.starts_with("upload")) {
        assert!([201, 408, 503].contains(status), "{what}: {status}");
    }
    let snapshots = api.all(&format!("{room}/snapshots"), &broker).await;
    let taken = answered
        .iter()
        .filter(|(what, status)| *status == 201 && ["pdf", "json", "csv"].iter().any(|kind| what.starts_with(kind)));
    assert_eq!(snapshots.len(), taken.count(), "each that was acknowledged is there");
    for snapshot in snapshots {
        let id = snapshot["id"].as_str().unwrap();
        let snapshot = api.completed(room.trim_start_matches("/rooms/"), id, &broker).await;
        assert_eq!(snapshot["status"], "completed", "{snapshot}");
    }
}
