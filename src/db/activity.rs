//! The table `activity_log`: the entries of all logs, which are added and read, never changed.

use std::ops::Range;

use room::{EntryId, Leaf, Log, Time};
use serde_json::Value;

use super::{
    Param, Row, Tx,
    seek::{Found, Seek, Sorted},
};
use crate::{
    at_hand::{Added, AddedByActor, UPLOADED},
    error::{Error, Result},
    evidence::Hash,
};

/// One entry of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The id of the entry.
    pub id: EntryId,
    /// The log that it is in.
    pub log: Log,
    /// The position in its log, from 0.
    pub seq: i64,
    /// The address of who did it, or `system` or `operator`.
    pub actor: String,
    /// The type of the event, such as `room_created`.
    pub action: String,
    /// When it was done.
    pub at: Time,
    /// The fields of the event.
    pub meta: Value,
}

impl Entry {
    /// Returns the content of the leaf that the tree's hash covers.
    pub fn leaf(&self) -> Leaf {
        self.clone().into_leaf()
    }

    /// Returns the same content, without a copy.
    pub fn into_leaf(self) -> Leaf {
        Leaf {
            action: self.action,
            actor: self.actor,
            id: self.id.to_string(),
            meta: self.meta,
            room_id: self.log.room().map(|room| room.to_string()),
            seq: self.seq.unsigned_abs(),
            timestamp: self.at.into(),
        }
    }

    pub(super) const COLUMNS: &str = "id, seq, actor, action, ts, meta_json, room_id";

    pub(super) fn from_row(row: &Row) -> Result<Self> {
        let meta: String = row.get(5)?;
        Ok(Self {
            id: row.get(0)?,
            log: row.get::<Option<_>>(6)?.map_or(Log::Platform, Log::Room),
            seq: row.get(1)?,
            actor: row.get(2)?,
            action: row.get(3)?,
            at: row.get(4)?,
            meta: serde_json::from_str(&meta).map_err(|error| Error::internal(format!("meta_json: {error}")))?,
        })
    }
}

/// Conditions on entries; a field that is `None` matches any entry.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Entries of exactly this actor.
    pub actor: Option<String>,
    /// Entries of exactly this type.
    pub action: Option<String>,
    /// Entries at this instant or later.
    pub from: Option<Time>,
    /// Entries before this instant.
    pub to: Option<Time>,
}

/// The condition of a [`Filter`]. PostgreSQL cannot infer a parameter's type from `IS NULL`, hence the casts.
const MATCHES: &str = "(CAST(?1 AS TEXT) IS NULL OR actor = ?1) AND (CAST(?2 AS TEXT) IS NULL OR action = ?2)
    AND ts >= ?3 AND ts < ?4";

/// Adds an entry. Only `domain::log` calls this, which also appends it to the tree.
pub async fn insert(tx: &mut Tx, entry: &Entry, leaf: &Hash) -> Result<()> {
    tx.exec(
        "INSERT INTO activity_log (id, room_id, actor, action, meta_json, ts, seq, leaf_hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        &[
            &entry.id,
            &entry.log.room(),
            &entry.actor,
            &entry.action,
            &entry.meta.to_string(),
            &entry.at,
            &entry.seq,
            &leaf.as_slice(),
        ],
    )
    .await
    .map(drop)
}

/// Returns the time of the last entry of a log. `None` if it has none.
pub async fn last_time(tx: &mut Tx, log: Log) -> Result<Option<Time>> {
    let last = "SELECT ts FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 ORDER BY seq DESC LIMIT 1";
    tx.opt(last, &[&log.key()]).await?.map(|row| row.get(0)).transpose()
}

/// Returns the time of the entry at this position of a log. `None` if it is missing.
pub async fn time_of(tx: &mut Tx, log: Log, seq: u64) -> Result<Option<Time>> {
    let find = "SELECT ts FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND seq = ?2";
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    tx.opt(find, &[&log.key(), &seq]).await?.map(|row| row.get(0)).transpose()
}

/// Returns the entries of a log before position `seq`, newest first, and `limit` of them at most.
pub async fn before(tx: &mut Tx, log: Log, seq: i64, limit: i64) -> Result<Vec<Entry>> {
    let columns = Entry::COLUMNS;
    let sql = format!(
        "SELECT {columns} FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND seq < ?2
         ORDER BY seq DESC LIMIT ?3"
    );
    tx.rows(&sql, &[&log.key(), &seq, &limit]).await?.iter().map(Entry::from_row).collect()
}

/// Returns the entries of a log at positions from `from` to before `to`, oldest first.
pub async fn range(tx: &mut Tx, log: Log, from: i64, to: i64) -> Result<Vec<Entry>> {
    let columns = Entry::COLUMNS;
    let sql = format!(
        "SELECT {columns} FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND seq >= ?2 AND seq < ?3
         ORDER BY seq"
    );
    tx.rows(&sql, &[&log.key(), &from, &to]).await?.iter().map(Entry::from_row).collect()
}

/// Returns the entries of a log that are of this type, oldest first.
pub async fn of_type(tx: &mut Tx, log: Log, action: &str) -> Result<Vec<Entry>> {
    let columns = Entry::COLUMNS;
    let sql = format!(
        "SELECT {columns} FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND action = ?2 ORDER BY seq"
    );
    tx.rows(&sql, &[&log.key(), &action]).await?.iter().map(Entry::from_row).collect()
}

