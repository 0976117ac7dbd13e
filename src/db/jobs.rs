//! `snapshot_jobs`: the rendering still to do, claimed by lease.

use room::{RoomId, SnapshotId, Time};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Row, Tx};
use crate::error::Result;

/// How many files of snapshots are still to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobCounts {
    /// They wait for a worker.
    pub waiting: i64,
    /// A worker is at them.
    pub running: i64,
    /// They were given up.
    pub failed: i64,
}

/// A claimed job. `attempt` tells this claim from any later one.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// What to render.
    pub snapshot: SnapshotId,
    /// Which attempt this is, from 1.
    pub attempt: i64,
}

/// The room of a job.
const ROOM: &str = "(SELECT room_id FROM snapshots WHERE snapshots.id = snapshot_jobs.snapshot_id)";

/// Rings for the room, the first column, of a job that has moved.
async fn notify_room(tx: &mut Tx, moved: Option<&Row>) -> Result<()> {
    match moved.map(|row| row.get(0)).transpose()? {
        Some(room) => tx.notify(room).await,
        None => Ok(()),
    }
}

/// Adds the job of a new snapshot.
pub async fn enqueue(tx: &mut Tx, snapshot: SnapshotId, now: Time) -> Result<()> {
    tx.exec(
        "INSERT INTO snapshot_jobs (snapshot_id, attempts, lease_until, not_before, progress, last_error)
         VALUES (?1, 0, NULL, ?2, 0, NULL)",
        &[&snapshot, &now],
    )
    .await
    .map(drop)
}

/// The rooms with a job that is due and that nobody holds, that with the job longest due first.
pub async fn rooms_with_due(tx: &mut Tx, now: Time) -> Result<Vec<RoomId>> {
    let rows = tx
        .rows(
            "SELECT s.room_id FROM snapshot_jobs j JOIN snapshots s ON s.id = j.snapshot_id
             WHERE j.not_before <= ?1 AND (j.lease_until IS NULL OR j.lease_until < ?1)
             GROUP BY s.room_id ORDER BY MIN(j.not_before), s.room_id LIMIT 1000",
            &[&now],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// How many jobs are still to be done, and how many have been given up.
pub async fn count(tx: &mut Tx) -> Result<(i64, i64)> {
    let row = tx.one("SELECT COUNT(not_before), COUNT(*) - COUNT(not_before) FROM snapshot_jobs", &[]).await?;
    Ok((row.get(0)?, row.get(1)?))
}

/// How many jobs are in which state.
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

/// Claims the room's job longest due, until `lease_until`.
pub async fn claim(tx: &mut Tx, room: RoomId, now: Time, lease_until: Time) -> Result<Option<Claim>> {
    let skip_locked = tx.dialect().skip_locked();
    let row = tx
        .opt(
            &format!(
                "UPDATE snapshot_jobs SET attempts = attempts + 1, lease_until = ?2, progress = 0
                 WHERE snapshot_id = (SELECT snapshot_id FROM snapshot_jobs
                                      WHERE not_before <= ?1 AND (lease_until IS NULL OR lease_until < ?1)
                                        AND {ROOM} = ?3
                                      ORDER BY not_before LIMIT 1 {skip_locked})
                 RETURNING {ROOM}, snapshot_id, attempts"
            ),
            &[&now, &lease_until, &room],
        )
        .await?;
    notify_room(tx, row.as_ref()).await?;
    row.map(|row| Ok(Claim { snapshot: row.get(1)?, attempt: row.get(2)? })).transpose()
}

/// Why the last attempt at a job failed. `None` where none has.
pub async fn last_error(tx: &mut Tx, snapshot: SnapshotId) -> Result<Option<String>> {
    let row = tx.opt("SELECT last_error FROM snapshot_jobs WHERE snapshot_id = ?1", &[&snapshot]).await?;
    row.map_or(Ok(None), |row| row.get(0))
}

/// Holds the job's row, if it is still this claim's; false where another worker has it or it is gone.
pub async fn hold(tx: &mut Tx, claim: Claim) -> Result<bool> {
    let touched = tx
        .exec(
            "UPDATE snapshot_jobs SET attempts = attempts WHERE snapshot_id = ?1 AND attempts = ?2",
            &[&claim.snapshot, &claim.attempt],
        )
        .await?;
    Ok(touched == 1)
}

/// Tells how far a claimed job is, and keeps its lease; false where it is no longer this claim's.
pub async fn report_progress(tx: &mut Tx, claim: Claim, percent: i64, lease_until: Time) -> Result<bool> {
    let row = tx
        .opt(
            &format!(
                "UPDATE snapshot_jobs SET progress = ?3, lease_until = ?4 WHERE snapshot_id = ?1 AND attempts = ?2
                 RETURNING {ROOM}"
            ),
            &[&claim.snapshot, &claim.attempt, &percent, &lease_until],
        )
        .await?;
    notify_room(tx, row.as_ref()).await?;
    Ok(row.is_some())
}

/// Gives a claimed job back after a failure; without `not_before` it is given up.
pub async fn give_back(tx: &mut Tx, claim: Claim, not_before: Option<Time>, error: &str) -> Result<()> {
    let row = tx
        .opt(
            &format!(
                "UPDATE snapshot_jobs SET lease_until = NULL, not_before = ?3, last_error = ?4, progress = 0
                 WHERE snapshot_id = ?1 AND attempts = ?2 RETURNING {ROOM}"
            ),
            &[&claim.snapshot, &claim.attempt, &not_before, &error],
        )
        .await?;
    notify_room(tx, row.as_ref()).await
}

/// Puts a given-up job back to its start.
pub async fn restart(tx: &mut Tx, snapshot: SnapshotId, now: Time) -> Result<()> {
    tx.exec(
        "UPDATE snapshot_jobs SET attempts = 0, lease_until = NULL, not_before = ?2, progress = 0, last_error = NULL
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
