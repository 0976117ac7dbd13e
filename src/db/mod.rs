//! All SQL of the server: two databases behind one transaction type, and one file for each table.
//!
//! `domain` and everything above it uses it. [`Db::write`] is the only way to change anything, [`Db::read`] the only
//! way to look. Inside either, nothing but the database may be awaited: on SQLite the transaction runs in one go.
//!
//! A function here runs one statement, or a few that belong together, and decides nothing: rules are in `domain`.

mod engine;

pub mod account_details;
pub mod account_grants;
pub mod account_requests;
pub mod activity;
pub mod approvals;
pub mod backup;
pub mod clock;
pub mod confirmations;
pub mod contradictions;
pub mod decisions;
pub mod document_types;
pub mod document_versions;
pub mod documents;
pub mod files;
pub mod fsck;
pub mod fsck_runs;
pub mod heads_log;
pub mod holds;
pub mod idempotency;
pub mod jobs;
pub mod links;
pub mod logs;
pub mod marks;
pub mod migrations;
pub mod news;
pub mod news_choices;
pub mod outbox;
pub mod partial_uploads;
pub mod parties;
pub mod private_texts;
pub mod projections;
pub mod rooms;
pub mod schema_objects;
pub mod seals;
pub mod seek;
pub mod sessions;
pub mod sign_in;
pub mod snapshots;
pub mod users;
pub mod vessels;
pub mod witness_memory;

use std::{path::Path, sync::Arc, time::Duration};

pub use engine::{
    column::{Column, Param},
    dialect::Dialect,
    sqlite::look::Looked,
    tx::{Row, Tx},
};

use room::RoomId;
use rusqlite::ErrorCode;

use self::engine::{
    commits::Commits,
    postgres::{self, relay},
    sqlite,
};

use crate::{
    error::{Error, Result},
    in_place::Trouble,
    live::{Listener, Notifier},
};

/// Which part of a list is read.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// The number of rows at most.
    pub limit: i64,
    /// The number of rows that are skipped.
    pub offset: i64,
}

/// How many connections to PostgreSQL there are at most.
const POSTGRES_CONNECTIONS: usize = 16;

/// The database, SQLite or PostgreSQL, behind one interface. A clone is another handle to the same database.
///
/// A transaction is a closure that [`Db::write`] or [`Db::read`] runs, and not an object with a `commit`: only so can
/// the two databases do the same thing in their own ways. SQLite moves a write to its one writer thread and commits
/// several of them at once; PostgreSQL runs a write on a connection of its pool, and again if the server asks for it.
/// For the same reason a body is `Clone`, is run at most a few times, and has no effect besides the database.
///
/// What was not taken: a trait with one implementation for each database, since there will be no third, and a match
/// over two variants can be read; repositories for each table, since operations read and write several tables under one
/// lock; and a query builder, since the same SQL text runs on both, but for what [`Dialect`] lists.
#[derive(Clone)]
pub struct Db {
    backend: Backend,
    notifier: Notifier,
    commits: Commits,
    /// What SQLite has found to be damaged, if it has met anything of the kind.
    damage: Arc<Trouble>,
}

