//! The table `contradictions`: what this server has signed and its own log contradicts, as verified files have shown it.

use room::{RoomId, SnapshotId, Time};

use super::{Row, Tx};
use crate::{error::Result, evidence::Checkpoint};

/// A signed checkpoint that the log of this server contradicts.
#[derive(Debug, Clone)]
pub struct Contradiction {
    /// The room whose log it is of.
    pub room: RoomId,
    /// The title of the room. `None` if the room has no row any more.
    pub room_title: Option<String>,
    /// The snapshot whose file carries the checkpoint.
    pub snapshot: SnapshotId,
    /// What contradicts the checkpoint, in words.
    pub detail: String,
    /// When it was seen first, or again after it had been settled.
    pub seen_at: Time,
    /// When a file with the checkpoint was verified and the log agreed with it again. `None` if none was.
    pub settled_at: Option<Time>,
}

/// How many contradictions there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that were ever found.
    pub total: u64,
    /// Those that are not settled.
    pub open: u64,
}

/// How many that are not settled are noted of one snapshot. Whoever has the key of the seal can make as many seals as
/// they like, and one alarm is enough.
const MOST_OF_SNAPSHOT: i64 = 10;

/// Notes that the log contradicts this checkpoint. Returns `false` if that is known already, or enough is known of the
/// snapshot.
pub async fn note(tx: &mut Tx, checkpoint: &Checkpoint, found: &Contradiction) -> Result<bool> {
    let Contradiction { room, snapshot, detail, seen_at, .. } = found;
    let open = "SELECT COUNT(*) FROM contradictions WHERE snapshot_id = ?1 AND settled_at IS NULL";
    if tx.one(open, &[snapshot]).await?.get::<i64>(0)? >= MOST_OF_SNAPSHOT {
        return Ok(false);
    }
    let insert = "INSERT INTO contradictions (origin, size, root, room_id, snapshot_id, detail, seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (origin, size, root) DO UPDATE
         SET detail = excluded.detail, seen_at = excluded.seen_at, settled_at = NULL
         WHERE contradictions.settled_at IS NOT NULL";
    let (origin, size, root) = key(checkpoint);
    Ok(tx.exec(insert, &[&origin, &size, &root, room, snapshot, detail, seen_at]).await? == 1)
}

/// Returns whether the log is known to contradict this checkpoint, and that is not settled.
pub async fn is_open(tx: &mut Tx, checkpoint: &Checkpoint) -> Result<bool> {
    let select = "SELECT 1 FROM contradictions WHERE origin = ?1 AND size = ?2 AND root = ?3 AND settled_at IS NULL";
    let (origin, size, root) = key(checkpoint);
    Ok(tx.opt(select, &[&origin, &size, &root]).await?.is_some())
}

/// Notes that the log does not contradict this checkpoint any more. Returns `false` if it was not known to.
pub async fn settle(tx: &mut Tx, checkpoint: &Checkpoint, now: Time) -> Result<bool> {
    let update = "UPDATE contradictions SET settled_at = ?4
         WHERE origin = ?1 AND size = ?2 AND root = ?3 AND settled_at IS NULL";
    let (origin, size, root) = key(checkpoint);
    Ok(tx.exec(update, &[&origin, &size, &root, &now]).await? == 1)
}

fn key(checkpoint: &Checkpoint) -> (&str, i64, &[u8]) {
    (&checkpoint.origin, i64::try_from(checkpoint.size).unwrap_or(i64::MAX), &checkpoint.root)
}

/// Returns how many contradictions there are.
pub async fn count(tx: &mut Tx) -> Result<Counts> {
    let select = "SELECT COUNT(*), COUNT(CASE WHEN settled_at IS NULL THEN 1 END) FROM contradictions";
    let row = tx.one(select, &[]).await?;
    Ok(Counts { total: row.get::<i64>(0)?.unsigned_abs(), open: row.get::<i64>(1)?.unsigned_abs() })
}

/// Returns the newest contradictions, those that are not settled first, and `limit` of them at most.
pub async fn newest(tx: &mut Tx, limit: i64) -> Result<Vec<Contradiction>> {
    let select = "SELECT c.room_id, r.title, c.snapshot_id, c.detail, c.seen_at, c.settled_at
         FROM contradictions c LEFT JOIN rooms r ON r.id = c.room_id
         ORDER BY CASE WHEN c.settled_at IS NULL THEN 0 ELSE 1 END, c.seen_at DESC, c.origin, c.size DESC LIMIT ?1";
    tx.rows(select, &[&limit]).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Contradiction> {
    Ok(Contradiction {
        room: row.get(0)?,
        room_title: row.get(1)?,
        snapshot: row.get(2)?,
        detail: row.get(3)?,
        seen_at: row.get(4)?,
        settled_at: row.get(5)?,
    })
}
