//! Snapshots: a frozen report of a room, from the request to the tombstone.
//!
//! `generating` → `completed`, or `failed` → (retry) → `generating`. The record is captured and
//! stored in the transaction that answers the request; the file is drawn from it later, by a job,
//! and can be drawn again at any time, byte for byte.

use std::time::Duration;

use report::record::SectionOptions;
use room::{Deed, Event, Log, RoomId, SealSummary, SnapshotId, SnapshotStatus, SnapshotType, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::record;
use crate::{
    app::App,
    db::{
        self, Tx,
        confirmations::Request,
        files::StoredFile,
        holds::Hold,
        jobs::Claim,
        snapshots::{Drawn, Snapshot},
    },
    domain::{
        accounts::{sessions, two_people::Outcome},
        input::Fields,
        log::{Actor, Once, OpenLog, operation},
        retention::{
            confirmations::{self, Word},
            holds,
        },
        rooms,
    },
    error::{Error, Result},
};

/// After this long nobody stores the file of a snapshot that was deleted while it was rendered.
const STRAGGLERS: Duration = Duration::from_mins(10);
/// Attempts to render a file before it is given up.
pub const MOST_ATTEMPTS: i64 = 5;

/// A snapshot to take.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSnapshot {
    /// Title of at most 255 characters; where it is missing or blank, the date makes one.
    #[serde(default)]
    #[schema(value_type = Option<room::bounds::OptionalLine>)]
    pub title: Option<String>,
    /// `pdf`, `json` or `csv`.
    #[serde(default = "pdf")]
    #[schema(value_type = SnapshotType, default = "pdf")]
    pub snapshot_type: String,
    /// Include documents with their versions.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub include_documents: bool,
    /// Include the room's log.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub include_activity: bool,
    /// Include the clearances of the vessels.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub include_approvals: bool,
}

fn pdf() -> String {
    SnapshotType::Pdf.to_string()
}

fn yes() -> bool {
    true
}

/// What is to be frozen, and how, checked.
#[derive(Debug, Clone)]
pub struct Wanted {
    title: Option<String>,
    kind: SnapshotType,
    options: SectionOptions,
}

impl NewSnapshot {
    /// A snapshot of this type with all of its sections.
    pub fn of(kind: SnapshotType) -> Self {
        Self {
            title: None,
            snapshot_type: kind.to_string(),
            include_documents: true,
            include_activity: true,
            include_approvals: true,
        }
    }

    /// Checks title and type.
    pub fn checked(&self) -> Result<Wanted> {
        let mut fields = Fields::default();
        let title = fields.optional_line("title", self.title.as_deref());
        fields.done()?;
        let kind = self.snapshot_type.parse().map_err(|_| {
            Error::Malformed(format!("`snapshot_type` must be one of pdf, json, csv, not `{}`", self.snapshot_type))
        })?;
        let options = SectionOptions {
            include_documents: self.include_documents,
            include_activity: self.include_activity,
            include_approvals: self.include_approvals,
        };
        Ok(Wanted { title, kind, options })
    }
}

/// Freezes the room into a record, and stores record, snapshot, job and log entry together.
pub async fn take(app: &App, by: &Actor, room: RoomId, asked: NewSnapshot, once: Option<Once>) -> Result<Snapshot> {
    let wanted = asked.checked()?;
    let (in_tx, id) = (app.clone(), SnapshotId(app.new_id()));
    let taken = operation(app, Log::Room(room), by, async move |tx, log| {
        if let Some(once) = &once
            && let Some(made) = once.claim(tx, log.by(), &asked, id.0, log.now).await?
        {
            return find(tx, room, SnapshotId(made)).await.map_err(Once::says_gone);
        }
        freeze(tx, log, &in_tx, room, (id, &wanted)).await
    })
    .await?;
    app.job_enqueued.notify_one();
    Ok(taken)
}

