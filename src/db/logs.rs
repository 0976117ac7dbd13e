//! The tables `room_logs`, `log_nodes` and `log_keys`: the head of each log, the tree over its entries, and the keys
//! that have signed its checkpoints.

use std::collections::HashMap;

use room::{Log, Time};
use serde_json::Value;

use super::{Param, Row, Tx};
use crate::{
    error::{Error, Result},
    evidence::{CompactRange, Hash, Node, Place, Question, Succession},
};

/// How many nodes one statement adds at most. Each takes three parameters, of which SQLite allows 32,766.
const BATCH: usize = 200;

/// How many leaves are read at once.
const LEAVES: i64 = 2_000;

/// The head of a log: the tree over its entries, and the checkpoint that signs it.
#[derive(Debug, Clone)]
pub struct Head {
    /// The tree over its entries, as far as appending needs it.
    pub range: CompactRange,
    /// The log's name in its checkpoints. `None` before the first one.
    pub origin: Option<String>,
    /// The signed checkpoint of exactly this tree. `None` if nothing was appended since there are checkpoints.
    pub checkpoint: Option<String>,
}

fn head_from_row(log: Log, row: &Row) -> Result<Head> {
    let frontier: Vec<u8> = row.get(1)?;
    let range = CompactRange::from_parts(row.get::<i64>(0)?.unsigned_abs(), &frontier)
        .ok_or_else(|| Error::internal(format!("the head of the log of {} is damaged", log.key())))?;
    Ok(Head { range, origin: row.get(2)?, checkpoint: row.get(3)? })
}

/// Locks the head of a log until the end of the transaction, and returns it. The row is created with the first entry.
///
/// A log that has no name yet gets `origin`.
pub async fn lock_head(tx: &mut Tx, log: Log, origin: &str) -> Result<Head> {
    // An upsert, even if nothing changes: on PostgreSQL it locks the row, which makes appends to one log wait for each
    // other. SELECT … FOR UPDATE would find nothing to lock at the first entry.
    let row = tx
        .one(
            "INSERT INTO room_logs (room_id, size, frontier, origin) VALUES (?1, 0, ?2, ?3)
             ON CONFLICT (room_id) DO UPDATE SET origin = COALESCE(room_logs.origin, excluded.origin)
             RETURNING size, frontier, origin, checkpoint",
            &[&log.key(), &Vec::<u8>::new(), &origin],
        )
        .await?;
    head_from_row(log, &row)
}

/// Returns the head of a log. `None` if the log has no entry.
pub async fn head(tx: &mut Tx, log: Log) -> Result<Option<Head>> {
    let select = "SELECT size, frontier, origin, checkpoint FROM room_logs WHERE room_id = ?1";
    tx.opt(select, &[&log.key()]).await?.map(|row| head_from_row(log, &row)).transpose()
}

/// How many rooms [`last_entries`] returns at once.
const ROOMS: i64 = 1_000;

/// The last entry of a room's log.
#[derive(Debug, Clone)]
pub struct LastEntry {
    /// The key of the log: the id of the room, as text.
    pub key: String,
    /// The type of the event. `None` if the entry that the head counts last is missing.
    pub action: Option<String>,
    /// The fields of the event, as JSON. `None` for a part of an adopted state, which is long, and if it is missing.
    pub meta_json: Option<String>,
}

/// Returns the last entries of the logs of rooms whose keys follow `after`: up to 1,000 of them, by key. The logs of
/// deleted rooms are among them.
pub async fn last_entries(tx: &mut Tx, after: &str) -> Result<Vec<LastEntry>> {
    let sql = "SELECT l.room_id, e.action, CASE WHEN e.action = 'room_adopted' THEN NULL ELSE e.meta_json END
         FROM room_logs l
         LEFT JOIN activity_log e ON COALESCE(e.room_id, 'platform') = l.room_id AND e.seq = l.size - 1
         WHERE l.size > 0 AND l.room_id <> ?1 AND l.room_id > ?2 ORDER BY l.room_id LIMIT ?3";
    let rows = tx.rows(sql, &[&Log::Platform.key(), &after, &ROOMS]).await?;
    rows.iter().map(|row| Ok(LastEntry { key: row.get(0)?, action: row.get(1)?, meta_json: row.get(2)? })).collect()
}

