//! What `fsck` reads: rows as they are stored, also those that make no sense any more.

use room::{Log, RoomId, SnapshotId, SnapshotStatus, SnapshotType, VersionId};

use super::{Row, Tx, activity::Entry};
use crate::{
    error::{Error, Result},
    evidence::{Hash, Place},
};

/// A row, or the id of one that cannot be read and why.
pub type Stored<T> = Result<T, (String, Error)>;

/// The keys of all logs, with the titles of their rooms; also of those that lack their head or their room.
pub async fn logs(tx: &mut Tx) -> Result<Vec<(String, Option<String>)>> {
    let sql = "SELECT l.id, r.title
        FROM (SELECT room_id AS id FROM room_logs UNION SELECT id FROM rooms
              UNION SELECT DISTINCT COALESCE(room_id, 'platform') FROM activity_log) l
        LEFT JOIN rooms r ON r.id = l.id ORDER BY l.id";
    tx.rows(sql, &[]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Where a log is said to stand, and how many rows it has.
#[derive(Debug, Clone)]
pub struct LogRows {
    /// Its row in `room_logs`.
    pub head: Option<HeadRow>,
    /// Entries.
    pub entries: i64,
    /// Entries whose position is not below the size.
    pub beyond: i64,
    /// Inner nodes.
    pub nodes: i64,
}

/// A row of `room_logs`.
#[derive(Debug, Clone)]
pub struct HeadRow {
    /// Number of entries.
    pub size: i64,
    /// Roots of the perfect subtrees.
    pub frontier: Vec<u8>,
    /// The log's name in its checkpoints.
    pub origin: Option<String>,
    /// The signed checkpoint.
    pub checkpoint: Option<String>,
}

/// Where a log is said to stand.
pub async fn log(tx: &mut Tx, log: Log) -> Result<LogRows> {
    let select = "SELECT size, frontier, origin, checkpoint FROM room_logs WHERE room_id = ?1";
    let head = match tx.opt(select, &[&log.key()]).await? {
        Some(row) => {
            Some(HeadRow { size: row.get(0)?, frontier: row.get(1)?, origin: row.get(2)?, checkpoint: row.get(3)? })
        }
        None => None,
    };
    let size = head.as_ref().map_or(i64::MAX, |head| head.size);
    let count = "SELECT COUNT(*), COUNT(CASE WHEN seq < 0 OR seq >= ?2 THEN 1 END) FROM activity_log
        WHERE COALESCE(room_id, 'platform') = ?1";
    let counted = tx.one(count, &[&log.key(), &size]).await?;
    let nodes = tx.one("SELECT COUNT(*) FROM log_nodes WHERE log = ?1", &[&log.key()]).await?;
    Ok(LogRows { head, entries: counted.get(0)?, beyond: counted.get(1)?, nodes: nodes.get(0)? })
}

/// A row of `activity_log`.
#[derive(Debug)]
pub struct EntryRow {
    /// Position.
    pub seq: i64,
    /// The entry.
    pub entry: Result<Entry>,
    /// The hash that is stored of it.
    pub leaf_hash: Vec<u8>,
}

/// The entries of a log from `from` on and before `to`, oldest first.
pub async fn entries(tx: &mut Tx, log: Log, from: i64, to: i64) -> Result<Vec<EntryRow>> {
    let sql = format!(
        "SELECT {}, leaf_hash FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND seq >= ?2 AND seq < ?3
         ORDER BY seq",
        Entry::COLUMNS
    );
    let read = |row: &Row| {
        // What is of another kind than a hash matches none.
        Ok(EntryRow { seq: row.get(1)?, entry: Entry::from_row(row), leaf_hash: row.get(7).unwrap_or_default() })
    };
    tx.rows(&sql, &[&log.key(), &from, &to]).await?.iter().map(read).collect()
}

/// The inner nodes that are completed by the leaves from `from` on and before `to`.
pub async fn nodes(tx: &mut Tx, log: Log, from: i64, to: i64) -> Result<Vec<(Place, Vec<u8>)>> {
    let sql = "SELECT number, hash FROM log_nodes WHERE log = ?1 AND level = ?2 AND number >= ?3 AND number < ?4";
    let mut nodes = Vec::new();
    for level in (1..63_u8).take_while(|level| to >> level > 0) {
        let (first, end) = (from >> level, to >> level);
        if first == end {
            continue;
        }
        for row in tx.rows(sql, &[&log.key(), &i64::from(level), &first, &end]).await? {
            let place = Place { level, index: row.get::<i64>(0)?.unsigned_abs() };
            nodes.push((place, row.get(1).unwrap_or_default()));
        }
    }
    Ok(nodes)
}

/// A snapshot with its record's and its file's facts.
#[derive(Debug, Clone)]
pub struct SnapshotRow {
    /// Id.
    pub id: SnapshotId,
    /// Title.
    pub title: String,
    /// State.
    pub status: SnapshotStatus,
    /// Form of its file.
    pub kind: SnapshotType,
    /// Key of its file.
    pub file_url: Option<String>,
    /// Bytes of its file.
    pub file_size: i64,
    /// SHA-256 of its record; none where the record's row is missing.
    pub record_sha256: Option<Vec<u8>>,
    /// The proof.
    pub proof: Option<String>,
    /// What is kept of its file.
    pub drawn: Option<DrawnRow>,
}

/// A row of `snapshot_files`.
#[derive(Debug, Clone)]
pub struct DrawnRow {
    /// SHA-256.
    pub sha256: Vec<u8>,
    /// Name and version of the renderer.
    pub renderer: String,
    /// Name of the font set.
    pub fonts: String,
}

/// Every snapshot of a room.
pub async fn snapshots(tx: &mut Tx, room: RoomId) -> Result<Vec<Stored<SnapshotRow>>> {
    let sql = "SELECT s.id, s.title, s.status, s.snapshot_type, s.file_url, s.file_size, r.sha256, r.proof,
            f.sha256, f.renderer, f.fonts
        FROM snapshots s LEFT JOIN snapshot_records r ON r.snapshot_id = s.id
        LEFT JOIN snapshot_files f ON f.snapshot_id = s.id WHERE s.room_id = ?1 ORDER BY s.id";
    Ok(tx.rows(sql, &[&room]).await?.iter().map(|row| named(row, snapshot)).collect())
}

fn snapshot(row: &Row) -> Result<SnapshotRow> {
    let drawn = match row.get::<Option<Vec<u8>>>(8)? {
        Some(sha256) => Some(DrawnRow { sha256, renderer: row.get(9)?, fonts: row.get(10)? }),
        None => None,
    };
    Ok(SnapshotRow {
        id: row.get(0)?,
        title: row.get(1)?,
        status: row.get(2)?,
        kind: row.get(3)?,
        file_url: row.get(4)?,
        file_size: row.get(5)?,
        record_sha256: row.get(6)?,
        proof: row.get(7)?,
        drawn,
    })
}

/// An uploaded file.
#[derive(Debug, Clone)]
pub struct VersionRow {
    /// Id.
    pub id: VersionId,
    /// Key of its file.
    pub file_url: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256.
    pub sha256: Vec<u8>,
}

/// Every uploaded file of a room.
pub async fn versions(tx: &mut Tx, room: RoomId) -> Result<Vec<Stored<VersionRow>>> {
    let sql = "SELECT v.id, v.file_url, v.file_size, v.sha256 FROM document_versions v
        JOIN documents d ON d.id = v.document_id WHERE d.room_id = ?1 ORDER BY v.id";
    let read =
        |row: &Row| Ok(VersionRow { id: row.get(0)?, file_url: row.get(1)?, size: row.get(2)?, sha256: row.get(3)? });
    Ok(tx.rows(sql, &[&room]).await?.iter().map(|row| named(row, read)).collect())
}

fn named<T>(row: &Row, read: impl FnOnce(&Row) -> Result<T>) -> Stored<T> {
    read(row).map_err(|error| (row.get(0).unwrap_or_else(|_| "without an id".into()), error))
}

/// Whether there still is a snapshot.
pub async fn has_snapshot(tx: &mut Tx, snapshot: SnapshotId) -> Result<bool> {
    Ok(tx.opt("SELECT 1 FROM snapshots WHERE id = ?1", &[&snapshot]).await?.is_some())
}

/// Whether a row names this file, one that is to be removed included. A snapshot that has no file yet may
/// have it in the store already; it is told by the file's name.
pub async fn is_named(tx: &mut Tx, file_url: &str, snapshot: Option<SnapshotId>) -> Result<bool> {
    let sql = "SELECT 1 WHERE EXISTS (SELECT 1 FROM document_versions WHERE file_url = ?1)
        OR EXISTS (SELECT 1 FROM snapshots WHERE id = ?2 AND COALESCE(file_url, ?1) = ?1)
        OR EXISTS (SELECT 1 FROM file_deletions WHERE file_url = ?1)";
    Ok(tx.opt(sql, &[&file_url, &snapshot]).await?.is_some())
}

/// A hash of the right length.
pub fn hash(stored: &[u8]) -> Option<Hash> {
    stored.try_into().ok()
}
