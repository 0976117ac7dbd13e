//! The record of a snapshot: everything that its report shows. It is made from the entries of the room's log up to the
//! position that the snapshot shows, as often as it is needed, and each time has the same bytes.

use std::collections::VecDeque;

use report::{
    folded::{Folded, Parts, Settings},
    record::{Creator, EntryFacts, LogPosition, Record, SectionOptions, SnapshotFacts},
};
use room::{
    Log, RoomId, Shown,
    fold::{Fold, Snapshot as Told},
};
use sha2::{Digest, Sha256};

use super::position::Position;
use crate::{
    app::App,
    db::{self, activity::Entry, snapshots::Snapshot},
    domain::{
        accounts::look_alikes,
        log::{self, reading::CHUNK},
    },
    error::{Error, Result},
    evidence::{CompactRange, Hash, hash_of},
};

/// How many entries a record holds, the newest ones. A longer report could not be read, and without a bound a busy room
/// could no longer be drawn.
const MOST_ENTRIES: usize = 50_000;
/// The most that the details of those entries may take, in bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The compression level of stored records, which is zstd's default.
const ZSTD_LEVEL: i32 = 3;

/// A record in the form that is hashed and drawn.
#[derive(Debug, Clone)]
pub struct RecordBytes {
    /// The record as canonical JSON (RFC 8785).
    pub canonical: Vec<u8>,
    /// The SHA-256 of `canonical`.
    pub sha256: Hash,
}

impl RecordBytes {
    /// Returns the compressed form in which records were stored.
    pub fn compressed(&self) -> Result<Vec<u8>> {
        zstd::encode_all(&*self.canonical, ZSTD_LEVEL)
            .map_err(|error| Error::internal(format!("a record cannot be compressed: {error}")))
    }

    /// Decompresses the stored form. Returns an error if it is not what was stored first.
    pub fn from_stored(compressed: &[u8], sha256: &[u8]) -> Result<Self> {
        let stored = Self::decompress(compressed)?;
        if stored.sha256 != sha256 {
            return Err(Error::internal("the stored record does not match its hash"));
        }
        Ok(stored)
    }

    /// Whether files of this record have a receipt. In those of earlier ones, the proof is part of what is drawn.
    pub fn has_receipt(&self) -> Result<bool> {
        let schema = report::record::schema(&self.canonical);
        let schema = schema.map_err(|error| Error::internal(format!("a record: {error}")))?;
        Ok(schema == report::record::SCHEMA)
    }

    /// Decompresses the stored form without comparing its hash.
    pub fn decompress(compressed: &[u8]) -> Result<Self> {
        let canonical = zstd::decode_all(compressed)
            .map_err(|error| Error::internal(format!("the stored record is damaged: {error}")))?;
        Ok(Self { sha256: Sha256::digest(&canonical).into(), canonical })
    }
}

/// Returns the record of a snapshot: made from the log, or the stored one of an earlier version.
///
/// # Errors
///
/// Fails if the log up to the position is not the one that the snapshot was taken of.
pub async fn of(app: &App, snapshot: &Snapshot) -> Result<RecordBytes> {
    let shown = match told(app, snapshot).await {
        Ok(told) => told.shows.clone().map(|shown| (told, shown)),
        // Then only what was stored can be drawn, and nothing that is drawn can be logged.
        Err(Error::LogNotSound(_)) if snapshot.position.is_none() => None,
        Err(error) => return Err(error),
    };
    let Some((told, shown)) = shown else { return stored(app, snapshot).await };
    let read = Read::up_to(app, Log::Room(snapshot.room), shown.size, &shown.root).await?;
    let facts = snapshot_facts(snapshot, &told, &shown)?;
    // Rendering values as JSON takes long for a large room.
    let made = tokio::task::spawn_blocking(move || read.record(facts, &shown)).await;
    made.map_err(|error| Error::internal(format!("a record cannot be made: {error}")))?
}

/// Returns what would be drawn of a room at a position of its log, without its entries.
///
/// # Errors
///
/// Fails if the log up to the position is not sound, or does not tell everything.
pub async fn drawn_at(app: &App, room: RoomId, position: &Position) -> Result<Record> {
    let read = Read::up_to(app, Log::Room(room), position.size, &position.root).await?;
    let state = read.fold.into_state().ok_or_else(|| Error::LogNotSound(NOT_TOLD.to_owned()))?;
    let options = SectionOptions {
        include_documents: true,
        include_approvals: true,
        include_activity: false,
        summary_only: false,
    };
    let at = position.at.into();
    // Of no snapshot: nothing of this is looked at.
    let creator = Creator { email: String::new(), name: String::new(), role: String::new() };
    let [id, title, kind] = [const { String::new() }; 3];
    let parts = Parts {
        snapshot: SnapshotFacts { id, title, kind, options, created_at: at, as_of: None, created_by: creator },
        log: LogPosition { size: position.size, root: position.root.clone(), origin: None, key: None },
        at: position.at,
        settings: Settings { retention_years: app.config.retention_years },
        entries: (Vec::new(), Vec::new()),
        resembled: look_alikes::resembled,
    };
    Ok(Folded::of(state, parts).drawn())
}

/// Returns the stored record of a snapshot that an earlier version has taken.
async fn stored(app: &App, snapshot: &Snapshot) -> Result<RecordBytes> {
    let id = snapshot.id;
    let stored = app.db.read(async move |tx| db::snapshots::record(tx, id).await).await?;
    let stored = stored.ok_or_else(|| Error::internal("a snapshot without its record"))?;
    RecordBytes::from_stored(&stored, snapshot.record_sha256.as_deref().unwrap_or_default())
}

