//! Holds what this server has signed, as a verified file carries it, against the server's own log. If the log contradicts
//! it, entries were changed or lost behind the server, or somebody else signs with its key: that is an alarm.
//!
//! If the log has what was signed, the seal of the file is held against the one that the log tells of (`own_seal.rs`).
//!
//! An alarm is an error in the program's log, a count in `/metrics`, and a notice for admins, each once for a signed
//! checkpoint. The notice is a row of a table, not an entry of the platform's log: where the database was put back to an
//! older copy, no log takes entries, and that is when the notice is needed. Strangers cannot raise one, and cannot raise many:
//! it takes the signature of this server over the entry of a snapshot.

use room::Log;

use super::own_seal;
use crate::{
    app::App,
    db::{self, Tx, contradictions::Contradiction},
    domain::log::{
        continuation::{self, Continued},
        reading::CHUNK,
    },
    error::Result,
    evidence::{
        Checkpoint, CompactRange, Hash, hash_of,
        verify::{OwnLog, OwnWord},
    },
};

/// Compares what this server has signed with its log, raises an alarm if the log contradicts it, and ends the alarm if
/// the log does not any more. `None` if the server has signed nothing.
pub async fn hold(app: &App, word: Option<&OwnWord>) -> Option<OwnLog> {
    let word = word?;
    let compared = match compare(app, word).await {
        Ok(compared) => compared,
        Err(error) => {
            // The file was checked, and stands by itself: that the database cannot be read is no fault of it.
            tracing::warn!(room = %word.room, %error, "a verified file could not be held against the log");
            return Some(OwnLog::NotCompared("this server cannot read its log at the moment".to_owned()));
        }
    };
    let noted = match &compared {
        OwnLog::Contradicts(detail) => raise(app, word, word.checkpoint(), detail).await,
        _ => settle(app, word, word.checkpoint()).await,
    };
    if let Err(error) = noted {
        tracing::error!(room = %word.room, snapshot = %word.snapshot, %error, ?compared, "an alarm could not be noted");
    }
    Some(match compared {
        OwnLog::Agrees(agrees) => own_seal::hold(app, word, agrees).await,
        compared => compared,
    })
}

/// Returns how the log contradicts what this server has signed in a file of its own store, and raises no alarm. `None` if
/// it does not.
///
/// Nobody but this server puts files there: if it knows no such log, the log was lost.
pub async fn contradiction(app: &App, word: &OwnWord) -> Result<Option<String>> {
    let log = Log::Room(word.room);
    // Of a log that an operator has given up as a whole, the platform's log tells.
    if app.heads.signed(log).is_some_and(|signed| signed.size == 0) {
        return Ok(None);
    }
    if app.db.read(async |tx| present(tx, app, log).await).await?.is_none() {
        let size = word.size;
        return Ok(Some(format!("{size} entries of the log were signed with the file, and this server has none")));
    }
    Ok(match compare(app, word).await? {
        OwnLog::Contradicts(detail) => Some(detail),
        OwnLog::Agrees(_) | OwnLog::OtherSeal { .. } | OwnLog::NotCompared(_) => None,
    })
}

/// What the database has of the log that was signed.
struct Present {
    origin: String,
    size: u64,
    continued: Vec<Continued>,
}

async fn compare(app: &App, word: &OwnWord) -> Result<OwnLog> {
    let log = Log::Room(word.room);
    let Some(present) = app.db.read(async |tx| present(tx, app, log).await).await? else {
        return Ok(OwnLog::NotCompared("this server does not know the room".to_owned()));
    };
    if let Some(decided) = compare_names(log, word, &present) {
        return Ok(decided);
    }
    if present.size < word.size {
        return Ok(OwnLog::Contradicts(format!(
            "{} entries of the log were signed with the file, and this server has {}: entries were lost, or its database is \
             an older copy",
            word.size, present.size
        )));
    }
    compare_entries(app, log, word).await
}

async fn present(tx: &mut Tx, app: &App, log: Log) -> Result<Option<Present>> {
    let Some(head) = db::logs::head(tx, log).await?.filter(|head| head.range.size() > 0) else { return Ok(None) };
    let continued = continuation::told(tx, app, log, &head).await?;
    let origin = head.origin.unwrap_or_else(|| log.origin(app.log_key().name()));
    Ok(Some(Present { origin, size: head.range.size(), continued }))
}

