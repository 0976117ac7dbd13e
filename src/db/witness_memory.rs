//! What a witness has cosigned: an SQLite file of its own, apart from the database of a server.
//!
//! What a witness has once signed it must never forget, or it would sign another history. So a change is committed and
//! synced before its answer is given, and only one is made at a time.

use std::{path::Path, sync::Arc};

use room::Hash;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use tokio::sync::Mutex;

use super::engine::sqlite::open::{OF_WITNESS, open_ours};
use crate::error::{Error, Result};

/// The version of the schema below, which a file has as its `user_version`.
const VERSION: i64 = 1;
/// The tables, and triggers that refuse what no part of the program does: to remove a head, or to give it another root.
const SCHEMA: &str = "
    CREATE TABLE checkpoints (
        origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL, time INTEGER NOT NULL,
        PRIMARY KEY (origin, size)
    ) STRICT;
    CREATE TABLE forks (
        origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL, time INTEGER NOT NULL,
        PRIMARY KEY (origin, size, root)
    ) STRICT;
    CREATE TABLE refused_forks (origin TEXT PRIMARY KEY, refused INTEGER NOT NULL) STRICT;
    CREATE TRIGGER checkpoints_stay BEFORE DELETE ON checkpoints
        BEGIN SELECT RAISE(ABORT, 'what was cosigned is not forgotten'); END;
    CREATE TRIGGER checkpoints_stay_as_they_are BEFORE UPDATE OF origin, size, root ON checkpoints
        BEGIN SELECT RAISE(ABORT, 'what was cosigned is not changed'); END;
    PRAGMA user_version = 1;
";

/// A checkpoint of a log as the witness has kept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// The number of entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// The signed note.
    pub note: String,
    /// When it was cosigned, or refused if it is a fork, in seconds since 1970.
    pub time: u64,
}

/// The memory of a witness. A clone is another handle to the same one.
#[derive(Clone)]
pub struct WitnessMemory {
    file: Arc<Mutex<File>>,
}

struct File {
    connection: Connection,
    /// Set when a commit failed. What the system then says to have on disk it may not have, so that whatever is committed
    /// after it could be lost when the power fails.
    has_failed: bool,
}

impl WitnessMemory {
    /// Opens the file, or creates it.
    ///
    /// A file that is read-only, locked, or another program's is refused before anything in it changes.
    pub fn open(path: &Path) -> Result<Self> {
        let mut connection = open_ours(path, OF_WITNESS)?;
        // Nobody makes checkpoints of the write-ahead log in between, as the writer of a server does.
        connection.pragma_update(None, "wal_autocheckpoint", 1_000)?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match tx.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? {
            0 => {
                tx.execute_batch(SCHEMA)?;
                tx.pragma_update(None, "application_id", OF_WITNESS)?;
            }
            VERSION => {}
            newer => {
                let (file, known) = (path.display(), VERSION);
                return Err(Error::setup(format!("{file} has schema {newer}, but this program knows {known} only")));
            }
        }
        tx.commit()?;
        Ok(Self { file: Arc::new(Mutex::new(File { connection, has_failed: false })) })
    }

    /// Runs the body in a transaction, alone, and returns what it returns once that is committed and synced. Nothing is
    /// changed if the body fails.
    pub async fn change<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&WitnessTx<'_>) -> Result<T> + Send + 'static,
    {
        // The turn is waited for here, not on a thread for blocking work: of these there are not as many as requests.
        let mut file = Arc::clone(&self.file).lock_owned().await;
        let changed = tokio::task::spawn_blocking(move || {
            let file = &mut *file;
            if file.has_failed {
                return Err(Error::WriteFailed);
            }
            // Also against another process on the same file: it takes SQLite's lock before anything is read.
            let tx = WitnessTx(file.connection.transaction_with_behavior(TransactionBehavior::Immediate)?);
            let value = body(&tx)?;
            if let Err(error) = tx.0.commit() {
                tracing::error!(%error, "the memory of the witness cannot be written; it cosigns nothing any more");
                file.has_failed = true;
                return Err(Error::NotKnown);
            }
            Ok(value)
        });
        changed.await.map_err(|error| Error::internal(format!("the memory of the witness: {error}")))?
    }

