//! How heads get into the log of heads.

use std::{sync::Arc, time::Duration};

use room::{heads_continuation_in, heads_origin};

use crate::{
    app::App,
    db::{
        self, Tx,
        heads_log::{Changed, HeadEntry, HeadsLog},
    },
    domain::log,
    error::{Error, Result},
    evidence::{Checkpoint, CompactRange, Node, Place, PublicKeys, Question, commitment, extends, leaf_hash},
};

/// How many heads one transaction takes.
const HEADS: i64 = 500;

/// Takes the present heads of all logs that have changed, if so much time has gone by since it was last done. Returns how
/// many it took.
pub async fn gather(app: &App, interval: Duration) -> Result<usize> {
    let now = app.now();
    let made_at = app.db.read(async |tx| db::heads_log::made_at(tx).await).await?;
    // `apart`: what a clock that was ahead has made is not waited for.
    if made_at.is_some_and(|made_at| made_at.apart(now) < interval) {
        return Ok(0);
    }
    // Read first: a look that finds nothing takes no write transaction.
    if app.db.read(async |tx| db::heads_log::changed(tx, 1).await).await?.is_empty() {
        return Ok(0);
    }
    let mut taken = 0;
    loop {
        let in_tx = app.clone();
        let some = app.db.write(async move |tx| take_some(tx, &in_tx, Name::Same).await).await?;
        taken += some;
        if some < usize::try_from(HEADS).unwrap_or(usize::MAX) {
            return Ok(taken);
        }
    }
}

/// Takes heads under a new name of the log of heads: it was brought back from a copy, after which others may have been
/// signed.
pub async fn go_on(app: &App) -> Result<()> {
    let in_tx = app.clone();
    app.db.write(async move |tx| take_some(tx, &in_tx, Name::Next).await).await.map(drop)
}

/// The name under which the log of heads goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// The one that it has, if it is what was signed.
    Same,
    Next,
}

/// Appends the heads of some logs, and signs the head of the log of heads.
async fn take_some(tx: &mut Tx, app: &App, name: Name) -> Result<usize> {
    let (key, now) = (app.log_key(), app.now());
    // Remembered before the database is read, as everywhere.
    let signed = app.heads.signed_of_heads_log();
    let present = db::heads_log::lock(tx, &heads_origin(key.name())).await?;
    let (origin, mut range) = sound(tx, app, present, (signed, name)).await?;
    let (mut entries, mut nodes) = (Vec::new(), Vec::new());
    for Changed { log, origin, size, head: note } in db::heads_log::changed(tx, HEADS).await? {
        // What is no head of this log is for fsck to name, and stands in nobody's way here.
        let head = Checkpoint::unchecked(&note).ok().filter(|head| (head.size, &head.origin) == (size, &origin));
        let Some(head) = head else { continue };
        let (salt, position) = (app.secret(), range.size());
        let commitment = commitment(&head, &salt);
        let leaf = leaf_hash(&commitment);
        nodes.push(Node { place: Place { level: 0, index: position }, hash: leaf });
        nodes.extend(range.push(leaf));
        let Checkpoint { origin, size, .. } = head;
        entries.push(HeadEntry { position, log, origin, size, head: note, salt, commitment });
    }
    if entries.is_empty() {
        return Ok(0);
    }
    db::heads_log::append(tx, &entries).await?;
    db::heads_log::insert_nodes(tx, &nodes).await?;
    let head = Checkpoint { origin, size: range.size(), root: range.root() };
    let note = head.signed(&key).map_err(|error| Error::internal(format!("the log of heads: {error}")))?;
    let log = HeadsLog { origin: head.origin.clone(), size: head.size, checkpoint: None };
    db::heads_log::set_head(tx, &log, &note, now).await?;
    let heads = Arc::clone(&app.heads);
    tx.after_commit(move || heads.remember_heads_log(head));
    Ok(entries.len())
}

/// Returns the name under which the log of heads goes on, and its tree.
///
/// If the database has not what was signed, the log goes on under another name, `…/2`: no two histories have one name. An
/// operator is not asked, as with other logs: its entries follow from theirs, and what was lost of these is for them to
/// tell.
///
/// # Errors
///
/// Fails if a node of its tree is missing.
async fn sound(
    tx: &mut Tx,
    app: &App,
    present: HeadsLog,
    (signed, name): (Option<Checkpoint>, Name),
) -> Result<(String, CompactRange)> {
    let HeadsLog { origin, size, checkpoint } = present;
    let missing = || Error::internal("the tree of the log of heads lacks nodes");
    let range = db::heads_log::range_at(tx, size).await?.ok_or_else(missing)?;
    let head = Checkpoint { origin, size, root: range.root() };
    let why = match (checkpoint, &signed) {
        _ if name == Name::Next => Some("it was brought back from a backup".to_owned()),
        (None, _) if size > 0 => Some("its signed head is missing".to_owned()),
        (Some(note), _) if size > 0 => unsigned(app, tx, &note, &head).await?,
        _ => None,
    };
    let why = match (why, &signed) {
        (None, Some(signed)) => behind(tx, &head, signed).await?,
        (why, _) => why,
    };
    let Some(why) = why else { return Ok((head.origin, range)) };
    let origin = next_origin(&head, signed.as_ref());
    tracing::error!(why, origin, "the log of heads is not what was signed of it; it goes on under another name");
    Ok((origin, range))
}

/// Returns why a note is not the signed head. `None` if it is.
async fn unsigned(app: &App, tx: &mut Tx, note: &str, head: &Checkpoint) -> Result<Option<String>> {
    let keys = PublicKeys::trusted(&log::trusted(tx, app).await?);
    let keys = keys.map_err(|error| Error::setup(format!("the keys that are trusted: {error}")))?;
    Ok(match Checkpoint::open(note, &keys) {
        Ok((signed, _)) if signed == *head => None,
        Ok(_) => Some("its head was signed over other entries".to_owned()),
        Err(error) => Some(error.to_string()),
    })
}

/// Returns why a head is behind the one that is remembered to have been signed. `None` if it is not.
async fn behind(tx: &mut Tx, head: &Checkpoint, signed: &Checkpoint) -> Result<Option<String>> {
    let numbers = [head, signed].map(|it| heads_continuation_in(&it.origin).map_or(0, |(_, number)| number));
    if numbers[0] > numbers[1] {
        return Ok(None);
    }
    let (from, to) = (signed.size, head.size);
    let is_behind = numbers[0] < numbers[1] || to < from || (to == from && head.root != signed.root);
    if is_behind {
        return Ok(Some(format!("{from} of its entries were signed, and the database has {to}, or others")));
    }
    if from == 0 || to == from {
        return Ok(None);
    }
    let proof = db::heads_log::answer(tx, Question::Consistency { from, to }).await?;
    let goes_on = proof.is_some_and(|proof| extends(&proof, (to, head.root), (from, signed.root)));
    Ok((!goes_on).then(|| format!("its first {from} entries are others than those that were signed")))
}

fn next_origin(head: &Checkpoint, signed: Option<&Checkpoint>) -> String {
    let numbered =
        |it: &Checkpoint| heads_continuation_in(&it.origin).map(|(begun, number)| (begun.to_owned(), number));
    let (begun, number) = numbered(head).unwrap_or_else(|| (head.origin.clone(), 1));
    let last = signed.and_then(numbered).map_or(number, |(_, signed)| signed.max(number));
    format!("{begun}/{}", last.saturating_add(1))
}
