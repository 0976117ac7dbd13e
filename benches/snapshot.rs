//! Whether taking a snapshot costs the same in every room, and whether anybody waits for the drawing of a long one.
//!
//! `cargo bench --bench snapshot` starts the real program on a database with rooms of 100, 10,000 and 1,000,000 entries, and
//! takes snapshots of them in turns. It fails if the median of the longest is above 1.2 times that of the shortest, or if
//! others wait more than twice as long at p99 while a snapshot of the longest is made. Then it prints how many snapshots a
//! second 64 clients take.

mod program;

use std::{
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::{Duration, Instant},
};

use room::RoomId;
use sts_clearance::error::Result;
use tokio::time::sleep;

use program::{
    OURS, Server,
    load::{Target, Until, p99},
    long_log::prepared,
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
    let quiet = p99(others.load(OTHERS, &Until::after(TURN)).await);
    let is_even = take_turns(&taking).await;
    let done = Arc::new(AtomicBool::new(false));
    let (until, clients) = (Until::done(&done), others.clone());
    let meanwhile = tokio::spawn(async move { clients.load(OTHERS, &until).await });
    taking[ENTRIES.len() - 1].once().await;
    sleep(TURN * 2).await;
    done.store(true, Ordering::Relaxed);
    let meanwhile = p99(meanwhile.await.expect("nobody panics"));
    let ratio = meanwhile.as_secs_f64() / quiet.as_secs_f64();
    say(&format!(
        "p99 of {OTHERS} others while a long one is made: {meanwhile:?}, {quiet:?} in quiet, ratio {ratio:.2}"
    ));
    let room = others.snapshots_of(&others.path, &token);
    let waits = room.load(64, &Until::after(TURN)).await;
    say(&format!("64 clients: {} snapshots a second", waits.len() as u64 / TURN.as_secs()));
    assert!(is_even, "more than the {MOST} times that are promised");
    assert!(ratio <= MOST_WAIT, "others wait more than {MOST_WAIT} times as long, which is promised");
    Ok(())
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