    /// Runs the body in a transaction that changes nothing.
    pub async fn read<T, F>(&self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&WitnessTx<'_>) -> Result<T> + Send + 'static,
    {
        let mut file = Arc::clone(&self.file).lock_owned().await;
        let read = tokio::task::spawn_blocking(move || body(&WitnessTx(file.connection.transaction()?)));
        read.await.map_err(|error| Error::internal(format!("the memory of the witness: {error}")))?
    }

    /// Returns an error if a commit has failed, after which nothing is cosigned any more.
    pub async fn check(&self) -> Result<()> {
        if self.file.lock().await.has_failed { Err(Error::WriteFailed) } else { Ok(()) }
    }
}

/// A transaction on the memory.
pub struct WitnessTx<'a>(Transaction<'a>);

const KEPT: &str = "SELECT size, root, note, time FROM checkpoints WHERE origin = ?1";

impl WitnessTx<'_> {
    /// Returns the newest checkpoint that was cosigned of a log, which is the largest. `None` if none was.
    pub fn newest(&self, origin: &str) -> Result<Option<KeptCheckpoint>> {
        let mut statement = self.0.prepare_cached(&format!("{KEPT} ORDER BY size DESC LIMIT 1"))?;
        Ok(statement.query_row([origin], kept).optional()?)
    }

    /// Returns the checkpoint of this size that was cosigned of a log. `None` if none was.
    pub fn of_size(&self, origin: &str, size: u64) -> Result<Option<KeptCheckpoint>> {
        let mut statement = self.0.prepare_cached(&format!("{KEPT} AND size = ?2"))?;
        Ok(statement.query_row(params![origin, size.cast_signed()], kept).optional()?)
    }

    /// Keeps a checkpoint that is about to be cosigned. It takes the place of one of the same size, whose root it has to
    /// have.
    pub fn keep(&self, origin: &str, KeptCheckpoint { size, root, note, time }: &KeptCheckpoint) -> Result<()> {
        let mut statement = self.0.prepare_cached(
            "INSERT INTO checkpoints (origin, size, root, note, time) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (origin, size) DO UPDATE SET note = excluded.note, time = excluded.time
             WHERE root = excluded.root",
        )?;
        let kept = statement.execute(params![origin, size.cast_signed(), root, note, time.cast_signed()])?;
        if kept == 1 { Ok(()) } else { Err(Error::internal("a checkpoint of this size has another root")) }
    }

    /// Counts a checkpoint that was refused since one of its size has another root, and keeps it, unless it is kept
    /// already or `most` of the log are.
    pub fn keep_fork(&self, origin: &str, fork: &KeptCheckpoint, most: u32) -> Result<()> {
        let KeptCheckpoint { size, root, note, time } = fork;
        self.0.execute(
            "INSERT INTO refused_forks (origin, refused) VALUES (?1, 1)
             ON CONFLICT (origin) DO UPDATE SET refused = refused + 1",
            [origin],
        )?;
        self.0.execute(
            "INSERT INTO forks (origin, size, root, note, time) SELECT ?1, ?2, ?3, ?4, ?5
             WHERE (SELECT COUNT(*) FROM forks WHERE origin = ?1) < ?6 ON CONFLICT DO NOTHING",
            params![origin, size.cast_signed(), root, note, time.cast_signed(), most],
        )?;
        Ok(())
    }

    /// Returns how many checkpoints of a log were refused as forks.
    pub fn refused_forks(&self, origin: &str) -> Result<u64> {
        let refused =
            self.0.query_row("SELECT refused FROM refused_forks WHERE origin = ?1", [origin], |row| row.get(0));
        Ok(refused.optional()?.map_or(0, i64::cast_unsigned))
    }

    /// Returns the first origin after this one, in the order of their bytes, of which a checkpoint was cosigned. `None` if
    /// there is none.
    pub fn origin_after(&self, origin: &str) -> Result<Option<String>> {
        let mut statement =
            self.0.prepare_cached("SELECT origin FROM checkpoints WHERE origin > ?1 ORDER BY origin LIMIT 1")?;
        Ok(statement.query_row([origin], |row| row.get(0)).optional()?)
    }
}

fn kept(row: &Row<'_>) -> rusqlite::Result<KeptCheckpoint> {
    let [size, time]: [i64; 2] = [row.get(0)?, row.get(3)?];
    Ok(KeptCheckpoint { size: size.cast_unsigned(), root: row.get(1)?, note: row.get(2)?, time: time.cast_unsigned() })
}