/// Returns the heads of some logs, by their keys. Those that have no entry are not among them.
pub async fn heads(tx: &mut Tx, logs: &[Log]) -> Result<Vec<(Log, Head)>> {
    let mut heads = Vec::new();
    for logs in logs.chunks(BATCH) {
        let keys: Vec<String> = logs.iter().map(|log| log.key()).collect();
        let places: Vec<String> = (1..=keys.len()).map(|number| format!("?{number}")).collect();
        let params: Vec<&dyn Param> = keys.iter().map(|key| key as &dyn Param).collect();
        let select = format!(
            "SELECT size, frontier, origin, checkpoint, room_id FROM room_logs WHERE room_id IN ({})",
            places.join(", ")
        );
        for row in tx.rows(&select, &params).await? {
            let key: String = row.get(4)?;
            let Some(log) = logs.iter().find(|log| log.key() == key) else { continue };
            heads.push((*log, head_from_row(*log, &row)?));
        }
    }
    Ok(heads)
}

/// Has a log go on under another origin.
pub async fn set_origin(tx: &mut Tx, log: Log, origin: &str) -> Result<()> {
    tx.exec("UPDATE room_logs SET origin = ?2 WHERE room_id = ?1", &[&log.key(), &origin]).await.map(drop)
}

/// Stores the new head of a log with its checkpoint, and notifies those who follow its room.
pub async fn set_head(tx: &mut Tx, log: Log, range: &CompactRange, checkpoint: &str) -> Result<()> {
    let size = i64::try_from(range.size()).map_err(|_| Error::internal("a log is full"))?;
    let update = "UPDATE room_logs SET size = ?2, frontier = ?3, checkpoint = ?4 WHERE room_id = ?1";
    tx.exec(update, &[&log.key(), &size, &range.frontier(), &checkpoint]).await?;
    match log.room() {
        Some(room) => tx.notify(room).await,
        None => Ok(()),
    }
}

/// Adds nodes to the tree of a log.
pub async fn insert_nodes(tx: &mut Tx, log: Log, nodes: &[Node]) -> Result<()> {
    for nodes in nodes.chunks(BATCH) {
        let key = log.key();
        let columns: Vec<(i64, i64, &[u8])> = nodes
            .iter()
            .map(|Node { place, hash }| (i64::from(place.level), number(*place), hash.as_slice()))
            .collect();
        let values: Vec<String> =
            (0..nodes.len()).map(|i| format!("(?1, ?{}, ?{}, ?{})", 3 * i + 2, 3 * i + 3, 3 * i + 4)).collect();
        let mut params: Vec<&dyn Param> = vec![&key];
        for (level, number, hash) in &columns {
            params.extend([level as &dyn Param, number, hash]);
        }
        let sql = format!("INSERT INTO log_nodes (log, level, number, hash) VALUES {}", values.join(", "));
        tx.exec(&sql, &params).await?;
    }
    Ok(())
}

fn number(place: Place) -> i64 {
    i64::try_from(place.index).unwrap_or(i64::MAX)
}

/// Returns the hashes at these places of the tree, in their order. `None` for each that is not stored, or is damaged.
async fn hashes(tx: &mut Tx, log: Log, places: &[Place]) -> Result<Vec<Option<Hash>>> {
    let mut found = HashMap::new();
    let key = log.key();
    for places in places.chunks(BATCH) {
        let numbers: Vec<(i64, i64)> = places.iter().map(|place| (i64::from(place.level), number(*place))).collect();
        let mut params: Vec<&dyn Param> = vec![&key];
        let mut selects = Vec::new();
        // One for each place, which is found by its key: neither database is sure to do so for a list of pairs.
        for (level, number) in &numbers {
            params.extend([level as &dyn Param, number]);
            let (level_at, number_at) = (params.len() - 1, params.len());
            selects.push(if *level == 0 {
                format!(
                    "SELECT CAST(?{level_at} AS BIGINT), seq, leaf_hash FROM activity_log
                     WHERE COALESCE(room_id, 'platform') = ?1 AND seq = ?{number_at}"
                )
            } else {
                format!(
                    "SELECT level, number, hash FROM log_nodes
                     WHERE log = ?1 AND level = ?{level_at} AND number = ?{number_at}"
                )
            });
        }
        for row in tx.rows(&selects.join(" UNION ALL "), &params).await? {
            let hash: Vec<u8> = row.get(2)?;
            if let Ok(hash) = Hash::try_from(hash) {
                found.insert((row.get::<i64>(0)?, row.get::<i64>(1)?), hash);
            }
        }
    }
    Ok(places.iter().map(|place| found.get(&(i64::from(place.level), number(*place))).copied()).collect())
}

