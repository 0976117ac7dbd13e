//! Checks of the log's tree: what the proof in a file shows, and whether the entries in the record fit it.

use report::record::{EntryFacts, Record};
use room::{Log, server_in};

use super::{
    checks::{Fault, Said, exact},
    submitted::Submitted,
};
use crate::evidence::{Checkpoint, CompactRange, Hash, PublicKeys, hash_of, holds, leaf_hash};

/// The name of the record's section that holds the log's entries.
const ENTRIES: &str = "activity";

/// Why a checkpoint does not count as signed.
pub(super) enum Unsigned {
    /// No keys were given, so no signature could be checked.
    NoKey,
    /// None of the trusted keys has signed it, for this reason.
    Not(String),
}

/// Returns the name of the trusted key that has signed a checkpoint, as `name+hash`. It has to be one that may sign the logs
/// of the server whose log this is.
pub(super) fn signed(checkpoint: &str, keys: Option<&PublicKeys>) -> Result<String, Unsigned> {
    let keys = keys.ok_or(Unsigned::NoKey)?;
    let opened = Checkpoint::open(checkpoint, keys);
    let (Checkpoint { origin, .. }, by) = opened.map_err(|error| Unsigned::Not(error.to_string()))?;
    let server = server_in(&origin);
    if keys.sign_for(&by, server) {
        return Ok(by);
    }
    Err(Unsigned::Not(format!("it is signed with `{by}`, a key of another server than `{server}`")))
}

/// Checks that the log of the checkpoint ends with the entry, and that before it the log was what the record says.
///
/// The inclusion path of a last entry also gives the root before that entry (RFC 6962 §2.1.1), so that this one proof
/// binds the announcement to the checkpoint and the record to the log.
pub(super) fn check_inclusion(proof: &Submitted, record: Option<&Record>) -> Said {
    let (Submitted { proof, leaf, checkpoint, .. }, index) = (proof, proof.proof.index);
    // The entry's own number is hashed with it, so it has to agree with its position in the tree.
    if leaf.seq != index {
        return Err(format!("the proof is for entry {index}, and holds entry {}", leaf.seq).into());
    }
    // A later checkpoint would prove the entry as well, but its path would not give the root before the entry.
    if checkpoint.size != index.saturating_add(1) {
        let size = checkpoint.size;
        return Err(format!(
            "the proof is for entry {index}, and its checkpoint is of {size} entries, not of just those up to it"
        )
        .into());
    }
    if !holds(&proof.path, checkpoint.size, checkpoint.root, index, leaf_hash(&proof.leaf)) {
        return Err(format!("the log of the checkpoint does not hold this entry as entry {index}").into());
    }
    let before = CompactRange::from_path_of_next(index, &proof.path);
    let before = before.ok_or_else(|| format!("the path to entry {index} has another length"))?;
    if let Some(record) = record {
        let (size, root) = (record.log.size, hex::encode(before.root()));
        if size != index {
            return Err(format!("the proof is for entry {index}, and the record was announced as entry {size}").into());
        }
        if record.log.root != root {
            let claimed = exact(&record.log.root);
            return Err(format!("before this entry the log's root was {root}, and the record says {claimed}").into());
        }
    }
    Ok(format!("the log of {} entries ends with it", checkpoint.size))
}

