//! Snapshots of a room.

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
        snapshots::{
            self, NewSnapshot,
            compare::{self, Comparison},
        },
    },
    error::Result,
    http::{
        Access::May, BASE, Caller, Created, DoneOrAsked, Download, FileAnswer, Id, Ids, InRoom, Json, Listed, Paging,
        Preview, PreviewAnswer, Query, Routes, Wait,
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
            "/rooms/{room_id}/snapshots/{snapshot_id}/preview",
            May(View),
            preview,
            "A picture of the first page of a snapshot's PDF",
        )
        .post(
            "/rooms/{room_id}/snapshots/{snapshot_id}/retry",
            May(SnapshotCreate),
            retry,
            "Renders a failed one again",
        )
        .refusing(&["409"])
        .get(
            "/rooms/{room_id}/snapshots/{snapshot_id}/compare/{other_id}",
            May(View),
            compare,
            "What changed in the room from one snapshot to the other",
        )
}

/// A frozen report of a room.
#[derive(Serialize, ToSchema)]
struct SnapshotView {
    #[schema(value_type = String, format = "uuid")]
    id: SnapshotId,
    title: String,
    /// E-mail address of who took it.
    created_by: String,
    /// The instant it shows.
    #[schema(value_type = String, format = "date-time")]
    created_at: Time,
    status: SnapshotStatus,
    /// Bytes; 0 before there is a file.
    file_size: i64,
    snapshot_type: SnapshotType,
    /// Where the file is, once there is one.
    download_url: Option<String>,
    #[schema(value_type = String, format = "uuid")]
    room_id: RoomId,
    /// How far the rendering is, in percent.
    progress: i64,
    /// Why the last attempt to render it failed.
    error: Option<String>,
    /// SHA-256 of the record it holds.
    record_sha256: String,
    /// SHA-256 of its file.
    file_sha256: Option<String>,
    /// What the seal of the file says, where it is a PDF.
    seal: Option<SealView>,
    /// The signed checkpoint of the room's log at the entry that announces the snapshot (C2SP
    /// `tlog-checkpoint`): whoever keeps it can tell later whether the log was changed.
    checkpoint: Option<String>,
}

impl From<Snapshot> for SnapshotView {
    fn from(snapshot: Snapshot) -> Self {
        let completed = snapshot.status == SnapshotStatus::Completed;
        let checkpoint = snapshot.checkpoint().map(str::to_owned);
        let download_url = completed.then(|| format!("{BASE}{}/download", path(&snapshot)));
        Self {
            id: snapshot.id,
            title: snapshot.title,
            created_by: snapshot.created_by,
            created_at: snapshot.created_at,
            status: snapshot.status,
            file_size: snapshot.file_size,
            snapshot_type: snapshot.kind,
            download_url,
            room_id: snapshot.room,
            progress: if completed { 100 } else { snapshot.progress.unwrap_or(0) },
            error: snapshot.last_error,
            record_sha256: hex::encode(&snapshot.record_sha256),
            file_sha256: snapshot.file_sha256.map(hex::encode),
            seal: snapshot.seal.map(SealView::from),
            checkpoint,
        }
    }
}

