//! The table `snapshot_jobs`: the files of snapshots that are still to be drawn. A worker claims a job for the time of
//! a lease, and any server can take over a job whose lease has run out.

use room::{RoomId, SnapshotId, Time};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Row, Tx};
use crate::{clock::FARTHEST, error::Result};

/// How many jobs there are that draw files of snapshots, by their state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobCounts {
    /// Jobs that wait for a worker.
    pub waiting: i64,
    /// Jobs that a worker holds.
    pub running: i64,
    /// Jobs that were given up.
    pub failed: i64,
}

/// A claimed job. `attempt` distinguishes this claim from any later one.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The snapshot whose file is to be drawn.
    pub snapshot: SnapshotId,
    /// The number of this attempt, from 1.
    pub attempt: i64,
}

/// The condition for a job that is due and that no worker holds at `?1`; `?2` is [`FARTHEST`] after that. Its `NOT` lets
/// SQLite look through the index in its order, up to the first job that is due, instead of sorting all of them.
const DUE: &str = "NOT (not_before > ?1 AND not_before <= ?2)
    AND (lease_until IS NULL OR lease_until < ?1 OR lease_until > ?2)";

/// Notifies those who follow the room of a job that has changed: the first column of its row.
async fn notify_room(tx: &mut Tx, moved: Option<&Row>) -> Result<()> {
    match moved.map(|row| row.get(0)).transpose()? {
        Some(room) => tx.notify(room).await,
        None => Ok(()),
    }
}

/// Adds the job of a new snapshot, which is due at once.
pub async fn enqueue(tx: &mut Tx, room: RoomId, snapshot: SnapshotId, now: Time) -> Result<()> {
    tx.exec(
        "INSERT INTO snapshot_jobs (snapshot_id, room_id, attempts, lease_until, not_before, progress, last_error, failures)
         VALUES (?1, ?2, 0, NULL, ?3, 0, NULL, 0)",
        &[&snapshot, &room, &now],
    )
    .await
    .map(drop)
}

/// Returns the rooms that have a job which is due and which no worker holds, the room with the job longest due first.
pub async fn rooms_with_due(tx: &mut Tx, now: Time) -> Result<Vec<RoomId>> {
    let sql = format!(
        "SELECT room_id FROM snapshot_jobs WHERE {DUE} GROUP BY room_id ORDER BY MIN(not_before), room_id LIMIT 1000"
    );
    let rows = tx.rows(&sql, &[&now, &now.after(FARTHEST)]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Returns how many jobs are still to be done, and how many were given up.
pub async fn count(tx: &mut Tx) -> Result<(i64, i64)> {
    let row = tx.one("SELECT COUNT(not_before), COUNT(*) - COUNT(not_before) FROM snapshot_jobs", &[]).await?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Returns how many jobs are in each state.
pub async fn by_state(tx: &mut Tx, now: Time) -> Result<JobCounts> {
    let row = tx
        .one(
            "SELECT COUNT(CASE WHEN lease_until IS NULL OR lease_until < ?1 THEN not_before END),
                    COUNT(CASE WHEN lease_until >= ?1 THEN not_before END), COUNT(*) - COUNT(not_before)
             FROM snapshot_jobs",
            &[&now],
        )
        .await?;
    Ok(JobCounts { waiting: row.get(0)?, running: row.get(1)?, failed: row.get(2)? })
}

/// Claims the room's job that is longest due, until `lease_until`.
pub async fn claim(tx: &mut Tx, room: RoomId, now: Time, lease_until: Time) -> Result<Option<Claim>> {
    // Each claim raises `attempts`, which makes it a fencing token: a worker whose lease ran out, and whose job another
    // one has claimed since, matches no row in any statement below.
    let skip_locked = tx.dialect().skip_locked();
    let row = tx
        .opt(
            &format!(
                "UPDATE snapshot_jobs SET attempts = attempts + 1, lease_until = ?3, progress = 0
                 WHERE snapshot_id = (SELECT snapshot_id FROM snapshot_jobs WHERE room_id = ?4 AND {DUE}
                                      ORDER BY not_before LIMIT 1 {skip_locked})
                 RETURNING room_id, snapshot_id, attempts"
            ),
            &[&now, &now.after(FARTHEST), &lease_until, &room],
        )
        .await?;
    notify_room(tx, row.as_ref()).await?;
    row.map(|row| Ok(Claim { snapshot: row.get(1)?, attempt: row.get(2)? })).transpose()
}

/// Returns how many attempts have failed in a row for the same reason, and for which.
pub async fn failures(tx: &mut Tx, snapshot: SnapshotId) -> Result<(i64, Option<String>)> {
    let sql = "SELECT failures, last_error FROM snapshot_jobs WHERE snapshot_id = ?1";
    let row = tx.opt(sql, &[&snapshot]).await?;
    row.map_or(Ok((0, None)), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Locks the job's row until the end of the transaction. Returns `false` if another worker has claimed it, or it is
/// gone.
pub async fn hold(tx: &mut Tx, claim: Claim) -> Result<bool> {
    // An update that changes nothing, for its lock: until this transaction ends, no other worker can claim the job.
    let touched = tx
        .exec(
            "UPDATE snapshot_jobs SET attempts = attempts WHERE snapshot_id = ?1 AND attempts = ?2",
            &[&claim.snapshot, &claim.attempt],
        )
        .await?;
    Ok(touched == 1)
}

/// Stores how far a claimed job is, and renews its lease. Returns `false` if another worker has claimed it, or it is
/// gone.
pub async fn report_progress(tx: &mut Tx, claim: Claim, percent: i64, lease_until: Time) -> Result<bool> {
    let row = tx
        .opt(
            "UPDATE snapshot_jobs SET progress = ?3, lease_until = ?4 WHERE snapshot_id = ?1 AND attempts = ?2
             RETURNING room_id",
            &[&claim.snapshot, &claim.attempt, &percent, &lease_until],
        )
        .await?;
    notify_room(tx, row.as_ref()).await?;
    Ok(row.is_some())
}

/// Gives a claimed job back after a failure, the `failures`th of its kind, to be tried again at `not_before`. Without
/// that, it is given up.
pub async fn give_back(
    tx: &mut Tx,
    claim: Claim,
    not_before: Option<Time>,
    (failures, error): (i64, &str),
) -> Result<()> {
    let row = tx
        .opt(
            "UPDATE snapshot_jobs SET lease_until = NULL, not_before = ?3, last_error = ?4, failures = ?5, progress = 0
             WHERE snapshot_id = ?1 AND attempts = ?2 RETURNING room_id",
            &[&claim.snapshot, &claim.attempt, &not_before, &error, &failures],
        )
        .await?;
    notify_room(tx, row.as_ref()).await
}

/// Puts a job that was given up back to its start.
pub async fn restart(tx: &mut Tx, snapshot: SnapshotId, now: Time) -> Result<()> {
    tx.exec(
        "UPDATE snapshot_jobs SET lease_until = NULL, not_before = ?2, progress = 0, last_error = NULL, failures = 0
         WHERE snapshot_id = ?1",
        &[&snapshot, &now],
    )
    .await
    .map(drop)
}

/// Removes a finished job.
pub async fn finish(tx: &mut Tx, snapshot: SnapshotId) -> Result<()> {
    tx.exec("DELETE FROM snapshot_jobs WHERE snapshot_id = ?1", &[&snapshot]).await.map(drop)
}