/// Takes a snapshot within an operation; once that is committed, a worker is to be rung for.
pub async fn freeze(
    tx: &mut Tx,
    log: &mut OpenLog,
    app: &App,
    room: RoomId,
    (id, wanted): (SnapshotId, &Wanted),
) -> Result<Snapshot> {
    let title = wanted.title.clone().unwrap_or_else(|| default_title(log.now));
    let mut snapshot = Snapshot::new(id, room, title, log.by().word(), wanted.kind, log.now);
    let captured = record::capture(tx, log, app, &snapshot, wanted.options).await?;
    snapshot.data = serde_json::json!(wanted.options).to_string();
    snapshot.record_sha256 = captured.sha256.to_vec();
    let created = Event::SnapshotCreated {
        snapshot_id: id,
        title: snapshot.title.clone(),
        snapshot_type: wanted.kind,
        record_sha256: hex::encode(captured.sha256),
    };
    snapshot.proof = Some(log.append_proving(tx, &created).await?.to_string());
    db::snapshots::insert(tx, &snapshot, &captured.compressed()?).await?;
    db::jobs::enqueue(tx, id, log.now).await?;
    Ok(snapshot)
}

/// The title of a snapshot that is taken at this instant without one.
pub fn default_title(now: Time) -> String {
    format!("Snapshot of {}", now.to_the_minute())
}

/// A snapshot of this room.
pub async fn find(tx: &mut Tx, room: RoomId, snapshot: SnapshotId) -> Result<Snapshot> {
    db::snapshots::find(tx, room, snapshot).await?.ok_or(Error::NotFound("snapshot"))
}

/// Puts a failed snapshot back to work.
pub async fn retry(app: &App, by: &Actor, room: RoomId, id: SnapshotId) -> Result<Snapshot> {
    let snapshot = operation(app, Log::Room(room), by, async move |tx, log| {
        let snapshot = find(tx, room, id).await?;
        if !snapshot.status.may_become(SnapshotStatus::Generating) {
            let status = snapshot.status;
            return Err(Error::conflict(format!("the snapshot is {status}; only a failed one can be retried")));
        }
        db::snapshots::set_status(tx, id, SnapshotStatus::Generating).await?;
        db::jobs::restart(tx, id, log.now).await?;
        log.append(tx, &Event::SnapshotRetried { snapshot_id: id }).await?;
        find(tx, room, id).await
    })
    .await?;
    app.job_enqueued.notify_one();
    Ok(snapshot)
}

/// Deletes a snapshot for good; its tombstone stays in the log.
///
/// Nobody deletes one that is under hold, or whose room is. Inside its retention ([`room::Room::is_retained`]) it takes
/// two admins, the second within a day of the first. The snapshot of a room that was never closed is deleted by one:
/// no retention has begun.
pub async fn delete(app: &App, by: &Actor, room: RoomId, id: SnapshotId) -> Result<Outcome> {
    let retention_years = app.config.retention_years;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let found = rooms::in_use(tx, room).await?;
        let snapshot = find(tx, room, id).await?;
        holds::refuse_held(tx, room, Some(id)).await?;
        sessions::ask_for_password(tx, log).await?;
        let asked_by = if found.is_retained(retention_years, log.now) {
            match confirmations::hear(tx, log, room, (Deed::DeleteSnapshot, id.0), None).await? {
                Word::First(until) => {
                    let title = snapshot.title;
                    log.append(tx, &Event::SnapshotDeletionAsked { snapshot_id: id, title, until }).await?;
                    return Ok(Outcome::Asked(until));
                }
                Word::Second(request) => Some(request.asked_by),
            }
        } else {
            None
        };
        remove(tx, log, &snapshot, asked_by).await?;
        Ok(Outcome::Done(()))
    })
    .await
}

/// What the deletion of a snapshot meets as things are.
#[derive(Debug)]
pub struct Deletion {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// The hold that forbids it.
    pub hold: Option<Hold>,
    /// Whether it takes two admins.
    pub takes_two: bool,
    /// That an admin has asked for it, where another may confirm it.
    pub request: Option<Request>,
}

impl Deletion {
    /// Looks, and changes nothing.
    pub async fn of(app: &App, room: RoomId, id: SnapshotId) -> Result<Self> {
        let now = app.now();
        let read = async |tx: &mut Tx| {
            let found = rooms::in_use(tx, room).await?;
            let asked = |request: &Request| request.deed == Deed::DeleteSnapshot && request.subject == id.0;
            Ok(Self {
                snapshot: find(tx, room, id).await?,
                hold: holds::holding(tx, room, Some(id)).await?,
                takes_two: found.is_retained(app.config.retention_years, now),
                request: confirmations::open(tx, room, now).await?.into_iter().find(asked),
            })
        };
        app.db.read(read).await
    }
}

