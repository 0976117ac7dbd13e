//! Previews: the first page of a file as a picture. A preview is logged like a download of the file.

use preview::{DRAWER, Kind};
use room::{Event, FileKind, Log, RoomId, SnapshotType, UserId, Version};

use crate::{
    app::App,
    children::{CANNOT_BE_DRAWN, FILE_LIMIT, Uploaded},
    db::{Tx, files::StoredFile, snapshots::Snapshot},
    domain::{
        documents::versions,
        log::{Actor, operation},
        snapshots,
    },
    error::{Error, Result},
};

/// A file of a kind and size that a preview can be drawn of.
#[derive(Debug)]
pub struct Previewable {
    kind: Kind,
    file: StoredFile,
}

impl Previewable {
    /// Returns the file of a version, or an error if there is no preview of its kind.
    pub fn version(version: &Version) -> Result<Self> {
        let kind = match version.kind {
            FileKind::Pdf => Kind::Pdf,
            FileKind::Jpeg => Kind::Jpeg,
            FileKind::Png => Kind::Png,
            FileKind::Heic => return Err(Error::NoPreview("a picture in HEIC cannot be previewed")),
            FileKind::Tiff | FileKind::Docx | FileKind::Xlsx => return Err(Error::NoPreview(CANNOT_BE_DRAWN)),
        };
        Self::of(kind, version.into())
    }

    /// Returns the file of a snapshot, or an error if it is no PDF or not drawn yet.
    pub fn snapshot(snapshot: &Snapshot) -> Result<Self> {
        if snapshot.kind != SnapshotType::Pdf {
            return Err(Error::NoPreview(CANNOT_BE_DRAWN));
        }
        Self::of(Kind::Pdf, snapshots::downloadable(snapshot)?)
    }

    fn of(kind: Kind, file: StoredFile) -> Result<Self> {
        if file.size.unsigned_abs() > FILE_LIMIT {
            Err(Error::NoPreview(CANNOT_BE_DRAWN))
        } else {
            Ok(Self { kind, file })
        }
    }

    /// Returns the entity tag of the preview. It changes only with the file's bytes and with the way previews are
    /// drawn.
    pub fn tag(&self) -> String {
        format!("{}-{DRAWER}", hex::encode(self.file.sha256))
    }

    /// Draws the preview in a child process, for this account.
    pub async fn draw(&self, app: &App, account: UserId) -> Result<Vec<u8>> {
        let bytes = app.files.get(&self.file.file_url, None).await?;
        let name = self.file.file_url.clone();
        app.children.preview(account, Uploaded { kind: self.kind, known_by: self.tag(), name, bytes }).await
    }
}

/// Logs the preview of a version. The caller sends the picture after this has been committed.
pub async fn log_of_version(app: &App, by: &Actor, room: RoomId, shown: &Version) -> Result<()> {
    let shown = shown.clone();
    operation(app, Log::Room(room), by, async move |tx, log| {
        let (slot, version) = versions::told(log, &shown)?;
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

/// Logs the preview of a snapshot. The caller sends the picture after this has been committed.
pub async fn log_of_snapshot(app: &App, by: &Actor, room: RoomId, shown: &Snapshot) -> Result<()> {
    let (id, file) = (shown.id, snapshots::downloadable(shown)?);
    operation(app, Log::Room(room), by, async move |tx: &mut Tx, log| {
        let file_sha256 = snapshots::told_file(log, id, &file)?;
        log.append(tx, &Event::SnapshotPreviewed { snapshot_id: id, file_sha256 }).await
    })
    .await
}
