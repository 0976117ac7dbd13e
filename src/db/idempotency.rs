//! `idempotency_keys`: what a repeated request made the first time.

use uuid::Uuid;

use super::Tx;
use crate::{
    domain::Time,
    error::{Error, Result},
    evidence::Hash,
};

/// What a key was used for.
#[derive(Debug, Clone)]
pub struct Used {
    /// Of the request.
    pub request_hash: Vec<u8>,
    /// What it made.
    pub created_id: Uuid,
}

/// Notes that this request makes this id; answers what the key made before, if it was used.
pub async fn claim(tx: &mut Tx, actor: &str, key: &str, request: &Hash, id: Uuid, now: Time) -> Result<Option<Used>> {
    let claimed = tx
        .exec(
            "INSERT INTO idempotency_keys (actor, key, request_hash, created_id, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (actor, key) DO NOTHING",
            &[&actor, &key, &request.as_slice(), &id.to_string(), &now],
        )
        .await?;
    if claimed == 1 {
        return Ok(None);
    }
    let sql = "SELECT request_hash, created_id FROM idempotency_keys WHERE actor = ?1 AND key = ?2";
    let row = tx.one(sql, &[&actor, &key]).await?;
    let created_id: String = row.get(1)?;
    let created_id = created_id.parse().map_err(|_| Error::internal("an idempotency key without an id"))?;
    Ok(Some(Used { request_hash: row.get(0)?, created_id }))
}

/// Forgets the keys used before an instant.
pub async fn drop_old(tx: &mut Tx, before: Time) -> Result<()> {
    tx.exec("DELETE FROM idempotency_keys WHERE created_at < ?1", &[&before]).await.map(drop)
}
