//! The check of two files of one room: whether the newer file's log extends that of the older one.

use report::record::Record;
use room::Log;

use super::checks::{Fault, Said, exact};
use crate::evidence::{Checkpoint, CompactRange, ConsistencyProof, Hash, extends};

/// The record and the checkpoint of a file whose log has been checked, for the comparison with another file.
pub(super) struct Standing {
    pub(super) record: Record,
    /// The leaves of the entries in the record, if it has any.
    pub(super) leaves: Option<Vec<Hash>>,
    /// Positions at which the log went on without entries that had been signed, as its entries tell.
    pub(super) continued: Vec<u64>,
    pub(super) checkpoint: Checkpoint,
}

/// Checks that the newer log extends the older one.
///
/// The newer record shows it by itself if it holds all entries of the log. Otherwise a consistency proof from the
/// server is needed (RFC 9162 §2.1.4).
pub(super) fn check_extension(newer: Option<&Standing>, older: Option<&Standing>, proof: Option<&str>) -> Said {
    let (Some(newer), Some(older)) = (newer, older) else {
        return Err(Fault::Skipped("not compared, as one of the two files does not stand by itself".into()));
    };
    let (new, old) = (&newer.checkpoint, &older.checkpoint);
    let is_continued = match continuation(newer, new).zip(continuation(newer, old)) {
        Some(((base, number), (old_base, old_number))) if base == old_base && number >= old_number => {
            number > old_number
        }
        Some(((base, _), (old_base, _))) if base == old_base => {
            let (new, old) = (exact(&new.origin), exact(&old.origin));
            return Err(
                format!("the older file is the newer one: its log went on as {old} after {new}; swap them").into()
            );
        }
        _ => {
            let (new, old) = (exact(&new.origin), exact(&old.origin));
            return Err(format!("the files are of different logs: {new}, and the older of {old}").into());
        }
    };
    if is_continued && (old.size >= new.size || went_on_before(newer, older)) {
        return Err(lost(new, old));
    }
    if old.size > new.size {
        let (newer, older) = (new.size, old.size);
        return Err(format!(
            "the older file is the newer one: its log has {older} entries, the other's {newer}; swap them"
        )
        .into());
    }
    // RFC 9162 §2.1.4: between trees of one size there is no proof, their roots are equal or the log was rewritten.
    if old.size == new.size {
        return if old.root == new.root {
            Ok(format!("both are of the same {} entries", new.size))
        } else {
            Err(rewritten(old))
        };
    }
    // Both ways are tried and neither may contradict: entries in the file do not excuse a proof that fails.
    let shown = [shown_by_proof(new, old, proof), shown_by_entries(newer, old)];
    let shown: Result<Vec<_>, Fault> = shown.into_iter().flatten().collect();
    // Where entries were lost, the log says so itself; that it is another history is then no forgery.
    let shown = shown.map_err(|fault| if is_continued { lost(new, old) } else { fault })?;
    shown.into_iter().next().ok_or_else(|| {
        Fault::Skipped(format!(
            "cannot be shown from these two files, as the newer does not hold all entries: `--consistency` takes the \
             answer of `GET /api/v1/rooms/{}/log/consistency?from={}&to={}`",
            newer.record.room.id, old.size, new.size
        ))
    })
}

/// Returns whether the newer log tells that it went on, after the older file, from a copy with fewer entries than that has.
fn went_on_before(newer: &Standing, older: &Standing) -> bool {
    let old = &older.checkpoint;
    let is_first = continuation(older, old).is_some_and(|(_, number)| number == 1);
    // What the older file knows itself is no news. If it cannot tell, nothing is concluded.
    let is_news = |seq: &&u64| !older.continued.contains(seq);
    (is_first || !older.continued.is_empty()) && newer.continued.iter().filter(is_news).any(|seq| *seq < old.size)
}

/// Returns the origin that a log of the room began with and the number of its continuation.
fn continuation<'a>(of: &Standing, checkpoint: &'a Checkpoint) -> Option<(&'a str, u32)> {
    let room = of.record.room.id.parse().ok()?;
    Log::Room(room).continuation_in(&checkpoint.origin)
}

/// Returns the fault of a log that goes on without entries that the older file was signed over.
fn lost(new: &Checkpoint, old: &Checkpoint) -> Fault {
    Fault::Failed(format!(
        "the log went on as {} from a copy that lacks some of the {} entries that the older file was signed over; the \
         entry `log_continued` tells why",
        exact(&new.origin),
        old.size
    ))
}

/// Returns the fault of a log whose history was changed.
fn rewritten(old: &Checkpoint) -> Fault {
    Fault::Failed(format!(
        "the log was rewritten: its first {} entries are not those that the older file was signed over",
        old.size
    ))
}

/// Checks the consistency proof. `None` if none was given.
fn shown_by_proof(new: &Checkpoint, old: &Checkpoint, proof: Option<&str>) -> Option<Said> {
    let proof = match ConsistencyProof::read(proof?) {
        Ok(proof) => proof,
        Err(error) => return Some(Err(Fault::Failed(format!("the consistency proof: {error}")))),
    };
    // Its signature needs no check: it has to be the newer file's checkpoint, which was checked with that file.
    let to = Checkpoint::unchecked(&proof.checkpoint).ok();
    let fits = proof.from == old.size
        && to.is_some_and(|to| (to.origin, to.size, to.root) == (new.origin.clone(), new.size, new.root));
    Some(if !fits {
        let (from, to) = (old.size, new.size);
        Err(Fault::Failed(format!("the consistency proof is for other checkpoints than from {from} to {to} entries")))
    } else if extends(&proof.path, (new.size, new.root), (old.size, old.root)) {
        Ok(format!("the log of {} entries goes on from those {}, as the consistency proof shows", new.size, old.size))
    } else {
        Err(Fault::Failed(
            "the consistency proof does not show that the log goes on from the older file: it was rewritten".into(),
        ))
    })
}

/// Computes the older root from the entries in the newer record. `None` if the record does not hold all entries.
fn shown_by_entries(newer: &Standing, old: &Checkpoint) -> Option<Said> {
    let leaves = newer.leaves.as_deref().filter(|leaves| leaves.len() as u64 == newer.record.log.size)?;
    // The newer log is one entry larger than these: the announcement is not in the record that it announces.
    let first = leaves.get(..usize::try_from(old.size).ok()?)?;
    Some(if CompactRange::over(first).root() == old.root {
        let (new, old) = (newer.checkpoint.size, old.size);
        Ok(format!("the log of {new} entries goes on from those {old}, as the entries in the file show"))
    } else {
        Err(rewritten(old))
    })
}
