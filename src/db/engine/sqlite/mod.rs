//! The embedded side: one writer thread with group commit, and a handful of readers.

pub(crate) mod connection;
pub(in crate::db) mod copy;
pub(in crate::db) mod look;
pub(in crate::db) mod open;
mod writer;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::{
    connection::SqliteConnection,
    open::{OF_SERVER, connect, open_ours},
    writer::{WriterThread, roll_back, run_now},
};
use super::{commits::Commits, tx::Tx};
use crate::{
    error::{Error, Result},
    in_place::InPlace,
    live::Notifier,
};

/// How many connections are open for reading.
const READERS: usize = 4;

/// The embedded database. A clone is another handle to the same one.
#[derive(Clone)]
pub(in crate::db) struct Sqlite {
    writer: Arc<WriterThread>,
    readers: Arc<Readers>,
    /// Set when a commit failed on the disk, after which nothing is written any more. See `Writer::log_failure`.
    stopped: Arc<AtomicBool>,
    place: Arc<Place>,
}

/// The files that a commit goes to.
#[derive(Debug)]
pub(super) struct Place {
    database: InPlace,
    wal: Option<InPlace>,
}

struct Readers {
    idle: Mutex<Vec<Tx>>,
    /// One permit for each connection.
    permits: Arc<Semaphore>,
}

impl Sqlite {
    /// Opens the file, or creates it.
    ///
    /// A file that is read-only, locked, not a database, or another program's is refused before anything in it changes.
    pub(in crate::db) fn open(path: &Path, notifier: Notifier, commits: Commits) -> Result<Self> {
        let tx = Tx::Sqlite(SqliteConnection::new(open_ours(path, OF_SERVER)?));
        let readers =
            (0..READERS).map(|_| connect(path).map(SqliteConnection::new).map(Tx::Sqlite)).collect::<Result<_>>()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let place = Arc::new(Place::opened(path)?);
        let shared = (Arc::clone(&stopped), Arc::clone(&place));
        let writer = WriterThread::start(tx, path, shared, (notifier, commits))?;
        let readers = Readers { idle: Mutex::new(readers), permits: Arc::new(Semaphore::new(READERS)) };
        Ok(Self { writer: Arc::new(writer), readers: Arc::new(readers), stopped, place })
    }

    pub(in crate::db) async fn write<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Clone + Send + 'static,
    {
        self.writer.run(body).await
    }

    /// Returns how many writes are waiting or being made.
    pub(in crate::db) fn writes_under_way(&self) -> usize {
        self.writer.under_way()
    }

    /// Returns whether a failed commit, or the end of the writer's thread, has ended all writing.
    pub(in crate::db) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.writer.has_ended()
    }

    /// Returns whether what is committed is in the files that have the database's names.
    pub(in crate::db) fn is_in_place(&self) -> bool {
        self.place.is_kept()
    }

    pub(in crate::db) async fn read<T>(&self, body: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        let permit = self.permit().await?;
        // On the runtime's own thread: such a read takes less time than a move to another thread and back.
        self.readers.read(body, permit)
    }

    /// Reads on a thread for blocking work, for a body that would keep a thread of the runtime too long.
    pub(in crate::db) async fn read_at_length<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    {
        let permit = self.permit().await?;
        let readers = Arc::clone(&self.readers);
        let read = tokio::task::spawn_blocking(move || readers.read(body, permit));
        read.await.map_err(|error| Error::internal(format!("a read: {error}")))?
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.readers.permits).acquire_owned().await.map_err(|_| Error::Busy)
    }
}

impl Place {
    /// Notes which files these are, once a connection is open: it makes the write-ahead log, which stays as long as there
    /// is one.
    fn opened(path: &Path) -> Result<Self> {
        let database = InPlace::opened("database", path)
            .map_err(|error| Error::setup(format!("the database {} is gone: {error}", path.display())))?;
        // A connection that only reads may have none.
        Ok(Self { database, wal: InPlace::opened("write-ahead log", &wal_path(path)).ok() })
    }

    pub(super) fn is_kept(&self) -> bool {
        // Both are looked at, so that the program's log tells of both.
        let (database, wal) = (self.database.is_kept(), self.wal.as_ref().is_none_or(InPlace::is_kept));
        database && wal
    }
}

/// Returns the path of the write-ahead log of a database.
fn wal_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

impl Readers {
    fn read<T>(&self, body: impl AsyncFnOnce(&mut Tx) -> Result<T>, permit: OwnedSemaphorePermit) -> Result<T> {
        let taken = self.idle().pop();
        let mut tx = taken.ok_or_else(|| Error::internal("a reader was lost"))?;
        // A panic must not take the connection with it: after four of them nothing could be read any more.
        let outcome = catch_unwind(AssertUnwindSafe(|| read_once(&mut tx, body)));
        roll_back(&tx);
        // The connection goes back before the permit: the next read that gets the permit must find a connection.
        self.idle().push(tx);
        drop(permit);
        outcome.unwrap_or_else(|_| Err(Error::internal("a read panicked")))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Tx>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a transaction on an empty database in memory, which goes with it.
pub(in crate::db) fn in_memory() -> Result<Tx> {
    Ok(Tx::Sqlite(SqliteConnection::new(Connection::open_in_memory()?)))
}

fn read_once<T>(tx: &mut Tx, body: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
    // In WAL mode the first SELECT after BEGIN fixes the instant that all statements see. Nothing was changed, so
    // ROLLBACK ends it as well as COMMIT, and also undoes a write that somebody put into a read by mistake.
    run_now(tx.exec("BEGIN", &[]))?;
    let outcome = run_now(body(tx));
    let ended = run_now(tx.exec("ROLLBACK", &[]));
    outcome.and_then(|value| ended.map(|_| value))
}
