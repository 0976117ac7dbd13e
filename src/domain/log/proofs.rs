//! What a log proves of itself: its checkpoint, that it has an entry, and that it extends an earlier size; and the
//! export of the whole log.

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use room::{EntryId, Event, Log};
use serde_json::json;

use super::{actor::Actor, operation};
use crate::{
    app::App,
    db::{self, Tx, activity::Entry, logs::Head},
    error::{Error, Result},
    evidence::{Checkpoint, ConsistencyProof, LogKey, LogProof, Question},
};

/// Entries read at once.
const CHUNK: i64 = 1_000;

/// An entry of a log, named by its position or its id.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// The entry at this position, from 0.
    Index(u64),
    /// The entry with this id.
    Id(EntryId),
}

/// Returns the signed checkpoint of the log's present head.
pub async fn checkpoint(app: &App, log: Log) -> Result<String> {
    app.db.read(async |tx| signed_head(&head(tx, log).await?, &app.log_key(), log)).await
}

/// Returns the proof that the log has an entry, for the log's present head.
pub async fn prove(app: &App, log: Log, which: Which) -> Result<LogProof> {
    app.db
        .read(async |tx| {
            // Head, path and entry are read in one transaction: a path fits only the size that it was read for.
            let head = head(tx, log).await?;
            let index = match which {
                Which::Index(index) => index,
                Which::Id(id) => {
                    let found = db::activity::position(tx, log, id).await?;
                    found.ok_or(Error::NotFound("entry in this log"))?.unsigned_abs()
                }
            };
            let size = head.range.size();
            if index >= size {
                return Err(Error::NotFound("entry in this log"));
            }
            let path = db::logs::answer(tx, log, Question::Inclusion { index, size }).await?;
            let entry = entries(tx, log, index, index + 1).await?.pop().ok_or(Error::NotFound("entry in this log"))?;
            let leaf = entry.leaf().canonical().map_err(unwritable)?;
            Ok(LogProof { leaf, index, path, checkpoint: signed_head(&head, &app.log_key(), log)? })
        })
        .await
}

/// Returns the proof that the log of size `to`, or of its present size, extends the log of size `from`.
pub async fn prove_consistency(app: &App, log: Log, from: u64, to: Option<u64>) -> Result<ConsistencyProof> {
    app.db
        .read(async |tx| {
            let head = head(tx, log).await?;
            let (size, to) = (head.range.size(), to.unwrap_or(head.range.size()));
            if to > size {
                return Err(Error::field("to", format!("must be at most {size}, the size of the log")));
            }
            if from > to {
                return Err(Error::field("from", format!("must be at most {to}, the size that it is to lead to")));
            }
            let path = db::logs::answer(tx, log, Question::Consistency { from, to }).await?;
            let checkpoint = if to == size {
                signed_head(&head, &app.log_key(), log)?
            } else {
                // Checkpoints of earlier sizes are not stored. Signing one again says nothing new: the tree of that
                // size is part of the present one.
                let root = db::logs::answer(tx, log, Question::Root { size: to }).await?;
                let root = root.first().copied().ok_or_else(|| Error::internal("a tree without a root"))?;
                sign(&Checkpoint { origin: origin(&head, &app.log_key(), log), size: to, root }, &app.log_key())?
            };
            Ok(ConsistencyProof { from, path, checkpoint })
        })
        .await
}

/// Returns the entries from position `from` up to, but without, `to`, oldest first; fewer at the log's end.
pub async fn entries(tx: &mut Tx, log: Log, from: u64, to: u64) -> Result<Vec<Entry>> {
    let bound = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
    db::activity::range(tx, log, bound(from), bound(to)).await
}

/// Returns the whole log as lines of JSON: first its signed checkpoint, then each entry in the bytes that are hashed.
/// The last entry is the one that says that the log was exported.
pub async fn export(app: &App, by: &Actor, log: Log) -> Result<BoxStream<'static, Result<Vec<u8>>>> {
    // The entry about the export fixes its size. What is appended while the lines are sent is not part of it, and each
    // chunk can be read in a transaction of its own, since entries never change.
    let checkpoint = operation(app, log, by, async move |tx, log| {
        let entries = log.head().size() + 1;
        Ok(log.append_proving(tx, &Event::LogExported { entries }).await?.checkpoint)
    })
    .await?;
    let size = Checkpoint::unchecked(&checkpoint).map_err(|error| Error::internal(error.to_string()))?.size;
    let size = i64::try_from(size).map_err(|_| Error::internal("a log is full"))?;
    let first = line(json!({ "checkpoint": checkpoint }).to_string().into_bytes());
    let app = app.clone();
    let rest = stream::iter((0..size).step_by(usize::try_from(CHUNK).unwrap_or(usize::MAX))).then(move |from| {
        let app = app.clone();
        async move {
            let to = size.min(from + CHUNK);
            let entries = app.db.read(async |tx| db::activity::range(tx, log, from, to).await).await?;
            lines(&entries)
        }
    });
    Ok(stream::once(async { Ok(first) }).chain(rest).boxed())
}

fn lines(entries: &[Entry]) -> Result<Vec<u8>> {
    let lines = entries.iter().map(|entry| entry.leaf().canonical().map(line).map_err(unwritable));
    Ok(lines.collect::<Result<Vec<_>>>()?.concat())
}

fn line(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.push(b'\n');
    bytes
}

async fn head(tx: &mut Tx, log: Log) -> Result<Head> {
    db::logs::head(tx, log).await?.ok_or(Error::NotFound("log"))
}

/// Returns the stored checkpoint, or a new one for a log that has had no entry since there are checkpoints.
fn signed_head(head: &Head, key: &LogKey, log: Log) -> Result<String> {
    if let Some(checkpoint) = &head.checkpoint {
        return Ok(checkpoint.clone());
    }
    let (size, root) = (head.range.size(), head.range.root());
    sign(&Checkpoint { origin: origin(head, key, log), size, root }, key)
}

fn origin(head: &Head, key: &LogKey, log: Log) -> String {
    head.origin.clone().unwrap_or_else(|| log.origin(key.name()))
}

fn sign(checkpoint: &Checkpoint, key: &LogKey) -> Result<String> {
    checkpoint.signed(key).map_err(|error| Error::internal(format!("a checkpoint cannot be signed: {error}")))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unwritable(error: serde_json::Error) -> Error {
    Error::internal(format!("an entry cannot be written: {error}"))
}
