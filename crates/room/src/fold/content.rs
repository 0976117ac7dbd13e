//! What is in a room as its log tells it, from which everything else is derived.

use std::collections::BTreeSet;

use super::{State, Upload};
use crate::{Content, Decision, Document};

impl From<&State> for Content {
    /// Returns what is in a room as its log tells it, in the order in which it is read from the rows.
    fn from(state: &State) -> Self {
        Self::with_decisions(state, |upload| upload.decisions.clone())
    }
}

impl Content {
    /// Returns what is in a room as its log tells it, with only the latest decision of each party on a version.
    pub fn with_last_words(state: &State) -> Self {
        Self::with_decisions(state, |upload| {
            let mut parties = BTreeSet::new();
            let newest_first = upload.decisions.iter().rev();
            let mut last: Vec<_> = newest_first.filter(|made| parties.insert(&*made.party)).cloned().collect();
            last.reverse();
            last
        })
    }

    fn with_decisions(state: &State, decisions: impl Fn(&Upload) -> Vec<Decision>) -> Self {
        let mut parties: Vec<_> = state.parties.values().cloned().collect();
        parties.sort_by_key(|party| (party.added_at, party.id));
        let mut vessels: Vec<_> = state.vessels.values().cloned().collect();
        vessels.sort_by_key(|vessel| (vessel.added_at, vessel.id));
        let place_of = |document: &Document| vessels.iter().position(|vessel| Some(vessel.id) == document.vessel);
        let mut slots: Vec<_> = state.documents.values().map(|slot| slot.document.clone()).collect();
        // The room's own come last.
        slots.sort_by_cached_key(|slot| {
            (place_of(slot).unwrap_or(usize::MAX), slot.position, slot.document_type.clone())
        });
        let uploads = || state.documents.values().flat_map(|slot| &slot.uploads);
        let count = |upload: &Upload| (upload.version.id, i64::try_from(upload.decisions.len()).unwrap_or(i64::MAX));
        Self {
            room: state.room.clone(),
            slots,
            versions: uploads().map(|upload| upload.version.clone()).collect(),
            decisions: uploads().flat_map(decisions).collect(),
            decision_counts: uploads().map(count).filter(|(_, count)| *count > 0).collect(),
            approvals: state.approvals.values().cloned().collect(),
            parties,
            vessels,
        }
    }
}