/// Returns what the room's log tells of a snapshot.
async fn told(app: &App, snapshot: &Snapshot) -> Result<Told> {
    let (in_tx, log) = (app.clone(), Log::Room(snapshot.room));
    log::bring_up(app, log).await?;
    let held = app.db.read_at_length(async move |tx| log::seen(tx, &in_tx, log, u64::MAX).await).await?;
    let told = held.as_ref().and_then(|held| held.room()).and_then(|room| room.snapshots.get(&snapshot.id).cloned());
    told.ok_or(Error::NotFound("snapshot"))
}

fn snapshot_facts(snapshot: &Snapshot, told: &Told, shown: &Shown) -> Result<SnapshotFacts> {
    let options: SectionOptions = serde_json::from_value(told.options.clone())
        .map_err(|error| Error::internal(format!("the options of a snapshot: {error}")))?;
    Ok(SnapshotFacts {
        id: snapshot.id.to_string(),
        title: told.title.clone(),
        kind: told.kind.to_string(),
        options,
        created_at: told.created_at.into(),
        as_of: (shown.at != told.created_at).then(|| shown.at.into()),
        created_by: Creator { email: told.created_by.clone(), name: shown.name.clone(), role: shown.role.to_string() },
    })
}

/// A log that was read up to a position.
struct Read {
    fold: Fold,
    tree: CompactRange,
    /// The newest entries, and the bytes that their details take.
    newest: VecDeque<(Entry, Hash)>,
    bytes: usize,
    /// The tree over the entries that are older than these.
    before: CompactRange,
}

impl Read {
    /// Reads the entries in short transactions, since none of them changes any more.
    async fn up_to(app: &App, log: Log, size: u64, expected: &str) -> Result<Self> {
        let room = log.room().ok_or_else(|| Error::internal("a snapshot of no room"))?;
        let (tree, before) = (CompactRange::empty(), CompactRange::empty());
        let mut read = Self { fold: Fold::new(room), tree, newest: VecDeque::new(), bytes: 0, before };
        while read.fold.size() < size {
            let [from, to] =
                [read.fold.size(), size.min(read.fold.size() + CHUNK)].map(|at| i64::try_from(at).unwrap_or(i64::MAX));
            let entries = app.db.read_at_length(async move |tx| db::activity::range(tx, log, from, to).await).await?;
            if entries.is_empty() {
                return Err(Error::LogNotSound(format!("entry {from} is missing")));
            }
            // Aside, since on a thread that serves requests it would hold up others.
            let added = tokio::task::spawn_blocking(move || read.add(entries).map(|()| read)).await;
            read = added.map_err(|error| Error::internal(format!("a fold: {error}")))??;
        }
        // What the tables say now must be what it was when the snapshot was taken.
        if hex::encode(read.tree.root()) != expected {
            return Err(Error::LogNotSound("its entries are not those that it had at that position".to_owned()));
        }
        Ok(read)
    }

    fn add(&mut self, entries: Vec<Entry>) -> Result<()> {
        for entry in entries {
            let leaf = entry.leaf();
            self.fold.apply(&leaf).map_err(|contradiction| Error::LogNotSound(contradiction.to_string()))?;
            let hash = hash_of(&leaf).map_err(|error| Error::internal(format!("entry {}: {error}", entry.seq)))?;
            self.tree.push(hash);
            self.keep(entry, hash);
        }
        Ok(())
    }

    fn keep(&mut self, entry: Entry, hash: Hash) {
        self.bytes += entry.meta.to_string().len();
        self.newest.push_back((entry, hash));
        while self.newest.len() > MOST_ENTRIES || self.bytes > MOST_BYTES {
            let Some((oldest, hash)) = self.newest.pop_front() else { break };
            self.bytes -= oldest.meta.to_string().len();
            self.before.push(hash);
        }
    }

    fn record(self, snapshot: SnapshotFacts, shown: &Shown) -> Result<RecordBytes> {
        let state = self.fold.into_state().ok_or_else(|| Error::LogNotSound(NOT_TOLD.to_owned()))?;
        let before = if snapshot.options.include_activity { self.before.frontier() } else { Vec::new() };
        let log = LogPosition {
            size: shown.size,
            root: shown.root.clone(),
            origin: Some(shown.origin.clone()),
            key: Some(shown.key.clone()),
        };
        let parts = Parts {
            snapshot,
            log,
            at: shown.at,
            settings: Settings { retention_years: shown.retention_years },
            entries: (
                self.newest.into_iter().map(|(entry, _)| facts(entry)).collect(),
                before.chunks(32).map(hex::encode).collect(),
            ),
            resembled: look_alikes::resembled,
        };
        // Canonical (RFC 8785): the log has the hash of these bytes, and other programs have to arrive at the same ones.
        let written = Folded::of(state, parts)
            .canonical()
            .map_err(|error| Error::internal(format!("a record cannot be written: {error}")))?;
        Ok(RecordBytes { sha256: Sha256::digest(&written).into(), canonical: written })
    }
}

/// Why there is no record of a position.
const NOT_TOLD: &str = "up to that position it does not tell everything";

fn facts(entry: Entry) -> EntryFacts {
    EntryFacts {
        id: entry.id.to_string(),
        seq: entry.seq.unsigned_abs(),
        actor: entry.actor,
        action: entry.action,
        timestamp: entry.at.into(),
        meta: entry.meta,
    }
}
