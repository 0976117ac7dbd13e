//! The only writer of the SQLite file: writes that wait are run together, each in a savepoint of its own, under one
//! commit.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
};

use rusqlite::ErrorCode;
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use super::{Place, open::CHECKPOINT_BYTES, wal_path};
use crate::{
    db::engine::{after_commit::AfterCommit, commits::Commits, tx::Tx},
    error::{Error, Result},
    live::Notifier,
};

/// How many writes can wait for the writer; one more is refused as busy.
const QUEUE: usize = 1024;
/// How many writes share one commit at most, which bounds how long the first of them waits.
const BATCH: usize = 64;

/// The handle of the writer's thread. Dropping it waits until the writer has closed the file.
pub(super) struct WriterThread {
    /// The number of writes that are waiting or being made.
    under_way: Arc<AtomicUsize>,
    calls: Option<mpsc::Sender<Box<dyn Call>>>,
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    /// Starts the thread, which alone writes from now on, through this connection.
    pub(super) fn start(
        tx: Tx,
        path: &Path,
        (stopped, place): (Arc<AtomicBool>, Arc<Place>),
        (notifier, commits): (Notifier, Commits),
    ) -> Result<Self> {
        let (calls, queue) = mpsc::channel(QUEUE);
        let wal = wal_path(path);
        let thread = thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || Writer { tx, wal, stopped, place, not_done: NotDone::Failed, notifier, commits }.run(queue))
            .map_err(|error| Error::setup(format!("the writer thread cannot start: {error}")))?;
        Ok(Self { under_way: Arc::default(), calls: Some(calls), thread: Some(thread) })
    }

    /// Queues the body for the writer, and returns once its commit is on the disk.
    pub(super) async fn run<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Clone + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let _counted = UnderWay::count(&self.under_way);
        self.send(Box::new(Pending { body, outcome: None, reply }))?;
        answer.await.map_err(|_| Error::internal("the writer has stopped"))?
    }

    fn send(&self, call: Box<dyn Call>) -> Result<()> {
        let calls = self.calls.as_ref().ok_or(Error::WriteFailed)?;
        calls.try_send(call).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Closed(_) => Error::WriteFailed,
        })
    }

    /// Returns how many writes are waiting or being made.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.calls.as_ref().is_none_or(mpsc::Sender::is_closed)
    }
}

/// A write that is counted until this is dropped, also where its caller has gone away.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn count(all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(all))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        // Without a sender, the writer's loop ends after what is queued. Waiting for it keeps what comes after a stop,
        // such as a backup or another process, from finding the file open.
        drop(self.calls.take());
        // The last handle may have been captured by a call, which the writer's own thread drops. It cannot join itself.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}

/// Runs a future by one poll. It cannot suspend as long as nothing but SQLite is awaited in it.
pub(super) fn run_now<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    // A future that is pending all the same is dropped, and its write rolled back. To wait for it would stop every
    // other write for as long as some network peer likes.
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(Error::internal("a transaction awaited something else than the database")),
    }
}

/// A write that waits for its turn.
trait Call: Send {
    /// Runs the body inside the open transaction, and returns whether its changes are to be kept. It runs again if the
    /// transaction was lost.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Sends the result to the caller, once the commit has succeeded or failed.
    fn answer(self: Box<Self>, committed: Result<(), NotDone>);
    /// Returns whether the caller has gone away.
    fn abandoned(&self) -> bool;
}

struct Pending<T, F> {
    body: F,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: AsyncFnOnce(&mut Tx) -> Result<T> + Clone + Send> Call for Pending<T, F> {
    fn run(&mut self, tx: &mut Tx) -> bool {
        let body = self.body.clone();
        // A panic in a body must not end the thread that all writes need. What the body left half done is taken back
        // with its savepoint, so nothing broken is seen afterwards.
        let outcome = catch_unwind(AssertUnwindSafe(|| run_now(body(tx))))
            .unwrap_or_else(|_| Err(Error::internal("a write panicked")));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), NotDone>) {
        let Self { body, outcome, reply } = *self;
        // Before the answer: what the body holds may be the last handle of the database but the caller's, whose drop is
        // to wait for this thread.
        drop(body);
        let outcome = match (outcome, committed) {
            (Some(Ok(_)), Err(not_done)) => Err(not_done.into()),
            // The disk had no room for it, or the process no memory: the caller can come again.
            (Some(Err(error)), _) if rolls_back_all(&error) => Err(NotDone::of(&error, false).into()),
            (Some(outcome), _) => outcome,
            (None, _) => Err(Error::WriteFailed),
        };
        // An error means that the caller has gone. The commit stands all the same.
        let _ = reply.send(outcome);
    }

    fn abandoned(&self) -> bool {
        // One that has run was begun: it runs again whether its caller waits or not.
        self.outcome.is_none() && self.reply.is_closed()
    }
}

/// Returns whether this is an error at which SQLite may roll back the whole transaction, although the database itself is
/// sound (<https://www.sqlite.org/lang_transaction.html>, 3.1).
fn rolls_back_all(error: &Error) -> bool {
    matches!(error, Error::Sqlite(error)
        if matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::OutOfMemory)))
}

