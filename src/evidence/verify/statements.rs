//! The statements by which a file with a receipt proves itself: that it was logged, that its record follows from the log,
//! that it is sealed as the log says, and that its pages are drawn from its record.

use report::{Body, folded::Folded, record::Record};
use room::Log;

use super::{
    checks::{Fault, Said, exact},
    entries::Entries,
    submitted::Submitted,
    tree::Unsigned,
};
use crate::evidence::{Hash, extends, holds, leaf_hash};

/// The bytes that an entry of the log tells of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Logged {
    /// The body of a file, in the receipt that the file carries.
    Body(Body),
    /// A whole file of an earlier version, with its hash and size, in a receipt that the server gives for it.
    File(Hash, u64),
}

impl Logged {
    /// Returns the type of the entry, the name of its field with the hash, and what it tells of.
    fn entry(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Body(_) => ("snapshot_rendered", "body_sha256", "body"),
            Self::File(..) => ("snapshot_generated", "file_sha256", "file"),
        }
    }

    fn hash_and_size(self) -> (Hash, u64) {
        match self {
            Self::Body(body) => (body.sha256, body.size),
            Self::File(sha256, size) => (sha256, size),
        }
    }
}

/// Checks that these bytes are what the server logged: the entry in the receipt has their hash, the log of the signed
/// checkpoint has the entry, and is the log of the record's room.
pub(super) fn check_logged(
    logged: Logged,
    receipt: &Submitted,
    record: Option<&Record>,
    signed: &Result<String, Unsigned>,
) -> Said {
    let Submitted { proof, leaf, checkpoint, .. } = receipt;
    let meta = |name: &str| leaf.meta[name].as_str().unwrap_or("none");
    let ((tells, hash_name, what), (sha256, size)) = (logged.entry(), logged.hash_and_size());
    let sha256 = hex::encode(sha256);
    let mut faults = Vec::new();
    if leaf.action != tells {
        faults.push(format!("its receipt is of an entry {}, which tells of no {what}", exact(&leaf.action)));
    }
    if meta(hash_name) != sha256 {
        let told = exact(meta(hash_name));
        faults.push(format!("the log tells of a {what} with the SHA-256 {told}, and that of this file is {sha256}"));
    }
    if let Some(record) = record {
        let (room, snapshot) = (leaf.room_id.as_deref().unwrap_or("none"), meta("snapshot_id"));
        if room != record.room.id {
            faults.push(of_another("room", room, &record.room.id));
        }
        if snapshot != record.snapshot.id {
            faults.push(of_another("snapshot", snapshot, &record.snapshot.id));
        }
        faults.extend(another_log(record, &checkpoint.origin));
    }
    let has_entry = leaf.seq == proof.index
        && holds(&proof.path, checkpoint.size, checkpoint.root, proof.index, leaf_hash(&proof.leaf));
    match logged {
        Logged::Body(_) if !has_entry || checkpoint.size != proof.index.saturating_add(1) => {
            let seq = leaf.seq;
            faults.push(format!("the log of the checkpoint does not end with entry {seq} as this receipt has it"));
        }
        Logged::File(..) if !has_entry => {
            faults.push(format!("the log of the checkpoint has no entry {} as this receipt has it", leaf.seq));
        }
        // Of a body, `follows` checks it.
        Logged::File(..) => faults.extend(record.and_then(|it| goes_on(receipt, it.log.size, &it.log.root))),
        Logged::Body(_) => {}
    }
    if let Err(Unsigned::Not(why)) = signed {
        faults.push(why.clone());
    }
    if !faults.is_empty() {
        return Err(faults.join("; ").into());
    }
    if let Ok(by) = signed {
        return Ok(format!(
            "entry {} of {} tells of these {size} bytes; its {} entries are signed with `{by}`",
            leaf.seq,
            exact(&checkpoint.origin),
            checkpoint.size
        ));
    }
    let printed = record.and_then(|record| record.log.key.as_deref());
    let printed = printed.map(|key| format!("the file prints {}; ", exact(key))).unwrap_or_default();
    let words = format!("no key is given: {printed}get the key from a party that you trust, not from the file");
    Err(Fault::Skipped(words))
}

/// Returns the fault of a receipt that is of another room or snapshot than the record.
fn of_another(what: &str, receipt: &str, record: &str) -> String {
    format!("its receipt is of the {what} {}, and its record of {}", exact(receipt), exact(record))
}

/// Returns why a log of this origin is not that of the record. `None` if it is, also if it was continued since.
fn another_log(record: &Record, signed: &str) -> Option<String> {
    // Records of 0.2 do not name it.
    let claimed = record.log.origin.as_deref().unwrap_or(signed);
    let is_same = begins_alike(Some(&record.room.id), claimed, signed);
    (!is_same).then(|| format!("its receipt is of the log {}, and its record of {}", exact(signed), exact(claimed)))
}

/// Whether both are origins of the log of this room, and the second is of the same continuation or of a later one.
pub(super) fn begins_alike(room: Option<&str>, origin: &str, later: &str) -> bool {
    let Some(log) = room.and_then(|room| room.parse().ok()).map(Log::Room) else { return false };
    let found = log.continuation_in(origin).zip(log.continuation_in(later));
    found.is_some_and(|((begun, number), (other, later))| begun == other && number <= later)
}

/// Checks that the record's facts follow from the log: its entries are those of the log up to the position that it
/// shows, the checkpoint of the receipt extends that position, and the fold of the entries is the facts.
pub(super) fn check_follows(record: &Folded, entries: Option<&Entries>, receipt: &Submitted) -> Said {
    if let Some(fault) = goes_on(receipt, record.log.size, &record.log.root) {
        return Err(fault.into());
    }
    let Some(entries) = entries else {
        let words = "the snapshot was taken without the log's entries, from which its facts could be folded";
        return Err(Fault::Skipped(words.to_owned()));
    };
    entries.check(record)?;
    let Some(state) = entries.state() else {
        let words = format!(
            "it holds the newest {} of {} entries, which are those of the log; its facts could be folded from all of them \
             alone",
            entries.leaves.len(),
            record.log.size
        );
        return Err(Fault::Skipped(words));
    };
    if record.facts_of(state?.clone()) == record.facts {
        return Ok(format!(
            "its facts follow from the {} entries of the log up to the moment that it shows",
            record.log.size
        ));
    }
    Err("its facts are not what the entries of the log lead to: the record was changed".to_owned().into())
}

/// Returns why a receipt does not show that its log goes on from this size and root. `None` if it does.
fn goes_on(receipt: &Submitted, size: u64, root: &str) -> Option<String> {
    let Submitted { checkpoint, consistency, .. } = receipt;
    let Some(root) = hex::decode(root).ok().and_then(|root| root.try_into().ok()) else {
        return Some(format!("{} is no root of a tree", exact(root)));
    };
    let newer = (checkpoint.size, checkpoint.root);
    let is_extended = consistency.as_deref().is_some_and(|proof| extends(proof, newer, (size, root)));
    (!is_extended).then(|| format!("the receipt does not show that its log goes on from the {size} entries shown"))
}
