//! The state of a log that an operation works on, or a reader looks at: brought up to date before it, and written to the
//! rows with each entry.

use std::{sync::Arc, time::Instant};

use room::{
    Log,
    fold::{Part, State},
};

use super::{marks, private, reading::CHUNK};
use crate::{
    app::App,
    at_hand::{Changed, Held, Start, User},
    db::{
        self, Tx,
        activity::Entry,
        projections::{Obstacles, PrivateTexts},
    },
    error::{Error, Result},
    evidence::CompactRange,
};

/// Returns the state of a log whose head is `head`, which the transaction has locked or sees. Returns `None` if more
/// than `most` entries are missing in what is at hand and in what is marked.
///
/// # Errors
///
/// Fails if the log's entries are not those that its head was made of, or one does not follow the others.
pub(super) async fn at(
    tx: &mut Tx,
    app: &App,
    (log, user): (Log, User),
    head: &CompactRange,
    most: u64,
) -> Result<Option<Held>> {
    if let Some(known) = app.at_hand.take(log, user).filter(|known| fits(known, head)) {
        if missing(&known, head) > most {
            keep(app, (log, user), known);
            return Ok(None);
        }
        // It may be of entries that were rolled back, and that others of another node have taken the place of. Only a
        // fold from the first entry tells that the log is not sound.
        if let Ok(known) = grown(tx, app, log, known, head).await {
            app.at_hand.note_start(Start::AtHand);
            return Ok(Some(known));
        }
    }
    if let Some(marked) = marks::newest(tx, log, head).await?
        && missing(&marked, head) <= most
        && let Ok(known) = grown(tx, app, log, marked, head).await
    {
        app.at_hand.note_start(Start::Mark);
        return Ok(Some(known));
    }
    if head.size() > most {
        return Ok(None);
    }
    let known = grown(tx, app, log, Held::of_empty(log), head).await?;
    app.at_hand.note_start(Start::First);
    Ok(Some(known))
}

/// Returns the log as readers share it, up to the head that the transaction sees. Returns `None` if more than `most`
/// entries are missing in what is at hand and in what is marked, or if there is no such log.
///
/// # Errors
///
/// Fails if the log's entries are not those that its head was made of, or one does not follow the others.
pub async fn seen(tx: &mut Tx, app: &App, log: Log, most: u64) -> Result<Option<Arc<Held>>> {
    let Some(head) = db::logs::head(tx, log).await? else { return Ok(None) };
    shared_at(tx, app, log, &head.range, most).await
}

/// Returns the platform as operations on rooms share it with readers, up to the head that the transaction sees. Returns
/// `None` if more than `most` entries are missing in what is at hand and in what is marked.
///
/// # Errors
///
/// Fails if the platform's log is missing, its entries are not those that its head was made of, or one does not follow
/// the others.
pub(super) async fn platform(tx: &mut Tx, app: &App, most: u64) -> Result<Option<Arc<Held>>> {
    let log = Log::Platform;
    let missing = || Error::LogNotSound("the platform's log, which tells who may write, is missing".to_owned());
    let mut head = db::logs::head(tx, log).await?.ok_or_else(missing)?.range;
    // It may have grown since the head was read. To take the older state would be to drop the newer one.
    if app.at_hand.shared(log).is_some_and(|shared| shared.range().size() > head.size()) {
        head = db::logs::head(tx, log).await?.ok_or_else(missing)?.range;
    }
    shared_at(tx, app, log, &head, most).await.map_err(|error| match error {
        Error::LogNotSound(why) => Error::LogNotSound(format!("the platform's log, which tells who may write: {why}")),
        other => other,
    })
}

async fn shared_at(tx: &mut Tx, app: &App, log: Log, head: &CompactRange, most: u64) -> Result<Option<Arc<Held>>> {
    if let Some(shared) = app.at_hand.shared(log)
        && shared.range().size() == head.size()
        && shared.range().root() == head.root()
    {
        app.at_hand.note_start(Start::AtHand);
        return Ok(Some(shared));
    }
    let Some(known) = at(tx, app, (log, User::Reader), head, most).await? else { return Ok(None) };
    let known = Arc::new(known);
    app.at_hand.share(log, Arc::clone(&known));
    Ok(Some(known))
}

/// Makes sure that readers of a log need not fold it at length, in short transactions.
///
/// # Errors
///
/// Fails if the log's entries are not those that its head was made of, or one does not follow the others.
pub async fn bring_up(app: &App, log: Log) -> Result<()> {
    if app.at_hand.shared(log).is_some() { Ok(()) } else { catch_up(app, (log, User::Reader)).await }
}

