//! The snapshots of a room: taken, downloaded, compared, deleted.

use std::time::Duration;

use room::{RoomId, SnapshotId, SnapshotStatus, SnapshotType, Time};
use serde::Serialize;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Tx, seals::SealSays, snapshots::Snapshot},
    domain::{
        accounts::two_people::Outcome,
        downloads::previews::{self, Previewable},
        log::Once,
        rooms,
        snapshots::{self, NewSnapshot, receipts},
    },
    error::Result,
    http::{
        Access::May, BASE, Caller, Created, DoneOrRequested, Download, FileAnswer, Id, InRoom, Json, Listed, PlainText,
        Preview, PreviewAnswer, Query, Routes, Seeking, Wait,
    },
    policy::Action::{SnapshotCreate, SnapshotDelete, SnapshotList, SnapshotView as View},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/rooms/{room_id}/snapshots", May(SnapshotList), list, "A room's snapshots, newest first")
        .post("/rooms/{room_id}/snapshots", May(SnapshotCreate), create, "Takes a snapshot of the room as it is now")
        .get("/rooms/{room_id}/snapshots/{snapshot_id}", May(View), get, "A snapshot")
        .delete(
            "/rooms/{room_id}/snapshots/{snapshot_id}",
            May(SnapshotDelete),
            delete,
            "Deletes a snapshot for good; inside its retention, asks for it, or confirms what was asked",
        )
        .refusing(&["409"])
        .get("/rooms/{room_id}/snapshots/{snapshot_id}/download", May(View), download, "A snapshot's file")
        .get(
            "/rooms/{room_id}/snapshots/{snapshot_id}/receipt",
            May(View),
            receipt,
            "The receipt of a snapshot's file: the proof that the room's log tells of its body, or of all of a file of an earlier \
             version (C2SP tlog-proof)",
        )
        .refusing(&["409"])
        .get(
            "/rooms/{room_id}/snapshots/{snapshot_id}/preview",
            May(View),
            preview,
            "A picture of a page of a snapshot's PDF",
        )
        .post(
            "/rooms/{room_id}/snapshots/{snapshot_id}/retry",
            May(SnapshotCreate),
            retry,
            "Renders a failed one again",
        )
        .refusing(&["409"])
}

/// A snapshot of a room: the room frozen at a position of its log, with the file that is drawn from it.
#[derive(Serialize, ToSchema)]
struct SnapshotView {
    #[schema(value_type = String, format = "uuid")]
    id: SnapshotId,
    title: String,
    /// The e-mail address of the party who took it.
    created_by: String,
    /// When it was taken, which is the instant at which it shows the room unless `as_of` is another.
    #[schema(value_type = String, format = "date-time")]
    created_at: Time,
    /// The instant at which it shows the room, if a past moment was asked for.
    #[schema(value_type = Option<String>, format = "date-time")]
    as_of: Option<Time>,
    /// The number of entries of the room's log that it shows; `null` for snapshots of earlier versions, whose records
    /// have it.
    log_size: Option<i64>,
    status: SnapshotStatus,
    /// The size of the file, in bytes; 0 before there is a file.
    file_size: i64,
    snapshot_type: SnapshotType,
    /// The path of the file, once there is one.
    download_url: Option<String>,
    #[schema(value_type = String, format = "uuid")]
    room_id: RoomId,
    /// How far the drawing of the file has come, in percent.
    progress: i64,
    /// Why the last attempt to draw the file failed.
    error: Option<String>,
    /// The SHA-256 of the record from which the file is drawn; `null` before it is made.
    record_sha256: Option<String>,
    /// The SHA-256 of the file.
    file_sha256: Option<String>,
    /// The seal of the file, if it is a PDF.
    seal: Option<SealView>,
    /// Why the file, a PDF, is not sealed, as the log says; `null` if it is, or if it is not drawn yet.
    not_sealed: Option<String>,
    /// The signed checkpoint of the room's log at the entry that tells of the file's body (C2SP `tlog-checkpoint`); `null`
    /// before that. Those who keep it can find out later whether the log was changed.
    checkpoint: Option<String>,
    /// What whoever takes or keeps the snapshot should know of its file: that nobody can judge later whether it follows from
    /// the log, since it was taken without the log's entries; `null` if there is nothing.
    notice: Option<&'static str>,
}

