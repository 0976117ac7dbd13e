//! Captures a room as a record: everything that its report shows, as of one instant.

mod facts;

use std::collections::HashSet;

use report::record::{Counts, Creator, Limit, LogPosition, Record, SCHEMA, SectionOptions, SnapshotFacts};
use room::{Log, RoomId, RoomState, Standing};
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    db::{self, Tx, activity::Entry, snapshots::Snapshot},
    domain::{
        log::{Actor, OpenLog},
        rooms,
    },
    error::{Error, Result},
    evidence::Hash,
};

/// How many entries a record holds, the newest ones. A longer report could not be read, and without a bound a busy room
/// could no longer be drawn.
const MOST_ENTRIES: usize = 50_000;
/// The most that the details of those entries may take, in bytes. Taking a snapshot is one transaction, for which other
/// writers wait.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How many versions of each document a record holds, the newest ones.
const MOST_VERSIONS: usize = 50;
/// How many superseded decisions on each version a record holds, the newest ones. Those that count are always held, so
/// a party that decides again and again cannot push out the decision of another one.
const MOST_SUPERSEDED: usize = 200;
/// The most that the comments of all superseded decisions may take, in bytes.
const MOST_SUPERSEDED_BYTES: usize = 8 * 1024 * 1024;
/// How many entries are read with one statement.
const CHUNK: i64 = 1_000;
/// The compression level of stored records, which is zstd's default.
const ZSTD_LEVEL: i32 = 3;

/// A record in the form that is stored, hashed and rendered.
pub struct Captured {
    /// The record as canonical JSON (RFC 8785).
    pub canonical: Vec<u8>,
    /// The SHA-256 of `canonical`.
    pub sha256: Hash,
}

impl Captured {
    /// Returns the compressed form that the database holds.
    pub fn compressed(&self) -> Result<Vec<u8>> {
        zstd::encode_all(&*self.canonical, ZSTD_LEVEL)
            .map_err(|error| Error::internal(format!("a record cannot be compressed: {error}")))
    }

    /// Decompresses the stored form. Returns an error if it is not what was captured.
    pub fn from_stored(compressed: &[u8], sha256: &[u8]) -> Result<Self> {
        let captured = Self::decompress(compressed)?;
        if captured.sha256 != sha256 {
            return Err(Error::internal("the stored record does not match its hash"));
        }
        Ok(captured)
    }

    /// Decompresses the stored form without comparing its hash.
    pub fn decompress(compressed: &[u8]) -> Result<Self> {
        let canonical = zstd::decode_all(compressed)
            .map_err(|error| Error::internal(format!("the stored record is damaged: {error}")))?;
        Ok(Self { sha256: Sha256::digest(&canonical).into(), canonical })
    }
}

