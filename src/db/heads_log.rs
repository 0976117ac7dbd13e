//! The tables of the log of heads: `heads_log`, `head_entries`, `head_nodes` and `head_checkpoints`, and `head_witnesses`,
//! which says how far each witness has seen it.

use std::collections::HashMap;

use room::{Log, Time};

use super::{Param, Row, Tx};
use crate::{
    error::{Error, Result},
    evidence::{CompactRange, Hash, Node, Place, Question},
};

/// How many nodes one statement takes at most.
const BATCH: usize = 200;
/// How many heads of one log are looked at for one that leads on from a receipt.
const CANDIDATES: i64 = 20;

/// The head of the log of heads.
#[derive(Debug, Clone)]
pub struct HeadsLog {
    /// Its name in its checkpoints.
    pub origin: String,
    /// The number of its entries.
    pub size: u64,
    /// The signed checkpoint of so many entries. `None` before the first one.
    pub checkpoint: Option<String>,
}

/// A head of a log, as an entry of the log of heads has it.
#[derive(Debug, Clone)]
pub struct HeadEntry {
    /// The position in the log of heads, from 0.
    pub position: u64,
    /// The log whose head it is, by its key.
    pub log: String,
    /// The name of that log.
    pub origin: String,
    /// The number of entries of that log.
    pub size: u64,
    /// The head, a signed note.
    pub head: String,
    /// What is hashed with it.
    pub salt: Hash,
    /// The entry: the hash of both.
    pub commitment: Hash,
}

/// How far a witness has seen the log of heads.
#[derive(Debug, Clone)]
pub struct Sight {
    /// The public key of the witness.
    pub witness: String,
    /// The name of the log of heads when it was seen.
    pub origin: String,
    /// The size of the largest head that the witness has cosigned.
    pub size: u64,
    /// Why the last attempt failed. `None` if it did not.
    pub fault: Option<String>,
    /// When the last attempt was.
    pub seen_at: Time,
}

fn number(size: u64) -> Result<i64> {
    i64::try_from(size).map_err(|_| Error::internal("the log of heads is full"))
}

fn hash(bytes: Vec<u8>) -> Result<Hash> {
    bytes.try_into().map_err(|_| Error::internal("a hash of another length in the log of heads"))
}

/// Locks the log of heads until the end of the transaction, and returns it. If there is none yet, it begins as `origin`.
pub async fn lock(tx: &mut Tx, origin: &str) -> Result<HeadsLog> {
    // An upsert, as for other logs: on PostgreSQL it locks the row, also if it is new.
    let sql = "INSERT INTO heads_log (id, origin, size) VALUES (1, ?1, 0)
               ON CONFLICT (id) DO UPDATE SET origin = heads_log.origin RETURNING origin, size, checkpoint";
    from_row(&tx.one(sql, &[&origin]).await?)
}

/// Returns the log of heads. `None` before its first entry.
pub async fn find(tx: &mut Tx) -> Result<Option<HeadsLog>> {
    tx.opt("SELECT origin, size, checkpoint FROM heads_log", &[]).await?.as_ref().map(from_row).transpose()
}

fn from_row(row: &Row) -> Result<HeadsLog> {
    Ok(HeadsLog { origin: row.get(0)?, size: row.get::<i64>(1)?.unsigned_abs(), checkpoint: row.get(2)? })
}

/// A log whose present head is not in the log of heads.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The key of the log.
    pub log: String,
    /// The name of the log.
    pub origin: String,
    /// The number of its entries.
    pub size: u64,
    /// Its signed head.
    pub head: String,
}

/// Returns logs whose present head is not in the log of heads, by their keys.
pub async fn changed(tx: &mut Tx, limit: i64) -> Result<Vec<Changed>> {
    let sql = "SELECT l.room_id, l.origin, l.size, l.checkpoint FROM room_logs l
               WHERE l.checkpoint IS NOT NULL AND l.origin IS NOT NULL AND l.size > 0 AND NOT EXISTS (
                   SELECT 1 FROM head_entries h WHERE h.log = l.room_id AND h.size = l.size AND h.origin = l.origin)
               ORDER BY l.room_id LIMIT ?1";
    let changed = |row: &Row| {
        let size = row.get::<i64>(2)?.unsigned_abs();
        Ok(Changed { log: row.get(0)?, origin: row.get(1)?, size, head: row.get(3)? })
    };
    tx.rows(sql, &[&limit]).await?.iter().map(changed).collect()
}

