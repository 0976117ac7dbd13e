//! The proofs of snapshots: each is a signed witness of what its room's log was at one size.

use room::Log;

use super::finding::{Finding, Kind, Location, Remedy};
use crate::{
    db::fsck::{LogRows, SnapshotRow},
    domain::fsck::run::Run,
    evidence::{self, Checkpoint, Hash, LogProof, Receipt, read_leaf},
};

/// Something signed that gives the root of a log's tree at some size: a snapshot's proof or a stored checkpoint.
#[derive(Debug)]
pub(super) struct Witness {
    /// The number of entries that the root is over.
    pub(super) size: u64,
    pub(super) root: Hash,
    /// The hash of the last entry. `None` for a checkpoint, which gives only the root.
    pub(super) leaf: Option<Hash>,
    /// The kind of finding if it contradicts the log.
    pub(super) kind: Kind,
    pub(super) what: String,
}

/// Reads a snapshot's proof and checks what can be checked without the log. `None` if the snapshot has no proof, or has
/// one with a fault, which is reported.
pub(super) fn read_witness(
    run: &mut Run<'_>,
    location: &Location,
    rows: &LogRows,
    snapshot: &SnapshotRow,
) -> Option<Witness> {
    let text = snapshot.proof.as_deref()?;
    let what = format!("snapshot {}", snapshot.id);
    match witness(run, location, rows, snapshot, text) {
        Ok((size, root, leaf)) => Some(Witness { size, root, leaf: Some(leaf), kind: Kind::Proof, what }),
        Err(fault) => {
            run.add(Finding::new(location, Kind::Proof, what, fault));
            None
        }
    }
}

/// Returns size, root and last leaf that a proof gives, or the proof's fault.
fn witness(
    run: &Run<'_>,
    location: &Location,
    rows: &LogRows,
    snapshot: &SnapshotRow,
    text: &str,
) -> Result<(u64, Hash, Hash), String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    // Also of a snapshot that was stored on a way down, whose receipt stands where others have their proof.
    let (action, proof) = match Receipt::read(text) {
        Ok(receipt) => ("snapshot_rendered", receipt.proof),
        Err(_) => ("snapshot_created", LogProof::read(text).map_err(|error| said(&error))?),
    };
    let (checkpoint, _) = Checkpoint::open(&proof.checkpoint, run.keys()).map_err(|error| said(&error))?;
    // One key signs the logs of all rooms: without the origin, the proof of another room would do.
    let origin = rows.head.as_ref().and_then(|head| head.origin.as_deref());
    if !origin.is_some_and(|origin| is_of_log(location.log, &checkpoint.origin, origin)) {
        return Err(format!("it is that of the log `{}`", checkpoint.origin));
    }
    let entry = read_leaf(&proof.leaf).map_err(|error| said(&error))?;
    if entry.action != action || entry.meta["snapshot_id"] != snapshot.id.to_string().as_str() {
        return Err("it is the proof of another entry".into());
    }
    // A snapshot's checkpoint ends with its own entry. Size, root and last leaf then belong together, and the log can
    // be compared with them at that size.
    let leaf = evidence::leaf_hash(&proof.leaf);
    let (size, root) = (checkpoint.size, checkpoint.root);
    if size != proof.index + 1 || !evidence::holds(&proof.path, size, root, proof.index, leaf) {
        return Err("it does not lead from its entry to its checkpoint".into());
    }
    Ok((size, root, leaf))
}

/// Returns whether an origin is that of the log, or one that the log had before it was continued.
fn is_of_log(log: Log, origin: &str, of_log: &str) -> bool {
    match (log.continuation_in(origin), log.continuation_in(of_log)) {
        (Some((base, number)), Some((base_of_log, last))) => base == base_of_log && number <= last,
        _ => origin == of_log,
    }
}

/// The witnesses that contradict the log, counted until the log has been read.
///
/// One changed entry contradicts the root of every later witness, so only the oldest is reported, with the number of
/// the others.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// The oldest that was signed over other entries, and the number of those after it.
    other: Option<(Finding, u64)>,
    /// The oldest that was signed over more entries than there are, and the number of those after it.
    removed: Option<(Finding, u64)>,
}

impl Doubts {
    /// Compares a witness with the last entry and the root of the tree at its size, as far as these are known.
    pub(super) fn compare(
        &mut self,
        run: &mut Run<'_>,
        location: &Location,
        witness: Witness,
        leaf: Option<Hash>,
        root: Option<Hash>,
    ) {
        let size = witness.size;
        if witness.leaf.zip(leaf).is_some_and(|(proven, stored)| proven != stored) {
            // Reported by itself: it names the one entry that differs, while a root may differ because of any.
            let fault = format!("it proves another entry than entry {} of the log", size.saturating_sub(1));
            run.add(Finding::new(location, witness.kind, witness.what, fault));
        } else if root.is_some_and(|root| root != witness.root) && witness.kind == Kind::Head {
            // Not among the others: something can be done about it.
            let fault = format!("the first {size} entries are others than those that were signed");
            run.add(Finding::new(location, witness.kind, witness.what, fault).with(Remedy::Continue));
        } else if root.is_some_and(|root| root != witness.root) {
            let fault = format!("it was signed over other entries than the first {size} of the log");
            note(&mut self.other, Finding::new(location, witness.kind, witness.what, fault));
        }
    }

    /// Notes a witness of more entries than the log has.
    pub(super) fn note_removed(&mut self, location: &Location, witness: Witness, size: i64) {
        let fault = format!("it is of {} entries, and the log has {size}: entries were removed", witness.size);
        note(&mut self.removed, Finding::new(location, witness.kind, witness.what, fault));
    }

    /// Reports the oldest witness of each kind.
    pub(super) fn report(self, run: &mut Run<'_>) {
        for (mut finding, more) in self.other.into_iter().chain(self.removed) {
            if more > 0 {
                finding.fault = format!("{}; {more} later ones say the same", finding.fault);
            }
            run.add(finding);
        }
    }
}

/// Keeps the first finding and counts the others. Witnesses come in the order of their sizes: the first is the oldest.
fn note(doubt: &mut Option<(Finding, u64)>, finding: Finding) {
    match doubt {
        Some((_, more)) => *more += 1,
        None => *doubt = Some((finding, 0)),
    }
}
