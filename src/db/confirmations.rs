//! The table `confirmations`: what one admin has asked for in a room, and another has still to confirm.

use room::{Deed, RoomId, Time};
use uuid::Uuid;

use super::{Row, Tx};
use crate::error::Result;

/// A request of one admin, which a second one confirms.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is to be done.
    pub deed: Deed,
    /// The id of the room, snapshot or hold that it is to be done to.
    pub subject: Uuid,
    /// The address of the admin who asked.
    pub asked_by: String,
    /// When they asked for it.
    pub asked_at: Time,
    /// The reason that they gave, if any.
    pub reason: Option<String>,
}

/// Only requests of accounts that still are admins count.
const SELECT: &str = "SELECT c.deed, c.subject_id, c.asked_by, c.asked_at, c.reason, c.room_id
    FROM confirmations c JOIN users u ON u.email = c.asked_by AND u.role = 'admin' AND NOT u.disabled";

fn from_row(row: &Row) -> Result<Request> {
    let subject: String = row.get(1)?;
    let subject = subject.parse().map_err(|_| crate::error::Error::internal("a confirmation of no id"))?;
    Ok(Request { deed: row.get(0)?, subject, asked_by: row.get(2)?, asked_at: row.get(3)?, reason: row.get(4)? })
}

/// Returns the requests in a room that were made at `since` or later, by accounts that still are admins.
pub async fn open(tx: &mut Tx, room: RoomId, since: Time) -> Result<Vec<Request>> {
    let sql = format!("{SELECT} WHERE c.room_id = ?1 AND c.asked_at >= ?2");
    tx.rows(&sql, &[&room, &since]).await?.iter().map(from_row).collect()
}

/// Returns the same for all rooms, each request with its room, oldest first.
pub async fn open_anywhere(tx: &mut Tx, since: Time) -> Result<Vec<(RoomId, Request)>> {
    let sql = format!("{SELECT} WHERE c.asked_at >= ?1 ORDER BY c.asked_at, c.subject_id");
    tx.rows(&sql, &[&since]).await?.iter().map(|row| Ok((row.get(5)?, from_row(row)?))).collect()
}

/// Returns every request that is stored for a room, also those that do not count any more, for the adoption of its log.
pub async fn stored(tx: &mut Tx, room: RoomId) -> Result<Vec<Request>> {
    let sql = "SELECT deed, subject_id, asked_by, asked_at, reason FROM confirmations WHERE room_id = ?1";
    tx.rows(sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Deletes the requests that an account has made.
pub async fn forget_of(tx: &mut Tx, email: &str) -> Result<()> {
    tx.exec("DELETE FROM confirmations WHERE asked_by = ?1", &[&email]).await.map(drop)
}
