//! `idempotency_keys`: what a repeated request made the first time.

use room::Time;
use uuid::Uuid;

use super::Tx;
use crate::error::{Error, Result};

/// What a key was used for.
#[derive(Debug, Clone)]
pub struct Use {
    /// Of the request.
    pub request_hash: Vec<u8>,
    /// What it made.
    pub created_id: Uuid,
}

/// Notes what the key of an actor is used for; answers its earlier use, unless that is older than
/// `expired`.
pub async fn claim(
    tx: &mut Tx,
    (actor, key): (&str, &str),
    use_of_key: &Use,
    now: Time,
    expired: Time,
) -> Result<Option<Use>> {
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

/// Forgets the keys used before an instant.
pub async fn drop_old(tx: &mut Tx, before: Time) -> Result<()> {
    tx.exec("DELETE FROM idempotency_keys WHERE created_at < ?1", &[&before]).await.map(drop)
}
