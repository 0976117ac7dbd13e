//! What `fsck` reads: rows as they are stored, including those that make no sense any more.

use room::{Log, RoomId, SnapshotId, SnapshotStatus, SnapshotType, VersionId};

use super::{Row, Tx, activity::Entry, marks::Mark};
use crate::{
    error::{Error, Result},
    evidence::Place,
};

/// A row, or the id of a row that cannot be read and why.
pub type Stored<T> = Result<T, (String, Error)>;

/// Returns the keys of all logs with the titles of their rooms, including logs that lack their head or their room.
pub async fn logs(tx: &mut Tx) -> Result<Vec<(String, Option<String>)>> {
    let sql = "SELECT l.id, r.title
        FROM (SELECT room_id AS id FROM room_logs UNION SELECT id FROM rooms
              UNION SELECT DISTINCT COALESCE(room_id, 'platform') FROM activity_log) l
        LEFT JOIN rooms r ON r.id = l.id ORDER BY l.id";
    tx.rows(sql, &[]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The head of a log as it is stored, and how many rows the log has.
#[derive(Debug, Clone)]
pub struct LogRows {
    /// The log's row in `room_logs`. `None` if it is missing.
    pub head: Option<HeadRow>,
    /// The number of entries.
    pub entries: i64,
    /// The number of entries whose position is not below the head's size.
    pub beyond: i64,
    /// The number of inner nodes of the tree.
    pub nodes: i64,
    /// The state that is kept for the newest mark. `None` if there is none.
    pub mark: Option<Mark>,
}

/// A row of `room_logs`.
#[derive(Debug, Clone)]
pub struct HeadRow {
    /// The number of entries that the log is said to have.
    pub size: i64,
    /// The roots of the perfect subtrees, one after another.
    pub frontier: Vec<u8>,
    /// The log's name in its checkpoints.
    pub origin: Option<String>,
    /// The signed checkpoint of this head.
    pub checkpoint: Option<String>,
}

/// Returns the head of a log as it is stored, and how many rows the log has.
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
    let mark = super::marks::find(tx, log).await?;
    Ok(LogRows { head, entries: counted.get(0)?, beyond: counted.get(1)?, nodes: nodes.get(0)?, mark })
}

/// A row of `activity_log`.
#[derive(Debug)]
pub struct EntryRow {
    /// The position in the log, from 0.
    pub seq: i64,
    /// The entry, or why it cannot be read.
    pub entry: Result<Entry>,
    /// The leaf hash that is stored with the entry.
    pub leaf_hash: Vec<u8>,
}

/// Returns the entries of a log at positions from `from` to before `to`, oldest first.
pub async fn entries(tx: &mut Tx, log: Log, from: i64, to: i64) -> Result<Vec<EntryRow>> {
    let sql = format!(
        "SELECT {}, leaf_hash FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND seq >= ?2 AND seq < ?3
         ORDER BY seq",
        Entry::COLUMNS
    );
    let read = |row: &Row| {
        // A value that is not a blob becomes an empty hash, which matches no entry and is reported as damage.
        Ok(EntryRow { seq: row.get(1)?, entry: Entry::from_row(row), leaf_hash: row.get(7).unwrap_or_default() })
    };
    tx.rows(&sql, &[&log.key(), &from, &to]).await?.iter().map(read).collect()
}

/// Returns the inner nodes that the leaves from `from` to before `to` complete.
pub async fn nodes(tx: &mut Tx, log: Log, from: i64, to: i64) -> Result<Vec<(Place, Vec<u8>)>> {
    let sql = "SELECT number, hash FROM log_nodes WHERE log = ?1 AND level = ?2 AND number >= ?3 AND number < ?4";
    let mut nodes = Vec::new();
    for level in (1..63_u8).take_while(|level| to >> level > 0) {
        // A node of this level covers 2^level leaves, and is complete with the last of them.
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

/// A snapshot with what is stored about its record and its file.
#[derive(Debug, Clone)]
pub struct SnapshotRow {
    /// The id of the snapshot.
    pub id: SnapshotId,
    /// The title of the snapshot.
    pub title: String,
    /// The state of its file.
    pub status: SnapshotStatus,
    /// The format of its file.
    pub kind: SnapshotType,
    /// The key of its file in the store. `None` before there is one.
    pub file_url: Option<String>,
    /// The size of its file, in bytes.
    pub file_size: i64,
    /// Whether it shows a position of the log, from which its record is made, and has no stored one.
    pub has_position: bool,
    /// The SHA-256 of its stored record. `None` if the record's row is missing.
    pub record_sha256: Option<Vec<u8>>,
    /// The proof that the log has its entry, or the receipt of its file.
    pub proof: Option<String>,
    /// What is stored about its file. `None` before there is one.
    pub drawn: Option<DrawnRow>,
}

/// A row of `snapshot_files`.
#[derive(Debug, Clone)]
pub struct DrawnRow {
    /// The SHA-256 of the file.
    pub sha256: Vec<u8>,
    /// The edition that drew the file.
    pub renderer: String,
    /// The name of the font set that drew the file.
    pub fonts: String,
}

/// Returns every snapshot of a room.
pub async fn snapshots(tx: &mut Tx, room: RoomId) -> Result<Vec<Stored<SnapshotRow>>> {
    let sql = "SELECT s.id, s.title, s.status, s.snapshot_type, s.file_url, s.file_size, r.sha256,
            COALESCE(r.proof, c.receipt), f.sha256, f.renderer, f.fonts, p.size
        FROM snapshots s LEFT JOIN snapshot_records r ON r.snapshot_id = s.id
        LEFT JOIN snapshot_positions p ON p.snapshot_id = s.id LEFT JOIN snapshot_receipts c ON c.snapshot_id = s.id
        LEFT JOIN snapshot_files f ON f.snapshot_id = s.id WHERE s.room_id = ?1 ORDER BY s.id";
    Ok(tx.rows(sql, &[&room]).await?.iter().map(|row| or_id(row, snapshot_from_row)).collect())
}

fn snapshot_from_row(row: &Row) -> Result<SnapshotRow> {
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
        has_position: row.get::<Option<i64>>(11)?.is_some(),
        record_sha256: row.get(6)?,
        proof: row.get(7)?,
        drawn,
    })
}

/// An uploaded version of a document.
#[derive(Debug, Clone)]
pub struct VersionRow {
    /// The id of the version.
    pub id: VersionId,
    /// The key of its file in the store.
    pub file_url: String,
    /// The size of its file, in bytes.
    pub size: i64,
    /// The SHA-256 of its file.
    pub sha256: Vec<u8>,
}

/// Returns every uploaded version of all documents of a room.
pub async fn versions(tx: &mut Tx, room: RoomId) -> Result<Vec<Stored<VersionRow>>> {
    let sql = "SELECT v.id, v.file_url, v.file_size, v.sha256 FROM document_versions v
        JOIN documents d ON d.id = v.document_id WHERE d.room_id = ?1 ORDER BY v.id";
    let from_row =
        |row: &Row| Ok(VersionRow { id: row.get(0)?, file_url: row.get(1)?, size: row.get(2)?, sha256: row.get(3)? });
    Ok(tx.rows(sql, &[&room]).await?.iter().map(|row| or_id(row, from_row)).collect())
}

/// Reads a row, or at least its first column, the id, so that the damage can be reported under a name.
fn or_id<T>(row: &Row, from_row: impl FnOnce(&Row) -> Result<T>) -> Stored<T> {
    from_row(row).map_err(|error| (row.get(0).unwrap_or_else(|_| "without an id".into()), error))
}

/// Returns whether the snapshot still exists.
pub async fn has_snapshot(tx: &mut Tx, snapshot: SnapshotId) -> Result<bool> {
    Ok(tx.opt("SELECT 1 FROM snapshots WHERE id = ?1", &[&snapshot]).await?.is_some())
}

/// Returns whether a row names this file, including a row of `file_deletions`.
///
/// The file of a snapshot is in the store before the snapshot's row names it. `snapshot` is the one in whose key the
/// file is, and while that has no file yet, this one counts as named.
pub async fn is_named(tx: &mut Tx, file_url: &str, snapshot: Option<SnapshotId>) -> Result<bool> {
    let sql = "SELECT 1 WHERE EXISTS (SELECT 1 FROM document_versions WHERE file_url = ?1)
        OR EXISTS (SELECT 1 FROM snapshots WHERE id = ?2 AND COALESCE(file_url, ?1) = ?1)
        OR EXISTS (SELECT 1 FROM file_deletions WHERE file_url = ?1)";
    Ok(tx.opt(sql, &[&file_url, &snapshot]).await?.is_some())
}
