//! How passwords are kept: argon2id with the parameters of the OWASP password storage cheat sheet (19 MiB, two passes, one
//! lane), hashed away from the threads that serve requests, in memory that is used again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Passwords hashed at once: each takes 19 MiB and a core.
const PLACES: usize = 2;
/// A crowd that waits longer than this to have passwords hashed is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of the hash, in bytes.
const LENGTH: usize = Params::DEFAULT_OUTPUT_LEN;

/// Places for the work on passwords, and the memory of each: allocated once, since what many threads allocate and free
/// in turn stays with the process.
#[derive(Clone)]
pub struct Hashing {
    places: Arc<Semaphore>,
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(PLACES)), memory: Arc::default() }
    }
}

impl Hashing {
    async fn work<T: Send + 'static>(&self, job: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static) -> Result<T> {
        let place = tokio::time::timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.map_err(|_| Error::Busy)?.map_err(|_| Error::Busy)?;
        let memory = Arc::clone(&self.memory);
        // The place is given back when the work is done, even where nobody waits for it any more.
        let work = move || {
            let kept = || memory.lock().unwrap_or_else(PoisonError::into_inner);
            let mut blocks = kept().pop().unwrap_or_default();
            let done = job(&mut blocks);
            kept().push(blocks);
            drop(place);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(format!("hashing a password: {error}")))
    }
}

/// The hash to store, in PHC form.
pub async fn hash(hashing: &Hashing, password: String) -> Result<String> {
    let hash = move |memory: &mut Vec<Block>| {
        let params = Params::new(19 * 1024, 2, 1, None).map_err(unusable)?;
        let salt = Salt::generate();
        let hash = argon2id(memory, password.as_bytes(), &salt, &params)?;
        let params = ParamsString::try_from(&params).map_err(unusable)?;
        let (algorithm, version) = (Algorithm::Argon2id.ident(), Some(Version::V0x13.into()));
        Ok(PasswordHash { algorithm, version, params, salt: Some(salt), hash: Some(hash) }.to_string())
    };
    hashing.work(hash).await?
}

/// Whether the password fits the hash; without a hash it costs the same and never does.
pub async fn verify(hashing: &Hashing, password: String, hash: Option<String>) -> Result<bool> {
    let verify = move |memory: &mut Vec<Block>| {
        let Some(hash) = hash else {
            let params = Params::new(19 * 1024, 2, 1, None).map_err(unusable)?;
            argon2id(memory, password.as_bytes(), &Salt::generate(), &params)?;
            return Ok(false);
        };
        let stored = PasswordHash::new(&hash).map_err(unusable)?;
        let (Some(salt), Some(kept)) = (&stored.salt, &stored.hash) else { return Err(unusable("it is incomplete")) };
        if stored.algorithm != Algorithm::Argon2id.ident() || stored.version != Some(Version::V0x13.into()) {
            return Err(unusable("it is not argon2id"));
        }
        // Outputs are compared in constant time.
        Ok(argon2id(memory, password.as_bytes(), salt, &Params::try_from(&stored).map_err(unusable)?)? == *kept)
    };
    hashing.work(verify).await?
}

fn argon2id(memory: &mut Vec<Block>, password: &[u8], salt: &Salt, params: &Params) -> Result<Output> {
    memory.resize(params.block_count(), Block::default());
    let mut hash = [0; LENGTH];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password_into_with_memory(password, salt, &mut hash, memory).map_err(unusable)?;
    Output::new(&hash).map_err(unusable)
}

fn unusable(why: impl std::fmt::Display) -> Error {
    Error::internal(format!("a password hash: {why}"))
}
