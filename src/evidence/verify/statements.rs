//! The statements by which a file with a receipt proves itself: that it was logged, that its record follows from the log,
//! that it is sealed as the log says, and that its pages are drawn from its record.

use report::{Body, folded::Folded, record::EntryFacts};
use room::{Log, RoomId, fold::Fold};

use super::{
    checks::{Fault, Said},
    submitted::Submitted,
    tree::Unsigned,
};
use crate::evidence::{CompactRange, extends, hash_of, holds, leaf_hash, leaf_of_record};

/// The type of the entry that tells of a body.
const TELLS: &str = "snapshot_rendered";

/// Checks that these bytes are what the server logged: the entry in the receipt has the body's hash, the log of the signed
/// checkpoint has the entry, and is the log of the record's room.
pub(super) fn check_logged(
    body: &Body,
    receipt: &Submitted,
    record: Option<&Folded>,
    signed: &Result<String, Unsigned>,
) -> Said {
    let Submitted { proof, leaf, checkpoint, .. } = receipt;
    let meta = |name: &str| leaf.meta[name].as_str().unwrap_or("none");
    let sha256 = hex::encode(body.sha256);
    let mut faults = Vec::new();
    if leaf.action != TELLS {
        faults.push(format!("its receipt is of an entry `{}`, which tells of no body", leaf.action));
    }
    if meta("body_sha256") != sha256 {
        let told = meta("body_sha256");
        faults.push(format!("the log tells of a body with the SHA-256 {told}, and that of this file is {sha256}"));
    }
    if let Some(record) = record {
        let (room, snapshot) = (leaf.room_id.as_deref().unwrap_or("none"), meta("snapshot_id"));
        if room != record.facts.room.id.to_string() {
            faults.push(format!("its receipt is of the room {room}, and its record of {}", record.facts.room.id));
        }
        if snapshot != record.snapshot.id {
            faults.push(format!("its receipt is of the snapshot {snapshot}, and its record of {}", record.snapshot.id));
        }
        faults.extend(another_log(record, &checkpoint.origin));
    }
    let is_last = leaf.seq == proof.index && checkpoint.size == proof.index.saturating_add(1);
    let has_entry = holds(&proof.path, checkpoint.size, checkpoint.root, proof.index, leaf_hash(&proof.leaf));
    if !is_last || !has_entry {
        faults.push(format!("the log of the checkpoint does not end with entry {} as this receipt has it", leaf.seq));
    }
    match signed {
        Ok(by) => faults.extend(record.and_then(|record| signed_elsewhere(record, &checkpoint.origin, by))),
        Err(Unsigned::Not(why)) => faults.push(why.clone()),
        Err(Unsigned::NoKey) => {}
    }
    if !faults.is_empty() {
        return Err(faults.join("; ").into());
    }
    if let Ok(by) = signed {
        return Ok(format!(
            "entry {} of `{}` tells of these {} bytes; its {} entries are signed with `{by}`",
            leaf.seq, checkpoint.origin, body.size, checkpoint.size
        ));
    }
    let printed = record.and_then(|record| record.log.key.as_deref());
    let printed = printed.map(|key| format!("the file prints `{key}`; ")).unwrap_or_default();
    let words = format!("no key is given: {printed}get the key from a party that you trust, not from the file");
    Err(Fault::Skipped(words))
}

/// Returns why a log of this origin is not that of the record. `None` if it is, also if it was continued since.
fn another_log(record: &Folded, signed: &str) -> Option<String> {
    let (log, claimed) = (Log::Room(record.facts.room.id), record.log.origin.as_deref().unwrap_or("none"));
    let found = log.continuation_in(claimed).zip(log.continuation_in(signed));
    let is_same = found.is_some_and(|((begun, number), (other, later))| begun == other && number <= later);
    (!is_same).then(|| format!("its receipt is of the log `{signed}`, and its record of `{claimed}`"))
}

/// Returns why a key signs no log of this origin: it is that of another server, though it may be trusted for its own.
fn signed_elsewhere(record: &Folded, origin: &str, by: &str) -> Option<String> {
    let server = super::server_of(&record.facts.room.id.to_string(), origin)?;
    let (name, _) = by.rsplit_once('+')?;
    (name != server).then(|| format!("it is signed with `{by}`, a key of another server than `{server}`"))
}

/// Checks that the record's facts follow from the log: its entries are those of the log up to the position that it
/// shows, the checkpoint of the receipt extends that position, and the fold of the entries is the facts.
pub(super) fn check_follows(record: &Folded, receipt: &Submitted) -> Said {
    let position = (record.log.size, root(record)?);
    let Submitted { checkpoint, consistency, .. } = receipt;
    let newer = (checkpoint.size, checkpoint.root);
    let is_extended = consistency.as_deref().is_some_and(|proof| extends(proof, newer, position));
    if !is_extended {
        return Err(
            format!("the receipt does not show that its log goes on from the {} entries shown", position.0).into()
        );
    }
    let Some(entries) = &record.entries else {
        let words = "the snapshot was taken without the log's entries, from which its facts could be folded";
        return Err(Fault::Skipped(words.to_owned()));
    };
    check_entries(record, entries)?;
    if !record.before.is_empty() {
        let words = format!(
            "it holds the newest {} of {} entries, which are those of the log; its facts could be folded from all of them \
             alone",
            entries.len(),
            position.0
        );
        return Err(Fault::Skipped(words));
    }
    let room: RoomId = record.facts.room.id;
    let mut fold = Fold::new(room);
    for entry in entries {
        fold.apply(&leaf_of_record(&room.to_string(), entry)).map_err(|contradiction| contradiction.to_string())?;
    }
    let state = fold.into_state().ok_or_else(|| "its entries do not tell everything of the room".to_owned())?;
    if record.facts_of(state) == record.facts {
        return Ok(format!(
            "its facts follow from the {} entries of the log up to the moment that it shows",
            position.0
        ));
    }
    Err("its facts are not what the entries of the log lead to: the record was changed".to_owned().into())
}

fn root(record: &Folded) -> Result<[u8; 32], Fault> {
    let root = hex::decode(&record.log.root).ok().and_then(|root| root.try_into().ok());
    root.ok_or_else(|| Fault::Failed(format!("`{}` is no root of a tree", record.log.root)))
}

/// Checks that the entries, with the subtrees before them, are those of the root at the position.
fn check_entries(record: &Folded, entries: &[EntryFacts]) -> Result<(), Fault> {
    let room = record.facts.room.id.to_string();
    let first = record.log.size.checked_sub(entries.len() as u64);
    let before: Option<Vec<u8>> =
        record.before.iter().map(|hash| hex::decode(hash).ok()).collect::<Option<Vec<_>>>().map(|it| it.concat());
    let tree = first.zip(before).and_then(|(first, before)| CompactRange::from_parts(first, &before));
    let mut tree = tree.ok_or_else(|| format!("it holds {} entries of {}", entries.len(), record.log.size))?;
    for entry in entries {
        if entry.seq != tree.size() {
            let (seq, found) = (tree.size(), entry.seq);
            let words = format!("where entry {seq} should be is entry {found}: entries are lacking, or out of order");
            return Err(words.into());
        }
        let hash = hash_of(&leaf_of_record(&room, entry));
        tree.push(hash.map_err(|error| format!("entry {} cannot be hashed: {error}", entry.seq))?);
    }
    if hex::encode(tree.root()) == record.log.root {
        return Ok(());
    }
    Err("its entries are not those of the log: one or more of them were changed".to_owned().into())
}
