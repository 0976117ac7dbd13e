//! Verifies files that people submit, and those of the store, with this server's keys and fonts, and holds what this
//! server has signed against its logs. Submitted files are not kept, and a child process reads them, not this one.

use futures_util::TryStreamExt;
use room::{RoomId, SnapshotId, UserId};

use crate::{
    app::App,
    children::{Claimant, MOST_FILE, Verification, Verified, Verifying, What},
    db::{files::StoredFile, snapshots::Snapshot},
    domain::{
        log,
        snapshots::{self, own_log, receipts},
    },
    error::{Error, Result},
    evidence::{Hash, verify::Report},
};

const MIB: usize = 1024 * 1024;

/// A request to verify a snapshot's file.
#[derive(Debug)]
pub struct VerifyRequest {
    /// The bytes of the file.
    pub file: Vec<u8>,
    /// The SHA-256 that the file should have, if that is known.
    pub sha256: Option<Hash>,
    /// An older file of the same room.
    pub older: Option<Vec<u8>>,
    /// The public keys that are trusted, one a line; if there are none, those of this server.
    pub key: Option<String>,
    /// The proof that the log of `file` extends that of `older`.
    pub consistency: Option<String>,
    /// A receipt that a server gives for the file.
    pub receipt: Option<String>,
    /// What a server published of its keys.
    pub rotations: Option<String>,
    /// A signed head of the log that is had from elsewhere.
    pub checkpoint: Option<String>,
    /// Which witnesses have to have seen the log, and which keys may sign it.
    pub policy: Option<String>,
    /// The certificates with one of which a PDF has to be sealed, in PEM or DER.
    pub seal_certificate: Option<Vec<u8>>,
    /// The certificates of authorities that are trusted, in PEM or DER.
    pub authority: Option<Vec<u8>>,
    /// The memory that the request takes from the claimant's share.
    pub memory: Verifying,
}

impl VerifyRequest {
    /// Returns a request without a file yet, whose memory counts for this claimant.
    pub fn empty(app: &App, claimant: Claimant) -> Self {
        let memory = app.children.verifying(claimant);
        let (file, [key, consistency, receipt, rotations, checkpoint, policy]) = (Vec::new(), [const { None }; 6]);
        Self {
            file,
            sha256: None,
            older: None,
            key,
            consistency,
            receipt,
            rotations,
            checkpoint,
            policy,
            seal_certificate: None,
            authority: None,
            memory,
        }
    }
}

/// Makes every check of the submitted file, in a child process, and holds it against the log if this server has signed it.
pub async fn verify(app: &App, request: VerifyRequest) -> Result<Report> {
    let ours = log::keys::public(app).await?;
    let notes = app.key_notes().to_vec();
    let VerifyRequest { sha256, key: keys, consistency, receipt, rotations, checkpoint, policy, .. } = request;
    let (seal_certificate, authority) = (request.seal_certificate, request.authority);
    let what = What {
        sha256,
        keys,
        ours,
        notes,
        rotations,
        checkpoint,
        policy,
        consistency,
        receipt,
        seal_certificate,
        authority,
    };
    let verification = Verification { file: request.file, older: request.older, what };
    let Verified { report, words, seat } = app.children.verify(verification, request.memory).await?;
    let of_file = own_log::hold(app, words.file.as_ref()).await;
    let of_older = own_log::hold(app, words.older.as_ref()).await;
    // Until here, since a long log costs more than a small file.
    drop(seat);
    Ok(report.with_own_log(of_file, of_older))
}

/// Makes every check of a snapshot's file in the store, for this account. Returns the snapshot with the checks.
///
/// This is not logged as a download: of the file only those facts leave the server that everybody who may see the
/// snapshot is shown anyway.
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
    // Claimed before the file is read: many requests at once must not fill the memory first and be refused afterwards.
    request.memory.claim(size)?;
    request.file = read_file(app, &stored, size).await?;
    request.sha256 = Some(stored.sha256);
    if !receipts::is_carried(app, &snapshot).await.unwrap_or(true) {
        // Without one it is judged by what it carries, and held against the log.
        request.receipt = receipts::of(app, &snapshot).await.ok();
    }
    Ok((snapshot, verify(app, request).await?))
}

/// Returns how the log contradicts what a key of this server has signed in a file of the store that no row names, with the
/// room. `None` if it does not, or if the file shows nothing that was signed here.
pub async fn contradiction_in(app: &App, file_url: &str) -> Result<Option<(RoomId, String)>> {
    let Ok(file) = read_whole(app, file_url).await else { return Ok(None) };
    let mut memory = app.children.verifying(Claimant::Server);
    memory.claim(file.len())?;
    let what = What { ours: log::keys::public(app).await?, notes: app.key_notes().to_vec(), ..What::default() };
    let words = match app.children.verify(Verification { file, older: None, what }, memory).await {
        Ok(verified) => verified.words,
        // It is no file of a snapshot.
        Err(Error::Invalid(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(word) = words.file else { return Ok(None) };
    Ok(own_log::contradiction(app, &word).await?.map(|detail| (word.room, detail)))
}

/// Reads a file that is not larger than what is checked.
async fn read_whole(app: &App, file_url: &str) -> Result<Vec<u8>> {
    let (mut bytes, mut file) = (app.files.get(file_url, None).await?.bytes, Vec::new());
    while let Some(part) = bytes.try_next().await? {
        file.extend_from_slice(&part);
        if file.len() > MOST_FILE {
            return Err(Error::conflict("the file is larger than what is checked"));
        }
    }
    Ok(file)
}

/// Reads the file from the store. If the file is larger than it should be, returns one byte more than that: then the
/// check of the hash fails, and the memory that was claimed is enough.
async fn read_file(app: &App, stored: &StoredFile, size: usize) -> Result<Vec<u8>> {
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
