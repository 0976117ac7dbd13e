//! Fills the log of a room, for the benches that need a long one.

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

/// How many entries one transaction writes while a log is filled.
const BATCH: u64 = 20_000;

/// Makes a database in a directory of its own, with rooms of these numbers of entries. Returns both.
pub(crate) async fn prepared(entries: &[u64]) -> Result<(TempDir, Vec<RoomId>)> {
    let dir = TempDir::new().expect("there is room for a directory");
    let data_dir = dir.path().join("data").display().to_string();
    let app = App::open(Layers::read(None, &[], &[("data_dir", data_dir)])?.config()?, Clock::System)?;
    schema::bring_up(&app, &Actor::System).await?;
    keys::register(&app).await?;
    let mut rooms = Vec::new();
    for entries in entries {
        rooms.push(filled(&app, *entries).await?);
    }
    Ok((dir, rooms))
}

/// Makes a room whose log has this many entries and no mark, and returns its id.
pub(crate) async fn filled(app: &App, size: u64) -> Result<RoomId> {
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
    let origin = log.origin(app.log_key().name());
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
    let note = head.signed(&app.log_key()).expect("a checkpoint can be signed");
    db::logs::set_head(tx, log, &range, &note).await?;
    Ok(range)
}
