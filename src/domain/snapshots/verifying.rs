//! Checking files that people bring, and those of the store, by what this server knows: its keys and its fonts.
//! Nothing of what is brought is kept, and none of it is read in this process.

use futures_util::TryStreamExt;
use room::{RoomId, SnapshotId, UserId};

use crate::{
    app::App,
    children::{Claimant, MOST_FILE, Verification, Verifying, What},
    db::{files::StoredFile, snapshots::Snapshot},
    domain::{log, snapshots},
    error::{Error, Result},
    evidence::{Hash, verify::Report},
};

const MIB: usize = 1024 * 1024;

/// A request to verify a snapshot's file.
#[derive(Debug)]
pub struct VerifyRequest {
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
    /// The memory that all of this takes, of what there is for the claimant.
    pub memory: Verifying,
}

impl VerifyRequest {
    /// Returns a request without a file yet, whose memory counts for this claimant.
    pub fn empty(app: &App, claimant: Claimant) -> Self {
        let memory = app.children.verifying(claimant);
        Self { file: Vec::new(), sha256: None, older: None, key: None, consistency: None, memory }
    }
}

/// Makes every check.
pub async fn verify(app: &App, request: VerifyRequest) -> Result<Report> {
    let ours = log::keys::public(app).await?;
    let what = What { sha256: request.sha256, keys: request.key, ours, consistency: request.consistency };
    let verification = Verification { file: request.file, older: request.older, what };
    app.children.verify(verification, request.memory).await
}

/// Makes every check of a snapshot's file as it lies in the store, for this account, and returns the snapshot with
/// them.
///
/// This is no download, and the log does not tell of it: nothing of the file leaves the server but the facts that
/// everybody who may see the snapshot is shown anyway.
pub async fn verify_stored(app: &App, room: RoomId, id: SnapshotId, account: UserId) -> Result<(Snapshot, Report)> {
    let snapshot = app.db.read(async |tx| snapshots::find(tx, room, id).await).await?;
    let stored = snapshots::downloadable(&snapshot)?;
    let size = usize::try_from(stored.size.unsigned_abs()).unwrap_or(usize::MAX);
    if size > MOST_FILE {
        let most = MOST_FILE / MIB;
        return Err(Error::conflict(format!(
            "the file is larger than the {most} MiB that are checked here; download it, and check it with \
             `sts-clearance verify FILE`"
        )));
    }
    let mut request = VerifyRequest::empty(app, Claimant::Account(account));
    request.memory.claim(size)?;
    request.file = read(app, &stored, size).await?;
    request.sha256 = Some(stored.sha256);
    Ok((snapshot, verify(app, request).await?))
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
