//! The one writer: calls that wait are run together, each in a savepoint of its own, under one commit.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
};

use rusqlite::ErrorCode;
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use super::open::CHECKPOINT_BYTES;
use crate::{
    db::engine::tx::Tx,
    error::{Error, Result},
    live::Bell,
};

/// Writes that wait for the writer; one more is told to come back.
const QUEUE: usize = 1024;
/// Writes in one commit.
const BATCH: usize = 64;

/// The way to the writer. The last handle to go waits until the writer has closed the file.
pub(super) struct WriterThread {
    calls: Option<mpsc::Sender<Box<dyn Call>>>,
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    /// Starts the thread that writes by way of this connection, which nobody else does from now on.
    pub(super) fn start(tx: Tx, path: &Path, stopped: Arc<AtomicBool>, bell: Bell) -> Result<Self> {
        let (calls, waiting) = mpsc::channel(QUEUE);
        let wal = wal_of(path);
        let thread = thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || Writer { tx, wal, stopped, bell }.run(waiting))
            .map_err(|error| Error::setup(format!("the writer thread cannot start: {error}")))?;
        Ok(Self { calls: Some(calls), thread: Some(thread) })
    }

    /// Runs the body in the writer's turn, and returns once its commit stands.
    pub(super) async fn run<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Box::new(Pending { body: Some(body), outcome: None, reply }))?;
        answer.await.map_err(|_| Error::internal("the writer has stopped"))?
    }

    fn send(&self, call: Box<dyn Call>) -> Result<()> {
        let calls = self.calls.as_ref().ok_or(Error::WriteFailed)?;
        calls.try_send(call).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Closed(_) => Error::WriteFailed,
        })
    }

    pub(super) fn has_ended(&self) -> bool {
        self.calls.as_ref().is_none_or(mpsc::Sender::is_closed)
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        drop(self.calls.take());
        // The last handle may have been a call's own, which the writer drops.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}

/// Runs a future that cannot suspend, since nothing but SQLite is awaited in it.
pub(super) fn now<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(Error::internal("a transaction awaited something else than the database")),
    }
}

/// A write that waits its turn.
trait Call: Send {
    /// Runs it inside the open transaction; answers whether its changes are to be kept.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Answers the caller, once it is known whether the commit stood.
    fn answer(self: Box<Self>, committed: bool);
    /// Whether the caller has gone away.
    fn abandoned(&self) -> bool;
}

struct Pending<T, F> {
    body: Option<F>,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: AsyncFnOnce(&mut Tx) -> Result<T> + Send> Call for Pending<T, F> {
    fn run(&mut self, tx: &mut Tx) -> bool {
        let Some(body) = self.body.take() else { return false };
        let outcome = catch_unwind(AssertUnwindSafe(|| now(body(tx))))
            .unwrap_or_else(|_| Err(Error::internal("a write panicked")));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, committed: bool) {
        let outcome = match self.outcome {
            Some(Ok(_)) if !committed => Err(Error::WriteFailed),
            Some(outcome) => outcome,
            None => Err(Error::WriteFailed),
        };
        // The caller may be gone; the commit stands all the same.
        let _ = self.reply.send(outcome);
    }

    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}

struct Writer {
    tx: Tx,
    wal: std::path::PathBuf,
    stopped: Arc<AtomicBool>,
    bell: Bell,
}

impl Writer {
    fn run(mut self, mut waiting: mpsc::Receiver<Box<dyn Call>>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut batch = vec![first];
            let committed = !self.stopped.load(Ordering::Relaxed) && self.run_batch(&mut batch, &mut waiting);
            self.ring(committed);
            for call in batch {
                call.answer(committed);
            }
            self.checkpoint();
        }
    }

    /// Runs the calls, and those that come to wait meanwhile, under one commit.
    fn run_batch(&mut self, batch: &mut Vec<Box<dyn Call>>, waiting: &mut mpsc::Receiver<Box<dyn Call>>) -> bool {
        if let Err(error) = now(self.tx.batch("BEGIN IMMEDIATE")) {
            self.note("a write could not begin", &error);
            return false;
        }
        let mut next = 0;
        while next < batch.len() {
            if !batch[next].abandoned() && !self.run_one(&mut *batch[next]) {
                roll_back(&self.tx);
                return false;
            }
            next += 1;
            if next == batch.len()
                && next < BATCH
                && let Ok(call) = waiting.try_recv()
            {
                batch.push(call);
            }
        }
        self.commit()
    }

    /// Runs a call in its own savepoint; false where the whole transaction is lost.
    fn run_one(&mut self, call: &mut dyn Call) -> bool {
        if now(self.tx.batch("SAVEPOINT call")).is_err() {
            return false;
        }
        let end = if call.run(&mut self.tx) { "RELEASE call" } else { "ROLLBACK TO call; RELEASE call" };
        // A full disk makes SQLite roll everything back by itself; then the savepoint is gone too.
        match now(self.tx.batch(end)) {
            Ok(()) => true,
            Err(error) => {
                self.note("a transaction was lost", &error);
                false
            }
        }
    }

    fn commit(&mut self) -> bool {
        match now(self.tx.batch("COMMIT")) {
            Ok(()) => true,
            Err(error) => {
                self.note("a commit failed", &error);
                roll_back(&self.tx);
                false
            }
        }
    }

    /// Rings for the rooms in which something has happened. A call that was taken back rings too, for nothing.
    fn ring(&mut self, committed: bool) {
        let Tx::Sqlite(session) = &mut self.tx else { return };
        for room in session.rung.drain(..).filter(|_| committed) {
            self.bell.ring(room);
        }
    }

    /// Copies the write-ahead log back where it has grown; `journal_size_limit` then shortens it.
    fn checkpoint(&mut self) {
        let large = std::fs::metadata(&self.wal).is_ok_and(|wal| wal.len() > CHECKPOINT_BYTES);
        if large && let Err(error) = now(self.tx.rows("PRAGMA wal_checkpoint(PASSIVE)", &[])) {
            self.note("the write-ahead log could not be copied back", &error);
        }
    }

    /// Logs a failure, and makes an end of writing where it is the disk's.
    fn note(&self, what: &str, error: &Error) {
        let of_the_disk = matches!(error, Error::Sqlite(error)
            if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure));
        self.stopped.fetch_or(of_the_disk, Ordering::Relaxed);
        tracing::error!(%error, stopped = of_the_disk, "{what}");
    }
}

/// Ends a transaction that is still open.
pub(super) fn roll_back(tx: &Tx) {
    if let Tx::Sqlite(session) = tx
        && !session.connection.is_autocommit()
        && let Err(error) = session.connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction could not be rolled back");
    }
}

fn wal_of(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