#[derive(Clone)]
enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Db {
    /// Returns the file of an SQLite database, which opening would create. `None` if the URL names a PostgreSQL.
    pub fn file_of(url: &str) -> Option<&Path> {
        (!is_postgres(url)).then(|| Path::new(sqlite_path(url)))
    }

    /// Returns an error if the URL of a PostgreSQL cannot be read.
    pub fn check_url(url: &str) -> Result<()> {
        if is_postgres(url) { postgres::read_url(url).map(drop) } else { Ok(()) }
    }

    /// Opens `postgres://…`, or an SQLite file given as a path or `sqlite:path`.
    pub fn open(url: &str) -> Result<Self> {
        let (notifier, commits) = (Notifier::default(), Commits::default());
        let backend = if is_postgres(url) {
            Backend::Postgres(postgres::Postgres::open(url, POSTGRES_CONNECTIONS, commits.clone())?)
        } else {
            Backend::Sqlite(sqlite::Sqlite::open(sqlite_path(url).as_ref(), notifier.clone(), commits.clone())?)
        };
        Ok(Self { backend, notifier, commits, damage: Arc::new(Trouble::new("database")) })
    }

    /// Has SQLite look at its file as a whole, for this long at most. PostgreSQL has no such check of its own.
    pub async fn look_over(url: &str, patience: Duration) -> Result<Looked> {
        let Some(path) = Self::file_of(url).map(Path::to_owned) else { return Ok(Looked::Sound) };
        let looked = tokio::task::spawn_blocking(move || sqlite::look::look_over(&path, patience));
        looked.await.map_err(|error| Error::internal(format!("a look at the database: {error}")))?
    }

    /// Returns which database this is.
    pub fn dialect(&self) -> Dialect {
        match &self.backend {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Returns how many commits this server has made since its start, and how many writes were in them.
    pub fn commits(&self) -> (u64, u64) {
        self.commits.counted()
    }

    /// Returns how many writes wait for one another here. On PostgreSQL none does: each has a connection of its own.
    pub fn writes_under_way(&self) -> usize {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.writes_under_way(),
            Backend::Postgres(_) => 0,
        }
    }

    /// Runs the body in one transaction and commits it. If the body fails, nothing of it stays.
    ///
    /// The body may run again, because PostgreSQL asks for it or SQLite lost the transaction that it shared with others,
    /// so it changes nothing but the database.
    pub async fn write<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Clone + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(sqlite) => self.noting(sqlite.write(body).await),
            Backend::Postgres(postgres) => postgres.write(body).await,
        }
    }

    /// Follows what is committed in a room from now on. What another process commits to the same SQLite file is not
    /// noticed.
    pub fn listen(&self, room: RoomId) -> Listener {
        self.notifier.listen(room)
    }

    /// Notifies this server's listeners of what any server commits to the same PostgreSQL. Does not return.
    pub async fn relay(&self) {
        match &self.backend {
            // The writer notifies by itself.
            Backend::Sqlite(_) => std::future::pending().await,
            Backend::Postgres(postgres) => relay::run(postgres.config(), &self.notifier).await,
        }
    }

    /// Returns an error if nothing can be written: after a commit that the disk refused, the process has to be started
    /// again; a standby of PostgreSQL takes no changes.
    pub async fn check_writable(&self) -> Result<()> {
        match &self.backend {
            Backend::Sqlite(sqlite) if sqlite.has_stopped() => Err(Error::WriteFailed),
            Backend::Sqlite(_) => Ok(()),
            Backend::Postgres(postgres) => postgres.check_writable().await,
        }
    }

    /// Returns whether the files of the database are where they were, and nothing in them was met that is damaged. If not,
    /// the program's log has been told.
    pub fn is_sound(&self) -> bool {
        let is_in_place = match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.is_in_place(),
            Backend::Postgres(_) => true,
        };
        is_in_place && !self.damage.is_there()
    }

    /// Notes that the database was found to be damaged, which only another start takes back.
    pub fn note_damage(&self, fault: String) {
        self.damage.note(Some(fault));
    }

    /// Notes the damage that a transaction has met.
    fn noting<T>(&self, outcome: Result<T>) -> Result<T> {
        if let Err(Error::Sqlite(error)) = &outcome
            && matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        {
            self.note_damage(format!("SQLite finds its file damaged: {error}; `sts-clearance fsck` tells more"));
        }
        outcome
    }

    /// Returns the directory that an SQLite database is in. `None` for PostgreSQL, which is on a disk of its own.
    pub fn directory(url: &str) -> Option<std::path::PathBuf> {
        (!is_postgres(url)).then(|| std::path::Path::new(sqlite_path(url)).parent().map(ToOwned::to_owned))?
    }

    /// Does the same as [`Db::read`], for a body that reads a whole room. On SQLite it keeps no thread of the runtime
    /// busy.
    pub async fn read_at_length<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(sqlite) => self.noting(sqlite.read_at_length(body).await),
            Backend::Postgres(postgres) => postgres.read(body).await,
        }
    }

    /// Runs the body in one read-only transaction that sees one instant.
    pub async fn read<T>(&self, body: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        match &self.backend {
            Backend::Sqlite(sqlite) => self.noting(sqlite.read(body).await),
            Backend::Postgres(postgres) => postgres.read(body).await,
        }
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn sqlite_path(url: &str) -> &str {
    url.strip_prefix("sqlite:").unwrap_or(url)
}
