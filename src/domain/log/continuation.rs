//! The way on for a log that takes no entries, because the database is behind what was signed of it: an operator has it
//! go on under a new origin, so that no two histories have one name.

use room::{Event, Log, RoomId};

use super::{
    actor::Actor,
    heads::{self, Ground},
    operation::{OpenLog, operation},
    platform_adoption,
};
use crate::{
    app::App,
    db::{self, Tx, activity::Entry, logs::Head},
    error::{Error, Result},
    evidence::{Checkpoint, Hash, Question, hash_of, holds},
};

/// The longest reason for a continuation, in characters.
pub const LONGEST_REASON: usize = 1_000;

/// What the continuation of a log is about: the head that was lost, and where the log goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continuation {
    /// The largest head that is known to have been signed.
    pub lost: Checkpoint,
    /// The number of entries that the database has of the log.
    pub size: u64,
    /// The origin under which it goes on. `None` if it does not: it is that of a room of which nothing is left.
    pub origin: Option<String>,
}

/// Where a log has gone on without entries that were signed, as it tells itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continued {
    /// The position of the entry that tells it: entries before it are those of the log that was lost.
    pub seq: u64,
    /// The number of entries that the largest lost head had.
    pub lost_size: u64,
    /// The root of that head, in hexadecimal.
    pub lost_root: String,
    /// The reason that was given.
    pub reason: String,
}

impl Continued {
    /// Whether a head of this size and root is among what was lost: signed over entries behind those that were left.
    ///
    /// One that is larger than the one that is named is, too: the memory of heads may lag, and after a restore it may be gone.
    pub fn names(&self, size: u64, root: &Hash) -> bool {
        size > self.seq && (size != self.lost_size || hex::encode(root) == self.lost_root)
    }
}

/// Returns where a log with this head has gone on without entries that were signed.
///
/// Only entries that are proven by the signed head count: one that somebody else has written into the database would
/// explain away what they have removed.
pub async fn told(tx: &mut Tx, app: &App, log: Log, head: &Head) -> Result<Vec<Continued>> {
    let present = heads::present(app, log, Some(head));
    if log.continuation_in(&present.origin).is_none_or(|(_, number)| number == 1) {
        return Ok(Vec::new());
    }
    let Some(note) = &head.checkpoint else { return Ok(Vec::new()) };
    if heads::unsigned(tx, app, note, &present).await?.is_some() {
        return Ok(Vec::new());
    }
    let mut told = Vec::new();
    for entry in db::activity::of_type(tx, log, "log_continued").await? {
        if is_proven(tx, &present, &entry).await? {
            let text = |name: &str| entry.meta[name].as_str().unwrap_or_default().to_owned();
            told.push(Continued {
                seq: entry.seq.unsigned_abs(),
                lost_size: entry.meta["lost_size"].as_u64().unwrap_or_default(),
                lost_root: text("lost_root"),
                reason: text("reason"),
            });
        }
    }
    Ok(told)
}

/// Returns whether the log with this head has the entry.
async fn is_proven(tx: &mut Tx, head: &Checkpoint, entry: &Entry) -> Result<bool> {
    let (index, size) = (entry.seq.unsigned_abs(), head.size);
    let Ok(leaf) = hash_of(&entry.leaf()) else { return Ok(false) };
    if index >= size {
        return Ok(false);
    }
    let path = db::logs::answer_if_stored(tx, entry.log, Question::Inclusion { index, size }).await?;
    Ok(path.is_some_and(|path| holds(&path, size, head.root, index, leaf)))
}

/// Returns how a log would go on. `None` if nothing keeps it from taking entries.
pub async fn planned(app: &App, log: Log) -> Result<Option<Continuation>> {
    // Remembered before the database is read, as everywhere.
    let signed = app.heads.signed(log);
    app.db
        .read(async |tx| {
            let head = db::logs::head(tx, log).await?;
            let present = heads::present(app, log, head.as_ref());
            let fault = match &head {
                Some(head) => heads::fault(tx, app, log, head).await?.is_some(),
                None => signed.as_ref().is_some_and(|signed| signed.size > 0),
            };
            let lost = signed.unwrap_or_else(|| present.clone());
            let origin = (!is_gone(log, present.size)).then(|| heads::next_origin(log, &present, &lost));
            Ok(fault.then_some(Continuation { lost, size: present.size, origin }))
        })
        .await
}