/// Adds entries.
pub async fn append(tx: &mut Tx, entries: &[HeadEntry]) -> Result<()> {
    let insert = "INSERT INTO head_entries (position, log, origin, size, head, salt, commitment)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    for entry in entries {
        let (position, size) = (number(entry.position)?, number(entry.size)?);
        let (salt, commitment) = (entry.salt.as_slice(), entry.commitment.as_slice());
        let params: [&dyn Param; 7] = [&position, &entry.log, &entry.origin, &size, &entry.head, &salt, &commitment];
        tx.exec(insert, &params).await?;
    }
    Ok(())
}

/// Adds nodes to the tree.
pub async fn insert_nodes(tx: &mut Tx, nodes: &[Node]) -> Result<()> {
    for Node { place, hash } in nodes {
        let (level, number) = (i64::from(place.level), number(place.index)?);
        let insert = "INSERT INTO head_nodes (level, number, hash) VALUES (?1, ?2, ?3)";
        tx.exec(insert, &[&level, &number, &hash.as_slice()]).await?;
    }
    Ok(())
}

/// Stores the head with its signed checkpoint.
pub async fn set_head(tx: &mut Tx, log: &HeadsLog, note: &str, now: Time) -> Result<()> {
    let size = number(log.size)?;
    let update = "UPDATE heads_log SET origin = ?1, size = ?2, checkpoint = ?3 WHERE id = 1";
    tx.exec(update, &[&log.origin, &size, &note]).await?;
    let insert = "INSERT INTO head_checkpoints (size, note, made_at) VALUES (?1, ?2, ?3)
                  ON CONFLICT (size) DO UPDATE SET note = excluded.note, cosignatures = 0, made_at = excluded.made_at";
    tx.exec(insert, &[&size, &note, &now]).await.map(drop)
}

/// Returns the hashes at these places of the tree, in their order. `None` if one of them is missing.
async fn hashes(tx: &mut Tx, places: &[Place]) -> Result<Option<Vec<Hash>>> {
    let mut found = HashMap::new();
    for places in places.chunks(BATCH) {
        let mut numbers = Vec::new();
        for place in places {
            numbers.push((i64::from(place.level), number(place.index)?));
        }
        let select = |at: usize| {
            format!(
                "SELECT level, number, hash FROM head_nodes WHERE level = ?{} AND number = ?{}",
                2 * at + 1,
                2 * at + 2
            )
        };
        let selects: Vec<String> = (0..numbers.len()).map(select).collect();
        let params: Vec<&dyn Param> =
            numbers.iter().flat_map(|(level, number)| [level as &dyn Param, number as &dyn Param]).collect();
        for row in tx.rows(&selects.join(" UNION ALL "), &params).await? {
            found.insert((row.get::<i64>(0)?, row.get::<i64>(1)?.unsigned_abs()), hash(row.get(2)?)?);
        }
    }
    Ok(places.iter().map(|place| found.get(&(i64::from(place.level), place.index)).copied()).collect())
}

/// Returns the tree over so many first entries. `None` if one of its nodes is missing.
pub async fn range_at(tx: &mut Tx, size: u64) -> Result<Option<CompactRange>> {
    let hashes = hashes(tx, &CompactRange::places_of(size)).await?;
    Ok(hashes.and_then(|hashes| CompactRange::from_parts(size, &hashes.concat())))
}

/// Returns the hashes that prove what the question asks. `None` if a node is missing.
pub async fn answer(tx: &mut Tx, question: Question) -> Result<Option<Vec<Hash>>> {
    Ok(hashes(tx, &question.places()).await?.and_then(|hashes| question.answer(&hashes)))
}

/// Returns the heads of a log that have more than so many entries, the first ones.
pub async fn heads_above(tx: &mut Tx, log: Log, size: u64) -> Result<Vec<HeadEntry>> {
    let select = "SELECT position, log, origin, size, head, salt, commitment FROM head_entries
                  WHERE log = ?1 AND size > ?2 ORDER BY position LIMIT ?3";
    let rows = tx.rows(select, &[&log.key(), &number(size)?, &CANDIDATES]).await?;
    rows.iter().map(entry_from_row).collect()
}

