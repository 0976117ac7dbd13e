//! Hashing of passwords: argon2id with the parameters of the OWASP password storage cheat sheet (19 MiB, two passes,
//! one lane), away from the threads that serve requests, in memory that is reused.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// How many passwords are hashed at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;
/// The longest that a request waits until its password can be hashed; after that the server counts as busy.
const PATIENCE: Duration = Duration::from_secs(5);
/// The length of the hash, in bytes.
const LENGTH: usize = Params::DEFAULT_OUTPUT_LEN;

/// Permits for the work on passwords, with the memory for each.
///
/// The memory is allocated once and kept: what many threads allocate and free in turn would stay with the process, many
/// times over.
#[derive(Clone)]
pub struct Hashing {
    permits: Arc<Semaphore>,
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), memory: Arc::default() }
    }
}

impl Hashing {
    /// Runs the job on a thread for blocking work, with memory for one hash, once a permit is free.
    async fn run<T: Send + 'static>(&self, job: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static) -> Result<T> {
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = permit.map_err(|_| Error::Busy)?.map_err(|_| Error::Busy)?;
        let memory = Arc::clone(&self.memory);
        // The closure owns the permit: a request that is cancelled does not stop the thread, so it must not free the
        // permit either. Otherwise cancelled requests could take every core.
        let work = move || {
            let kept = || memory.lock().unwrap_or_else(PoisonError::into_inner);
            let mut blocks = kept().pop().unwrap_or_default();
            let done = job(&mut blocks);
            kept().push(blocks);
            drop(permit);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(format!("hashing a password: {error}")))
    }
}

/// Returns the SHA-256 of the hash of a password as it is stored, in hexadecimal. It shows a reader of the log that the
/// stored hash was changed behind the log's back, and helps nobody to guess the password: the stored hash is salted.
pub fn sha256_of(password_hash: &str) -> String {
    hex::encode(Sha256::digest(password_hash))
}

/// Hashes a password and returns the hash to store, in PHC string format.
pub async fn hash(hashing: &Hashing, password: String) -> Result<String> {
    let hash = move |memory: &mut Vec<Block>| {
        let params = Params::new(19 * 1024, 2, 1, None).map_err(unusable)?;
        let salt = Salt::generate();
        let hash = argon2id(memory, password.as_bytes(), &salt, &params)?;
        let params = ParamsString::try_from(&params).map_err(unusable)?;
        let (algorithm, version) = (Algorithm::Argon2id.ident(), Some(Version::V0x13.into()));
        Ok(PasswordHash { algorithm, version, params, salt: Some(salt), hash: Some(hash) }.to_string())
    };
    hashing.run(hash).await?
}

/// Returns whether the password matches the hash. Without a hash it takes the same time and returns `false`.
pub async fn verify(hashing: &Hashing, password: String, hash: Option<String>) -> Result<bool> {
    let verify = move |memory: &mut Vec<Block>| {
        let Some(hash) = hash else {
            // There is no such account. The same work is done, or the time would reveal which addresses have one
            // (ASVS 5.0 6.3.8).
            let params = Params::new(19 * 1024, 2, 1, None).map_err(unusable)?;
            argon2id(memory, password.as_bytes(), &Salt::generate(), &params)?;
            return Ok(false);
        };
        let stored = PasswordHash::new(&hash).map_err(unusable)?;
        let (Some(salt), Some(kept)) = (&stored.salt, &stored.hash) else { return Err(unusable("it is incomplete")) };
        if stored.algorithm != Algorithm::Argon2id.ident() || stored.version != Some(Version::V0x13.into()) {
            return Err(unusable("it is not argon2id"));
        }
        // `Output` compares in constant time.
        Ok(argon2id(memory, password.as_bytes(), salt, &Params::try_from(&stored).map_err(unusable)?)? == *kept)
    };
    hashing.run(verify).await?
}

fn argon2id(memory: &mut Vec<Block>, password: &[u8], salt: &Salt, params: &Params) -> Result<Output> {
    // The blocks still hold an earlier password's work; argon2 overwrites each block before it reads it.
    memory.resize(params.block_count(), Block::default());
    let mut hash = [0; LENGTH];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password_into_with_memory(password, salt, &mut hash, memory).map_err(unusable)?;
    Output::new(&hash).map_err(unusable)
}

fn unusable(why: impl std::fmt::Display) -> Error {
    Error::internal(format!("a password hash: {why}"))
}
