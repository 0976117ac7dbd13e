//! `room_logs`, `log_nodes` and `log_keys`: where each log stands, the tree over it, and who signs it.

use super::{Param, Row, Tx};
use crate::{
    domain::{Log, Time},
    error::{Error, Result},
    evidence::{CompactRange, Hash, Node, Place, Question},
};

/// Nodes written by one statement at most.
const BATCH: usize = 200;

/// Where a log stands.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its tree.
    pub range: CompactRange,
    /// Its name in its checkpoints; none before its first one.
    pub origin: Option<String>,
    /// The signed checkpoint of just this; none where nothing was appended since there are checkpoints.
    pub checkpoint: Option<String>,
}

fn read(log: Log, row: &Row) -> Result<Head> {
    let frontier: Vec<u8> = row.get(1)?;
    let range = CompactRange::from_parts(row.get::<i64>(0)?.unsigned_abs(), &frontier)
        .ok_or_else(|| Error::internal(format!("the head of the log of {} is damaged", log.key())))?;
    Ok(Head { range, origin: row.get(2)?, checkpoint: row.get(3)? })
}

/// Takes the row of the log's head, made at the log's first entry, and holds it until the end. Where
/// the log has no name yet, it has this one from now on.
pub async fn lock_head(tx: &mut Tx, log: Log, origin: &str) -> Result<Head> {
    let row = tx
        .one(
            "INSERT INTO room_logs (room_id, size, frontier, origin) VALUES (?1, 0, ?2, ?3)
             ON CONFLICT (room_id) DO UPDATE SET origin = COALESCE(room_logs.origin, excluded.origin)
             RETURNING size, frontier, origin, checkpoint",
            &[&log.key(), &Vec::<u8>::new(), &origin],
        )
        .await?;
    read(log, &row)
}

/// Where a log stands; none where it has no entry.
pub async fn head(tx: &mut Tx, log: Log) -> Result<Option<Head>> {
    let select = "SELECT size, frontier, origin, checkpoint FROM room_logs WHERE room_id = ?1";
    tx.opt(select, &[&log.key()]).await?.map(|row| read(log, &row)).transpose()
}

/// Stores where the log stands now, with its checkpoint.
pub async fn set_head(tx: &mut Tx, log: Log, range: &CompactRange, checkpoint: &str) -> Result<()> {
    let size = i64::try_from(range.size()).map_err(|_| Error::internal("a log is full"))?;
    let update = "UPDATE room_logs SET size = ?2, frontier = ?3, checkpoint = ?4 WHERE room_id = ?1";
    tx.exec(update, &[&log.key(), &size, &range.frontier(), &checkpoint]).await.map(drop)
}

/// Adds nodes.
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

/// The hash at a place of the tree; none where there is none.
pub async fn node(tx: &mut Tx, log: Log, place: Place) -> Result<Option<Hash>> {
    let row = if place.level == 0 {
        let leaf = "SELECT leaf_hash FROM activity_log WHERE COALESCE(room_id, 'platform') = ?1 AND seq = ?2";
        tx.opt(leaf, &[&log.key(), &number(place)]).await?
    } else {
        let inner = "SELECT hash FROM log_nodes WHERE log = ?1 AND level = ?2 AND number = ?3";
        tx.opt(inner, &[&log.key(), &i64::from(place.level), &number(place)]).await?
    };
    let Some(row) = row else { return Ok(None) };
    let hash: Vec<u8> = row.get(0)?;
    Ok(hash.try_into().ok())
}

/// Answers a question from the stored nodes.
pub async fn answer(tx: &mut Tx, log: Log, question: Question) -> Result<Vec<Hash>> {
    let damaged = || Error::internal(format!("the tree of the log of {} lacks nodes; `fsck` says which", log.key()));
    let mut hashes = Vec::new();
    for place in question.places() {
        hashes.push(node(tx, log, place).await?.ok_or_else(damaged)?);
    }
    question.answer(&hashes).ok_or_else(damaged)
}

/// Adds a public key; false where it is known.
pub async fn add_key(tx: &mut Tx, public_key: &str, now: Time) -> Result<bool> {
    let insert = "INSERT INTO log_keys (public_key, added_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    Ok(tx.exec(insert, &[&public_key, &now]).await? == 1)
}

/// Every public key, the newest first.
pub async fn keys(tx: &mut Tx) -> Result<Vec<String>> {
    let rows = tx.rows("SELECT public_key FROM log_keys ORDER BY added_at DESC, public_key", &[]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Writes the nodes of the logs that are from before nodes were kept.
pub(super) async fn fill(tx: &mut Tx) -> Result<()> {
    for row in tx.rows("SELECT room_id, size FROM room_logs ORDER BY room_id", &[]).await? {
        let key: String = row.get(0)?;
        let log = key.parse().map_or(Log::Platform, Log::Room);
        let mut tree = CompactRange::empty();
        let mut nodes = Vec::new();
        for index in 0..row.get::<i64>(1)?.unsigned_abs() {
            let lost = || Error::setup(format!("the log of {key} lacks its entry {index}; nothing was changed"));
            let leaf = node(tx, log, Place { level: 0, index }).await?.ok_or_else(lost)?;
            nodes.extend(tree.push(leaf));
            if nodes.len() >= BATCH {
                insert_nodes(tx, log, &nodes).await?;
                nodes.clear();
            }
        }
        insert_nodes(tx, log, &nodes).await?;
    }
    Ok(())
}
