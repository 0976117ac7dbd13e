//! Checking files that people bring, by what this server knows: its keys and its fonts. Nothing of them is kept.

use std::{sync::Arc, time::Duration};

use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::log_keys;
use crate::{
    app::App,
    error::{Error, Result},
    evidence::{
        ConsistencyProof, PublicKeys,
        verify::{self, Exhibits, Report},
    },
};

/// The largest record of a stranger's that is read, in bytes: it takes many times as much memory.
const UNPROVEN_LIMIT: usize = 4 * 1024 * 1024;
/// Whoever waits for longer than this comes again.
const PATIENCE: Duration = Duration::from_secs(30);

/// What somebody wants checked.
#[derive(Debug, Default)]
pub struct Brought {
    /// The file.
    pub file: Vec<u8>,
    /// An older file of the same room.
    pub older: Option<Vec<u8>>,
    /// The keys that they trust, one a line; where there are none, those of this server.
    pub key: Option<String>,
    /// The proof that the log of the one extends that of the other.
    pub consistency: Option<String>,
    /// The memory that all of this takes, of what there is for it.
    pub memory: Option<OwnedSemaphorePermit>,
}

/// Makes every check.
pub async fn verify(app: &App, brought: Brought) -> Result<Report> {
    let trusted = match &brought.key {
        Some(key) => key.clone(),
        None => log_keys::public(app).await?.join("\n"),
    };
    let keys = PublicKeys::read(&trusted).map_err(|error| Error::field("key", format!("cannot be used: {error}")))?;
    if let Some(proof) = &brought.consistency {
        ConsistencyProof::read(proof)
            .map_err(|error| Error::field("consistency", format!("cannot be read: {error}")))?;
        if brought.older.is_none() {
            return Err(Error::field("consistency", "is about two files: `older` is missing"));
        }
    }
    let place = timeout(PATIENCE, Arc::clone(&app.verifying).acquire_owned()).await;
    let place = place.map_err(|_| Error::Busy)?.map_err(|_| Error::Busy)?;
    let fonts = Arc::clone(&app.fonts);
    let checked = tokio::task::spawn_blocking(move || {
        let report = verify::verify(&Exhibits {
            file: &brought.file,
            older: brought.older.as_deref(),
            consistency: brought.consistency.as_deref(),
            sha256: None,
            keys: Some(&keys),
            drawer: &*fonts,
            unproven_limit: UNPROVEN_LIMIT,
        });
        drop((place, brought.memory));
        report
    });
    let report = checked.await.map_err(|error| Error::internal(format!("the verifier panicked: {error}")))?;
    report.map_err(|refused| {
        let field = if refused.is_older { "older" } else { "file" };
        Error::field(field, "must be a PDF, JSON or zip of STS Clearance")
    })
}
