//! The proofs of snapshots: each is a witness of what its room's log was.

use super::finding::{Finding, Kind, Place};
use crate::{
    db::fsck::{LogRows, SnapshotRow},
    domain::fsck::run::Run,
    evidence::{self, Checkpoint, Hash, LogProof, read_leaf},
};

/// Something signed that tells the root of a log's tree at some size.
#[derive(Debug)]
pub(super) struct Witness {
    pub(super) size: u64,
    pub(super) root: Hash,
    /// The last entry, where it tells that too.
    pub(super) leaf: Option<Hash>,
    pub(super) kind: Kind,
    pub(super) what: String,
}

/// Reads a snapshot's proof, and checks what can be seen of it without the log.
pub(super) fn read(run: &mut Run<'_>, place: &Place, rows: &LogRows, snapshot: &SnapshotRow) -> Option<Witness> {
    let text = snapshot.proof.as_deref()?;
    let what = format!("snapshot {}", snapshot.id);
    match witness(run, rows, snapshot, text) {
        Ok((size, root, leaf)) => Some(Witness { size, root, leaf: Some(leaf), kind: Kind::Proof, what }),
        Err(fault) => {
            run.add(Finding::new(place, Kind::Proof, what, fault));
            None
        }
    }
}

fn witness(run: &Run<'_>, rows: &LogRows, snapshot: &SnapshotRow, text: &str) -> Result<(u64, Hash, Hash), String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let proof = LogProof::read(text).map_err(|error| said(&error))?;
    let (checkpoint, _) = Checkpoint::open(&proof.checkpoint, run.keys()).map_err(|error| said(&error))?;
    let origin = rows.head.as_ref().and_then(|head| head.origin.as_deref());
    if origin != Some(&checkpoint.origin) {
        return Err(format!("it is that of the log `{}`", checkpoint.origin));
    }
    let entry = read_leaf(&proof.leaf).map_err(|error| said(&error))?;
    if entry.action != "snapshot_created" || entry.meta["snapshot_id"] != snapshot.id.to_string().as_str() {
        return Err("it is the proof of another entry".into());
    }
    let leaf = evidence::leaf_hash(&proof.leaf);
    let (size, root) = (checkpoint.size, checkpoint.root);
    if size != proof.index + 1 || !evidence::holds(&proof.path, size, root, proof.index, leaf) {
        return Err("it does not lead from its entry to its checkpoint".into());
    }
    Ok((size, root, leaf))
}

/// The witnesses that tell of another log than this one.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// The oldest, and how many follow it.
    other: Option<(Finding, u64)>,
    /// Likewise of those that have seen more entries than there are.
    removed: Option<(Finding, u64)>,
}

impl Doubts {
    /// Asks a witness of the tree of its size, as far as that is known.
    pub(super) fn ask(
        &mut self,
        run: &mut Run<'_>,
        place: &Place,
        witness: Witness,
        leaf: Option<Hash>,
        root: Option<Hash>,
    ) {
        let size = witness.size;
        if witness.leaf.zip(leaf).is_some_and(|(told, is)| told != is) {
            let fault = format!("it proves another entry than entry {} of the log", size.saturating_sub(1));
            run.add(Finding::new(place, witness.kind, witness.what, fault));
        } else if root.is_some_and(|root| root != witness.root) {
            let fault = format!("it was signed over other entries than the first {size} of the log");
            note(&mut self.other, Finding::new(place, witness.kind, witness.what, fault));
        }
    }

    /// Notes a witness of more entries than the log has.
    pub(super) fn ask_of_removed(&mut self, place: &Place, witness: Witness, size: i64) {
        let fault = format!("it is of {} entries, and the log has {size}: entries were removed", witness.size);
        note(&mut self.removed, Finding::new(place, witness.kind, witness.what, fault));
    }

    /// Tells the oldest of each kind.
    pub(super) fn tell(self, run: &mut Run<'_>) {
        for (mut finding, more) in self.other.into_iter().chain(self.removed) {
            if more > 0 {
                finding.fault = format!("{}; {more} later ones say the same", finding.fault);
            }
            run.add(finding);
        }
    }
}

fn note(doubt: &mut Option<(Finding, u64)>, finding: Finding) {
    match doubt {
        Some((_, more)) => *more += 1,
        None => *doubt = Some((finding, 0)),
    }
}
