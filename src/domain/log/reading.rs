//! Reads a log from its first entry, under its lock.

use room::{
    Log,
    fold::{Fold, Subject},
};

use crate::{
    db::{self, Tx, activity::Entry},
    error::{Error, Result},
    evidence::{CompactRange, hash_of},
};

/// How many entries of a log are read and folded at once, which keeps a processor for a millisecond: with a thousand,
/// one in a hundred of the others' operations waited twice as long. What is kept of them does not grow with their number.
pub const CHUNK: u64 = 200;

/// Folds a log from its first entry to its head, and shows each entry to `note`. `fold` is that of the empty log.
/// Returns the reason in words if the log contradicts itself, or
/// its head.
pub async fn read_entries<S: Subject>(
    tx: &mut Tx,
    log: Log,
    head: &CompactRange,
    mut fold: Fold<S>,
    mut note: impl FnMut(&Entry),
) -> Result<Result<Fold<S>, String>> {
    let mut tree = CompactRange::empty();
    while fold.size() < head.size() {
        let [from, to] =
            [fold.size(), head.size().min(fold.size() + CHUNK)].map(|at| i64::try_from(at).unwrap_or(i64::MAX));
        let entries = db::activity::range(tx, log, from, to).await?;
        if entries.is_empty() {
            return Ok(Err(format!("entry {from} is missing")));
        }
        for entry in &entries {
            let leaf = entry.leaf();
            if let Err(contradiction) = fold.apply(&leaf) {
                return Ok(Err(contradiction.to_string()));
            }
            tree.push(hash_of(&leaf).map_err(|error| Error::internal(format!("entry {}: {error}", entry.seq)))?);
            note(entry);
        }
    }
    // An entry that was changed or added by hand would be vouched for by what is signed over it.
    if tree.root() != head.root() {
        return Ok(Err("its entries are not those that its head was made of".to_owned()));
    }
    Ok(Ok(fold))
}