/// Removes a snapshot's rows, notes its file for removal, and writes the tombstone: that of one admin, or of two,
/// where another had asked for it.
pub async fn remove(tx: &mut Tx, log: &mut OpenLog, snapshot: &Snapshot, asked_by: Option<String>) -> Result<()> {
    db::snapshots::delete(tx, snapshot.id).await?;
    // A worker may be about to store the file, or may have died after it did.
    let pause = if snapshot.status == SnapshotStatus::Completed { Duration::ZERO } else { STRAGGLERS };
    db::files::forget(tx, &file_key(snapshot), log.now.after(pause)).await?;
    let deleted = Event::SnapshotDeleted {
        snapshot_id: snapshot.id,
        title: snapshot.title.clone(),
        snapshot_type: snapshot.kind,
        record_sha256: hex::encode(&snapshot.record_sha256),
        file_sha256: snapshot.file_sha256.as_ref().map(hex::encode),
        asked_by,
    };
    log.append(tx, &deleted).await
}

/// Refuses the download of a snapshot that has no file yet.
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

/// Logs a download; what is sent is sent after this has been committed.
pub async fn log_download(app: &App, by: &Actor, room: RoomId, id: SnapshotId, range: Option<String>) -> Result<()> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let file = downloadable(&find(tx, room, id).await?)?;
        let downloaded = Event::SnapshotDownloaded { snapshot_id: id, file_sha256: hex::encode(file.sha256), range };
        log.append(tx, &downloaded).await
    })
    .await
}

/// Where a snapshot's file is kept: nothing a user typed is part of it.
pub fn file_key(snapshot: &Snapshot) -> String {
    let extension = snapshot.format().extension();
    format!("rooms/{}/snapshots/{}.{extension}", snapshot.room, snapshot.id)
}

/// Completes a snapshot whose file is in the store. Where the snapshot was deleted meanwhile, the
/// file is noted for removal; where another worker was faster, its work stands.
pub async fn complete(app: &App, claim: Claim, room: RoomId, drawn: Drawn) -> Result<()> {
    operation(app, Log::Room(room), &Actor::System, async move |tx, log| {
        if db::snapshots::find(tx, room, claim.snapshot).await?.is_none() {
            return db::files::forget(tx, &drawn.file.file_url, log.now).await;
        }
        if !db::jobs::hold(tx, claim).await? {
            return Ok(());
        }
        db::snapshots::complete(tx, claim.snapshot, &drawn).await?;
        db::jobs::finish(tx, claim.snapshot).await?;
        let generated = Event::SnapshotGenerated {
            snapshot_id: claim.snapshot,
            file_sha256: hex::encode(drawn.file.sha256),
            file_size: drawn.file.size,
            renderer: drawn.renderer,
            seal: db::seals::find(tx, claim.snapshot).await?.map(SealSummary::from),
        };
        log.append(tx, &generated).await
    })
    .await
}

/// How the reason of an attempt begins that ended the process which drew the report.
pub const ENDED_ITS_PROCESS: &str = "drawing it takes more than there is for a report";

/// Gives a job back after a failed attempt: to be tried again after a pause that grows, or, after
/// the last attempt, given up with its reason.
///
/// The second attempt that ended its process is the last: what a record does to a process it does again.
pub async fn attempt_failed(app: &App, claim: Claim, room: RoomId, reason: String) -> Result<()> {
    operation(app, Log::Room(room), &Actor::System, async move |tx, log| {
        if !db::jobs::hold(tx, claim).await? {
            return Ok(());
        }
        let before = db::jobs::last_error(tx, claim.snapshot).await?;
        let ended_its_process = |reason: &str| reason.starts_with(ENDED_ITS_PROCESS);
        let again = ended_its_process(&reason) && before.as_deref().is_some_and(ended_its_process);
        if claim.attempt < MOST_ATTEMPTS && !again {
            let pause = Duration::from_secs(1 << claim.attempt);
            return db::jobs::give_back(tx, claim, Some(log.now.after(pause)), &reason).await;
        }
        db::jobs::give_back(tx, claim, None, &reason).await?;
        db::snapshots::set_status(tx, claim.snapshot, SnapshotStatus::Failed).await?;
        let failed = Event::SnapshotFailed {
            snapshot_id: claim.snapshot,
            attempts: claim.attempt.min(MOST_ATTEMPTS),
            reason: reason.clone(),
        };
        log.append(tx, &failed).await
    })
    .await
}