/// How the transaction of a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is on the disk.
    Committed,
    /// Nothing of it stayed, and the file can still be written: its calls may run again.
    RolledBack,
    /// Nothing is written any more, or another process has the file: its calls are not run again.
    Refused,
}

/// What is known of a transaction whose commit did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotDone {
    /// It has left no trace.
    Failed,
    /// It has left no trace, since there was no room for it.
    Full,
    /// It may be in the file: the disk took it, and did not confirm it.
    NotKnown,
}

impl NotDone {
    /// Returns what follows from an error at the end of a transaction, or before it.
    fn of(error: &Error, at_commit: bool) -> Self {
        match error {
            Error::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Self::Full,
            _ if at_commit && is_of_the_disk(error) => Self::NotKnown,
            _ => Self::Failed,
        }
    }
}

impl From<NotDone> for Error {
    fn from(not_done: NotDone) -> Self {
        match not_done {
            NotDone::Failed => Self::WriteFailed,
            NotDone::Full => Self::DatabaseFull,
            NotDone::NotKnown => Self::NotKnown,
        }
    }
}

/// Returns whether the disk failed in a way after which it is not known what it holds.
///
/// A write that the system refused is none: the transaction ends in a frame that is whole or does not count, and the next
/// one is written over it. So it is when a quota is used up, which SQLite does not tell from other refusals.
fn is_of_the_disk(error: &Error) -> bool {
    let Error::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) = error else { return false };
    failure.code == ErrorCode::SystemIoFailure && failure.extended_code != rusqlite::ffi::SQLITE_IOERR_WRITE
}

/// The loop on the one thread that writes to the SQLite file.
///
/// SQLite has one writer at a time in any case. Writers on several connections would find the file locked, retry in no
/// order until `busy_timeout`, and pay for an fsync each. One thread with a queue is fair, is never refused by a lock
/// of its own process, and can commit for a group: all writes that are queued while a transaction is open run in it,
/// each in a savepoint of its own, and share one fsync. The fsync is what limits writes, so throughput grows with the
/// number of callers, and a failed write takes back only itself.
///
/// A full disk makes SQLite roll back the whole transaction, with the calls that went well. Then each call of the batch
/// runs again, in a transaction of its own: one that fails again fails alone. Bodies can be repeated, as PostgreSQL asks.
///
/// What was not taken: a mutex around a connection, which would block threads of the runtime; waiting a little for more
/// writes before a commit, which would slow down a lone caller, while others gather anyway during the fsync before; and
/// `BEGIN CONCURRENT`, which no released SQLite has.
struct Writer {
    tx: Tx,
    wal: std::path::PathBuf,
    stopped: Arc<AtomicBool>,
    place: Arc<Place>,
    /// What is known of the transaction that failed last, if it failed.
    not_done: NotDone,
    notifier: Notifier,
    commits: Commits,
}