/// The notice of a snapshot whose record is made from the log and does not hold the log's entries.
const WITHOUT_ENTRIES: &str = "taken without the log's entries (`include_activity` is false): whether what the file shows \
     follows from the log cannot be judged later, by `verify` or by anybody else";

impl From<Snapshot> for SnapshotView {
    fn from(snapshot: Snapshot) -> Self {
        // The job, and its progress, is deleted when the file is there.
        let completed = snapshot.status == SnapshotStatus::Completed;
        let (checkpoint, not_sealed) = (snapshot.checkpoint().map(str::to_owned), snapshot.not_sealed());
        let notice = (snapshot.position.is_some() && !snapshot.has_entries()).then_some(WITHOUT_ENTRIES);
        let download_url = completed.then(|| format!("{BASE}{}/download", path(&snapshot)));
        Self {
            id: snapshot.id,
            title: snapshot.title,
            created_by: snapshot.created_by,
            created_at: snapshot.created_at,
            as_of: snapshot.shown_at.filter(|at| *at != snapshot.created_at),
            log_size: snapshot.position,
            status: snapshot.status,
            file_size: snapshot.file_size,
            snapshot_type: snapshot.kind,
            download_url,
            room_id: snapshot.room,
            progress: if completed { 100 } else { snapshot.progress.unwrap_or(0) },
            error: snapshot.last_error,
            record_sha256: snapshot.record_sha256.map(hex::encode),
            file_sha256: snapshot.file_sha256.map(hex::encode),
            seal: snapshot.seal.map(SealView::from),
            not_sealed,
            checkpoint,
            notice,
        }
    }
}

/// The digital signature of a PDF.
#[derive(Serialize, ToSchema)]
struct SealView {
    /// The signer, as the certificate names them.
    signer: String,
    /// Whether this server made the certificate itself, so that nobody else vouches for the signer.
    self_made: bool,
    /// When the PDF was sealed, by the server's own clock.
    #[schema(value_type = String, format = "date-time")]
    sealed_at: Time,
    /// When the PDF was sealed, as a time-stamp authority attests (RFC 3161); `null` if none did.
    #[schema(value_type = Option<String>, format = "date-time")]
    trusted_time: Option<Time>,
    /// Why there is no trusted time, if there is none.
    note: Option<String>,
}

impl From<SealSays> for SealView {
    fn from(SealSays { sealed_at, signer, self_made, trusted_time, note }: SealSays) -> Self {
        Self { signer, self_made, sealed_at, trusted_time, note }
    }
}

fn path(snapshot: &Snapshot) -> String {
    format!("/rooms/{}/snapshots/{}", snapshot.room, snapshot.id)
}

#[derive(Serialize, ToSchema)]
struct SnapshotDeleted {
    message: &'static str,
    #[schema(value_type = String, format = "uuid")]
    snapshot_id: SnapshotId,
}

#[derive(Serialize, ToSchema)]
struct SnapshotDeletionAsked {
    message: &'static str,
    #[schema(value_type = String, format = "uuid")]
    snapshot_id: SnapshotId,
    /// Until when another admin may confirm it.
    #[schema(value_type = String, format = "date-time")]
    confirm_by: Time,
}

async fn list(app: App, room: InRoom, Query(Seeking(seek)): Query<Seeking>) -> Result<Listed<SnapshotView>> {
    let found = app.db.read(async |tx| db::snapshots::list(tx, room.id, &seek).await).await?;
    let path = format!("/rooms/{}/snapshots", room.id);
    Ok(Listed::found(found, &seek, path, |snapshot| snapshot.id.to_string(), SnapshotView::from))
}

