//! Whether a log may grow from its head: it was signed, and nothing that was signed of the log is missing.
//!
//! The entries themselves are held against the head when its state is brought up to date (`state.rs`). Here the head is
//! held against its checkpoint, and against the [memory of heads](crate::heads), which is not in the database.

use std::collections::HashMap;

use room::Log;

use super::trust::{self, trusted};
use crate::{
    app::App,
    db::{self, Tx, logs::Head, migrations::LOG_PROOFS},
    error::{Error, Result},
    evidence::{Checkpoint, CheckpointError, CompactRange, PublicKeys, Question, extends},
};

/// How many logs are looked at in one transaction.
const LOGS: usize = 200;

/// Why a log goes on under a new origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// It takes no entries, because its head is not what was signed.
    NotSound,
    /// It was brought back from a copy, after which others may have been signed.
    BroughtBack,
}

/// What keeps a log from taking entries.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its head is not what a trusted key has signed, for this reason.
    Unsigned(String),
    /// The database is behind what is remembered to have been signed, for this reason.
    Behind(String),
}

/// Refuses a log whose head, which the transaction has locked, was not signed or is behind what was signed.
///
/// # Errors
///
/// Fails if it is so, with the reason.
pub(super) async fn check(tx: &mut Tx, app: &App, log: Log, head: &Head) -> Result<()> {
    let fault = fault(tx, app, log, head).await?;
    note(app, log, fault.as_ref());
    match fault {
        None => Ok(()),
        Some(Fault::Unsigned(why)) => Err(Error::LogNotSound(why)),
        Some(Fault::Behind(why)) => Err(Error::LogNotSound(format!(
            "{why}; unless the database can be brought back to where it was, an operator has the log go on by \
             `sts-clearance log continue`"
        ))),
    }
}

/// Returns what keeps a log with this head from taking entries. `None` if nothing does.
pub(super) async fn fault(tx: &mut Tx, app: &App, log: Log, head: &Head) -> Result<Option<Fault>> {
    let present = present(app, log, Some(head));
    let note = head.checkpoint.as_deref().unwrap_or_default();
    // Most often it is the head that this process has made last, also a moment ago in the same commit. Then nothing was
    // put in its place, and what it was made from was looked at.
    let is_checked = app.heads.is_checked(log, note, &present);
    let signed = app.heads.signed(log);
    if let Some(signed) = &signed
        && let Some(why) = behind(tx, log, (&present, is_checked), signed).await?
    {
        return Ok(Some(Fault::Behind(why)));
    }
    if is_checked {
        return Ok(None);
    }
    if present.size == 0 {
        return begun_by_another(tx, app, log).await;
    }
    let Some(note) = &head.checkpoint else {
        let is_lost = signed.is_some() || was_signed(tx, log).await?;
        let lost = || Fault::Unsigned("its signed checkpoint is missing".to_owned());
        return Ok(is_lost.then(lost));
    };
    if let Some(why) = unsigned(tx, app, note, &present).await? {
        return Ok(Some(Fault::Unsigned(why)));
    }
    app.heads.note_checked(log, note, present);
    Ok(None)
}

/// Returns what keeps a log from being begun: the platform's is signed with another key, so that this server would sign what
/// others do not trust.
async fn begun_by_another(tx: &mut Tx, app: &App, log: Log) -> Result<Option<Fault>> {
    if log == Log::Platform {
        return Ok(None);
    }
    let signers = signed_by_another(tx, trust::roots(app)).await?;
    Ok(signers.map(|signers| {
        Fault::Unsigned(format!(
            "the platform's log is signed with {signers}, for which the key in force does not vouch; servers on one database              share one key (`log_key`)"
        ))
    }))
}

/// Returns the head of a log, without its signature. It is that of an empty log if there is none.
pub(super) fn present(app: &App, log: Log, head: Option<&Head>) -> Checkpoint {
    let origin = head.and_then(|head| head.origin.clone()).unwrap_or_else(|| log.origin(app.log_key().name()));
    let (size, root) = match head {
        Some(head) => (head.range.size(), head.range.root()),
        None => (0, CompactRange::empty().root()),
    };
    Checkpoint { origin, size, root }
}

