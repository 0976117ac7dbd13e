//! The status of the server, which an admin looks at first when something is wrong.

use std::collections::BTreeMap;

use room::Time;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Dialect, fsck_runs::Finished, jobs::JobCounts, migrations},
    error::{Error, Result},
    files::{self, DiskSpace},
};

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

/// Returns the status of the server now.
pub async fn status(app: &App) -> Result<SystemStatus> {
    let now = app.now();
    let read = app.db.read(async |tx| Ok((db::jobs::by_state(tx, now).await?, db::fsck_runs::last(tx).await?)));
    let (jobs, checked) = read.await?;
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
        log_key: app.log_key.name().to_owned(),
        database: match app.db.dialect() {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgresql",
        },
        migrations: steps.into_iter().filter_map(taken).collect(),
        started_at: app.started_at,
        uptime_seconds: now.since(app.started_at).as_secs(),
        jobs,
        fsck: checked.map(LastCheck::from),
        data_disk,
        files_disk,
    })
}
