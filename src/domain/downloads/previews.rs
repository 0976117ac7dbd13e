//! Previews: the first page of a file as a picture, which is logged like a download of it.

use preview::{DRAWER, Kind};
use room::{DocumentId, Event, FileKind, Log, RoomId, SnapshotId, SnapshotType, UserId, Version, VersionId};

use crate::{
    app::App,
    children::{FILE_LIMIT, Uploaded},
    db::{Tx, files::StoredFile, snapshots::Snapshot},
    domain::{
        documents::versions,
        log::{Actor, operation},
        snapshots,
    },
    error::{Error, Result},
};

/// A file of which there may be a preview.
#[derive(Debug)]
pub struct Previewable {
    kind: Kind,
    file: StoredFile,
}

impl Previewable {
    /// The file of a version.
    pub fn version(version: &Version) -> Result<Self> {
        let kind = match version.kind {
            FileKind::Pdf => Kind::Pdf,
            FileKind::Jpeg => Kind::Jpeg,
            FileKind::Png => Kind::Png,
            FileKind::Tiff | FileKind::Docx | FileKind::Xlsx => return Err(Error::NoPreview),
        };
        Self::of(kind, version.into())
    }

    /// The file of a snapshot, once it is there.
    pub fn snapshot(snapshot: &Snapshot) -> Result<Self> {
        if snapshot.kind != SnapshotType::Pdf {
            return Err(Error::NoPreview);
        }
        Self::of(Kind::Pdf, snapshots::downloadable(snapshot)?)
    }

    fn of(kind: Kind, file: StoredFile) -> Result<Self> {
        if file.size.unsigned_abs() > FILE_LIMIT { Err(Error::NoPreview) } else { Ok(Self { kind, file }) }
    }

    /// What the preview is known by: it is the same as long as the file is, and how it is drawn.
    pub fn tag(&self) -> String {
        format!("{}-{DRAWER}", hex::encode(self.file.sha256))
    }

    /// Draws it, for this account.
    pub async fn draw(&self, app: &App, account: UserId) -> Result<Vec<u8>> {
        let bytes = app.files.get(&self.file.file_url, None).await?;
        let name = self.file.file_url.clone();
        app.children.preview(account, Uploaded { kind: self.kind, known_by: self.tag(), name, bytes }).await
    }
}

/// Logs the preview of a version; it is sent after this has been committed.
pub async fn log_of_version(
    app: &App,
    by: &Actor,
    room: RoomId,
    (document, version): (DocumentId, VersionId),
) -> Result<()> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let (slot, version) = versions::find(tx, room, document, Some(version)).await?;
        let previewed = Event::DocumentPreviewed {
            document_id: slot.id,
            document_type: slot.document_type,
            version_id: version.id,
            version: version.number,
            file_sha256: hex::encode(version.sha256),
        };
        log.append(tx, &previewed).await
    })
    .await
}

/// Logs the preview of a snapshot; it is sent after this has been committed.
pub async fn log_of_snapshot(app: &App, by: &Actor, room: RoomId, id: SnapshotId) -> Result<()> {
    operation(app, Log::Room(room), by, async move |tx: &mut Tx, log| {
        let file = snapshots::downloadable(&snapshots::find(tx, room, id).await?)?;
        log.append(tx, &Event::SnapshotPreviewed { snapshot_id: id, file_sha256: hex::encode(file.sha256) }).await
    })
    .await
}