/// Returns the tree over so many first entries of a log, from the stored nodes. `None` if one of them is missing.
pub async fn range_at(tx: &mut Tx, log: Log, size: u64) -> Result<Option<CompactRange>> {
    let hashes: Option<Vec<Hash>> = hashes(tx, log, &CompactRange::places_of(size)).await?.into_iter().collect();
    Ok(hashes.and_then(|hashes| CompactRange::from_parts(size, &hashes.concat())))
}

/// Returns the hashes that prove what the question asks, from the stored nodes. `None` if one of them is missing.
pub async fn answer_if_stored(tx: &mut Tx, log: Log, question: Question) -> Result<Option<Vec<Hash>>> {
    let hashes: Option<Vec<Hash>> = hashes(tx, log, &question.places()).await?.into_iter().collect();
    Ok(hashes.and_then(|hashes| question.answer(&hashes)))
}

/// Returns the hashes that prove what the question asks, from the stored nodes.
pub async fn answer(tx: &mut Tx, log: Log, question: Question) -> Result<Vec<Hash>> {
    let damaged = || Error::internal(format!("the tree of the log of {} lacks nodes; `fsck` says which", log.key()));
    answer_if_stored(tx, log, question).await?.ok_or_else(damaged)
}

/// Adds a public key. Returns `false` if it is known already.
pub async fn add_key(tx: &mut Tx, public_key: &str, now: Time) -> Result<bool> {
    let insert = "INSERT INTO log_keys (public_key, added_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    Ok(tx.exec(insert, &[&public_key, &now]).await? == 1)
}

