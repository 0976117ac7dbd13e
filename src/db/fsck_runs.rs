//! The table `fsck_runs`: the checks that servers make by themselves, one at a time among all servers.

use std::{collections::BTreeMap, time::Duration};

use room::Time;
use uuid::Uuid;

use super::Tx;
use crate::{
    clock::FARTHEST,
    error::{Error, Result},
};

/// How many runs are kept in the table.
const REMEMBERED: i64 = 30;

/// The outcome of a check.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The number of logs that were checked.
    pub logs: u64,
    /// The number of entries that were checked.
    pub entries: u64,
    /// The number of records that were checked.
    pub records: u64,
    /// The number of files that were checked.
    pub files: u64,
    /// The number of damaged things, by kind.
    pub damaged: BTreeMap<String, u64>,
    /// The first findings, as JSON.
    pub findings: String,
    /// Why the check did not come to its end. `None` if it did.
    pub error: Option<String>,
}

/// A check that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// When the check began.
    pub started_at: Time,
    /// When the check ended.
    pub finished_at: Time,
    /// What the check found.
    pub found: Found,
}

/// When a check is due.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// How long after the beginning of the last check the next one is due.
    pub period: Duration,
    /// The same, if the last check did not come to its end.
    pub retry: Duration,
}

/// Returns whether a check may be due, without taking a lock. [`begin`] decides.
pub async fn is_due(tx: &mut Tx, due: Due, now: Time) -> Result<bool> {
    let busy = format!("{RECENT} OR (finished_at IS NULL AND lease_until >= ?4 AND lease_until <= ?3) LIMIT 1");
    let [since, since_failed] = due.since(now);
    Ok(tx.opt(&busy, &[&since, &since_failed, &now.after(FARTHEST), &now]).await?.is_none())
}

/// Selects a run because of which no other is due yet. `?3` is [`FARTHEST`] after now: a run that begins later was made
/// while the clock was wrong.
const RECENT: &str = "SELECT 1 FROM fsck_runs WHERE started_at <= ?3
    AND ((started_at > ?1 AND error IS NULL AND finished_at IS NOT NULL) OR started_at > ?2)";

impl Due {
    /// Returns the instants after which a run must have begun to stand in the way: a complete run, and any run.
    fn since(self, now: Time) -> [Time; 2] {
        [now.before(self.period), now.before(self.retry.min(self.period))]
    }
}

/// Begins a check, if one is due, with a lease until `lease_until`. Returns `false` if none is due, or one is under
/// way.
pub async fn begin(tx: &mut Tx, id: Uuid, due: Due, now: Time, lease_until: Time) -> Result<bool> {
    let ahead = now.after(FARTHEST);
    let broken_off = "UPDATE fsck_runs SET finished_at = lease_until, lease_until = NULL,
            error = 'it broke off; the server that made it has ended'
        WHERE finished_at IS NULL AND (lease_until < ?1 OR lease_until > ?2)";
    tx.exec(broken_off, &[&now, &ahead]).await?;
    let [since, since_failed] = due.since(now);
    // Of what a wrong clock has told nobody knows when it was. It would count as the newest until that day has come.
    let of_a_wrong_clock = "UPDATE fsck_runs SET started_at = ?2, finished_at = ?2
        WHERE started_at > ?1 OR finished_at > ?1";
    tx.exec(of_a_wrong_clock, &[&ahead, &since]).await?;
    // Two servers may both find a check due. A partial unique index allows one unfinished run, so the second insert
    // conflicts and does nothing.
    let insert = format!(
        "INSERT INTO fsck_runs (id, started_at, lease_until, logs, entries, records, files, damaged, findings)
         SELECT ?4, ?5, ?6, 0, 0, 0, 0, '{{}}', '[]' WHERE NOT EXISTS ({RECENT})
         ON CONFLICT DO NOTHING"
    );
    Ok(tx.exec(&insert, &[&since, &since_failed, &ahead, &id.to_string(), &now, &lease_until]).await? == 1)
}

/// Renews the lease of a run. Returns `false` if the run was ended meanwhile, because its lease had run out.
pub async fn renew(tx: &mut Tx, id: Uuid, lease_until: Time) -> Result<bool> {
    let update = "UPDATE fsck_runs SET lease_until = ?2 WHERE id = ?1 AND finished_at IS NULL";
    Ok(tx.exec(update, &[&id.to_string(), &lease_until]).await? == 1)
}

/// Ends a run with its outcome, and deletes the oldest runs.
pub async fn finish(tx: &mut Tx, id: Uuid, now: Time, found: &Found) -> Result<()> {
    let damaged = serde_json::to_string(&found.damaged).map_err(|error| Error::internal(error.to_string()))?;
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    tx.exec(
        "UPDATE fsck_runs SET finished_at = ?2, lease_until = NULL, logs = ?3, entries = ?4, records = ?5, files = ?6,
            damaged = ?7, findings = ?8, error = ?9
         WHERE id = ?1 AND finished_at IS NULL",
        &[
            &id.to_string(),
            &now,
            &count(found.logs),
            &count(found.entries),
            &count(found.records),
            &count(found.files),
            &damaged,
            &found.findings,
            &found.error,
        ],
    )
    .await?;
    let forget = "DELETE FROM fsck_runs
        WHERE id NOT IN (SELECT id FROM fsck_runs ORDER BY started_at DESC, id DESC LIMIT ?1)";
    tx.exec(forget, &[&REMEMBERED]).await.map(drop)
}

/// Returns the last check that is over. If it did not come to its end, it has the findings of the last one that did.
pub async fn last(tx: &mut Tx) -> Result<Option<Finished>> {
    let Some(mut last) = newest_finished(tx, "").await? else { return Ok(None) };
    // A check that broke off knows nothing about what it did not reach: known damage must not vanish from the page.
    if last.found.error.is_some()
        && let Some(whole) = newest_finished(tx, "AND error IS NULL").await?
    {
        last.found = Found { error: last.found.error, ..whole.found };
    }
    Ok(Some(last))
}

async fn newest_finished(tx: &mut Tx, only: &str) -> Result<Option<Finished>> {
    let sql = format!(
        "SELECT started_at, finished_at, logs, entries, records, files, damaged, findings, error FROM fsck_runs
         WHERE finished_at IS NOT NULL {only} ORDER BY started_at DESC, id DESC LIMIT 1"
    );
    let Some(row) = tx.opt(&sql, &[]).await? else { return Ok(None) };
    let count = |column| Ok::<_, Error>(row.get::<i64>(column)?.unsigned_abs());
    let damaged: String = row.get(6)?;
    let found = Found {
        logs: count(2)?,
        entries: count(3)?,
        records: count(4)?,
        files: count(5)?,
        damaged: serde_json::from_str(&damaged)
            .map_err(|error| Error::internal(format!("fsck_runs.damaged: {error}")))?,
        findings: row.get(7)?,
        error: row.get(8)?,
    };
    Ok(Some(Finished { started_at: row.get(0)?, finished_at: row.get(1)?, found }))
}