/// Remembers whether a log is behind what was signed of it, and says so in the program's log if that is news.
fn note(app: &App, log: Log, fault: Option<&Fault>) {
    let why = match fault {
        Some(Fault::Behind(why)) => Some(why.as_str()),
        Some(Fault::Unsigned(_)) | None => None,
    };
    match (app.heads.note_behind(log, why), why) {
        (true, Some(why)) => {
            tracing::error!(log = log.key(), why, "the database is behind what was signed; the log takes no entries");
        }
        (true, None) => tracing::info!(log = log.key(), "the log takes entries again"),
        (false, _) => {}
    }
}

/// Returns whether heads have been signed since before the last entry of the log.
async fn was_signed(tx: &mut Tx, log: Log) -> Result<bool> {
    let Some(since) = db::logs::signed_since(tx, LOG_PROOFS).await? else { return Ok(false) };
    match log {
        // The entry that tells of the first key is signed itself.
        Log::Platform => Ok(true),
        // A room without entries since then has nothing that was signed.
        Log::Room(_) => Ok(db::activity::last_time(tx, log).await? > Some(since)),
    }
}

/// Returns why a note is not the signed checkpoint of the head. `None` if it is.
pub(super) async fn unsigned(tx: &mut Tx, app: &App, note: &str, head: &Checkpoint) -> Result<Option<String>> {
    let signed = match Checkpoint::open(note, &keys(&[app.log_key().public().to_owned()])?) {
        // Of a key that was replaced, or of another node that has a newer one.
        Err(CheckpointError::Stranger { .. }) => Checkpoint::open(note, &keys(&trusted(tx, app).await?)?),
        opened => opened,
    };
    Ok(match signed {
        Err(error @ CheckpointError::Stranger { .. }) => Some(format!(
            "its checkpoint is not signed with a key that the one in force vouches for: {error}; if the key is one of \
             yours, name it in `trusted_log_keys`"
        )),
        Err(error) => Some(format!("its checkpoint does not count: {error}")),
        Ok((signed, _)) if signed.origin != head.origin => {
            Some(format!("its checkpoint is that of the log `{}`", signed.origin))
        }
        Ok((signed, _)) if signed.size != head.size => {
            Some(format!("its checkpoint is of {} entries, and the log has {}", signed.size, head.size))
        }
        Ok((signed, _)) if signed != *head => Some("its checkpoint was signed over other entries".to_owned()),
        Ok(_) => None,
    })
}

/// Returns who has signed the log of the platform last, if neither one of these keys has, nor one that they vouch for.
/// `None` also if nobody has.
pub async fn signed_by_another(tx: &mut Tx, roots: Vec<String>) -> Result<Option<String>> {
    let head = db::logs::head(tx, Log::Platform).await?;
    let Some(note) = head.and_then(|head| head.checkpoint) else { return Ok(None) };
    let Err(CheckpointError::Stranger { signers, .. }) =
        Checkpoint::open(&note, &keys(&trust::vouched_for(tx, roots).await?)?)
    else {
        return Ok(None);
    };
    // The note names its signer by the beginning of the key alone, `name+hash`.
    let is_signer = |key: &String| {
        let end = key.match_indices('+').nth(1).map_or(key.len(), |(at, _)| at);
        signers.contains(&key[..end])
    };
    let known = db::logs::keys(tx).await?.into_iter().find(is_signer);
    Ok(Some(known.map_or(signers, |key| format!("`{key}`"))))
}

fn keys(keys: &[String]) -> Result<PublicKeys> {
    PublicKeys::trusted(keys).map_err(|error| Error::setup(format!("the keys that are trusted: {error}")))
}

/// Returns the origin under which a log goes on that has the head `present`, and of which `signed` was signed.
pub(super) fn next_origin(log: Log, present: &Checkpoint, signed: &Checkpoint) -> String {
    let numbered = [signed, present].map(|head| log.continuation_in(&head.origin));
    // Of two names, that of what was signed: what is in the database may be anything.
    let base = numbered.into_iter().flatten().next().map_or(&*present.origin, |(base, _)| base);
    let last = numbered.into_iter().flatten().map(|(_, number)| number).max().unwrap_or(1);
    format!("{base}/{}", last.saturating_add(1))
}

/// Returns what is remembered of a log that an operator has given up: of a later continuation nothing was signed.
pub(super) fn given_up(log: Log, lost: &Checkpoint) -> Checkpoint {
    Checkpoint { origin: next_origin(log, lost, lost), size: 0, root: CompactRange::empty().root() }
}

/// How a head that the database has compares with one that is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// It is the same, or that of a later continuation.
    Level,
    /// It is of more entries. Whether these go on from the others is for the tree to tell.
    Larger,
    /// It is behind, for this reason.
    Behind(String),
}