fn keep(app: &App, (log, user): (Log, User), held: Held) {
    match user {
        User::Operation => app.at_hand.give(log, held),
        User::Reader => app.at_hand.share(log, Arc::new(held)),
    }
}

fn missing(known: &Held, head: &CompactRange) -> u64 {
    head.size() - known.range().size()
}

/// Folds what is new up to the head.
async fn grown(tx: &mut Tx, app: &App, log: Log, mut known: Held, head: &CompactRange) -> Result<Held> {
    while known.range().size() < head.size() {
        let began = Instant::now();
        let entries = chunk(tx, log, known.range().size(), head.size()).await?;
        let folded = entries.len();
        fold(&mut known, entries)?;
        app.at_hand.note_folded(folded, began.elapsed());
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
pub(super) async fn catch_up(app: &App, (log, user): (Log, User)) -> Result<()> {
    let _alone = app.at_hand.fold_alone(log).await;
    if let Some(known) = app.at_hand.take(log, user)
        && let Ok(known) = caught_up(app, log, known).await
    {
        keep(app, (log, user), known);
        return Ok(());
    }
    let read = app.db.read_at_length(async move |tx| match db::logs::head(tx, log).await? {
        Some(head) => marks::newest(tx, log, &head.range).await,
        None => Ok(None),
    });
    let known = match read.await? {
        Some(marked) => caught_up(app, log, marked).await.ok(),
        None => None,
    };
    let (known, start) = match known {
        Some(known) => (known, Start::Mark),
        // Only a fold from the first entry tells that the log is not sound.
        None => (caught_up(app, log, Held::of_empty(log)).await?, Start::First),
    };
    app.at_hand.note_start(start);
    keep(app, (log, user), known);
    Ok(())
}

/// Folds what is new up to the head, in transactions of their own.
async fn caught_up(app: &App, log: Log, mut known: Held) -> Result<Held> {
    loop {
        let from = known.range().size();
        let began = Instant::now();
        let read = app.db.read_at_length(async move |tx| {
            let Some(head) = db::logs::head(tx, log).await? else { return Ok((CompactRange::empty(), Vec::new())) };
            let is_behind = from < head.range.size();
            let entries = if is_behind { chunk(tx, log, from, head.range.size()).await? } else { Vec::new() };
            Ok((head.range, entries))
        });
        let (head, entries) = read.await?;
        if entries.is_empty() {
            return if fits(&known, &head) { Ok(known) } else { Err(not_those_of_its_head()) };
        }
        let count = entries.len();
        // Aside, since on a thread that serves requests it would hold up others.
        let folded = tokio::task::spawn_blocking(move || fold(&mut known, entries).map(|()| known)).await;
        known = folded.map_err(|error| Error::internal(format!("a fold: {error}")))??;
        app.at_hand.note_folded(count, began.elapsed());
    }
}

async fn chunk(tx: &mut Tx, log: Log, from: u64, to: u64) -> Result<Vec<Entry>> {
    let [from, to] = [from, to.min(from + CHUNK)].map(|at| i64::try_from(at).unwrap_or(i64::MAX));
    let entries = db::activity::range(tx, log, from, to).await?;
    if entries.is_empty() {
        return Err(Error::LogNotSound(format!("entry {from} is missing")));
    }
    Ok(entries)
}

fn fold(held: &mut Held, entries: Vec<Entry>) -> Result<()> {
    for entry in entries {
        let leaf = entry.into_leaf();
        let canonical = leaf.canonical().map_err(|error| Error::internal(format!("entry {}: {error}", leaf.seq)))?;
        held.apply(&leaf, &canonical).map_err(|contradiction| Error::LogNotSound(contradiction.to_string()))?;
    }
    Ok(())
}

fn not_those_of_its_head() -> Error {
    Error::LogNotSound("its entries are not those that its head was made of".to_owned())
}

/// Makes the rows what the state says of the parts that an entry has changed.
pub(super) async fn write_rows(tx: &mut Tx, held: &Held, changed: Changed, obstacles: Obstacles) -> Result<()> {
    match (changed, held.room(), held.platform()) {
        (Changed::Room(parts), Some(state), _) => {
            let texts = match obstacles {
                Obstacles::Stay => private_texts(tx, state, &parts).await?,
                Obstacles::Go => private::texts(tx, db::projections::private_hashes(state)).await?,
            };
            db::projections::write_room(tx, state, &parts, (&texts, obstacles)).await
        }
        (Changed::Platform(parts), _, Some(state)) => {
            db::projections::write_platform(tx, state, &parts, obstacles).await
        }
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