/// Reads the whole room. `log` is the room's log, which is locked, so nothing in the room changes meanwhile.
pub async fn capture(
    tx: &mut Tx,
    log: &OpenLog,
    app: &App,
    snapshot: &Snapshot,
    options: SectionOptions,
) -> Result<Captured> {
    let Actor::User { email, name, role, .. } = log.by().clone() else {
        return Err(Error::internal("a snapshot is taken by a user"));
    };
    let mut state = rooms::state::of_log(log)?;
    let entries = if options.include_activity { newest_entries(tx, log, snapshot.room).await? } else { Vec::new() };
    let standing = Standing::of(&state, app.config.retention_years);
    let versions: usize = state.documents.iter().map(|document| document.versions.len()).sum();
    let counts = Counts {
        parties: state.parties.len() as u64,
        activity: log.head().size(),
        vessels: state.vessels.len() as u64,
        documents: state.documents.len() as u64,
        versions: versions as u64,
    };
    // Cut only after standing and counts were taken of everything: they must not depend on what a record has room for.
    // Versions first, since decisions on a version that is left out need no place.
    keep_newest_versions(&mut state);
    let (decisions, all_decisions) = keep_newest_decisions(&mut state);
    let shown: usize = state.documents.iter().map(|document| document.versions.len()).sum();
    // What was cut is named in the record with its total: a report must not pass for complete.
    let limits = [
        (options.include_documents, "documents", shown as u64, counts.versions),
        (options.include_documents, "decisions", decisions, all_decisions),
        (options.include_activity, "activity", entries.len() as u64, counts.activity),
    ];
    let record = Record {
        schema: SCHEMA.into(),
        snapshot: SnapshotFacts {
            id: snapshot.id.to_string(),
            title: snapshot.title.clone(),
            kind: snapshot.kind.to_string(),
            options,
            created_at: snapshot.created_at.into(),
            created_by: Creator { email, name, role: role.to_string() },
        },
        standing: Some(facts::standing(standing)),
        documents: options.include_documents.then(|| state.documents.into_iter().map(facts::document).collect()),
        approvals: options.include_approvals.then(|| state.approvals.into_iter().map(facts::approval).collect()),
        vessels: state.vessels.into_iter().map(facts::vessel).collect(),
        parties: facts::parties(state.parties),
        room: facts::room(state.room),
        activity: options.include_activity.then(|| entries.into_iter().map(facts::entry).collect()),
        limits: limits
            .into_iter()
            .filter(|(included, _, shown, total)| *included && shown < total)
            .map(|(_, section, shown, total)| Limit { section: section.into(), shown, total })
            .collect(),
        counts,
        log: LogPosition {
            size: log.head().size(),
            root: hex::encode(log.head().root()),
            origin: Some(log.origin().to_owned()),
            key: Some(log.public_key().to_owned()),
        },
    };
    // Canonical (RFC 8785): the log has the hash of these bytes, and other programs have to arrive at the same ones.
    let canonical = serde_json_canonicalizer::to_vec(&record)
        .map_err(|error| Error::internal(format!("a record cannot be written: {error}")))?;
    let sha256 = Sha256::digest(&canonical).into();
    Ok(Captured { canonical, sha256 })
}

/// Drops the older versions of documents that have more of them than a record holds.
fn keep_newest_versions(state: &mut RoomState) {
    for document in &mut state.documents {
        let older = document.versions.len().saturating_sub(MOST_VERSIONS);
        document.versions.drain(..older);
    }
}

/// Drops the older superseded decisions on versions that have more of them than a record holds. Returns how many
/// decisions are left, and how many there were on these versions.
fn keep_newest_decisions(state: &mut RoomState) -> (u64, u64) {
    let (mut kept, mut all, mut bytes) = (0, 0, 0);
    for version in state.documents.iter_mut().flat_map(|document| &mut document.versions) {
        all += version.decisions.len() as u64;
        let (mut parties, mut superseded) = (HashSet::new(), 0);
        let mut newest_first = std::mem::take(&mut version.decisions);
        newest_first.reverse();
        newest_first.retain(|decision| {
            // The newest decision of each party is the one that counts, and is kept whatever the bounds.
            if parties.insert(decision.party.clone()) {
                return true;
            }
            superseded += 1;
            bytes += decision.comment.as_ref().map_or(0, String::len);
            superseded <= MOST_SUPERSEDED && bytes <= MOST_SUPERSEDED_BYTES
        });
        newest_first.reverse();
        kept += newest_first.len() as u64;
        version.decisions = newest_first;
    }
    (kept, all)
}

/// Returns the newest entries of the room's log, oldest first, as many as a record may hold.
async fn newest_entries(tx: &mut Tx, log: &OpenLog, room: RoomId) -> Result<Vec<Entry>> {
    let mut newest_first = Vec::new();
    let mut before = i64::try_from(log.head().size()).map_err(|_| Error::internal("a log is full"))?;
    let mut bytes = 0;
    while before > 0 {
        let chunk = db::activity::before(tx, Log::Room(room), before, CHUNK).await?;
        // Sequence numbers have no gaps: if rows are missing, the log is damaged, and must not be frozen as it is.
        if chunk.is_empty() {
            return Err(Error::internal(format!("the log of room {room} lacks the entries before {before}")));
        }
        for entry in chunk {
            bytes += entry.meta.to_string().len();
            if bytes > MOST_BYTES || newest_first.len() == MOST_ENTRIES {
                before = 0;
                break;
            }
            before = entry.seq;
            newest_first.push(entry);
        }
    }
    newest_first.reverse();
    Ok(newest_first)
}