/// Checks that the checkpoint is of the log of the record's room, and signed with a trusted key.
pub(super) fn check_checkpoint(proof: &Submitted, record: Option<&Record>, signed: &Result<String, Unsigned>) -> Said {
    // One key signs the logs of all rooms of a server: the signature alone does not say which log it is of. The origin
    // does (C2SP `tlog-checkpoint`).
    let (log, origin) = (&proof.checkpoint.origin, exact(&proof.checkpoint.origin));
    if let Some(record) = record {
        let room = &record.room.id;
        // One that was continued has a number at its end.
        if !room.parse().is_ok_and(|id| Log::Room(id).continuation_in(log).is_some()) {
            return Err(format!(
                "it is of another room: of the log {origin}, and the record is of room {}",
                exact(room)
            )
            .into());
        }
        if record.log.origin.as_ref() != Some(log) {
            let claimed = exact(record.log.origin.as_deref().unwrap_or("none"));
            return Err(format!("it is of another log: of {origin}, and the record was taken from {claimed}").into());
        }
    }
    match signed {
        Ok(by) => Ok(format!("of {} entries of {origin}, signed with `{by}`", proof.checkpoint.size)),
        Err(Unsigned::Not(why)) => Err(Fault::Failed(why.clone())),
        Err(Unsigned::NoKey) => {
            // The printed key helps to find the right one, but a forged file prints the forger's key: it is never used.
            let printed = record.and_then(|record| record.log.key.as_deref());
            let printed = printed.map(|key| format!("the file prints {}; ", exact(key))).unwrap_or_default();
            let words = format!("no key is given: {printed}get the key from a party that you trust, not from the file");
            Err(Fault::Skipped(words))
        }
    }
}

/// Checks that the record holds every entry that it says it holds, each as it was hashed.
pub(super) fn check_entries(record: &Record, entries: &[EntryFacts], proof: &Submitted) -> Said {
    let size = record.log.size;
    let first = size.checked_sub(entries.len() as u64);
    let first = first.ok_or_else(|| format!("it holds {} entries of a log of {size}", entries.len()))?;
    // Numbers first: a gap moves all later leaves, and the trees would differ without saying which entry is missing.
    for (seq, entry) in (first..).zip(entries) {
        if entry.seq != seq {
            let found = entry.seq;
            return Err(
                format!("where entry {seq} should be is entry {found}: entries are lacking, or out of order").into()
            );
        }
    }
    // Without its first entries the tree cannot be computed. The record then has to admit what it leaves out.
    if first > 0 {
        let limit = record.limits.iter().find(|limit| limit.section == ENTRIES);
        return match limit {
            Some(limit) if limit.shown == entries.len() as u64 && limit.total == size => Ok(format!(
                "the newest {} of {size}, in their order; the older ones, which the record leaves out, are in the root",
                entries.len()
            )),
            _ => Err(format!("the record says that it holds all entries, and lacks those before {first}").into()),
        };
    }
    let tree = CompactRange::over(&leaves_of(record, entries)?);
    if hex::encode(tree.root()) == record.log.root {
        return Ok(format!("all {size} before it, as they are in the log"));
    }
    let stretch = stretch_apart(&tree, proof).map(|(from, to)| format!(" from {from} to {to}")).unwrap_or_default();
    Err(format!("the entries{stretch} are not those of the log: one or more of them were changed").into())
}

/// Returns the hashes of the leaves of a record's entries.
pub(super) fn leaves_of(record: &Record, entries: &[EntryFacts]) -> Result<Vec<Hash>, Fault> {
    let leaf = |entry: &EntryFacts| {
        let hash = hash_of(entry.leaf(&record.room.id));
        hash.map_err(|error| Fault::Failed(format!("entry {} cannot be hashed: {error}", entry.seq)))
    };
    entries.iter().map(leaf).collect()
}

/// Returns the first and the last entry of the first stretch in which the record's tree differs from the proven one.
/// `None` if the trees have different sizes or do not differ.
///
/// The proof gives no leaves, only the roots of the perfect subtrees before its entry. So the stretch is a whole
/// subtree: the changed entry is in it, and cannot be located any closer from the file alone.
fn stretch_apart(tree: &CompactRange, proof: &Submitted) -> Option<(u64, u64)> {
    let proven = CompactRange::from_path_of_next(tree.size(), &proof.proof.path)?;
    let (ours, theirs) = (tree.frontier(), proven.frontier());
    let apart = ours.chunks(32).zip(theirs.chunks(32)).position(|(ours, theirs)| ours != theirs)?;
    // RFC 6962 §2.1: each subtree covers the largest power of two of the entries that are left.
    let (mut from, mut left) = (0, tree.size());
    for _ in 0..apart {
        let subtree = 1 << left.ilog2();
        (from, left) = (from + subtree, left - subtree);
    }
    Some((from, from + (1 << left.ilog2()) - 1))
}
