//! The entries of a record that follows from them, gone through one by one: their form, their places in the tree, and what
//! they fold to. None of them is kept as values, but for those that a report names.

use report::{
    ReportError,
    folded::{self, Folded},
    record::EntryFacts,
};
use room::{
    canonical,
    fold::{Contradiction, Fold, State, Why},
};
use serde_json::value::RawValue;

use super::checks::Fault;
use crate::evidence::{CompactRange, Hash, leaf_hash};

/// The type of the entries that list what an operator has had adopted again.
pub(super) const ADOPTED_AGAIN: &str = "adopted_again";
/// The type of the entries by which a log goes on without some that were signed before.
pub(super) const CONTINUED: &str = "log_continued";
/// The types of the entries that a report names.
const NAMED: [&str; 4] = [ADOPTED_AGAIN, CONTINUED, "room_adopted", "adoption_ended"];

/// What a record's entries come to.
#[derive(Debug)]
pub(super) struct Entries {
    /// The hashes of their leaves.
    pub(super) leaves: Vec<Hash>,
    /// Those of the types that a report names.
    pub(super) named: Vec<EntryFacts>,
    /// The first position at which there is another entry, and the position that this one says it has.
    out_of_order: Option<(u64, u64)>,
    /// What they fold to, or why they cannot be folded. `None` if the record leaves older ones out.
    folded: Option<Result<Fold, Contradiction>>,
}

impl Entries {
    /// Goes through the entries of a record. `is_plain` says that its values were found to be
    /// [plain](report::Bounds::scan).
    ///
    /// Fails if one of them is no entry, or is not in canonical form.
    pub(super) fn of(record: &Folded, entries: &[&RawValue], is_plain: bool) -> Result<Self, Fault> {
        let (id, room) = (record.facts.room.id, record.facts.room.id.to_string());
        let mut through = Self {
            leaves: Vec::with_capacity(entries.len()),
            named: Vec::new(),
            out_of_order: None,
            folded: record.before.is_empty().then(|| Ok(Fold::new(id))),
        };
        let mut again = Vec::new();
        for (seq, written) in (record.log.size.saturating_sub(entries.len() as u64)..).zip(entries) {
            let written = written.get();
            let read = serde_json::from_str(written).map_err(ReportError::Malformed);
            let entry: EntryFacts = read.map_err(|error| error.to_string())?;
            again.clear();
            let is_plain = is_plain || canonical::is_plain_entry(&entry.meta, entry.seq);
            canonical::write_entry(&mut again, &entry, is_plain).map_err(|error| error.to_string())?;
            if again != written.as_bytes() {
                return Err(not_canonical());
            }
            if entry.seq != seq {
                through.out_of_order.get_or_insert((seq, entry.seq));
            }
            through.leaves.push(leaf_hash(&folded::leaf_of(&again, &room)));
            if let Some(Ok(fold)) = &mut through.folded
                && let Err(contradiction) = fold.apply(entry.leaf(&room))
            {
                through.folded = Some(Err(contradiction));
            }
            if NAMED.contains(&&*entry.action) {
                through.named.push(entry);
            }
        }
        Ok(through)
    }

    /// Checks that the entries, with the subtrees before them, are those of the root at the record's position.
    pub(super) fn check(&self, record: &Folded) -> Result<(), Fault> {
        let count = self.leaves.len();
        let first = record.log.size.checked_sub(count as u64);
        let before: Option<Vec<_>> = record.before.iter().map(|hash| hex::decode(hash).ok()).collect();
        let tree = first.zip(before).and_then(|(first, before)| CompactRange::from_parts(first, &before.concat()));
        let mut tree = tree.ok_or_else(|| format!("it holds {count} entries of {}", record.log.size))?;
        if let Some((seq, found)) = self.out_of_order {
            let words = format!("where entry {seq} should be is entry {found}: entries are lacking, or out of order");
            return Err(words.into());
        }
        for leaf in &self.leaves {
            tree.push(*leaf);
        }
        if hex::encode(tree.root()) == record.log.root {
            return Ok(());
        }
        Err("its entries are not those of the log: one or more of them were changed".to_owned().into())
    }

    /// Returns the state that all entries of the log fold to. `None` if the record leaves older ones out.
    pub(super) fn state(&self) -> Option<Result<&State, Fault>> {
        Some(match self.folded.as_ref()? {
            Ok(fold) => fold.state().ok_or_else(|| "its entries do not tell everything of the room".to_owned().into()),
            Err(contradiction) => Err(match contradiction.why {
                // A later version may know it: nothing contradicts the file.
                Why::UnknownVersion(_) => Fault::Skipped(contradiction.to_string()),
                Why::Malformed(_) | Why::Against(_) => Fault::Failed(contradiction.to_string()),
            }),
        })
    }
}

/// Returns the fault of a record that is written otherwise than it has to be.
///
/// One record has one form. A field that the schema lacks would be in the hash, and never on a page.
pub(super) fn not_canonical() -> Fault {
    Fault::Failed("it is not in canonical form (RFC 8785), or holds what its schema has not".into())
}