/// The digital signature of a PDF.
#[derive(Serialize, ToSchema)]
struct SealView {
    /// Who signed, by the certificate.
    signer: String,
    /// Whether the certificate was made by this server, so that nobody else says who the signer is.
    self_made: bool,
    /// When, as the server says.
    #[schema(value_type = String, format = "date-time")]
    sealed_at: Time,
    /// When, as a time-stamp authority attests (RFC 3161).
    #[schema(value_type = Option<String>, format = "date-time")]
    trusted_time: Option<Time>,
    /// Why there is no trusted time, where there is none.
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

async fn list(app: App, room: InRoom, Query(Paging(page)): Query<Paging>) -> Result<Listed<SnapshotView>> {
    let (snapshots, total) = app.db.read(async |tx| db::snapshots::list(tx, room.id, page).await).await?;
    let path = format!("/rooms/{}/snapshots", room.id);
    Ok(Listed::new(snapshots.into_iter().map(SnapshotView::from).collect(), total, page, path))
}

async fn create(
    app: App,
    caller: Caller,
    room: InRoom,
    once: Option<Once>,
    Wait(wait): Wait,
    Json(asked): Json<NewSnapshot>,
) -> Result<Created<SnapshotView>> {
    let mut snapshot = snapshots::take(&app, &caller.actor(), room.id, asked, once).await?;
    if let Some(wait) = wait {
        snapshot = finished(&app, snapshot, wait).await;
    }
    let preference = wait.map(|wait| format!("wait={}", wait.as_secs()));
    Ok(Created::at(&path(&snapshot), snapshot.into()).preferring(preference))
}

/// The snapshot once its file is there, or as it is when the wait is over or the server is to stop.
/// It has been taken: that it cannot be looked at, or has been deleted meanwhile, takes nothing from that.
async fn finished(app: &App, mut snapshot: Snapshot, wait: Duration) -> Snapshot {
    /// A job may be finished by another node, which does not ring here.
    const LOOK: Duration = Duration::from_millis(500);
    let deadline = Instant::now() + wait;
    while snapshot.status == SnapshotStatus::Generating && Instant::now() < deadline && !app.stopping.is_cancelled() {
        let rung = app.job_finished.notified();
        let (room, id) = (snapshot.room, snapshot.id);
        snapshot = match app.db.read(async |tx| snapshots::find(tx, room, id).await).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%room, snapshot = %id, %error, "a snapshot cannot be waited for");
                return snapshot;
            }
        };
        if snapshot.status == SnapshotStatus::Generating {
            let _ = timeout(LOOK.min(deadline - Instant::now()), rung).await;
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
    asked: Download,
) -> Result<FileAnswer<report::Format>> {
    let find = async |tx: &mut Tx| Ok((snapshots::find(tx, room.id, id).await?, rooms::in_use(tx, room.id).await?));
    let (snapshot, room_shown) = app.db.read(find).await?;
    let file = snapshots::downloadable(&snapshot)?;
    let format = snapshot.format();
    let name = format!("{} - {}.{}", room_shown.title, snapshot.title, format.extension());
    let log = async |range| snapshots::log_download(&app, &caller.actor(), room.id, id, range).await;
    asked.answer(&app, file, (name, format), log).await
}

async fn preview(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<SnapshotId>,
    asked: Preview,
) -> Result<PreviewAnswer> {
    let snapshot = app.db.read(async |tx| snapshots::find(tx, room.id, id).await).await?;
    let log = async || previews::log_of_snapshot(&app, &caller.actor(), room.id, id).await;
    asked.answer(&app, (Previewable::snapshot(&snapshot)?, caller.user.id), log).await
}

async fn delete(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(snapshot_id): Id<SnapshotId>,
) -> Result<DoneOrAsked<Json<SnapshotDeleted>, SnapshotDeletionAsked>> {
    Ok(match snapshots::delete(&app, &caller.actor(), room.id, snapshot_id).await? {
        Outcome::Done(()) => DoneOrAsked::Done(Json(SnapshotDeleted { message: "Snapshot deleted", snapshot_id })),
        Outcome::Asked(confirm_by) => {
            let message = "Another admin has to confirm that the snapshot is deleted";
            DoneOrAsked::Asked(SnapshotDeletionAsked { message, snapshot_id, confirm_by })
        }
    })
}

/// The largest comparison, in bytes.
const MOST_DIFFERENCES: usize = 1_500_000;

/// A snapshot that was compared.
#[derive(Serialize, ToSchema)]
struct Compared {
    #[schema(value_type = String, format = "uuid")]
    id: SnapshotId,
    title: String,
    #[schema(value_type = String, format = "date-time")]
    created_at: Time,
}

/// What changed in a room from one snapshot to another.
#[derive(Serialize, ToSchema)]
struct ComparisonView {
    from: Compared,
    to: Compared,
    #[serde(flatten)]
    comparison: Comparison,
}

async fn compare(app: App, room: InRoom, Ids(a, b): Ids<SnapshotId, SnapshotId>) -> Result<Json<ComparisonView>> {
    let (from, to, comparison) = compare::compare(&app, room.id, a, b).await?;
    let told = |snapshot: Snapshot| {
        let Snapshot { id, title, created_at, .. } = snapshot;
        Compared { id, title, created_at }
    };
    Ok(Json(ComparisonView { from: told(from), to: told(to), comparison: comparison.within(MOST_DIFFERENCES) }))
}

async fn retry(app: App, caller: Caller, room: InRoom, Id(id): Id<SnapshotId>) -> Result<Json<SnapshotView>> {
    Ok(Json(snapshots::retry(&app, &caller.actor(), room.id, id).await?.into()))
}
