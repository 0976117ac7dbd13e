//! The status of the server, which an admin looks at first when something is wrong.

use std::collections::BTreeMap;

use room::{RoomId, SnapshotId, Time};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    backups::BackupStatus,
    db::{
        self, Dialect, contradictions,
        fsck_runs::Finished,
        heads_log::{HeadsLog, Sight},
        jobs::JobCounts,
        migrations,
    },
    domain::seal_certificate::SealCertificate,
    error::{Error, Result},
    files::{self, DiskSpace},
};

/// How many contradictions are listed; the others are only counted.
const CONTRADICTIONS: i64 = 20;

/// The status of the server: its versions, jobs, checks and disks.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SystemStatus {
    /// The version of the program.
    pub version: &'static str,
    /// The renderer that draws reports, with its version.
    pub renderer: &'static str,
    /// The set of fonts that reports are drawn with.
    pub fonts: String,
    /// The name of the key that signs the logs.
    pub log_key: String,
    /// The kind of database: `sqlite` or `postgresql`.
    pub database: &'static str,
    /// The migrations that were applied, the oldest first.
    pub migrations: Vec<AppliedMigration>,
    /// When the server was started.
    #[schema(value_type = String, format = "date-time")]
    pub started_at: Time,
    /// How long the server has been running, in seconds.
    pub uptime_seconds: u64,
    /// The number of snapshots whose files are still to be drawn, by state of their jobs.
    pub jobs: JobCounts,
    /// The last check of what is stored; null if there was none yet.
    pub fsck: Option<LastCheck>,
    /// How many receipts of files that were verified a log contradicts although this server has signed them, not counting
    /// those that are settled. It should be 0.
    pub open_contradictions: u64,
    /// The newest contradictions, those that are not settled first; 20 at most.
    pub contradictions: Vec<Contradiction>,
    /// The log of heads; null if it has no entry yet.
    pub heads_log: Option<HeadsLogStatus>,
    /// The backups that this server makes by itself; null if the settings name no directory for them.
    pub backup: Option<BackupStatus>,
    /// The certificate that PDFs are sealed with.
    pub seal: SealCertificate,
    /// The disk of the data directory; null if the system does not report it.
    pub data_disk: Option<DiskSpace>,
    /// The disk of the file store, which may be the same one; null if the store is not local.
    pub files_disk: Option<DiskSpace>,
}

/// A migration that was applied to the database.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AppliedMigration {
    /// The name of the migration, such as `003_add_snapshots_table`.
    pub name: &'static str,
    /// When the migration was applied.
    #[schema(value_type = String, format = "date-time")]
    pub applied_at: Time,
}

/// The result of a check of what is stored.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LastCheck {
    /// When the check began.
    #[schema(value_type = String, format = "date-time")]
    pub started_at: Time,
    /// When the check ended.
    #[schema(value_type = String, format = "date-time")]
    pub finished_at: Time,
    /// How many logs were checked.
    pub logs: u64,
    /// How many entries were checked.
    pub entries: u64,
    /// How many records of snapshots were checked.
    pub records: u64,
    /// How many files were checked.
    pub files: u64,
    /// How many damaged things there are of each kind; empty if none is damaged.
    pub damaged: BTreeMap<String, u64>,
    /// Why the check was not completed; the numbers are then those of the last one that was.
    pub error: Option<String>,
}

impl From<Finished> for LastCheck {
    fn from(Finished { started_at, finished_at, found }: Finished) -> Self {
        let db::fsck_runs::Found { logs, entries, records, files, damaged, error, .. } = found;
        let damaged = damaged.into_iter().filter(|(_, things)| *things > 0).collect();
        Self { started_at, finished_at, logs, entries, records, files, damaged, error }
    }
}

/// What this server has signed in a snapshot's file and its log contradicts: entries were changed or lost behind the server,
/// or somebody else has signed with its key.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Contradiction {
    /// The id of the room.
    #[schema(value_type = String, format = "uuid")]
    pub room_id: RoomId,
    /// The title of the room; null if there is no such room any more.
    pub room_title: Option<String>,
    /// The id of the snapshot whose file was verified.
    #[schema(value_type = String, format = "uuid")]
    pub snapshot_id: SnapshotId,
    /// What contradicts what, in words.
    pub detail: String,
    /// When it was seen first, or again after it had been settled.
    #[schema(value_type = String, format = "date-time")]
    pub seen_at: Time,
    /// When the file was verified again and the log agreed with it, because the database was put right, or because the log
    /// says since why it lacks entries; null if it was not.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub settled_at: Option<Time>,
}

