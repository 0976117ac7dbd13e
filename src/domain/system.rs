//! How the server is: what an admin looks at first when something is wrong.

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

/// How the server is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SystemStatus {
    /// The program's version.
    pub version: &'static str,
    /// What draws reports, with its version.
    pub renderer: &'static str,
    /// The set of fonts that reports are drawn with.
    pub fonts: String,
    /// The name of the key that signs the logs.
    pub log_key: String,
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// The steps of the schema that were taken, the oldest first.
    pub migrations: Vec<AppliedMigration>,
    /// When the server began.
    #[schema(value_type = String, format = "date-time")]
    pub started_at: Time,
    /// How long it runs, in seconds.
    pub uptime_seconds: u64,
    /// Files of snapshots that are still to be drawn.
    pub jobs: JobCounts,
    /// The last check of what is stored; none where there was none yet.
    pub fsck: Option<LastCheck>,
    /// The disk of the data directory; none where the system does not tell.
    pub data_disk: Option<DiskSpace>,
    /// The disk of the file store, which may be the same; none where it is not local.
    pub files_disk: Option<DiskSpace>,
}

/// A step of the schema that was taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AppliedMigration {
    /// Such as `003_add_snapshots_table`.
    pub name: &'static str,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub applied_at: Time,
}

/// A check of what is stored.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LastCheck {
    /// When it began.
    #[schema(value_type = String, format = "date-time")]
    pub started_at: Time,
    /// When it ended.
    #[schema(value_type = String, format = "date-time")]
    pub finished_at: Time,
    /// How many logs it looked at.
    pub logs: u64,
    /// How many entries.
    pub entries: u64,
    /// How many records of snapshots.
    pub records: u64,
    /// How many files.
    pub files: u64,
    /// How many damaged things there are of each kind; empty where all is well.
    pub damaged: BTreeMap<String, u64>,
    /// Why it came to no end; the numbers are then those of the last one that did.
    pub error: Option<String>,
}

impl From<Finished> for LastCheck {
    fn from(Finished { started_at, finished_at, found }: Finished) -> Self {
        let db::fsck_runs::Found { logs, entries, records, files, damaged, error, .. } = found;
        let damaged = damaged.into_iter().filter(|(_, things)| *things > 0).collect();
        Self { started_at, finished_at, logs, entries, records, files, damaged, error }
    }
}

/// How the server is now.
pub async fn status(app: &App) -> Result<SystemStatus> {
    let now = app.now();
    let read = app.db.read(async |tx| Ok((db::jobs::by_state(tx, now).await?, db::fsck_runs::last(tx).await?)));
    let (jobs, checked) = read.await?;
    let steps = migrations::status(&app.db).await?;
    let taken = |step: migrations::Step| Some(AppliedMigration { name: step.name, applied_at: step.applied_at? });
    let dirs = (app.config.data_dir().to_owned(), app.files.directory().to_owned());
    // A disk that does not answer holds up nobody else.
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
