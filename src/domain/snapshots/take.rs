//! Taking a snapshot: what is asked for, and the entry that names the position of the log that it shows. Its record is
//! made when its file is drawn, so taking one costs the same in every room.

use report::record::SectionOptions;
use room::{Event, Log, RoomId, Shown, SnapshotId, SnapshotType, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::position::{Moment, Position};
use crate::{
    app::App,
    db::{self, Tx, snapshots::Snapshot},
    domain::{
        input::Fields,
        log::{Actor, Once, OpenLog, operation},
        rooms,
    },
    error::{Error, Result},
};

/// The request to take a snapshot.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own, as the log has them")]
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
    /// Draw only the summary and the timeline of a PDF. What is attached to it is whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(default = false)]
    pub summary_only: bool,
    /// Show the room as it was after this entry of its log, and those that its operation has appended with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_entry: Option<u64>,
    /// Show the room as it was at this instant: after the last operation up to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub as_of: Option<String>,
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
    moment: Moment,
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
            summary_only: false,
            at_entry: None,
            as_of: None,
        }
    }

    /// Checks the title and the type, and returns the checked request.
    pub fn checked(&self) -> Result<CheckedRequest> {
        let mut fields = Fields::default();
        let title = fields.optional_line("title", self.title.as_deref());
        let moment = Moment::read(&mut fields, self.at_entry, self.as_of.as_deref());
        let kind = self.snapshot_type.parse().map_err(|_| {
            Error::Malformed(format!("`snapshot_type` must be one of pdf, json, csv, not `{}`", self.snapshot_type))
        });
        if self.summary_only && kind.as_ref().is_ok_and(|kind| *kind != SnapshotType::Pdf) {
            fields.fault("summary_only", "is for PDFs alone: files of other types have no summary");
        }
        fields.done()?;
        let kind = kind?;
        let options = SectionOptions {
            include_documents: self.include_documents,
            include_activity: self.include_activity,
            include_approvals: self.include_approvals,
            summary_only: self.summary_only,
        };
        Ok(CheckedRequest { title, kind, options, moment })
    }
}

/// Appends the entry of a snapshot, and stores its job together with it.
pub async fn take(app: &App, by: &Actor, room: RoomId, request: NewSnapshot, once: Option<Once>) -> Result<Snapshot> {
    let checked = request.checked()?;
    let (in_tx, id) = (app.clone(), SnapshotId(app.new_id()));
    let taken = operation(app, Log::Room(room), by, async move |tx, log| {
        if let Some(once) = &once
            && let Some(made) = once.claim(tx, log.by(), &request, id.0, log.clock()).await?
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
    let Actor::User { name, role, .. } = log.by().clone() else {
        return Err(Error::internal("a snapshot is taken by a user"));
    };
    rooms::in_use_by(log)?;
    let Position { size, root, at } = checked.moment.find(tx, log.log(), log.head(), log.now).await?;
    let title = checked.title.clone().unwrap_or_else(|| default_title(at));
    let options = serde_json::json!(checked.options);
    let (origin, key) = (log.origin().to_owned(), log.public_key());
    let retention_years = app.config.retention_years;
    let created = Event::SnapshotCreated {
        snapshot_id: id,
        title,
        snapshot_type: checked.kind,
        options,
        record_sha256: None,
        shows: Some(Box::new(Shown { size, root, origin, key, at, name, role, retention_years })),
    };
    log.append(tx, &created).await?;
    // In one transaction: after a crash there is either no snapshot, or one with its entry and its job, from which any
    // worker can make the file.
    db::jobs::enqueue(tx, room, id, log.clock()).await?;
    find(tx, room, id).await
}

/// Returns the title of a snapshot that is taken at this instant without one.
pub fn default_title(now: Time) -> String {
    format!("Snapshot of {}", now.to_the_minute())
}

/// Returns the snapshot of this room with this id.
pub async fn find(tx: &mut Tx, room: RoomId, snapshot: SnapshotId) -> Result<Snapshot> {
    db::snapshots::find(tx, room, snapshot).await?.ok_or(Error::NotFound("snapshot"))
}
