//! How many operations a second the server takes, beside an older program, and whether anybody waits for the fold of a
//! long log.
//!
//! `cargo bench --bench operation -- /path/to/an/older/sts-clearance` starts both programs, each with a room, and sends
//! `PATCH` requests to one and the other in turns, from 1 and from 64 clients. It fails if this program takes less than 80 %
//! of what the older one takes. Without a path it prints what this program takes.
//!
//! Then it starts this program on a database in which a room has a log of a million entries and no mark, so that the
//! first operation in it folds all of them, and fails if others wait more than twice as long meanwhile, at p99.

mod program;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sts_clearance::error::Result;
use tempfile::TempDir;
use tokio::time::sleep;

use program::{
    OURS, Server,
    load::{Target, Until, p99},
    long_log::prepared,
    say,
};

/// How long a program is measured in each turn, and how many turns it has.
const TURN: Duration = Duration::from_secs(4);
const TURNS: usize = 5;
/// The least part of the older program's rate that is promised.
const LEAST: f64 = 0.8;
/// The number of entries in the long log.
const LONG: u64 = 1_000_000;
/// How many others write meanwhile.
const OTHERS: usize = 4;
/// How many times as long as in quiet the others may wait at p99.
const MOST: f64 = 2.0;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let is_as_fast = runtime.block_on(compare());
    let is_patient = runtime.block_on(meet_cold()).expect("the database takes it");
    assert!(is_as_fast, "less than {LEAST} of the older program's rate, which is promised");
    assert!(is_patient, "others wait more than {MOST} times as long, which is promised");
}

/// Measures both programs. Returns whether this one is as fast as promised.
async fn compare() -> bool {
    // `cargo bench` adds `--bench`.
    let older = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).map(|path| &*path.leak());
    let mut programs = Vec::new();
    for program in [Some(OURS), older].into_iter().flatten() {
        let server = Server::start_in(TempDir::new().expect("a directory"), program, "");
        let room = Target::open(&server).await;
        programs.push((server, room, Vec::new()));
    }
    let mut is_as_fast = true;
    for clients in [1, 64] {
        for _ in 0..TURNS {
            for (_, room, rates) in &mut programs {
                let waits = room.load(clients, &Until::after(TURN)).await;
                rates.push(f64::from(u32::try_from(waits.len()).expect("a number of requests")) / TURN.as_secs_f64());
            }
        }
        let rates: Vec<_> = programs.iter_mut().map(|(_, _, rates)| median(std::mem::take(rates))).collect();
        say(&format!("{clients} clients: {:.0} PATCH a second", rates[0]));
        if let Some(older) = rates.get(1) {
            let ratio = rates[0] / older;
            say(&format!("  the older program: {older:.0}, ratio {ratio:.2}"));
            is_as_fast &= ratio >= LEAST;
        }
    }
    is_as_fast
}

/// Measures how long others wait while a long log is folded. Returns whether that is as short as promised.
async fn meet_cold() -> Result<bool> {
    let (dir, rooms) = prepared(&[LONG]).await?;
    let server = Server::start_in(dir, OURS, "");
    let others = Target::open(&server).await;
    // Caches of the system and of the database are filled by this.
    others.load(OTHERS, &Until::after(TURN)).await;
    let quiet = others.load(OTHERS, &Until::after(TURN * 2)).await;
    server.account("admin@example.com", "admin");
    let admin = others.sign_in(&server, "admin@example.com").await;
    let cold = others.of_room(&format!("/api/v1/rooms/{}", rooms[0]), &admin);
    let done = Arc::new(AtomicBool::new(false));
    let until = Until::done(&done);
    let meanwhile = tokio::spawn(async move { others.load(OTHERS, &until).await });
    let started = Instant::now();
    let first = cold.once().await;
    let took = started.elapsed();
    // The same number of waits at least, or p99 would be that of a few.
    sleep(TURN.saturating_sub(took)).await;
    done.store(true, Ordering::Relaxed);
    let meanwhile = meanwhile.await.expect("nobody panics");
    let (quiet, meanwhile) = (p99(quiet), p99(meanwhile));
    let ratio = meanwhile.as_secs_f64() / quiet.as_secs_f64();
    say(&format!(
        "a first write ({first}) to a log of {LONG} entries: {took:?}; p99 of {OTHERS} others {meanwhile:?}, {quiet:?} in quiet, ratio {ratio:.2}"
    ));
    Ok(ratio <= MOST)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
