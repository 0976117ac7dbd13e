//! What of a room's state a record holds: not the sections that were left out on request, nor what there is too much of.
//!
//! It is a function of the state and of the options alone, so that a verifier can do the same to its own fold.

use std::collections::HashSet;

use room::{Decision, fold::State};

use crate::record::SectionOptions;

/// The number of versions of each document that a record holds: the newest ones.
const MOST_VERSIONS: usize = 50;
/// The number of superseded decisions on each version that a record holds: the newest ones. Those that count are always
/// held, so a party that decides again and again cannot push out the decision of another one.
const MOST_SUPERSEDED: usize = 200;
/// The most that the comments of all superseded decisions may take, in bytes.
const MOST_SUPERSEDED_BYTES: usize = 8 * 1024 * 1024;

/// Returns the part of the state that a record holds.
pub(super) fn trimmed(mut state: State, options: SectionOptions) -> State {
    if !options.include_documents {
        state.documents.clear();
    }
    if !options.include_approvals {
        state.approvals.clear();
    }
    let mut bytes = 0;
    for slot in state.documents.values_mut() {
        // Versions first, since decisions on a version that is left out need no place.
        let older = slot.uploads.len().saturating_sub(MOST_VERSIONS);
        slot.uploads.drain(..older);
        for upload in &mut slot.uploads {
            keep_newest(&mut upload.decisions, &mut bytes);
        }
    }
    state
}

/// Returns the numbers of versions and of decisions in a state.
pub(super) fn counts(state: &State) -> (u64, u64) {
    let uploads = || state.documents.values().flat_map(|slot| &slot.uploads);
    (uploads().count() as u64, uploads().map(|upload| upload.decisions.len() as u64).sum())
}

fn keep_newest(decisions: &mut Vec<Decision>, bytes: &mut usize) {
    let (mut parties, mut superseded) = (HashSet::new(), 0);
    decisions.reverse();
    decisions.retain(|decision| {
        // The newest decision of each party is the one that counts, and is kept whatever the bounds.
        if parties.insert(decision.party.clone()) {
            return true;
        }
        superseded += 1;
        *bytes += decision.comment.as_ref().map_or(0, String::len);
        superseded <= MOST_SUPERSEDED && *bytes <= MOST_SUPERSEDED_BYTES
    });
    decisions.reverse();
}
