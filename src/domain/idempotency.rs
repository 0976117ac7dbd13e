//! `Idempotency-Key`: the same request, sent again within a day, makes nothing new.

use std::time::Duration;

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Actor, Time};
use crate::{
    db::{self, Tx},
    error::{Error, Result},
};

/// How long a key is remembered.
pub const REMEMBERED: Duration = Duration::from_hours(24);

/// A caller's word that a request is to be done once.
#[derive(Debug, Clone)]
pub struct Once {
    /// The key.
    pub key: String,
    /// Method and path: a key used for one thing does not fit another.
    pub target: String,
}

impl Once {
    /// Claims the key for what this request makes; answers the id that it made the first time, if
    /// this is a repetition. Another request under the same key is refused.
    pub async fn claim(
        &self,
        tx: &mut Tx,
        by: &Actor,
        asked: &impl Serialize,
        id: Uuid,
        now: Time,
    ) -> Result<Option<Uuid>> {
        let body = serde_json::to_vec(asked).map_err(|error| Error::internal(format!("a request: {error}")))?;
        let request = Sha256::new().chain_update(&self.target).chain_update([0]).chain_update(body).finalize().into();
        db::idempotency::drop_old(tx, now.before(REMEMBERED)).await?;
        match db::idempotency::claim(tx, by.word(), &self.key, &request, id, now).await? {
            None => Ok(None),
            Some(used) if used.request_hash == request => Ok(Some(used.created_id)),
            Some(_) => Err(Error::field("Idempotency-Key", "was used for another request within a day")),
        }
    }
}
