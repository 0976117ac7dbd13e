//! The table `idempotency_keys`: what a request with an `Idempotency-Key` made the first time.

use room::Time;
use uuid::Uuid;

use super::Tx;
use crate::error::{Error, Result};

/// The request that a key was used for.
#[derive(Debug, Clone)]
pub struct Use {
    /// The hash of the request.
    pub request_hash: Vec<u8>,
    /// The id of what it made.
    pub created_id: Uuid,
}

/// Stores what an actor's key is used for. Returns the key's earlier use, if there is one that was not before
/// `expired`.
pub async fn claim(
    tx: &mut Tx,
    (actor, key): (&str, &str),
    use_of_key: &Use,
    now: Time,
    expired: Time,
) -> Result<Option<Use>> {
    // One statement decides which of two requests is the first. On PostgreSQL the conflict locks the row even if its
    // WHERE does not hold, so the second waits here for the first one's commit, and then finds its use below.
    let claimed = tx
        .exec(
            "INSERT INTO idempotency_keys (actor, key, request_hash, created_id, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (actor, key) DO UPDATE SET request_hash = ?3, created_id = ?4, created_at = ?5
             WHERE idempotency_keys.created_at < ?6",
            &[&actor, &key, &use_of_key.request_hash, &use_of_key.created_id.to_string(), &now, &expired],
        )
        .await?;
    if claimed == 1 {
        return Ok(None);
    }
    let sql = "SELECT request_hash, created_id FROM idempotency_keys WHERE actor = ?1 AND key = ?2";
    let row = tx.one(sql, &[&actor, &key]).await?;
    let created_id: String = row.get(1)?;
    let created_id = created_id.parse().map_err(|_| Error::internal("an idempotency key without an id"))?;
    Ok(Some(Use { request_hash: row.get(0)?, created_id }))
}

/// Deletes the keys that were used before an instant.
pub async fn drop_old(tx: &mut Tx, before: Time) -> Result<()> {
    tx.exec("DELETE FROM idempotency_keys WHERE created_at < ?1", &[&before]).await.map(drop)
}
