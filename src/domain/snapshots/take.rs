//! Taking a snapshot: what is asked for, and the record that is captured in the same transaction.

use report::record::SectionOptions;
use room::{Event, Log, RoomId, SnapshotId, SnapshotType, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::record;
use crate::{
    app::App,
    db::{self, Tx, snapshots::Snapshot},
    domain::{
        input::Fields,
        log::{Actor, Once, OpenLog, operation},
    },
    error::{Error, Result},
};

/// The request to take a snapshot.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSnapshot {
    /// Title of at most 255 characters; if it is missing or blank, it is made of the date.
    #[serde(default)]
    #[schema(value_type = Option<room::bounds::OptionalLine>)]
    pub title: Option<String>,
    /// The format of the file: `pdf`, `json` or `csv`.
    #[serde(default = "pdf")]
    #[schema(value_type = SnapshotType, default = "pdf")]
    pub snapshot_type: String,
    /// Include the documents with their versions and decisions.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub include_documents: bool,
    /// Include the room's log.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub include_activity: bool,
    /// Include the parties' approvals of the vessels.
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

/// A request for a snapshot whose fields have been checked.
#[derive(Debug, Clone)]
pub struct CheckedRequest {
    title: Option<String>,
    kind: SnapshotType,
    options: SectionOptions,
}

impl NewSnapshot {
    /// Returns the request for a snapshot of this type with all of its sections.
    pub fn of(kind: SnapshotType) -> Self {
        Self {
            title: None,
            snapshot_type: kind.to_string(),
            include_documents: true,
            include_activity: true,
            include_approvals: true,
        }
    }

    /// Checks the title and the type, and returns the checked request.
    pub fn checked(&self) -> Result<CheckedRequest> {
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
        Ok(CheckedRequest { title, kind, options })
    }
}

/// Freezes the room into a record, and stores record, snapshot, job and log entry together.
pub async fn take(app: &App, by: &Actor, room: RoomId, request: NewSnapshot, once: Option<Once>) -> Result<Snapshot> {
    let checked = request.checked()?;
    let (in_tx, id) = (app.clone(), SnapshotId(app.new_id()));
    let taken = operation(app, Log::Room(room), by, async move |tx, log| {
        if let Some(once) = &once
            && let Some(made) = once.claim(tx, log.by(), &request, id.0, log.now).await?
        {
            let is_there = log.room()?.snapshots.contains_key(&SnapshotId(made));
            let found =
                if is_there { find(tx, room, SnapshotId(made)).await } else { Err(Error::NotFound("snapshot")) };
            return found.map_err(Once::says_gone);
        }
        freeze(tx, log, &in_tx, room, (id, &checked)).await
    })
    .await?;
    // Only after the commit: a worker that wakes up earlier would not see the job yet.
    app.job_enqueued.notify_one();
    Ok(taken)
}

/// Takes a snapshot within an operation. Once that is committed, the caller has to notify the workers.
pub async fn freeze(
    tx: &mut Tx,
    log: &mut OpenLog,
    app: &App,
    room: RoomId,
    (id, checked): (SnapshotId, &CheckedRequest),
) -> Result<Snapshot> {
    let title = checked.title.clone().unwrap_or_else(|| default_title(log.now));
    let mut snapshot = Snapshot::new(id, room, title, log.by().word(), checked.kind, log.now);
    // Captured before the entry is appended: the entry holds the record's hash, so the record cannot hold the entry.
    let captured = record::capture(tx, log, app, &snapshot, checked.options).await?;
    let options = serde_json::json!(checked.options);
    snapshot.data = options.to_string();
    snapshot.record_sha256 = captured.sha256.to_vec();
    let created = Event::SnapshotCreated {
        snapshot_id: id,
        title: snapshot.title.clone(),
        snapshot_type: checked.kind,
        options,
        record_sha256: hex::encode(captured.sha256),
    };
    snapshot.proof = Some(log.append_proving(tx, &created).await?.to_string());
    // All in one transaction: after a crash there is either no snapshot, or one with its entry, record and job, from
    // which any worker can make the file.
    db::snapshots::insert_record(tx, &snapshot, &captured.compressed()?).await?;
    db::jobs::enqueue(tx, id, log.now).await?;
    Ok(snapshot)
}

/// Returns the title of a snapshot that is taken at this instant without one.
pub fn default_title(now: Time) -> String {
    format!("Snapshot of {}", now.to_the_minute())
}

/// Returns the snapshot of this room with this id.
pub async fn find(tx: &mut Tx, room: RoomId, snapshot: SnapshotId) -> Result<Snapshot> {
    db::snapshots::find(tx, room, snapshot).await?.ok_or(Error::NotFound("snapshot"))
}
