//! Compares the time of an append to a log of a million entries with one to a log of ten, and fails if they differ.
//!
//! `cargo bench --bench append` keeps both logs in one SQLite database. Appends to them take turns, each in a
//! transaction of its own, and the medians are compared. It also says what the first append costs, for which the whole log
//! is folded.

mod program;

use std::time::{Duration, Instant};

use room::{Event, Log, RoomId};
use sts_clearance::{
    app::App,
    clock::Clock,
    config::Layers,
    domain::log::{Actor, keys, operation, schema},
    error::Result,
};
use tempfile::TempDir;

use program::{long_log::filled, say};

/// The number of entries in the long log.
const LONG: u64 = 1_000_000;
/// The number of entries in the short log.
const SHORT: u64 = 10;
/// How many appends are measured in each log.
const MEASURED: usize = 2_000;
/// The highest ratio of the medians that is promised.
const MOST: f64 = 1.25;

#[tokio::main]
async fn main() -> Result<()> {
    let ratio = ratio().await?;
    assert!(ratio <= MOST, "more than the {MOST} that are promised");
    Ok(())
}

async fn ratio() -> Result<f64> {
    let dir = TempDir::new().expect("there is room for a directory");
    let data_dir = dir.path().join("data").display().to_string();
    let settings = Layers::read(None, &[], &[("data_dir", data_dir)])?.config()?;
    let app = App::open(settings, Clock::System)?;
    schema::bring_up(&app, &Actor::System).await?;
    keys::register(&app).await?;
    let (long, short) = (filled(&app, LONG).await?, filled(&app, SHORT).await?);
    // The first one folds the whole log, and the second one what is new to it.
    let (cold, warm) = (append(&app, long).await?, append(&app, long).await?);
    say(&format!("the first append among {LONG} entries, whose state is not at hand: {cold:?}, the second: {warm:?}"));
    let (mut in_long, mut in_short) = (Vec::new(), Vec::new());
    for _ in 0..MEASURED {
        in_long.push(append(&app, long).await?);
        in_short.push(append(&app, short).await?);
    }
    let (in_long, in_short) = (median(in_long), median(in_short));
    let ratio = in_long.as_secs_f64() / in_short.as_secs_f64();
    say(&format!("an append among {LONG} entries: {in_long:?}, among {SHORT}: {in_short:?}, ratio {ratio:.2}"));
    Ok(ratio)
}

/// Appends one entry and returns how long that took.
async fn append(app: &App, room: RoomId) -> Result<Duration> {
    let event = Event::LogExported { entries: 1 };
    let started = Instant::now();
    operation(app, Log::Room(room), &Actor::Operator, async move |tx, log| log.append(tx, &event).await).await?;
    Ok(started.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
