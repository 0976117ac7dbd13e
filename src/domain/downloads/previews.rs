//! Previews: a page of a file as a picture. A preview is logged like a download of the file; who goes on through its pages
//! is looking at the same file still.

use preview::{DRAWER, Kind};
pub use preview::{Drawn, View};
use room::{Event, FileKind, Log, RoomId, SnapshotType, UserId, Version};

use uuid::Uuid;

use crate::{
    app::App,
    children::{CANNOT_BE_DRAWN, FILE_LIMIT, Uploaded},
    db::{Tx, files::StoredFile, snapshots::Snapshot},
    domain::{
        documents::versions,
        log::{Actor, Once, OpenLog, idempotency::id_of_next_entry, operation},
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

    /// Returns the entity tag of a view. It changes only with the file's bytes and with the way previews are drawn.
    pub fn tag(&self, view: View) -> String {
        let file = format!("{}-{DRAWER}", hex::encode(self.file.sha256));
        if view == View::FIRST { file } else { format!("{file}-{}x{}", view.page, view.zoom) }
    }

    /// Draws a view in a child process, for this account.
    pub async fn draw(&self, app: &App, account: UserId, view: View) -> Result<Drawn> {
        let bytes = app.files.get(&self.file.file_url, None).await?;
        let (name, known_by) = (self.file.file_url.clone(), self.tag(view));
        app.children.preview(account, Uploaded { kind: self.kind, view, known_by, name, bytes }).await
    }
}

/// Logs the preview of a version, unless it goes on from one that is logged. The caller sends the picture after this has
/// been committed.
pub async fn log_of_version(app: &App, by: &Actor, room: RoomId, shown: &Version, view: View) -> Result<()> {
    let shown = shown.clone();
    operation(app, Log::Room(room), by, async move |tx, log| {
        let (slot, version) = versions::told(log, &shown)?;
        if goes_on(tx, log, version.id.0, view).await? {
            return Ok(());
        }
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

/// Logs the preview of a snapshot, unless it goes on from one that is logged. The caller sends the picture after this has
/// been committed.
pub async fn log_of_snapshot(app: &App, by: &Actor, room: RoomId, shown: &Snapshot, view: View) -> Result<()> {
    let (id, file) = (shown.id, snapshots::downloadable(shown)?);
    operation(app, Log::Room(room), by, async move |tx: &mut Tx, log| {
        let file_sha256 = snapshots::told_file(log, id, &file)?;
        if goes_on(tx, log, id.0, view).await? {
            return Ok(());
        }
        log.append(tx, &Event::SnapshotPreviewed { snapshot_id: id, file_sha256 }).await
    })
    .await
}

/// Returns whether a view goes on from one of the same file that was logged for the same person within a day; notes
/// otherwise that it is. The first page is always logged.
async fn goes_on(tx: &mut Tx, log: &OpenLog, file: Uuid, view: View) -> Result<bool> {
    // No request has such a target, so that nobody's own key can stand for it.
    let look = Once { key: format!("look {file}"), target: "LOOK".into() };
    let before = Once::repeats(Some(&look), tx, log, &file.to_string(), id_of_next_entry(log)).await?;
    Ok(before.is_some() && view != View::FIRST)
}
