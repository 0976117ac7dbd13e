//! The tables `sign_in_attempts`, `sign_in_turns` and `known_devices`: what slows down the guessing of passwords, and
//! the devices that are exempt from it.

use room::{Time, UserId};

use super::Tx;
use crate::{error::Result, evidence::Hash};

/// Counts one more attempt under a key, and returns how many there are in the window that ends now. A count that began
/// before the window, or after now, starts again.
pub async fn count_attempt(tx: &mut Tx, key: &Hash, now: Time, window: Time) -> Result<i64> {
    // Counting and reading are one statement: attempts made at the same moment each get a number of their own.
    tx.one(
        "INSERT INTO sign_in_attempts (address_hash, attempts, since) VALUES (?1, 1, ?2)
         ON CONFLICT (address_hash) DO UPDATE SET
             attempts = CASE WHEN sign_in_attempts.since < ?3 OR sign_in_attempts.since > ?2
                 THEN 1 ELSE sign_in_attempts.attempts + 1 END,
             since = CASE WHEN sign_in_attempts.since < ?3 OR sign_in_attempts.since > ?2
                 THEN ?2 ELSE sign_in_attempts.since END
         RETURNING attempts",
        &[&key.as_slice(), &now, &window],
    )
    .await?
    .get(0)
}

/// Takes one attempt under a key back.
pub async fn uncount_attempt(tx: &mut Tx, key: &Hash) -> Result<()> {
    let update = "UPDATE sign_in_attempts SET attempts = attempts - 1 WHERE address_hash = ?1 AND attempts > 0";
    tx.exec(update, &[&key.as_slice()]).await.map(drop)
}

/// Returns since when the attempts under a key are counted.
pub async fn counted_since(tx: &mut Tx, key: &Hash) -> Result<Option<Time>> {
    let row = tx.opt("SELECT since FROM sign_in_attempts WHERE address_hash = ?1", &[&key.as_slice()]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Deletes the count of a key.
pub async fn forget_attempts(tx: &mut Tx, key: &Hash) -> Result<()> {
    tx.exec("DELETE FROM sign_in_attempts WHERE address_hash = ?1", &[&key.as_slice()]).await.map(drop)
}

/// The turn in which a network can try a password for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// What an attempt has to present. The server gave it to the client in this network that had to wait.
    pub ticket: String,
    /// When the turn begins.
    pub due_at: Time,
    /// How many attempts were accepted in it.
    pub heard: i64,
}

/// Returns the turn of a network for an address.
pub async fn turn(tx: &mut Tx, address: &Hash, network: &str) -> Result<Option<Turn>> {
    let select = "SELECT ticket, due_at, heard FROM sign_in_turns WHERE address_hash = ?1 AND network = ?2";
    let row = tx.opt(select, &[&address.as_slice(), &network]).await?;
    row.map(|row| Ok(Turn { ticket: row.get(0)?, due_at: row.get(1)?, heard: row.get(2)? })).transpose()
}

/// Returns when the last turn for an address begins, and the last one of a network for any address.
pub async fn last_turns(tx: &mut Tx, address: &Hash, network: &str) -> Result<(Option<Time>, Option<Time>)> {
    let row = tx
        .one(
            "SELECT (SELECT MAX(due_at) FROM sign_in_turns WHERE address_hash = ?1),
                    (SELECT MAX(due_at) FROM sign_in_turns WHERE network = ?2)",
            &[&address.as_slice(), &network],
        )
        .await?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Stores a turn, in place of the network's earlier one for this address.
pub async fn set_turn(tx: &mut Tx, address: &Hash, network: &str, turn: &Turn) -> Result<()> {
    tx.exec(
        "INSERT INTO sign_in_turns (address_hash, network, ticket, due_at, heard) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (address_hash, network) DO UPDATE SET ticket = ?3, due_at = ?4, heard = ?5",
        &[&address.as_slice(), &network, &turn.ticket, &turn.due_at, &turn.heard],
    )
    .await
    .map(drop)
}

/// Adds a device of an account, or stores that it was used now.
pub async fn keep_device(tx: &mut Tx, device: &Hash, user: UserId, now: Time) -> Result<()> {
    tx.exec(
        "INSERT INTO known_devices (token_hash, user_id, last_used_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (token_hash) DO UPDATE SET last_used_at = ?3",
        &[&device.as_slice(), &user, &now],
    )
    .await
    .map(drop)
}

/// Returns whether this is a device of the account that was used at `since` or later.
pub async fn is_known(tx: &mut Tx, device: &Hash, user: UserId, since: Time) -> Result<bool> {
    let select = "SELECT 1 FROM known_devices WHERE token_hash = ?1 AND user_id = ?2 AND last_used_at >= ?3";
    Ok(tx.opt(select, &[&device.as_slice(), &user, &since]).await?.is_some())
}

/// Returns when each device of an account was last used, the newest first.
pub async fn devices(tx: &mut Tx, user: UserId) -> Result<Vec<Time>> {
    let select = "SELECT last_used_at FROM known_devices WHERE user_id = ?1 ORDER BY last_used_at DESC";
    tx.rows(select, &[&user]).await?.iter().map(|row| row.get(0)).collect()
}

/// Deletes the devices of an account, except for the `kept` that were used last.
pub async fn forget_devices(tx: &mut Tx, user: UserId, kept: i64) -> Result<()> {
    tx.exec(
        "DELETE FROM known_devices WHERE user_id = ?1 AND token_hash NOT IN (
             SELECT token_hash FROM known_devices WHERE user_id = ?1 ORDER BY last_used_at DESC, token_hash LIMIT ?2)",
        &[&user, &kept],
    )
    .await
    .map(drop)
}

/// Deletes the counts and turns that began before `window`, and the devices that were not used since `last_use`.
pub async fn drop_old(tx: &mut Tx, window: Time, last_use: Time) -> Result<()> {
    tx.exec("DELETE FROM sign_in_attempts WHERE since < ?1", &[&window]).await?;
    tx.exec("DELETE FROM sign_in_turns WHERE due_at < ?1", &[&window]).await?;
    tx.exec("DELETE FROM known_devices WHERE last_used_at < ?1", &[&last_use]).await.map(drop)
}
