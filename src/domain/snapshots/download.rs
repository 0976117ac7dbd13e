//! What is needed to send the file of a snapshot: whether there is one, where it is kept, and the entry in the log.

use room::{Event, Log, RoomId, SnapshotId, SnapshotStatus};

use crate::{
    app::App,
    db::{files::StoredFile, snapshots::Snapshot},
    domain::{
        log::{Actor, operation},
        snapshots::take::find,
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
pub async fn log_download(app: &App, by: &Actor, room: RoomId, id: SnapshotId, range: Option<String>) -> Result<()> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let file = downloadable(&find(tx, room, id).await?)?;
        let downloaded = Event::SnapshotDownloaded { snapshot_id: id, file_sha256: hex::encode(file.sha256), range };
        log.append(tx, &downloaded).await
    })
    .await
}

/// Returns the key of a snapshot's file in the store. It has nothing in it that a user typed.
pub fn file_key(snapshot: &Snapshot) -> String {
    room::fold::Snapshot::file_key(snapshot.room, snapshot.id, snapshot.kind)
}