/// Returns the entries of a log from a position on that have one of these actions, newest first.
pub async fn with_actions(tx: &mut Tx, log: Log, from: u64, actions: &[&'static str]) -> Result<Vec<Entry>> {
    let (columns, actions) = (Entry::COLUMNS, actions.join("', '"));
    let sql = format!(
        "SELECT {columns} FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND seq >= ?2
         AND action IN ('{actions}') ORDER BY seq DESC"
    );
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    tx.rows(&sql, &[&log.key(), &from]).await?.iter().map(Entry::from_row).collect()
}

/// Returns how many entries of a log there are up to the last one that is not after this time.
pub async fn size_at(tx: &mut Tx, log: Log, time: Time) -> Result<u64> {
    let last = "SELECT MAX(seq) FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND ts <= ?2";
    let last: Option<i64> = tx.one(last, &[&log.key(), &time]).await?.get(0)?;
    Ok(last.map_or(0, |last| last.unsigned_abs() + 1))
}

/// Returns how many entries of a room's log there are up to the end of its last adoption. 0 if it was never adopted.
pub async fn adopted(tx: &mut Tx, log: Log) -> Result<u64> {
    let last = "SELECT MAX(seq) FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND action = 'room_adopted'";
    let last: Option<i64> = tx.one(last, &[&log.key()]).await?.get(0)?;
    Ok(last.map_or(0, |last| last.unsigned_abs() + 1))
}

/// Returns what each actor has added to a log with the entries at these positions that are not before this time.
pub async fn added(tx: &mut Tx, log: Log, at: Range<u64>, since: Time) -> Result<AddedByActor> {
    let [from, to] = [at.start, at.end].map(|at| i64::try_from(at).unwrap_or(i64::MAX));
    let entries = "FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND seq >= ?2 AND seq < ?3 AND ts >= ?4";
    let key = log.key();
    let count = format!("SELECT actor, COUNT(*) {entries} GROUP BY actor");
    let mut added = AddedByActor::new();
    for row in tx.rows(&count, &[&key, &from, &to, &since]).await? {
        added.insert(row.get(0)?, Added { entries: row.get::<i64>(1)?.unsigned_abs(), bytes: 0 });
    }
    let uploads = format!("SELECT actor, meta_json {entries} AND action = ?5");
    for row in tx.rows(&uploads, &[&key, &from, &to, &since, &UPLOADED]).await? {
        let meta: Value = serde_json::from_str(&row.get::<String>(1)?)
            .map_err(|error| Error::internal(format!("meta_json: {error}")))?;
        if let Some(added) = added.get_mut(&row.get::<String>(0)?) {
            added.bytes += Added::by_entry(UPLOADED, &meta).bytes;
        }
    }
    Ok(added)
}

/// Returns the position of an entry in a log. `None` if the log does not have it.
pub async fn position(tx: &mut Tx, log: Log, id: EntryId) -> Result<Option<i64>> {
    let find = "SELECT seq FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND id = ?2";
    tx.opt(find, &[&log.key(), &id]).await?.map(|row| row.get(0)).transpose()
}

/// Returns the position of a log's last entry of this type that names this id. `None` if there is none.
pub async fn last_about(tx: &mut Tx, log: Log, action: &str, id: &str) -> Result<Option<i64>> {
    let find = "SELECT MAX(seq) FROM activity_log
                WHERE COALESCE(room_id, 'platform') = ?1 AND action = ?2 AND meta_json LIKE ?3";
    tx.one(find, &[&log.key(), &action, &format!("%\"{id}\"%")]).await?.get(0)
}

/// Returns what a log's last entry of this type tells that names this id. `None` if there is none.
pub async fn last_meta_about(tx: &mut Tx, log: Log, action: &str, id: &str) -> Result<Option<Value>> {
    let Some(seq) = last_about(tx, log, action, id).await? else { return Ok(None) };
    let entry = range(tx, log, seq, seq + 1).await?.pop();
    Ok(entry.map(|entry| entry.meta))
}

/// Returns a part of one log, or of all, newest first, how many entries match in all, and which part it is.
pub async fn list(tx: &mut Tx, log: Option<Log>, filter: &Filter, seek: &Seek) -> Result<Found<Entry>> {
    let from = filter.from.unwrap_or(Time::EARLIEST);
    let to = filter.to.unwrap_or(Time::LATEST);
    // Positions order one log. Among logs only the time does, with the id to make pages stable.
    let (scope, order, columns) = match log {
        Some(_) => ("COALESCE(room_id, 'platform') = ?5", "seq DESC", "seq"),
        None => ("CAST(?5 AS TEXT) IS NULL", "ts DESC, id DESC", "ts, id"),
    };
    let key = log.map(Log::key);
    let rows = format!("{scope} AND {MATCHES}");
    let list =
        Sorted { table: "activity_log", among: scope, rows: &rows, columns, is_newest_first: true, removals: None };
    let page = seek.resolve(tx, list, &[&filter.actor, &filter.action, &from, &to, &key]).await?;
    let matches = format!("FROM activity_log WHERE {rows}");
    let params: [&dyn Param; 7] = [&filter.actor, &filter.action, &from, &to, &key, &page.limit, &page.offset];
    let total = tx.one(&format!("SELECT COUNT(*) {matches}"), &params[..5]).await?.get(0)?;
    let columns = Entry::COLUMNS;
    let rows = tx.rows(&format!("SELECT {columns} {matches} ORDER BY {order} LIMIT ?6 OFFSET ?7"), &params).await?;
    Ok((rows.iter().map(Entry::from_row).collect::<Result<_>>()?, total, page))
}
