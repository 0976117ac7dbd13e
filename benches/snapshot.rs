//! Whether taking a snapshot costs the same in every room, and whether anybody waits for the drawing of a long one.
//!
//! `cargo bench --bench snapshot` starts the real program on a database with rooms of 100, 10,000 and 1,000,000 entries, and
//! takes snapshots of them in turns. It fails if the median of the longest is above 1.2 times that of the shortest, or if
//! others wait more than twice as long at p99 while a snapshot of the longest is made, or if 64 clients take less than 40 %
//! of the snapshots that a loop writes which does nothing else, as many under each commit.

mod program;

use std::{
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::{Duration, Instant},
};

use room::RoomId;
use sts_clearance::error::Result;

use program::{
    OURS, Server,
    load::{Target, Until, p99},
    long_log::prepared,
    raw::Raw,
    say,
};

/// The numbers of entries in the rooms.
const ENTRIES: [u64; 3] = [100, 10_000, 1_000_000];
/// How many snapshots of each are measured.
const MEASURED: usize = 60;
/// The most that a snapshot of the longest may take, as a multiple of one of the shortest.
const MOST: f64 = 1.2;
/// How many others write while a long snapshot is made.
const OTHERS: usize = 4;
/// How many times as long as in quiet the others may wait at p99.
const MOST_WAIT: f64 = 2.0;
/// How many take snapshots at once in the end.
const CLIENTS: usize = 64;
/// The least part of the raw loop's rate that is promised.
const LEAST: f64 = 0.4;
/// How long each load is measured.
const TURN: Duration = Duration::from_secs(5);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(measure()).expect("the database takes it");
}

async fn measure() -> Result<()> {
    let (dir, rooms) = prepared(&ENTRIES).await?;
    let server = Server::start_in(dir, OURS, "");
    server.account("admin@example.com", "admin");
    let others = Target::open(&server).await;
    let token = others.sign_in(&server, "admin@example.com").await;
    let of_room = |room: &RoomId| others.snapshots_of(&format!("/api/v1/rooms/{room}"), &token);
    let taking: Vec<_> = rooms.iter().map(of_room).collect();
    // The first snapshot of each finds no state at hand.
    for room in &taking {
        room.once().await;
    }
    let longest = &taking[taking.len() - 1];
    longest.drawn(&server).await;
    let is_patient = meet_long(&server, &others, longest).await;
    let is_even = take_turns(&taking).await;
    let is_fast = beside_raw(server, longest).await;
    assert!(is_even, "more than the {MOST} times that are promised");
    assert!(is_patient, "others wait more than {MOST_WAIT} times as long, which is promised");
    assert!(is_fast, "less than {LEAST} of the raw loop, which is promised");
    Ok(())
}

/// Measures how long others wait while a snapshot of the longest room is made. Returns whether that is as short as
/// promised.
async fn meet_long(server: &Server, others: &Target, longest: &Target) -> bool {
    others.load(OTHERS, &Until::after(TURN)).await;
    let quiet = p99(others.load(OTHERS, &Until::after(TURN * 2)).await);
    let done = Arc::new(AtomicBool::new(false));
    let (until, clients) = (Until::done(&done), others.clone());
    let meanwhile = tokio::spawn(async move { clients.load(OTHERS, &until).await });
    let started = Instant::now();
    longest.once().await;
    longest.drawn(server).await;
    let took = started.elapsed();
    done.store(true, Ordering::Relaxed);
    let meanwhile = p99(meanwhile.await.expect("nobody panics"));
    let ratio = meanwhile.as_secs_f64() / quiet.as_secs_f64();
    say(&format!(
        "a snapshot of the longest is made in {took:?}; p99 of {OTHERS} others {meanwhile:?}, {quiet:?} in quiet, ratio {ratio:.2}"
    ));
    ratio <= MOST_WAIT
}

/// Measures how many snapshots a second clients take, each in a room of its own, and how many a loop writes that does
/// nothing else, in groups as large as the server's were. Returns whether the first is as much of the second as promised.
async fn beside_raw(server: Server, admin: &Target) -> bool {
    let mut rooms = Vec::new();
    for _ in 0..CLIENTS {
        let room = Target::open(&server).await;
        rooms.push(room.snapshots());
    }
    let before = admin.commits().await;
    let taken = Target::load_each(&rooms, &Until::after(TURN * 2)).await.len();
    let after = admin.commits().await;
    let taken = f64::from(u32::try_from(taken).expect("a number of snapshots")) / (TURN * 2).as_secs_f64();
    let group = (after[1] - before[1]) / (after[0] - before[0]);
    let dir = server.stop();
    let mut raw = Raw::open(&dir.path().join("data/sts_clearance.db")).expect("the database is one");
    let written = raw.run(group, TURN * 2).expect("the database takes it");
    let ratio = taken / written;
    say(&format!(
        "{CLIENTS} clients: {taken:.0} snapshots a second; the raw loop: {written:.0} in groups of {group:.1}, ratio {ratio:.2}"
    ));
    ratio >= LEAST
}

/// Takes snapshots of the rooms in turns. Returns whether the longest costs no more than promised.
async fn take_turns(taking: &[Target]) -> bool {
    let mut waits = vec![Vec::new(); taking.len()];
    for _ in 0..MEASURED {
        for (room, waits) in taking.iter().zip(&mut waits) {
            let started = Instant::now();
            assert_eq!(room.once().await, 201, "the server refuses");
            waits.push(started.elapsed());
        }
    }
    let medians: Vec<_> = waits.into_iter().map(median).collect();
    for (entries, median) in ENTRIES.iter().zip(&medians) {
        say(&format!("a snapshot of a room of {entries} entries: {median:?}"));
    }
    let ratio = medians[medians.len() - 1].as_secs_f64() / medians[0].as_secs_f64();
    say(&format!("ratio of the longest to the shortest: {ratio:.2}"));
    ratio <= MOST
}

fn median(mut waits: Vec<Duration>) -> Duration {
    waits.sort();
    waits[waits.len() / 2]
}
