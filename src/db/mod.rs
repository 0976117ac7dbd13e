//! The only SQL: two databases behind one transaction type, then one file per table.
//!
//! [`Db::write`] is the only way to change anything, [`Db::read`] the only way to look. Inside
//! either, nothing but the database may be awaited: on SQLite the transaction runs in one go.

mod engine;

pub mod account_grants;
pub mod account_requests;
pub mod activity;
pub mod approvals;
pub mod confirmations;
pub mod decisions;
pub mod document_types;
pub mod document_versions;
pub mod documents;
pub mod files;
pub mod fsck;
pub mod fsck_runs;
pub mod holds;
pub mod idempotency;
pub mod jobs;
pub mod logs;
pub mod migrations;
pub mod parties;
pub mod rooms;
pub mod seals;
pub mod sessions;
pub mod sign_in;
pub mod snapshots;
pub mod users;
pub mod vessels;

pub use engine::{
    column::{Column, Param},
    dialect::Dialect,
    tx::{Row, Tx},
};
use room::RoomId;

use self::engine::{
    postgres::{self, relay},
    sqlite,
};

use crate::{
    error::{Error, Result},
    live::{Bell, Listener},
};

/// A part of a list.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Rows at most.
    pub limit: i64,
    /// Rows passed over.
    pub offset: i64,
}

/// Connections to PostgreSQL at most.
const POSTGRES_CONNECTIONS: usize = 16;

/// The database.
#[derive(Clone)]
pub struct Db {
    backend: Backend,
    bell: Bell,
}

#[derive(Clone)]
enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Db {
    /// Refuses an SQLite file that is not there, which opening would make.
    pub fn find(url: &str) -> Result<()> {
        if is_postgres(url) || std::path::Path::new(sqlite_path(url)).exists() {
            return Ok(());
        }
        Err(Error::setup(format!("there is no database {}", sqlite_path(url))))
    }

    /// Opens `postgres://…`, or an SQLite file given as a path or `sqlite:path`.
    pub fn open(url: &str) -> Result<Self> {
        let bell = Bell::default();
        let backend = if is_postgres(url) {
            Backend::Postgres(postgres::Postgres::open(url, POSTGRES_CONNECTIONS)?)
        } else {
            Backend::Sqlite(sqlite::Sqlite::open(sqlite_path(url).as_ref(), bell.clone())?)
        };
        Ok(Self { backend, bell })
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match &self.backend {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs the body in one transaction and commits it; nothing of it stays where it fails.
    ///
    /// The body may run again where PostgreSQL asks for it, so it changes nothing but the database.
    pub async fn write<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Clone + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.write(body).await,
            Backend::Postgres(postgres) => postgres.write(body).await,
        }
    }

    /// Hears what is committed in a room from now on. Another process on the same SQLite file is not heard.
    pub fn listen(&self, room: RoomId) -> Listener {
        self.bell.listen(room)
    }

    /// Hears what is committed on PostgreSQL, by this server and by others, and rings for it; does not end.
    pub async fn relay(&self) {
        match &self.backend {
            // The writer rings by itself.
            Backend::Sqlite(_) => std::future::pending().await,
            Backend::Postgres(postgres) => relay::run(postgres.config(), &self.bell).await,
        }
    }

    /// Fails where writing has come to an end: after a commit that the disk did not take, the
    /// process has to be started again.
    pub fn check_writable(&self) -> Result<()> {
        match &self.backend {
            Backend::Sqlite(sqlite) if sqlite.has_stopped() => Err(Error::WriteFailed),
            _ => Ok(()),
        }
    }

    /// Like [`Db::read`], for a body that reads a whole room: nobody waits behind it.
    pub async fn read_at_length<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.read_at_length(body).await,
            Backend::Postgres(postgres) => postgres.read(body).await,
        }
    }

    /// Runs the body in one read-only transaction that sees one instant.
    pub async fn read<T>(&self, body: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.read(body).await,
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
