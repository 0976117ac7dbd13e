//! Checking files that people bring, and those of the store, by what this server knows: its keys and its fonts.
//! Nothing of what is brought is kept.

use std::{sync::Arc, time::Duration};

use futures_util::TryStreamExt;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{RoomId, SnapshotId, log_keys, snapshots};
use crate::{
    app::App,
    db::{files::StoredFile, snapshots::Snapshot},
    error::{Error, Result},
    evidence::{
        ConsistencyProof, Hash, PublicKeys,
        verify::{self, Exhibits, Report},
    },
};

/// The largest file that is checked here, in bytes: it is read into memory.
pub const LARGEST: usize = 64 * MIB;
const MIB: usize = 1024 * 1024;
/// The largest record of a stranger's that is read, in bytes: it takes many times as much memory.
const UNPROVEN_LIMIT: usize = 4 * 1024 * 1024;
/// Whoever waits for longer than this comes again.
const PATIENCE: Duration = Duration::from_secs(30);

/// What somebody wants checked.
#[derive(Debug, Default)]
pub struct Brought {
    /// The file.
    pub file: Vec<u8>,
    /// The SHA-256 that the file is to have, where that is known.
    pub sha256: Option<Hash>,
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
            sha256: brought.sha256,
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

/// Makes every check of a snapshot's file as it lies in the store, and answers the snapshot with them.
///
/// This is no download, and the log does not tell of it: nothing of the file leaves the server but the facts that
/// everybody who may see the snapshot is shown anyway.
pub async fn verify_stored(app: &App, room: RoomId, id: SnapshotId) -> Result<(Snapshot, Report)> {
    let snapshot = app.db.read(async |tx| snapshots::find(tx, room, id).await).await?;
    let stored = snapshots::downloadable(&snapshot)?;
    let size = usize::try_from(stored.size.unsigned_abs()).unwrap_or(usize::MAX);
    if size > LARGEST {
        let most = LARGEST / MIB;
        return Err(Error::conflict(format!(
            "the file is larger than the {most} MiB that are checked here; download it, and check it with \
             `sts-clearance verify FILE`"
        )));
    }
    let places = u32::try_from(size.div_ceil(MIB)).unwrap_or(u32::MAX);
    let memory = Arc::clone(&app.verifying_mib).try_acquire_many_owned(places).map_err(|_| Error::Busy)?;
    let file = read(app, &stored, size).await?;
    let brought = Brought { file, sha256: Some(stored.sha256), memory: Some(memory), ..Brought::default() };
    Ok((snapshot, verify(app, brought).await?))
}

/// The file, or as much of one that has grown as shows that it is another.
async fn read(app: &App, stored: &StoredFile, size: usize) -> Result<Vec<u8>> {
    let mut bytes = match app.files.get(&stored.file_url, None).await {
        Ok(opened) => opened.bytes,
        Err(Error::Store(object_store::Error::NotFound { .. })) => {
            let words = "the file is gone from the store; `sts-clearance fsck --repair` draws it again from its record";
            return Err(Error::conflict(words));
        }
        Err(error) => return Err(error),
    };
    let mut file = Vec::with_capacity(size);
    while let Some(part) = bytes.try_next().await? {
        let most = size + 1 - file.len();
        file.extend_from_slice(&part[..part.len().min(most)]);
        if file.len() > size {
            break;
        }
    }
    Ok(file)
}
