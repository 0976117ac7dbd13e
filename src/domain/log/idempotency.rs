//! Idempotency keys: a request that is sent again under its key within a day makes nothing new.

use std::time::Duration;

use room::Time;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{actor::Actor, operation::OpenLog};
use crate::{
    db::{self, Tx, idempotency::Use},
    error::{Error, Result},
    evidence::Hash,
};

/// Returns an id for a request that makes nothing with an id of its own: it names the entry that the operation appends
/// next, from which the answer can be made again.
pub fn id_of_next_entry(log: &OpenLog) -> Uuid {
    Uuid::from_u128(log.head().size().into())
}

/// Returns the position of the entry that an id of [`id_of_next_entry`] names.
pub fn entry_of(id: Uuid) -> i64 {
    i64::try_from(id.as_u128()).unwrap_or(i64::MAX)
}

/// How long a key is remembered.
pub const REMEMBERED: Duration = Duration::from_hours(24);

/// The key under which a caller wants a request to be done once.
#[derive(Debug, Clone)]
pub struct Once {
    /// The key that the caller chose.
    pub key: String,
    /// Method and path of the request: a key that was used for one thing does not fit another.
    pub target: String,
}

impl Once {
    /// Claims the key for a request that makes something with the id `id`. Returns the id that was made the first time
    /// if this is a repetition. Another request under the same key is refused.
    pub async fn claim(
        &self,
        tx: &mut Tx,
        by: &Actor,
        request: &impl Serialize,
        id: Uuid,
        now: Time,
    ) -> Result<Option<Uuid>> {
        // The hash is of what was read from the request, not of its bytes: white space and the order of fields do not
        // make another request. The zero byte keeps target and body from running into each other.
        let body = serde_json::to_vec(request).map_err(|error| Error::internal(format!("a request: {error}")))?;
        let request_hash: Hash =
            Sha256::new().chain_update(&self.target).chain_update([0]).chain_update(body).finalize().into();
        let use_of_key = Use { request_hash: request_hash.to_vec(), created_id: id };
        let expired = now.before(REMEMBERED);
        // Claimed in the operation's transaction: if the operation fails, the key is free for another try.
        match db::idempotency::claim(tx, (by.word(), &self.key), &use_of_key, now, expired).await? {
            None => Ok(None),
            Some(earlier) if earlier.request_hash == use_of_key.request_hash => Ok(Some(earlier.created_id)),
            Some(_) => Err(Error::field("Idempotency-Key", "was used for another request within a day")),
        }
    }

    /// Claims the key of an operation's request, if it has one, as [`Once::claim`] does.
    pub async fn repeats(
        once: Option<&Self>,
        tx: &mut Tx,
        log: &OpenLog,
        request: &impl Serialize,
        id: Uuid,
    ) -> Result<Option<Uuid>> {
        match once {
            Some(once) => once.claim(tx, log.by(), request, id, log.clock()).await,
            None => Ok(None),
        }
    }

    /// Turns [`Error::NotFound`] into a conflict, for a repetition whose first result has been deleted since: without
    /// that it would look as if the path of the request were wrong.
    pub fn says_gone(error: Error) -> Error {
        match error {
            Error::NotFound(what) => Error::conflict(format!(
                "this request was done before under its Idempotency-Key, and its {what} has been deleted since"
            )),
            other => other,
        }
    }
}