/// Returns entries from a position on, in their order.
pub async fn entries(tx: &mut Tx, from: u64, limit: u64) -> Result<Vec<HeadEntry>> {
    let select = "SELECT position, log, origin, size, head, salt, commitment FROM head_entries
                  WHERE position >= ?1 ORDER BY position LIMIT ?2";
    let rows = tx.rows(select, &[&number(from)?, &number(limit)?]).await?;
    rows.iter().map(entry_from_row).collect()
}

fn entry_from_row(row: &Row) -> Result<HeadEntry> {
    Ok(HeadEntry {
        position: row.get::<i64>(0)?.unsigned_abs(),
        log: row.get(1)?,
        origin: row.get(2)?,
        size: row.get::<i64>(3)?.unsigned_abs(),
        head: row.get(4)?,
        salt: hash(row.get(5)?)?,
        commitment: hash(row.get(6)?)?,
    })
}

/// Returns the nodes of a level from a number on, in their order.
pub async fn nodes(tx: &mut Tx, from: Place, limit: u64) -> Result<Vec<Hash>> {
    let select = "SELECT hash FROM head_nodes WHERE level = ?1 AND number >= ?2 ORDER BY number LIMIT ?3";
    let level = i64::from(from.level);
    let rows = tx.rows(select, &[&level, &number(from.index)?, &number(limit)?]).await?;
    rows.iter().map(|row| hash(row.get(0)?)).collect()
}

/// Returns the newest checkpoint of more than so many entries: one that witnesses have seen, if there is one.
pub async fn newest_checkpoint(tx: &mut Tx, above: u64) -> Result<Option<String>> {
    let select = "SELECT note FROM head_checkpoints WHERE size > ?1
                  ORDER BY CASE WHEN cosignatures > 0 THEN 0 ELSE 1 END, size DESC LIMIT 1";
    tx.opt(select, &[&number(above)?]).await?.map(|row| row.get(0)).transpose()
}

/// Returns the checkpoint of so many entries.
pub async fn checkpoint_of(tx: &mut Tx, size: u64) -> Result<Option<String>> {
    let select = "SELECT note FROM head_checkpoints WHERE size = ?1";
    tx.opt(select, &[&number(size)?]).await?.map(|row| row.get(0)).transpose()
}

/// Stores a checkpoint with one more cosignature, and drops those that are of no use any more: older ones without
/// any.
pub async fn cosign(tx: &mut Tx, size: u64, note: &str) -> Result<()> {
    let size = number(size)?;
    let update = "UPDATE head_checkpoints SET note = ?2, cosignatures = cosignatures + 1 WHERE size = ?1";
    tx.exec(update, &[&size, &note]).await?;
    tx.exec("DELETE FROM head_checkpoints WHERE size < ?1 AND cosignatures = 0", &[&size]).await.map(drop)
}

/// Returns when the newest checkpoint was made. `None` if there is none.
pub async fn made_at(tx: &mut Tx) -> Result<Option<Time>> {
    tx.opt("SELECT made_at FROM head_checkpoints ORDER BY size DESC LIMIT 1", &[])
        .await?
        .map(|row| row.get(0))
        .transpose()
}

/// Returns how far each witness has seen the log.
pub async fn sights(tx: &mut Tx) -> Result<Vec<Sight>> {
    let rows =
        tx.rows("SELECT witness, origin, size, fault, seen_at FROM head_witnesses ORDER BY witness", &[]).await?;
    let sight = |row: &Row| {
        Ok(Sight {
            witness: row.get(0)?,
            origin: row.get(1)?,
            size: row.get::<i64>(2)?.unsigned_abs(),
            fault: row.get(3)?,
            seen_at: row.get(4)?,
        })
    };
    rows.iter().map(sight).collect()
}

/// Remembers how far a witness has seen the log.
pub async fn see(tx: &mut Tx, sight: &Sight) -> Result<()> {
    let Sight { witness, origin, size, fault, seen_at } = sight;
    let upsert = "INSERT INTO head_witnesses (witness, origin, size, fault, seen_at) VALUES (?1, ?2, ?3, ?4, ?5)
                  ON CONFLICT (witness) DO UPDATE SET origin = excluded.origin, size = excluded.size,
                  fault = excluded.fault, seen_at = excluded.seen_at";
    tx.exec(upsert, &[witness, origin, &number(*size)?, fault, seen_at]).await.map(drop)
}