/// Returns every public key, the newest first.
pub async fn keys(tx: &mut Tx) -> Result<Vec<String>> {
    let rows = tx.rows("SELECT public_key FROM log_keys ORDER BY added_at DESC, public_key", &[]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Returns every public key and when it was added, the oldest first.
pub async fn keys_with_times(tx: &mut Tx) -> Result<Vec<(String, Time)>> {
    let rows = tx.rows("SELECT public_key, added_at FROM log_keys ORDER BY added_at, public_key", &[]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Returns every public key that entries of the platform's log name.
pub async fn told_keys(tx: &mut Tx) -> Result<Vec<String>> {
    let entries = "SELECT meta_json FROM activity_log WHERE room_id IS NULL
                   AND action IN ('log_key_added', 'log_key_rotated') ORDER BY seq DESC";
    let mut keys = Vec::new();
    for row in tx.rows(entries, &[]).await? {
        let meta: Value = serde_json::from_str(&row.get::<String>(0)?)
            .map_err(|error| Error::internal(format!("meta_json: {error}")))?;
        let named = ["public_key", "to", "from"].iter().filter_map(|name| meta[name].as_str());
        for key in named {
            if !keys.iter().any(|known| known == key) {
                keys.push(key.to_owned());
            }
        }
    }
    Ok(keys)
}

/// Returns since when every head is signed, as entries of the platform's log have it: since the first key, or the first
/// one after checkpoints were taken back with the step `taken_back` of the schema. `None` if none is.
pub async fn signed_since(tx: &mut Tx, taken_back: &str) -> Result<Option<Time>> {
    let entries = "SELECT action, meta_json, ts FROM activity_log WHERE room_id IS NULL
                   AND action IN ('log_key_added', 'log_key_rotated', 'schema_taken_back') ORDER BY seq";
    let mut since = None;
    for row in tx.rows(entries, &[]).await? {
        let meta: Value = serde_json::from_str(&row.get::<String>(1)?)
            .map_err(|error| Error::internal(format!("meta_json: {error}")))?;
        if row.get::<String>(0)? != "schema_taken_back" {
            since = since.or(Some(row.get(2)?));
        } else if meta["migrations"].as_array().is_some_and(|steps| steps.contains(&Value::from(taken_back))) {
            since = None;
        }
    }
    Ok(since)
}

/// Returns the rotations that entries of the platform's log tell of, in their order.
pub async fn successions(tx: &mut Tx) -> Result<Vec<Succession>> {
    let entries =
        "SELECT meta_json FROM activity_log WHERE room_id IS NULL AND action = 'log_key_rotated' ORDER BY seq";
    let of_row = |row: &Row| {
        let meta: Value = serde_json::from_str(&row.get::<String>(0)?)
            .map_err(|error| Error::internal(format!("meta_json: {error}")))?;
        let text = |name: &str| meta[name].as_str().unwrap_or_default().to_owned();
        Ok(Succession { from: text("from"), to: text("to"), note: text("signed") })
    };
    tx.rows(entries, &[]).await?.iter().map(of_row).collect()
}

/// Returns the notes about keys that entries of the platform's log tell of from this entry on, in their order, and the
/// number of entries that the log has.
pub async fn key_notes(tx: &mut Tx, from: u64) -> Result<(Vec<String>, u64)> {
    let size = head(tx, Log::Platform).await?.map_or(0, |head| head.range.size());
    let entries = "SELECT meta_json FROM activity_log WHERE COALESCE(room_id, 'platform') = 'platform' AND seq >= ?1
                   AND seq < ?2 AND action IN ('log_key_rotated', 'log_key_revoked') ORDER BY seq";
    let of_row = |row: &Row| {
        let meta: Value = serde_json::from_str(&row.get::<String>(0)?)
            .map_err(|error| Error::internal(format!("meta_json: {error}")))?;
        Ok(meta["signed"].as_str().unwrap_or_default().to_owned())
    };
    let [from, to] = [from, size].map(|size| i64::try_from(size).unwrap_or(i64::MAX));
    let notes: Result<_> = tx.rows(entries, &[&from, &to]).await?.iter().map(of_row).collect();
    Ok((notes?, size))
}

/// Adds the nodes of logs from before nodes were stored, and the keys that the platform's log names: the table of keys
/// may have been dropped and created again meanwhile.
///
/// A log whose entries do not match its head is refused.
pub(super) async fn rebuild_trees(tx: &mut Tx, now: Time) -> Result<()> {
    for row in tx.rows("SELECT room_id, size, frontier FROM room_logs ORDER BY room_id", &[]).await? {
        let key: String = row.get(0)?;
        let log = key.parse().map_or(Log::Platform, Log::Room);
        let (size, mut tree) = (row.get::<i64>(1)?.unsigned_abs(), CompactRange::empty());
        while tree.size() < size {
            let leaves = leaves(tx, log, tree.size()).await?;
            if leaves.is_empty() {
                let lost = tree.size();
                return Err(Error::setup(format!("the log of {key} lacks its entry {lost}; nothing was changed")));
            }
            let nodes: Vec<Node> = leaves.into_iter().flat_map(|leaf| tree.push(leaf)).collect();
            insert_nodes(tx, log, &nodes).await?;
        }
        if tree.frontier() != row.get::<Vec<u8>>(2)? {
            return Err(Error::setup(format!("the log of {key} is not what its head tells; nothing was changed")));
        }
    }
    for key in told_keys(tx).await? {
        add_key(tx, &key, now).await?;
    }
    Ok(())
}

/// Returns the hashes of the next leaves from this one on, up to [`LEAVES`] of them.
async fn leaves(tx: &mut Tx, log: Log, from: u64) -> Result<Vec<Hash>> {
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let select = "SELECT seq, leaf_hash FROM activity_log
                  WHERE COALESCE(room_id, 'platform') = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3";
    let mut leaves = Vec::new();
    for (row, seq) in tx.rows(select, &[&log.key(), &from, &LEAVES]).await?.iter().zip(from..) {
        let hash: Vec<u8> = row.get(1)?;
        // A gap: the entries after it are not read, and the caller reports the first one that is missing.
        if row.get::<i64>(0)? != seq {
            break;
        }
        leaves.push(hash.try_into().map_err(|_| Error::internal("a leaf hash of another length"))?);
    }
    Ok(leaves)
}