/// Compares the head that the database has of a log with the one that is remembered, by name, size and root.
pub fn compare(log: Log, present: &Checkpoint, signed: &Checkpoint) -> Comparison {
    // Nothing is missing of a log that was given up, also if it is there again.
    if signed.size == 0 {
        return Comparison::Level;
    }
    match (log.continuation_in(&present.origin), log.continuation_in(&signed.origin)) {
        (Some((base, number)), Some((signed_base, signed_number))) if base == signed_base => {
            if number > signed_number {
                return Comparison::Level;
            }
            if number < signed_number {
                return Comparison::Behind(format!("it is as it was before it went on as `{}`", signed.origin));
            }
        }
        _ => {
            let (origin, signed) = (&present.origin, &signed.origin);
            return Comparison::Behind(format!("it is the log `{origin}`, and what was signed is of `{signed}`"));
        }
    }
    let (size, signed_size) = (present.size, signed.size);
    if size < signed_size {
        Comparison::Behind(format!("{signed_size} of its entries were signed, and the database has {size}"))
    } else if size > signed_size {
        Comparison::Larger
    } else if present.root == signed.root {
        Comparison::Level
    } else {
        Comparison::Behind(format!("its {size} entries are others than those that were signed"))
    }
}

/// Returns why a log with the head `present` is behind the head that is remembered. `None` if it is not.
///
/// `is_checked` says that this process has looked at whether the one goes on from the other.
async fn behind(
    tx: &mut Tx,
    log: Log,
    (present, is_checked): (&Checkpoint, bool),
    signed: &Checkpoint,
) -> Result<Option<String>> {
    match compare(log, present, signed) {
        Comparison::Behind(why) => return Ok(Some(why)),
        Comparison::Larger if !is_checked => {}
        Comparison::Larger | Comparison::Level => return Ok(None),
    }
    let (from, to) = (signed.size, present.size);
    // Where nodes are missing it cannot be told; `fsck`, which reads the entries, tells it and names the nodes.
    let proof = db::logs::answer_if_stored(tx, log, Question::Consistency { from, to }).await?;
    let is_other = proof.is_some_and(|proof| !extends(&proof, (to, present.root), (from, signed.root)));
    Ok(is_other.then(|| format!("its first {from} entries are others than those that were signed")))
}

/// Looks at every log that is remembered, and notes which are behind.
///
/// Belongs at the start, so that `/readyz` tells before anybody writes.
pub async fn look_over(app: &App) -> Result<()> {
    look(app, app.heads.all()).await
}

/// Returns the logs that are remembered and behind what was signed of them, each with the reason; that of the platform
/// first. Nothing is noted.
pub async fn behind_what_was_signed(app: &App) -> Result<Vec<(Log, String)>> {
    let mut behind = Vec::new();
    for (log, fault) in compared(app, &app.heads.all()).await? {
        if let Some(Fault::Behind(why)) = fault {
            behind.push((log, why));
        }
    }
    behind.sort_by_key(|(log, _)| (log.room().is_some(), log.key()));
    Ok(behind)
}

/// Looks again at the logs that were behind: an operator may have had them go on, in another process.
pub async fn look_again(app: &App) -> Result<()> {
    let behind = app.heads.behind();
    if behind.is_empty() {
        return Ok(());
    }
    app.heads.refresh()?;
    look(app, behind.into_iter().filter_map(|(log, _)| Some((log, app.heads.signed(log)?))).collect()).await
}

async fn look(app: &App, signed: Vec<(Log, Checkpoint)>) -> Result<()> {
    for (log, fault) in compared(app, &signed).await? {
        note(app, log, fault.as_ref());
    }
    Ok(())
}

/// Compares these heads with those that the database has.
async fn compared(app: &App, signed: &[(Log, Checkpoint)]) -> Result<Vec<(Log, Option<Fault>)>> {
    let mut all = Vec::new();
    for signed in signed.chunks(LOGS) {
        let read = app.db.read(async |tx| {
            let logs: Vec<Log> = signed.iter().map(|(log, _)| *log).collect();
            let heads: HashMap<Log, Head> = db::logs::heads(tx, &logs).await?.into_iter().collect();
            let mut faults = Vec::new();
            for (log, signed) in signed {
                let present = present(app, *log, heads.get(log));
                faults.push((*log, behind(tx, *log, (&present, false), signed).await?.map(Fault::Behind)));
            }
            Ok(faults)
        });
        all.extend(read.await?);
    }
    Ok(all)
}
