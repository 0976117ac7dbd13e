//! Copies of the whole database: how one is made and brought back, and what it holds.

use std::{fs, io, path::Path};

use room::{Log, Time};

use super::{
    Backend, Db, Row, Tx,
    engine::{
        commits::Commits,
        postgres::{Postgres, dump},
        sqlite,
    },
    files::StoredFile,
    heads_log::{self, HeadsLog},
    is_postgres, sqlite_path,
};
use crate::{
    error::{Error, Result},
    evidence::{Checkpoint, CompactRange, Hash},
    files::durable,
};

/// What a copy of the database holds of logs, and which files it names.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The heads of all logs, that of the platform last.
    pub logs: Vec<LogHead>,
    /// The log of heads. `None` if it has no entry.
    pub heads_log: Option<HeadsLog>,
    /// The files that rows name, by key.
    pub files: Vec<StoredFile>,
}

/// The head of a log in a copy.
#[derive(Debug, Clone)]
pub struct LogHead {
    /// The log.
    pub log: Log,
    /// The title of its room. `None` for the platform's log, and for a room that was deleted.
    pub title: Option<String>,
    /// The name, the number of entries and the root.
    pub head: Checkpoint,
    /// The head as it was signed. `None` if it was not.
    pub checkpoint: Option<String>,
    /// The time of the last entry. `None` if there is none.
    pub last_at: Option<Time>,
}

impl Db {
    /// Copies the whole database into a file, and returns what the copy holds. Others go on writing meanwhile.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written, or if there is a log whose head is damaged, which `fsck` names.
    pub async fn copy(&self, to: &Path) -> Result<Contents> {
        let to = to.to_owned();
        match &self.backend {
            Backend::Sqlite(sqlite) => {
                let copied = sqlite.read_at_length(async move |tx| {
                    // Read first: that fixes the instant.
                    let contents = contents(tx).await?;
                    match tx {
                        Tx::Sqlite(sqlite) => sqlite::copy::copy(&sqlite.connection, &to)?,
                        Tx::Postgres(_) => return Err(Error::internal("a transaction of the other database")),
                    }
                    Ok(contents)
                });
                copied.await
            }
            Backend::Postgres(postgres) => {
                let config = postgres.config();
                let copied = postgres.read(async move |tx| {
                    let contents = contents(tx).await?;
                    dump::dump(tx, &config, &to).await?;
                    Ok(contents)
                });
                copied.await
            }
        }
    }

    /// Returns what this database holds of logs, and which files it names.
    pub async fn contents(&self) -> Result<Contents> {
        self.read_at_length(async |tx| contents(tx).await).await
    }

    /// Returns whether there is a database at this URL, or something left of one: a file, or a table in PostgreSQL.
    pub async fn is_there(url: &str) -> Result<bool> {
        if !is_postgres(url) {
            // What is left of a write-ahead log would be written into the next database of the name.
            let named = |suffix: &&str| fs::exists(format!("{}{suffix}", sqlite_path(url))).unwrap_or(true);
            return Ok(["", "-wal", "-shm", "-journal"].iter().any(named));
        }
        let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema()";
        let database = Postgres::open(url, 1, Commits::default())?;
        let count: i64 = database.read(async |tx| tx.one(tables, &[]).await?.get(0)).await?;
        Ok(count > 0)
    }

    /// Returns the word for the kind of database that a URL names.
    pub fn kind(url: &str) -> &'static str {
        if is_postgres(url) { "postgresql" } else { "sqlite" }
    }

    /// Puts a copy where there is no database yet, all of it or nothing.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be written.
    pub async fn bring_back(copy: &Path, url: &str) -> Result<()> {
        if is_postgres(url) {
            return dump::restore(&Postgres::open(url, 1, Commits::default())?.config(), copy).await;
        }
        let path = Path::new(sqlite_path(url));
        put_in_place(copy, path)
            .map_err(|error| Error::setup(format!("the database {} cannot be written: {error}", path.display())))
    }

    /// Creates an empty PostgreSQL database of this name beside the one at the URL, and returns its URL.
    ///
    /// # Errors
    ///
    /// Fails if the account may create no databases.
    pub async fn create_beside(url: &str, name: &str) -> Result<String> {
        dump::create_beside(&Postgres::open(url, 1, Commits::default())?.config(), name).await?;
        Ok(with_database(url, name))
    }

    /// Removes a database that [`Db::create_beside`] has created.
    pub async fn drop_beside(url: &str, name: &str) -> Result<()> {
        dump::drop_beside(&Postgres::open(url, 1, Commits::default())?.config(), name).await
    }
}

/// Returns the URL with the name of another database.
fn with_database(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let authority = address.find("://").map_or(0, |at| at + 3);
    let end = address[authority..].find('/').map_or(address.len(), |at| authority + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{name}{query}", &address[..end])
}

/// Copies a file under a temporary name, syncs and renames it.
fn put_in_place(copy: &Path, path: &Path) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".restored");
    fs::copy(copy, &temporary)?;
    fs::File::open(&temporary)?.sync_all()?;
    durable::rename(temporary.as_ref(), path)
}

async fn contents(tx: &mut Tx) -> Result<Contents> {
    let logs = "SELECT l.room_id, l.size, l.frontier, l.origin, l.checkpoint, e.ts, r.title FROM room_logs l
        LEFT JOIN activity_log e ON COALESCE(e.room_id, 'platform') = l.room_id AND e.seq = l.size - 1
        LEFT JOIN rooms r ON r.id = l.room_id ORDER BY l.room_id";
    let files = "SELECT v.file_url, v.file_size, v.sha256 FROM document_versions v
        UNION ALL
        SELECT s.file_url, s.file_size, f.sha256 FROM snapshots s JOIN snapshot_files f ON f.snapshot_id = s.id
        WHERE s.file_url IS NOT NULL ORDER BY 1";
    let stored = |row: &Row| {
        let sha256: Vec<u8> = row.get(2)?;
        let sha256: Hash = sha256.try_into().map_err(|_| Error::internal("a hash of another length"))?;
        Ok(StoredFile { file_url: row.get(0)?, size: row.get(1)?, sha256 })
    };
    Ok(Contents {
        logs: tx.rows(logs, &[]).await?.iter().map(log_head).collect::<Result<_>>()?,
        heads_log: heads_log::find(tx).await?,
        files: tx.rows(files, &[]).await?.iter().map(stored).collect::<Result<_>>()?,
    })
}

fn log_head(row: &Row) -> Result<LogHead> {
    let key: String = row.get(0)?;
    let damaged = || Error::internal(format!("the head of the log of {key} is damaged; `fsck` tells more"));
    let log = if key == Log::Platform.key() { Log::Platform } else { Log::Room(key.parse().map_err(|_| damaged())?) };
    let frontier: Vec<u8> = row.get(2)?;
    let range = CompactRange::from_parts(row.get::<i64>(1)?.unsigned_abs(), &frontier).ok_or_else(damaged)?;
    let origin: Option<String> = row.get(3)?;
    let head = Checkpoint { origin: origin.unwrap_or_default(), size: range.size(), root: range.root() };
    Ok(LogHead { log, title: row.get(6)?, head, checkpoint: row.get(4)?, last_at: row.get(5)? })
}