/// Compares the name of the log that was signed with the name that it has here. `None` if the entries are to be compared.
fn compare_names(log: Log, word: &OwnWord, present: &Present) -> Option<OwnLog> {
    let (signed, here) = (&word.origin, &present.origin);
    let numbers = log.continuation_in(signed).zip(log.continuation_in(here));
    let Some(((_, number), (_, number_here))) = numbers.filter(|((begun, _), (begun_here, _))| begun == begun_here)
    else {
        return Some(OwnLog::NotCompared(format!("it is of the log `{signed}`, and the room's log here is `{here}`")));
    };
    if number > number_here {
        return Some(OwnLog::Contradicts(format!(
            "it is of the log after it went on as `{signed}`, and this server has the log as `{here}`: its database is an \
             older copy"
        )));
    }
    // Where an operator had the log go on without entries that were signed, the log itself says what became of them.
    let named =
        present.continued.iter().find(|continued| number < number_here && continued.names(word.size, &word.root));
    named.map(|continued| {
        let Continued { seq, lost_size, reason, .. } = continued;
        let lost = if word.size > *lost_size {
            format!("without those that were signed after, of which this file shows those up to {}", word.size)
        } else {
            format!("without those up to {lost_size} that were signed")
        };
        OwnLog::NotCompared(format!(
            "the file is of before entries were lost: this server's log has since gone on as `{here}` from its first {seq} \
             entries, {lost}, as its entry {seq} says; the reason given: {reason}"
        ))
    })
}

/// Compares the entries up to the size that was signed. They are hashed anew: the stored hashes may be those of entries
/// that were changed since.
async fn compare_entries(app: &App, log: Log, word: &OwnWord) -> Result<OwnLog> {
    let (mut tree, mut last, mut odd) = (CompactRange::empty(), None, None);
    while tree.size() < word.size {
        let [from, to] =
            [tree.size(), word.size.min(tree.size() + CHUNK)].map(|at| i64::try_from(at).unwrap_or(i64::MAX));
        // A transaction for each part, so that none is open for long. Entries are added behind these, and never changed.
        let rows = app.db.read(async |tx| db::fsck::entries(tx, log, from, to).await).await?;
        for (row, seq) in rows.into_iter().zip(from..) {
            let hash = row.entry.ok().and_then(|entry| hash_of(&entry.into_leaf()).ok());
            let Some(hash) = hash.filter(|_| row.seq == seq) else { break };
            if row.leaf_hash != hash && odd.is_none() {
                odd = Some(seq);
            }
            tree.push(hash);
            last = Some(hash);
        }
        if i64::try_from(tree.size()).is_ok_and(|read| read < to) {
            return Ok(OwnLog::Contradicts(format!(
                "entry {} of this server's log is missing, or unreadable",
                tree.size()
            )));
        }
    }
    Ok(judge(word, &tree, (last, odd)))
}

/// Judges the tree over the entries here, the last of which has this hash. `odd` is the first entry, if there is one, that
/// is not what its own stored hash was made of.
fn judge(word: &OwnWord, tree: &CompactRange, (last, odd): (Option<Hash>, Option<i64>)) -> OwnLog {
    let (size, entry) = (word.size, word.size.saturating_sub(1));
    let is_same = last == Some(word.leaf);
    if tree.root() == word.root && is_same {
        return OwnLog::Agrees(format!(
            "this server's log has the same {size} entries, the last of which is the file's"
        ));
    }
    let [here, signed] = [tree.root(), word.root].map(hex::encode);
    let of_file = if is_same { "is the file's, and others before it are not" } else { "is not the file's" };
    let changed = odd.map(|seq| format!("; entry {seq} was changed after it was written")).unwrap_or_default();
    OwnLog::Contradicts(format!(
        "the first {size} entries of this server's log are not those that it signed with the file: entry {entry} {of_file}\
         {changed} (root {here}, signed {signed})"
    ))
}

/// Notes under this key that the log contradicts what was signed, and says so in the program's log if that is news.
pub(super) async fn raise(app: &App, word: &OwnWord, key: Checkpoint, detail: &str) -> Result<()> {
    let (room, snapshot) = (word.room, word.snapshot);
    let found = Contradiction {
        room,
        room_title: None,
        snapshot,
        detail: detail.to_owned(),
        seen_at: app.now(),
        settled_at: None,
    };
    if app.db.write(async move |tx| db::contradictions::note(tx, &key, &found).await).await? {
        let (origin, signed_size, signed_root) = (&word.origin, word.size, hex::encode(word.root));
        tracing::error!(
            %room, %snapshot, origin, signed_size, signed_root, detail,
            "the log contradicts what this server has signed, as a file shows that was verified"
        );
    }
    Ok(())
}

/// Notes that the log does not contradict any more what was signed, if it was known to under this key.
pub(super) async fn settle(app: &App, word: &OwnWord, key: Checkpoint) -> Result<()> {
    let now = app.now();
    // Looked at first without the writer: there is mostly nothing to settle.
    if !app.db.read(async |tx| db::contradictions::is_open(tx, &key).await).await? {
        return Ok(());
    }
    if app.db.write(async move |tx| db::contradictions::settle(tx, &key, now).await).await? {
        let (room, snapshot) = (word.room, word.snapshot);
        tracing::info!(%room, %snapshot, "the log does not contradict any more what this server has signed");
    }
    Ok(())
}
