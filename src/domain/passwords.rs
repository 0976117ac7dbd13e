//! Passwords: argon2id with the parameters of the OWASP password storage cheat sheet (19 MiB, two
//! passes, one lane), hashed away from the threads that serve requests.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

use super::{
    Fields,
    bounds::{LONGEST_PASSWORD, SHORTEST_PASSWORD},
};
use crate::{
    app::App,
    error::{Error, Result},
};

/// A crowd that waits longer than this to have passwords hashed is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// A hash for the same work where there is no account; what fits it opens nothing.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody's").unwrap_or_default());

/// Checks a new password.
pub fn check(fields: &mut Fields, field: &str, password: &str) {
    let length = password.chars().count();
    if length < SHORTEST_PASSWORD {
        fields.fault(field, format!("must be at least {SHORTEST_PASSWORD} characters long"));
    }
    if length > LONGEST_PASSWORD {
        fields.fault(field, format!("must be at most {LONGEST_PASSWORD} characters long"));
    }
}

/// The hash to store, in PHC form.
pub async fn hash(app: &App, password: String) -> Result<String> {
    work(app, move || hash_now(&password)).await?
}

/// Whether the password fits the hash; without a hash it costs the same and never does.
pub async fn verify(app: &App, password: String, hash: Option<String>) -> Result<bool> {
    work(app, move || {
        let (known, nobody) = (hash.is_some(), &*NOBODY);
        let hash = hash.as_deref().unwrap_or(nobody);
        let parsed = PasswordHash::new(hash).map_err(|error| Error::internal(format!("a password hash: {error}")))?;
        let fits = argon2id()?.verify_password(password.as_bytes(), &parsed).is_ok();
        Ok(fits && known)
    })
    .await?
}

fn hash_now(password: &str) -> Result<String> {
    let hash = argon2id()?
        .hash_password(password.as_bytes())
        .map_err(|error| Error::internal(format!("hashing a password: {error}")))?;
    Ok(hash.to_string())
}

fn argon2id() -> Result<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| Error::internal(format!("argon2id: {error}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

async fn work<T: Send + 'static>(app: &App, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let place = tokio::time::timeout(PATIENCE, Arc::clone(&app.hashing).acquire_owned()).await;
    let place = place.map_err(|_| Error::Busy)?.map_err(|_| Error::Busy)?;
    // The place is given back when the work is done, even where nobody waits for it any more.
    let job = move || (job(), place).0;
    tokio::task::spawn_blocking(job).await.map_err(|error| Error::internal(format!("hashing a password: {error}")))
}
