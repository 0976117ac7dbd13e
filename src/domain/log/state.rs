//! The state of a log that an operation works on: brought up to date before it, and written to the rows with each entry.

use room::{
    Log,
    fold::{Part, State},
};

use super::private;
use crate::{
    app::App,
    at_hand::{Changed, Held},
    db::{self, Tx, activity::Entry, projections::PrivateTexts},
    error::{Error, Result},
    evidence::CompactRange,
};

/// How many entries are read at once. What is kept of them does not grow with their number.
const CHUNK: u64 = 1_000;

/// Returns the state of a log whose head is `head`, which the transaction has locked or sees. Returns `None` if more
/// than `most` entries are missing in what is at hand.
///
/// # Errors
///
/// Fails if the log's entries are not those that its head was made of, or one does not follow the others.
pub(super) async fn at(tx: &mut Tx, app: &App, log: Log, head: &CompactRange, most: u64) -> Result<Option<Held>> {
    if let Some(known) = app.at_hand.take(log).filter(|known| fits(known, head)) {
        if head.size() - known.range().size() > most {
            app.at_hand.give(log, known);
            return Ok(None);
        }
        // It may be of entries that were rolled back, and that others of another node have taken the place of. Only a
        // fold from the first entry tells that the log is not sound.
        if let Ok(known) = grown(tx, log, known, head).await {
            return Ok(Some(known));
        }
    }
    if head.size() > most { Ok(None) } else { grown(tx, log, Held::of_empty(log), head).await.map(Some) }
}

/// Folds what is new up to the head.
async fn grown(tx: &mut Tx, log: Log, mut known: Held, head: &CompactRange) -> Result<Held> {
    while known.range().size() < head.size() {
        let entries = chunk(tx, log, known.range().size(), head.size()).await?;
        fold(&mut known, &entries)?;
    }
    // An entry that was changed or added by hand would be vouched for by what is signed over it.
    if known.range().root() == head.root() { Ok(known) } else { Err(not_those_of_its_head()) }
}

/// Returns whether a state can be that of the log, or of a log that has grown to it since.
fn fits(known: &Held, head: &CompactRange) -> bool {
    let (size, now) = (known.range().size(), head.size());
    size < now || (size == now && known.range().root() == head.root())
}

/// Brings what is at hand of a log up to date, in short transactions that keep nobody waiting.
pub(super) async fn catch_up(app: &App, log: Log) -> Result<()> {
    let mut known = app.at_hand.take(log).unwrap_or_else(|| Held::of_empty(log));
    let is_whole = known.range().size() == 0;
    loop {
        let from = known.range().size();
        let read = app.db.read_at_length(async move |tx| {
            let Some(head) = db::logs::head(tx, log).await? else { return Ok(None) };
            let entries =
                if from < head.range.size() { chunk(tx, log, from, head.range.size()).await? } else { Vec::new() };
            Ok(Some((head.range, entries)))
        });
        let Some((head, entries)) = read.await? else { return Ok(()) };
        if entries.is_empty() {
            if fits(&known, &head) {
                break;
            }
            // It was folded from entries that were rolled back: the next attempt begins with the first one.
            return if is_whole { Err(not_those_of_its_head()) } else { Ok(()) };
        }
        match fold(&mut known, &entries) {
            Err(_) if !is_whole => return Ok(()),
            folded => folded?,
        }
    }
    app.at_hand.give(log, known);
    Ok(())
}

async fn chunk(tx: &mut Tx, log: Log, from: u64, to: u64) -> Result<Vec<Entry>> {
    let [from, to] = [from, to.min(from + CHUNK)].map(|at| i64::try_from(at).unwrap_or(i64::MAX));
    let entries = db::activity::range(tx, log, from, to).await?;
    if entries.is_empty() {
        return Err(Error::LogNotSound(format!("entry {from} is missing")));
    }
    Ok(entries)
}

fn fold(held: &mut Held, entries: &[Entry]) -> Result<()> {
    for entry in entries {
        let leaf = entry.leaf();
        let canonical = leaf.canonical().map_err(|error| Error::internal(format!("entry {}: {error}", entry.seq)))?;
        held.apply(&leaf, &canonical).map_err(|contradiction| Error::LogNotSound(contradiction.to_string()))?;
    }
    Ok(())
}

fn not_those_of_its_head() -> Error {
    Error::LogNotSound("its entries are not those that its head was made of".to_owned())
}

/// Makes the rows what the state says of the parts that an entry has changed.
pub(super) async fn write_rows(tx: &mut Tx, held: &Held, changed: Changed) -> Result<()> {
    match (changed, held.room(), held.platform()) {
        (Changed::Room(parts), Some(state), _) => {
            let texts = private_texts(tx, state, &parts).await?;
            db::projections::write_room(tx, state, &parts, &texts).await
        }
        (Changed::Platform(parts), _, Some(state)) => db::projections::write_platform(tx, state, &parts).await,
        _ => Ok(()),
    }
}

/// Returns the private texts that these parts of a room name.
async fn private_texts(tx: &mut Tx, state: &State, parts: &[Part]) -> Result<PrivateTexts> {
    let mut hashes = Vec::new();
    for part in parts {
        match part {
            Part::Hold(id) => hashes.extend(state.holds.get(id).into_iter().flat_map(db::projections::hashes_of_hold)),
            Part::Request(id) => hashes.extend(state.requests.get(id).and_then(|asked| asked.reason_hash.clone())),
            _ => {}
        }
    }
    let mut texts = PrivateTexts::new();
    for hash in hashes {
        if let Some(text) = private::find(tx, &hash).await? {
            texts.insert(hash, text);
        }
    }
    Ok(texts)
}
