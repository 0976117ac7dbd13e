//! Marks: the states of logs that are kept in the database, so that a fold need not begin with the first entry.

use room::Log;

use crate::{
    at_hand::Held,
    db::{self, Tx, marks::Mark},
    error::{Error, Result},
    evidence::CompactRange,
};

/// Returns the log up to its newest mark. `None` if it has none, or what is kept of it is not what the entry has the hash
/// of.
///
/// Neither the entry nor the nodes of the tree before it are known to be the log's until what follows has been added and
/// the root is that of its head. What of it is damaged is for `fsck` to tell.
pub(super) async fn newest(tx: &mut Tx, log: Log, head: &CompactRange) -> Result<Option<Held>> {
    let Some(Mark { seq, state }) = db::marks::find(tx, log).await? else { return Ok(None) };
    if seq >= head.size() {
        return Ok(None);
    }
    let at = i64::try_from(seq).unwrap_or(i64::MAX);
    let Some(entry) = db::activity::range(tx, log, at, at + 1).await?.pop() else { return Ok(None) };
    let Some(before) = db::logs::range_at(tx, log, seq).await? else { return Ok(None) };
    let leaf = entry.leaf();
    let canonical = leaf.canonical().map_err(|error| Error::internal(format!("entry {seq}: {error}")))?;
    Ok(Held::at_mark(log, before, &leaf, &canonical, &state))
}