impl From<contradictions::Contradiction> for Contradiction {
    fn from(found: contradictions::Contradiction) -> Self {
        let contradictions::Contradiction { room, room_title, snapshot, detail, seen_at, settled_at } = found;
        Self { room_id: room, room_title, snapshot_id: snapshot, detail, seen_at, settled_at }
    }
}

/// The log of heads, into which the heads of all other logs are taken.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HeadsLogStatus {
    /// Its name in its checkpoints.
    pub origin: String,
    /// The number of its entries.
    pub size: u64,
    /// The witnesses that were asked to cosign it.
    pub witnesses: Vec<WitnessStatus>,
}

/// A witness of the log of heads, with what came of asking it last.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WitnessStatus {
    /// The public key of the witness.
    pub witness: String,
    /// The number of entries that it has seen.
    pub size: u64,
    /// Why it did not cosign the newest head; null if it did.
    pub fault: Option<String>,
    /// When it was asked last.
    #[schema(value_type = String, format = "date-time")]
    pub asked_at: Time,
}

impl From<(HeadsLog, Vec<Sight>)> for HeadsLogStatus {
    fn from((HeadsLog { origin, size, .. }, sights): (HeadsLog, Vec<Sight>)) -> Self {
        let status =
            |Sight { witness, size, fault, seen_at, .. }| WitnessStatus { witness, size, fault, asked_at: seen_at };
        Self { origin, size, witnesses: sights.into_iter().map(status).collect() }
    }
}

/// What is read from the database for the status.
struct Stored {
    jobs: JobCounts,
    checked: Option<Finished>,
    open: u64,
    contradictions: Vec<contradictions::Contradiction>,
    heads_log: Option<(HeadsLog, Vec<Sight>)>,
}

/// Returns the status of the server now.
pub async fn status(app: &App) -> Result<SystemStatus> {
    let now = app.now();
    let read = app.db.read(async |tx| {
        let heads_log = match db::heads_log::find(tx).await? {
            Some(log) => Some((log, db::heads_log::sights(tx).await?)),
            None => None,
        };
        Ok(Stored {
            heads_log,
            jobs: db::jobs::by_state(tx, now).await?,
            checked: db::fsck_runs::last(tx).await?,
            open: contradictions::count(tx).await?.open,
            contradictions: contradictions::newest(tx, CONTRADICTIONS).await?,
        })
    });
    let Stored { jobs, checked, open, contradictions, heads_log } = read.await?;
    let steps = migrations::status(&app.db).await?;
    let taken = |step: migrations::Step| Some(AppliedMigration { name: step.name, applied_at: step.applied_at? });
    let dirs = (app.config.data_dir().to_owned(), app.files.directory().to_owned());
    // On a thread for blocking work: a disk that does not respond, such as a lost network mount, holds up only this.
    let disks = tokio::task::spawn_blocking(move || (files::space(&dirs.0), files::space(&dirs.1)));
    let (data_disk, files_disk) = disks.await.map_err(|error| Error::internal(format!("the disks: {error}")))?;
    Ok(SystemStatus {
        version: env!("CARGO_PKG_VERSION"),
        renderer: report::RENDERER,
        fonts: app.fonts.name().to_owned(),
        log_key: app.log_key().name().to_owned(),
        database: match app.db.dialect() {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgresql",
        },
        migrations: steps.into_iter().filter_map(taken).collect(),
        started_at: app.started_at,
        uptime_seconds: now.since(app.started_at).as_secs(),
        jobs,
        fsck: checked.map(LastCheck::from),
        open_contradictions: open,
        contradictions: contradictions.into_iter().map(Contradiction::from).collect(),
        heads_log: heads_log.map(HeadsLogStatus::from),
        backup: app.config.scheduled_backup().map(|_| app.backups.status()),
        seal: SealCertificate::in_force(app)?,
        data_disk,
        files_disk,
    })
}