async fn create(
    app: App,
    caller: Caller,
    room: InRoom,
    once: Option<Once>,
    Wait(wait): Wait,
    Json(body): Json<NewSnapshot>,
) -> Result<Created<SnapshotView>> {
    let mut snapshot = snapshots::take(&app, &caller.actor(), room.id, body, once).await?;
    if let Some(wait) = wait {
        snapshot = wait_until_drawn(&app, snapshot, wait).await;
    }
    let preference = wait.map(|wait| format!("wait={}", wait.as_secs()));
    Ok(Created::at(&path(&snapshot), snapshot.into()).preferring(preference))
}

/// Returns the snapshot when its file is there, or as it is when the wait is over or the server is to stop.
///
/// There is no error: the snapshot has been taken, and its `201` stands even if it cannot be read, or was deleted,
/// since.
async fn wait_until_drawn(app: &App, mut snapshot: Snapshot, wait: Duration) -> Snapshot {
    /// How often to look without a notification, since another server may draw the file and cannot notify this one.
    const LOOK: Duration = Duration::from_millis(500);
    let deadline = Instant::now() + wait;
    while snapshot.status == SnapshotStatus::Generating && Instant::now() < deadline && !app.stopping.is_cancelled() {
        // Made before the read: a job that finishes after it was read and before the wait would otherwise be missed.
        // `notify_waiters` counts for a future from its making on, also before its first poll.
        let finished = app.job_finished.notified();
        let (room, id) = (snapshot.room, snapshot.id);
        snapshot = match app.db.read(async |tx| snapshots::find(tx, room, id).await).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%room, snapshot = %id, %error, "a snapshot cannot be waited for");
                return snapshot;
            }
        };
        if snapshot.status == SnapshotStatus::Generating {
            let _ = timeout(LOOK.min(deadline - Instant::now()), finished).await;
        }
    }
    snapshot
}

async fn get(app: App, room: InRoom, Id(id): Id<SnapshotId>) -> Result<Json<SnapshotView>> {
    let snapshot = app.db.read(async |tx| snapshots::find(tx, room.id, id).await).await?;
    Ok(Json(snapshot.into()))
}

async fn download(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<SnapshotId>,
    request: Download,
) -> Result<FileAnswer<report::Format>> {
    let find = async |tx: &mut Tx| Ok((snapshots::find(tx, room.id, id).await?, rooms::in_use(tx, room.id).await?));
    let (snapshot, room_shown) = app.db.read(find).await?;
    let file = snapshots::downloadable(&snapshot)?;
    let format = snapshot.format();
    let name = format!("{} - {}.{}", room_shown.title, snapshot.title, format.extension());
    let log = async |range| snapshots::log_download(&app, &caller.actor(), room.id, &snapshot, range).await;
    request.answer(&app, file, (name, format), log).await
}

async fn receipt(app: App, room: InRoom, Id(id): Id<SnapshotId>) -> Result<PlainText> {
    let snapshot = app.db.read(async |tx| snapshots::find(tx, room.id, id).await).await?;
    receipts::served(&app, &snapshot).await.map(PlainText)
}

async fn preview(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<SnapshotId>,
    request: Preview,
) -> Result<PreviewAnswer> {
    let snapshot = app.db.read(async |tx| snapshots::find(tx, room.id, id).await).await?;
    let log = async |view| previews::log_of_snapshot(&app, &caller.actor(), room.id, &snapshot, view).await;
    request.answer(&app, (Previewable::snapshot(&snapshot)?, caller.user.id), log).await
}

async fn delete(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(snapshot_id): Id<SnapshotId>,
) -> Result<DoneOrRequested<Json<SnapshotDeleted>, SnapshotDeletionAsked>> {
    Ok(match snapshots::delete(&app, &caller.actor(), room.id, snapshot_id).await? {
        Outcome::Done(()) => DoneOrRequested::Done(Json(SnapshotDeleted { message: "Snapshot deleted", snapshot_id })),
        Outcome::Asked(confirm_by) => {
            let message = "Another admin has to confirm that the snapshot is deleted";
            DoneOrRequested::Requested(SnapshotDeletionAsked { message, snapshot_id, confirm_by })
        }
    })
}

async fn retry(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<SnapshotId>,
    once: Option<Once>,
) -> Result<Json<SnapshotView>> {
    Ok(Json(snapshots::retry(&app, &caller.actor(), room.id, id, once).await?.into()))
}
