//! The check of a file against a signed head that its reader has from elsewhere: from a witness, from a mail, from another
//! party. A server that shows two histories has signed two heads that cannot both be true.

use report::folded::Folded;
use room::{heads_continuation_in, server_in};

use super::{
    checks::{Fault, Said, exact},
    submitted::{Submitted, Trust},
    tree::{self, Unsigned},
};
use crate::evidence::{Checkpoint, CompactRange, Hash, HeadProof, ServedReceipt};

/// What a file and its receipt have of heads.
pub(super) struct Heads<'a> {
    /// The record, if it is one that follows from entries, and the leaves of these, if it has them.
    pub(super) record: Option<(&'a Folded, Option<&'a [Hash]>)>,
    /// The receipt, or why it cannot be read.
    pub(super) told: Result<&'a Submitted, &'a str>,
    /// The text that a server gave as receipt, with the way up to the log of heads.
    pub(super) served: Option<&'a str>,
}

impl Heads<'_> {
    /// Holds the heads of the file against another one of the same log.
    pub(super) fn check(&self, note: &str, trust: Trust<'_>) -> Said {
        let other = Checkpoint::unchecked(note).map_err(|error| Fault::Skipped(error.to_string()))?;
        let told = self.told.map_err(|why| Fault::Skipped(why.to_owned()))?;
        match tree::signed(note, told.keys(trust).as_ref()) {
            Ok(_) => {}
            Err(Unsigned::Not(why)) => return Err(Fault::Skipped(format!("it says nothing of this file: {why}"))),
            Err(Unsigned::NoKey) => return Err(Fault::Skipped("no key is given".to_owned())),
        }
        let (origin, size) = (&other.origin, other.size);
        let known = self.known(told, &other)?;
        let of_this_log = known.iter().filter(|head| head.origin == *origin);
        let mut same_size = of_this_log.filter(|head| head.size == size);
        match same_size.next() {
            Some(head) if head.root == other.root => {
                Ok(format!("of {size} entries of {}, as this file has them", exact(origin)))
            }
            Some(_) => Err(Fault::Failed(format!(
                "two histories were signed under the name {}: of its first {size} entries, this head says others than the file \
                 does",
                exact(origin)
            ))),
            None => Err(Fault::Skipped(format!(
                "it is of {size} entries of {}, and the file has no head of so many: whether both are of one history cannot be \
                 told",
                exact(origin)
            ))),
        }
    }

    /// Returns the heads of the file, and the one that its entries lead to at the size of the other head.
    fn known(&self, told: &Submitted, other: &Checkpoint) -> Result<Vec<Checkpoint>, Fault> {
        let mut known = vec![told.checkpoint.clone()];
        if let Some(text) = self.served.and_then(|text| ServedReceipt::parts(text).1) {
            let proof = HeadProof::read(text).map_err(|error| error.to_string())?;
            let notes = [&proof.head, &proof.checkpoint];
            known.extend(notes.into_iter().filter_map(|note| Checkpoint::unchecked(note).ok()));
        }
        known.extend(self.record.and_then(|(record, leaves)| at(record, leaves?, other.size)));
        let is_heads_log = heads_continuation_in(&other.origin).is_some();
        let is_of_server = server_in(&other.origin) == server_in(&told.checkpoint.origin);
        if is_of_server && (is_heads_log || known.iter().any(|head| head.origin == other.origin)) {
            return Ok(known);
        }
        let (origin, file) = (&other.origin, &told.checkpoint.origin);
        Err(Fault::Skipped(format!("it is of the log {}, and the file of {}", exact(origin), exact(file))))
    }
}

/// Returns the head that the entries of a record lead to at a size. `None` if it has not all of them.
fn at(record: &Folded, leaves: &[Hash], size: u64) -> Option<Checkpoint> {
    let origin = record.log.origin.clone()?;
    let root = |root: &str| hex::decode(root).ok()?.try_into().ok();
    if size == record.log.size {
        return Some(Checkpoint { origin, size, root: root(&record.log.root)? });
    }
    let first = usize::try_from(size).ok().filter(|_| record.before.is_empty())?;
    let root = CompactRange::over(leaves.get(..first)?).root();
    Some(Checkpoint { origin, size, root })
}
