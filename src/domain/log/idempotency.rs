//! `Idempotency-Key`: the same request, sent again within a day, makes nothing new.

use std::time::Duration;

use room::Time;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::actor::Actor;
use crate::{
    db::{self, Tx, idempotency::Use},
    error::{Error, Result},
    evidence::Hash,
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
        let request_hash: Hash =
            Sha256::new().chain_update(&self.target).chain_update([0]).chain_update(body).finalize().into();
        let use_of_key = Use { request_hash: request_hash.to_vec(), created_id: id };
        let expired = now.before(REMEMBERED);
        match db::idempotency::claim(tx, (by.word(), &self.key), &use_of_key, now, expired).await? {
            None => Ok(None),
            Some(earlier) if earlier.request_hash == use_of_key.request_hash => Ok(Some(earlier.created_id)),
            Some(_) => Err(Error::field("Idempotency-Key", "was used for another request within a day")),
        }
    }

    /// A repetition whose first answer has been deleted since finds not nothing, but a conflict.
    pub fn says_gone(error: Error) -> Error {
        match error {
            Error::NotFound(what) => Error::conflict(format!(
                "this request was done before under its Idempotency-Key, and its {what} has been deleted since"
            )),
            other => other,
        }
    }
}
