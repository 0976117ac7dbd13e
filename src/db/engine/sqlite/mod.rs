//! The embedded side: one writer thread with group commit, and a handful of readers.

pub(crate) mod connection;
mod open;
mod writer;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::{
    connection::SqliteConnection,
    open::{connect, open_ours},
    writer::{WriterThread, now, roll_back},
};
use super::tx::Tx;
use crate::{
    error::{Error, Result},
    live::Bell,
};

/// Readers open at once.
const READERS: usize = 4;

/// The embedded database.
#[derive(Clone)]
pub(in crate::db) struct Sqlite {
    writer: Arc<WriterThread>,
    readers: Arc<Readers>,
    /// Set when a commit failed on the disk: what fsync did not promise once, it is not asked again.
    stopped: Arc<AtomicBool>,
}

struct Readers {
    idle: Mutex<Vec<Tx>>,
    places: Arc<Semaphore>,
}

impl Sqlite {
    /// Opens the file, or makes it.
    ///
    /// Refuses, before anything is changed, a file that is read-only, locked, no database, or
    /// another program's.
    pub(in crate::db) fn open(path: &Path, bell: Bell) -> Result<Self> {
        let tx = Tx::Sqlite(SqliteConnection::new(open_ours(path)?));
        let readers =
            (0..READERS).map(|_| connect(path).map(SqliteConnection::new).map(Tx::Sqlite)).collect::<Result<_>>()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let writer = WriterThread::start(tx, path, Arc::clone(&stopped), bell)?;
        let readers = Readers { idle: Mutex::new(readers), places: Arc::new(Semaphore::new(READERS)) };
        Ok(Self { writer: Arc::new(writer), readers: Arc::new(readers), stopped })
    }

    pub(in crate::db) async fn write<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    {
        self.writer.run(body).await
    }

    /// Whether a failed commit has made an end of writing.
    pub(in crate::db) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.writer.has_ended()
    }

    pub(in crate::db) async fn read<T>(&self, body: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        let place = self.place().await?;
        self.readers.read(body, place)
    }

    /// A read that takes its time, on a thread where nobody waits for it.
    pub(in crate::db) async fn read_at_length<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    {
        let place = self.place().await?;
        let readers = Arc::clone(&self.readers);
        let read = tokio::task::spawn_blocking(move || readers.read(body, place));
        read.await.map_err(|error| Error::internal(format!("a read: {error}")))?
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.readers.places).acquire_owned().await.map_err(|_| Error::Busy)
    }
}

impl Readers {
    fn read<T>(&self, body: impl AsyncFnOnce(&mut Tx) -> Result<T>, place: OwnedSemaphorePermit) -> Result<T> {
        let taken = self.idle().pop();
        let mut tx = taken.ok_or_else(|| Error::internal("a reader was lost"))?;
        let outcome = catch_unwind(AssertUnwindSafe(|| read_once(&mut tx, body)));
        roll_back(&tx);
        self.idle().push(tx);
        drop(place);
        outcome.unwrap_or_else(|_| Err(Error::internal("a read panicked")))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Tx>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_once<T>(tx: &mut Tx, body: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
    now(tx.batch("BEGIN"))?;
    let outcome = now(body(tx));
    let ended = now(tx.batch("ROLLBACK"));
    outcome.and_then(|value| ended.map(|()| value))
}
