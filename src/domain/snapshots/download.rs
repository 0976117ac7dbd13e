//! What is needed to send the file of a snapshot: whether there is one, where it is kept, and the entry in the log.

use room::{Event, Log, RoomId, SnapshotId, SnapshotStatus};

use crate::{
    app::App,
    db::{files::StoredFile, snapshots::Snapshot},
    domain::{
        documents::versions::refuse_other_file,
        log::{Actor, OpenLog, operation},
    },
    error::{Error, Result},
};

/// Returns the file of a snapshot, or refuses because there is none yet.
pub fn downloadable(snapshot: &Snapshot) -> Result<StoredFile> {
    match (&snapshot.status, &snapshot.file_url, &snapshot.file_sha256) {
        (SnapshotStatus::Completed, Some(file_url), Some(sha256)) => Ok(StoredFile {
            file_url: file_url.clone(),
            size: snapshot.file_size,
            sha256: sha256.as_slice().try_into().map_err(|_| Error::internal("a file hash of another length"))?,
        }),
        (SnapshotStatus::Failed, ..) => {
            Err(Error::NotRendered(snapshot.last_error.clone().unwrap_or_else(|| "the log says why".to_owned())))
        }
        _ => Err(Error::Conflict {
            detail: "the file is being rendered; try again in a moment".into(),
            retry_after: Some(2),
        }),
    }
}

/// Logs a download. The caller sends the file after this has been committed, so no download goes unlogged.
pub async fn log_download(app: &App, by: &Actor, room: RoomId, sent: &Snapshot, range: Option<String>) -> Result<()> {
    let (id, file) = (sent.id, downloadable(sent)?);
    operation(app, Log::Room(room), by, async move |tx, log| {
        let file_sha256 = told_file(log, id, &file)?;
        log.append(tx, &Event::SnapshotDownloaded { snapshot_id: id, file_sha256, range }).await
    })
    .await
}

/// Returns the SHA-256 of a snapshot's file as the log tells it, in hexadecimal. Refused if another file is about to be
/// sent in its name.
pub fn told_file(log: &OpenLog, id: SnapshotId, sent: &StoredFile) -> Result<String> {
    let state = log.room()?;
    let snapshot = state.snapshots.get(&id).ok_or(Error::NotFound("snapshot"))?;
    let told = snapshot.file.as_ref().ok_or_else(|| Error::conflict("the log tells of no file of this snapshot"))?;
    let sha256 = hex::decode(&told.sha256).ok().and_then(|bytes| bytes.try_into().ok());
    let sha256 = sha256.ok_or_else(|| Error::internal("a file hash of another length"))?;
    let file_url = room::fold::Snapshot::file_key(state.room.id, id, snapshot.kind);
    refuse_other_file(sent, &StoredFile { file_url, size: told.size, sha256 })?;
    Ok(told.sha256.clone())
}

/// Returns the key of a snapshot's file in the store. It has nothing in it that a user typed.
pub fn file_key(snapshot: &Snapshot) -> String {
    room::fold::Snapshot::file_key(snapshot.room, snapshot.id, snapshot.kind)
}
