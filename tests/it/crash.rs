//! The first promise: a snapshot that was acknowledged is never lost, even if the server is killed right after.

use std::{collections::HashMap, time::Duration};

use futures_util::{StreamExt, stream};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{task::JoinSet, time::timeout};

use crate::harness::{Api, Installation, Seed, new_room, on_both_databases};

/// How many times the server is killed, unless `STS_TEST_CRASH_KILLS` says otherwise.
const KILLS: usize = 50;
const CLIENTS: usize = 8;
/// The longest time that a server lives once clients send it requests, in milliseconds.
const LONGEST_LIFE: u64 = 500;

on_both_databases! {
    Installation:
    no_acknowledged_snapshot_is_lost_when_the_server_is_killed_fifty_times,
}

async fn no_acknowledged_snapshot_is_lost_when_the_server_is_killed_fifty_times(place: Installation) {
    let mut seed = Seed::from_environment("STS_TEST_CRASH_SEED");
    let given = std::env::var_os("STS_TEST_CRASH_KILLS");
    let least = given.map_or(KILLS, |kills| kills.to_str().unwrap().parse().unwrap());
    // What is left to draw in the end grows with both.
    let clients = (CLIENTS * KILLS / least.max(1)).clamp(1, CLIENTS);
    let clients: Vec<String> = (0..clients).map(|n| format!("broker{n}@example.com")).collect();
    for email in &clients {
        place.add_user(email, "broker");
    }
    let server = place.serve();
    let mut tokens = Vec::new();
    for email in &clients {
        tokens.push(server.api.sign_in(email).await);
    }
    let parties: Vec<Value> =
        clients.iter().map(|email| json!({ "role": "broker", "name": email, "email": email })).collect();
    let room = server.api.post("/rooms", &tokens[0], &new_room(&parties)).await;
    let room = room["id"].as_str().unwrap().to_owned();
    server.kill();

    let mut acknowledged: Vec<Value> = Vec::new();
    let (mut checked, mut kills) = (0, 0);
    // A busy machine takes fewer snapshots in such short lives, so it gets up to four times as many lives.
    while kills < least || (acknowledged.len() <= KILLS && kills < 4 * least) {
        kills += 1;
        let server = place.serve();
        // What was signed is never remembered before it is committed.
        assert!(is_ready(&server.api).await, "{}", server.log());
        check_each(&acknowledged[checked..], async |taken| {
            let found = server.api.get(&path(&room, taken), &tokens[0]).await;
            assert_eq!((&found["title"], &found["log_size"]), (&taken["title"], &taken["log_size"]));
        })
        .await;
        checked = acknowledged.len();

        let mut taking = JoinSet::new();
        for token in &tokens {
            let rng = StdRng::seed_from_u64(seed.rng.random());
            taking.spawn(take_until_it_dies(server.api.clone(), room.clone(), token.clone(), rng));
        }
        let life = Duration::from_millis(seed.rng.random_range(0..LONGEST_LIFE));
        timeout(life, taking.join_next()).await.expect_err("no client is turned away by a server that lives");
        server.kill();
        acknowledged.extend(taking.join_all().await.into_iter().flatten());
    }
    assert!(acknowledged.len() > KILLS, "only {} snapshots were taken", acknowledged.len());

    let server = place.serve();
    check_all(&server.api, &room, &tokens[0], &acknowledged).await;
    server.ask_to_stop().await;
    assert!(server.ended().await.success());
    place.run(&["fsck"]).expect(0);
}

async fn is_ready(api: &Api) -> bool {
    reqwest::get(format!("http://{}/readyz", api.address())).await.unwrap().status() == 200
}

/// Takes snapshots one after the other until the server stops answering. Returns those that it acknowledged.
async fn take_until_it_dies(api: Api, room: String, token: String, mut rng: StdRng) -> Vec<Value> {
    let mut acknowledged = Vec::new();
    loop {
        let kind = match rng.random_range(0..16) {
            0 => "pdf",
            1 | 2 => "csv",
            _ => "json",
        };
        let asked = json!({ "snapshot_type": kind, "include_activity": false });
        let mut request = api.request(Method::POST, &format!("/rooms/{room}/snapshots"), &token).json(&asked);
        // Half of the requests wait for the file, so that the server is also killed right after it has drawn one, and
        // not many more are open than it can draw.
        if rng.random_ratio(1, 2) {
            request = request.header("prefer", "wait=30");
        }
        let Ok(response) = request.send().await else { return acknowledged };
        assert_eq!(response.status(), 201);
        let Ok(snapshot) = response.json().await else { return acknowledged };
        acknowledged.push(snapshot);
    }
}

/// Checks that every acknowledged snapshot is there, and that each one is completed in the end, with its file and its
/// entries in a log without gaps.
async fn check_all(api: &Api, room: &str, token: &str, acknowledged: &[Value]) {
    let all = api.all(&format!("/rooms/{room}/snapshots"), token).await;
    let by_id: HashMap<_, _> = all.iter().map(|snapshot| (snapshot["id"].as_str().unwrap(), snapshot)).collect();
    for taken in acknowledged {
        let found = by_id.get(taken["id"].as_str().unwrap()).unwrap_or_else(|| panic!("lost: {taken}"));
        assert_eq!((&found["title"], &found["log_size"]), (&taken["title"], &taken["log_size"]));
    }
    // The newest comes first in the list, and is drawn last.
    let oldest_first: Vec<_> = all.iter().rev().cloned().collect();
    check_each(&oldest_first, async |snapshot| {
        let completed = api.completed(room, snapshot["id"].as_str().unwrap(), token).await;
        let file = api.request(Method::GET, &format!("{}/download", path(room, snapshot)), token);
        let file = file.send().await.unwrap().bytes().await.unwrap();
        assert_eq!(hex::encode(Sha256::digest(&file)), completed["file_sha256"], "{completed}");
        assert_eq!(file.len() as u64, completed["file_size"], "{completed}");
    })
    .await;

    let log = api.all(&format!("/rooms/{room}/activities"), token).await;
    let mut positions: Vec<_> = log.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
    positions.reverse();
    assert!(positions.iter().copied().eq(0..log.len() as u64), "the log has gaps: {positions:?}");
    let mut entries = HashMap::<_, usize>::new();
    for entry in &log {
        *entries.entry((entry["action"].as_str().unwrap(), entry["meta"]["snapshot_id"].as_str())).or_default() += 1;
    }
    for id in by_id.keys() {
        for action in ["snapshot_created", "snapshot_generated"] {
            assert_eq!(entries.get(&(action, Some(id))), Some(&1), "{action} of {id}");
        }
    }
    let created = entries.keys().filter(|(action, _)| *action == "snapshot_created").count();
    assert_eq!(created, all.len(), "every entry has its snapshot");
}

/// Checks each of the snapshots, as many at once as there are clients.
async fn check_each(snapshots: &[Value], check: impl AsyncFn(&Value)) {
    stream::iter(snapshots).for_each_concurrent(CLIENTS, |snapshot| check(snapshot)).await;
}

fn path(room: &str, snapshot: &Value) -> String {
    format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap())
}