impl Writer {
    fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Call>>) {
        while let Some(first) = queue.blocking_recv() {
            let mut batch = vec![first];
            match self.run_batch(&mut batch, Some(&mut queue)) {
                End::RolledBack if batch.len() > 1 => {
                    tracing::warn!(writes = batch.len(), "writes are repeated one by one");
                    for call in batch {
                        let mut alone = vec![call];
                        let end = self.run_batch(&mut alone, None);
                        self.answer(alone, end);
                    }
                }
                end => self.answer(batch, end),
            }
            // After the callers have their answers, so that none of them waits for it.
            self.checkpoint();
        }
    }

    /// Does what follows the end of a transaction, and then answers its callers.
    fn answer(&mut self, batch: Vec<Box<dyn Call>>, end: End) {
        let committed = end == End::Committed;
        if committed {
            self.commits.note(batch.len());
        }
        // Not before the commit: a listener that looked too early would find nothing, and not look again.
        self.notify(committed);
        self.act_after_commit(committed);
        for call in batch {
            call.answer(if committed { Ok(()) } else { Err(self.not_done) });
        }
    }

    /// Runs the batch, and what is queued meanwhile, under one commit.
    fn run_batch(
        &mut self,
        batch: &mut Vec<Box<dyn Call>>,
        mut queue: Option<&mut mpsc::Receiver<Box<dyn Call>>>,
    ) -> End {
        self.not_done = NotDone::Failed;
        // After a failed commit the loop goes on, to refuse what still comes instead of leaving its callers waiting.
        if self.stopped.load(Ordering::Relaxed) {
            return End::Refused;
        }
        // IMMEDIATE takes the write lock now. A plain BEGIN would take it at the first write, and fail there, in the
        // middle of a body, if another process holds it.
        if let Err(error) = run_now(self.tx.exec("BEGIN IMMEDIATE", &[])) {
            self.log_failure("a write could not begin", &error);
            return End::Refused;
        }
        let mut next = 0;
        while next < batch.len() {
            // A caller that has gone before its turn gets nothing done. Once begun, a write is kept whether its caller
            // waits or not.
            if !batch[next].abandoned() && !self.run_one(&mut *batch[next]) {
                // The transaction is lost, and with it the calls before this one, although each of them went well.
                return self.lose();
            }
            next += 1;
            if next == batch.len()
                && next < BATCH
                && let Some(call) = queue.as_mut().and_then(|queue| queue.try_recv().ok())
            {
                batch.push(call);
            }
        }
        if self.commit() { End::Committed } else { self.lose() }
    }

    /// Clears up after a transaction that is lost.
    fn lose(&mut self) -> End {
        // After some errors SQLite keeps the transaction open, and the next BEGIN would fail.
        roll_back(&self.tx);
        // What was to follow the commit is made again by the calls that are repeated.
        self.notify(false);
        self.act_after_commit(false);
        let is_over = self.stopped.load(Ordering::Relaxed) || !self.place.is_kept();
        if is_over { End::Refused } else { End::RolledBack }
    }

    /// Runs a call in its own savepoint. Returns `false` if the whole transaction is lost.
    fn run_one(&mut self, call: &mut dyn Call) -> bool {
        if let Err(error) = run_now(self.tx.exec("SAVEPOINT call", &[])) {
            self.log_failure("a transaction was lost", &error);
            return false;
        }
        let before = self.after_commit().map_or(0, |acts| acts.len());
        let is_kept = call.run(&mut self.tx);
        if !is_kept && let Some(acts) = self.after_commit() {
            acts.truncate(before);
        }
        // ROLLBACK TO takes the changes back but leaves the savepoint open, hence RELEASE after it.
        let taken_back = if is_kept { Ok(0) } else { run_now(self.tx.exec("ROLLBACK TO call", &[])) };
        // A full disk makes SQLite roll back the whole transaction by itself. Then the savepoint is gone as well, and
        // these statements fail.
        match taken_back.and_then(|_| run_now(self.tx.exec("RELEASE call", &[]))) {
            Ok(_) => true,
            Err(error) => {
                self.not_done = NotDone::of(&error, false);
                self.log_failure("a transaction was lost", &error);
                false
            }
        }
    }

    fn commit(&mut self) -> bool {
        // A commit to a file that has lost its name is acknowledged by the system all the same, and gone at the next start.
        if !self.place.is_kept() {
            return false;
        }
        match run_now(self.tx.exec("COMMIT", &[])) {
            Ok(_) if self.place.is_kept() => true,
            // It was lost meanwhile. Whether it comes back with this commit in it, only a start can tell.
            Ok(_) => {
                self.not_done = NotDone::NotKnown;
                self.stopped.store(true, Ordering::Relaxed);
                false
            }
            Err(error) => {
                self.not_done = NotDone::of(&error, true);
                self.log_failure("a commit failed", &error);
                false
            }
        }
    }

    /// Notifies the listeners of the rooms in which something has happened.
    fn notify(&mut self, committed: bool) {
        let Tx::Sqlite(sqlite) = &mut self.tx else { return };
        // The rooms of a call that was rolled back to its savepoint are among them: a look for nothing costs less than
        // a list for each savepoint.
        for room in sqlite.notified.drain(..).filter(|_| committed) {
            self.notifier.notify(room);
        }
    }

    /// Does what the calls wanted done after the commit. What those wanted that were rolled back is not among it.
    fn act_after_commit(&mut self, committed: bool) {
        let Some(acts) = self.after_commit() else { return };
        if !committed {
            acts.truncate(0);
        }
        acts.run();
    }

    fn after_commit(&mut self) -> Option<&mut AfterCommit> {
        match &mut self.tx {
            Tx::Sqlite(sqlite) => Some(&mut sqlite.after_commit),
            Tx::Postgres(_) => None,
        }
    }

    /// Copies the write-ahead log into the database once it has grown; `journal_size_limit` then shortens it.
    fn checkpoint(&mut self) {
        let large = std::fs::metadata(&self.wal).is_ok_and(|wal| wal.len() > CHECKPOINT_BYTES);
        // PASSIVE waits for no reader. What a reader still needs stays in the log until a later checkpoint.
        if large && let Err(error) = run_now(self.tx.rows("PRAGMA wal_checkpoint(PASSIVE)", &[])) {
            self.log_failure("the write-ahead log could not be copied back", &error);
        }
    }

    /// Logs a failure, and ends all writing if it is the disk's.
    fn log_failure(&self, what: &str, error: &Error) {
        // A failed fsync is not repeated: the kernel may have dropped the pages that it could not write and marked them
        // clean, so a second fsync would succeed without the data being on the disk. Only a start, which reads the file
        // again, shows what is there. A full disk is another error, after which writing can go on.
        let of_the_disk = is_of_the_disk(error);
        self.stopped.fetch_or(of_the_disk, Ordering::Relaxed);
        tracing::error!(%error, stopped = of_the_disk, "{what}");
    }
}

/// Rolls back the transaction if one is still open.
pub(super) fn roll_back(tx: &Tx) {
    if let Tx::Sqlite(sqlite) = tx
        && !sqlite.connection.is_autocommit()
        && let Err(error) = sqlite.connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction could not be rolled back");
    }
}
