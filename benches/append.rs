//! Compares the time of an append to a log of a million entries with one to a log of ten, and fails if they differ.
//!
//! `cargo bench --bench append` keeps both logs in one SQLite database. Appends to them take turns, each in a
//! transaction of its own, and the medians are compared. It also says what the first append costs, for which the whole log
//! is folded.

use std::{
    io::{Write, stdout},
    time::{Duration, Instant},
};

use room::{EntryId, Envelope, Event, Log, RoomId};

use sts_clearance::{
    app::App,
    clock::Clock,
    config::Layers,
    db::{self, Tx, activity::Entry},
    domain::log::{Actor, OpenLog, keys, operation, schema},
    error::Result,
    evidence::{Checkpoint, CompactRange, leaf_hash},
    random::new_uuid,
};
use tempfile::TempDir;

/// The number of entries in the long log.
const LONG: u64 = 1_000_000;
/// The number of entries in the short log.
const SHORT: u64 = 10;
/// How many entries one transaction writes while a log is filled.
const BATCH: u64 = 20_000;
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

fn say(line: &str) {
    writeln!(stdout(), "{line}").expect("standard output is open");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Makes a room whose log has this many entries, and returns its id.
async fn filled(app: &App, size: u64) -> Result<RoomId> {
    let room = RoomId(new_uuid());
    let (title, location, sts_eta) = ("A room".to_owned(), "At sea".to_owned(), app.now());
    let created = Event::RoomCreated {
        title,
        location,
        sts_eta,
        description: None,
        cargo_profile: None,
        planned_duration_hours: 48,
    };
    let open = async move |tx: &mut Tx, log: &mut OpenLog| {
        log.append(tx, &created).await?;
        Ok(log.head().clone())
    };
    let mut range = operation(app, Log::Room(room), &Actor::Operator, open).await?;
    while range.size() < size {
        let (before, until) = (range.clone(), size.min(range.size() + BATCH));
        let app_in_tx = app.clone();
        range = app.db.write(async move |tx: &mut Tx| fill(tx, &app_in_tx, room, before, until).await).await?;
    }
    Ok(room)
}

/// Appends entries until the log has this size, as `OpenLog::append` does, but signs only the last checkpoint.
async fn fill(tx: &mut Tx, app: &App, room: RoomId, mut range: CompactRange, until: u64) -> Result<CompactRange> {
    let log = Log::Room(room);
    let origin = log.origin(app.log_key.name());
    db::logs::lock_head(tx, log, &origin).await?;
    let mut nodes = Vec::new();
    while range.size() < until {
        let told = Event::LogExported { entries: range.size() }.to_entry(Envelope::default());
        let (action, meta) = told.expect("an event is JSON");
        let entry = Entry {
            id: EntryId(new_uuid()),
            log,
            seq: i64::try_from(range.size()).expect("a size within the bench"),
            actor: "operator".into(),
            action,
            at: app.now(),
            meta,
        };
        let leaf = leaf_hash(&entry.leaf().canonical().expect("an entry is JSON"));
        nodes.extend(range.push(leaf));
        db::activity::insert(tx, &entry, &leaf).await?;
    }
    db::logs::insert_nodes(tx, log, &nodes).await?;
    // One signature for the batch: all of it commits at once, so no reader sees a head in between.
    let head = Checkpoint { origin, size: range.size(), root: range.root() };
    let note = head.signed(&app.log_key).expect("a checkpoint can be signed");
    db::logs::set_head(tx, log, &range, &note).await?;
    Ok(range)
}
