//! `fsck_runs`: the checks that are made by themselves, one at a time among all servers.

use std::{collections::BTreeMap, time::Duration};

use room::Time;
use uuid::Uuid;

use super::Tx;
use crate::error::{Error, Result};

/// Runs that are remembered.
const REMEMBERED: i64 = 30;

/// What a check has come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Logs.
    pub logs: u64,
    /// Entries.
    pub entries: u64,
    /// Records.
    pub records: u64,
    /// Files.
    pub files: u64,
    /// How many damaged things there are of each kind.
    pub damaged: BTreeMap<String, u64>,
    /// The first of them, as JSON.
    pub findings: String,
    /// Why the check came to no end.
    pub error: Option<String>,
}

/// A check that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub finished_at: Time,
    /// What it has come to.
    pub found: Found,
}

/// When a check is due.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// This long after the last one began.
    pub period: Duration,
    /// Likewise, where it came to no end.
    pub retry: Duration,
}

/// Whether a check may be due: a look that takes no lock.
pub async fn is_due(tx: &mut Tx, due: Due, now: Time) -> Result<bool> {
    let busy = format!("{RECENT} OR (finished_at IS NULL AND lease_until >= ?3) LIMIT 1");
    let [since, since_failed] = due.since(now);
    Ok(tx.opt(&busy, &[&since, &since_failed, &now]).await?.is_none())
}

/// A run because of which none is due yet.
const RECENT: &str =
    "SELECT 1 FROM fsck_runs WHERE (started_at > ?1 AND error IS NULL AND finished_at IS NOT NULL) OR started_at > ?2";

impl Due {
    /// Runs that began later stand in the way: any, and those that came to no end.
    fn since(self, now: Time) -> [Time; 2] {
        [now.before(self.period), now.before(self.retry.min(self.period))]
    }
}

/// Begins a check that is due until `lease_until`; false where none is, or one is under way.
pub async fn begin(tx: &mut Tx, id: Uuid, due: Due, now: Time, lease_until: Time) -> Result<bool> {
    let broken_off = "UPDATE fsck_runs SET finished_at = lease_until, lease_until = NULL,
            error = 'it broke off; the server that made it has ended'
        WHERE finished_at IS NULL AND lease_until < ?1";
    tx.exec(broken_off, &[&now]).await?;
    let insert = format!(
        "INSERT INTO fsck_runs (id, started_at, lease_until, logs, entries, records, files, damaged, findings)
         SELECT ?3, ?4, ?5, 0, 0, 0, 0, '{{}}', '[]' WHERE NOT EXISTS ({RECENT})
         ON CONFLICT DO NOTHING"
    );
    let [since, since_failed] = due.since(now);
    Ok(tx.exec(&insert, &[&since, &since_failed, &id.to_string(), &now, &lease_until]).await? == 1)
}

/// Renews the lease; false where the run is no longer one's own.
pub async fn renew(tx: &mut Tx, id: Uuid, lease_until: Time) -> Result<bool> {
    let update = "UPDATE fsck_runs SET lease_until = ?2 WHERE id = ?1 AND finished_at IS NULL";
    Ok(tx.exec(update, &[&id.to_string(), &lease_until]).await? == 1)
}

/// Ends a run, and forgets the oldest.
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

/// The last check that is over; where it came to no end, with what the last one found that did.
pub async fn last(tx: &mut Tx) -> Result<Option<Finished>> {
    let Some(mut last) = one(tx, "").await? else { return Ok(None) };
    if last.found.error.is_some()
        && let Some(whole) = one(tx, "AND error IS NULL").await?
    {
        last.found = Found { error: last.found.error, ..whole.found };
    }
    Ok(Some(last))
}

async fn one(tx: &mut Tx, only: &str) -> Result<Option<Finished>> {
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
