//! The table `log_marks`: the state that the newest mark of each log is of.

use room::Log;

use super::{Param, Tx};
use crate::error::{Error, Result};

/// How hard zstd tries. The lowest level already makes a tenth of a state, and a commit waits for it.
const LEVEL: i32 = 1;

/// The newest mark of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The position of the entry that has the SHA-256 of the state.
    pub seq: u64,
    /// The state as canonical JSON (RFC 8785).
    pub state: Vec<u8>,
}

/// Keeps the newest mark of a log, in the place of the one before.
pub async fn set(tx: &mut Tx, log: Log, mark: &Mark) -> Result<()> {
    let seq = i64::try_from(mark.seq).map_err(|_| Error::internal("a log is full"))?;
    let state = zstd::encode_all(&*mark.state, LEVEL)
        .map_err(|error| Error::internal(format!("a state cannot be compressed: {error}")))?;
    let params: [&dyn Param; 3] = [&log.key(), &seq, &state];
    let upsert = "INSERT INTO log_marks (log, seq, state) VALUES (?1, ?2, ?3)
         ON CONFLICT (log) DO UPDATE SET seq = excluded.seq, state = excluded.state";
    tx.exec(upsert, &params).await.map(drop)
}

/// Returns the newest mark of a log. `None` if there is none. The state of a damaged row is empty, which no state is.
pub async fn find(tx: &mut Tx, log: Log) -> Result<Option<Mark>> {
    let Some(row) = tx.opt("SELECT seq, state FROM log_marks WHERE log = ?1", &[&log.key()]).await? else {
        return Ok(None);
    };
    let state: Vec<u8> = row.get(1)?;
    let seq = u64::try_from(row.get::<i64>(0)?).unwrap_or(u64::MAX);
    Ok(Some(Mark { seq, state: zstd::decode_all(&*state).unwrap_or_default() }))
}

/// Returns the keys of the logs that have a mark.
pub async fn logs(tx: &mut Tx) -> Result<Vec<String>> {
    tx.rows("SELECT log FROM log_marks ORDER BY log", &[]).await?.iter().map(|row| row.get(0)).collect()
}

/// Forgets the mark of a log. The next fold begins with the first entry, and the next mark takes its place.
pub async fn remove(tx: &mut Tx, log: &str) -> Result<()> {
    tx.exec("DELETE FROM log_marks WHERE log = ?1", &[&log]).await.map(drop)
}