/// Returns whether a log of so many entries is that of a room of which nothing is left. A room begins with an entry of
/// its own, so its log cannot begin with another one.
fn is_gone(log: Log, size: u64) -> bool {
    size == 0 && log != Log::Platform
}

/// Has a log go on under a new origin, with an entry that tells of the head that was lost. Where nothing is left of a
/// room's log, the entry stands in the platform's.
///
/// # Errors
///
/// Fails if nothing keeps the log from taking entries, or if its entries are not those of its head.
pub async fn go_on(app: &App, by: &Actor, log: Log, reason: &str) -> Result<Continuation> {
    let planned = planned(app, log).await?;
    let planned = planned.ok_or_else(|| Error::Refused("nothing keeps it from taking entries".into()))?;
    let done = match (planned.origin, log) {
        (None, Log::Room(room)) => give_up(app, by, (room, planned.lost), reason).await?,
        _ => append(app, by, (log, Ground::NotSound), reason).await?,
    };
    app.heads.note_behind(log, None);
    tracing::warn!(log = log.key(), origin = done.origin, "an operator has a log go on without what was lost of it");
    Ok(done)
}

/// Has a log go on under a new origin that was brought back from a copy in which it had this head. `None` if it has done so
/// already.
///
/// Entries may have been signed after the copy was made, and nobody can tell from it. Where none is remembered, the entry
/// names the head of the copy itself: how much was lost is not known then.
///
/// # Errors
///
/// Fails if its entries are not those of its head.
pub async fn go_on_from_copy(
    app: &App,
    by: &Actor,
    (log, head): (Log, &Checkpoint),
    reason: &str,
) -> Result<Option<Continuation>> {
    let present = app.db.read(async |tx| db::logs::head(tx, log).await).await?;
    if heads::present(app, log, present.as_ref()).origin != head.origin {
        return Ok(None);
    }
    let done = append(app, by, (log, Ground::BroughtBack), reason).await?;
    app.heads.note_behind(log, None);
    Ok(Some(done))
}

async fn append(app: &App, by: &Actor, (log, ground): (Log, Ground), reason: &str) -> Result<Continuation> {
    let (in_tx, by, reason) = (app.clone(), by.clone(), reason.to_owned());
    app.db
        .write(async move |tx| {
            let (mut open, lost) = OpenLog::lock_to_continue(tx, &in_tx, (log, ground), &by).await?;
            let size = open.head().size();
            let (lost_size, lost_root) = (lost.size, hex::encode(lost.root));
            open.append(tx, &Event::LogContinued { lost_size, lost_root, reason: reason.clone() }).await?;
            if size == 0 {
                // Only the platform's, which otherwise begins with the catalogue.
                platform_adoption::begin(tx, &mut open).await?;
            }
            Ok(Continuation { lost, size, origin: Some(open.origin().to_owned()) })
        })
        .await
}

/// Has the platform's log tell that a room's is lost as a whole, and remembers nothing of that any more.
async fn give_up(app: &App, by: &Actor, (room, lost): (RoomId, Checkpoint), reason: &str) -> Result<Continuation> {
    let (lost_size, lost_root) = (lost.size, hex::encode(lost.root));
    let told = Event::LogLost { room_id: room, lost_size, lost_root, reason: reason.to_owned() };
    operation(app, Log::Platform, by, async move |tx, log| log.append(tx, &told).await).await?;
    let log = Log::Room(room);
    app.heads.remember(log, heads::given_up(log, &lost));
    Ok(Continuation { lost, size: 0, origin: None })
}

/// Returns an error unless the reason is one: not blank, and not too long.
pub fn check_reason(reason: &str) -> Result<()> {
    let length = reason.trim().chars().count();
    if length == 0 || length > LONGEST_REASON {
        return Err(Error::setup(format!("the reason must be of 1 to {LONGEST_REASON} characters")));
    }
    Ok(())
}
