//! A check under way: what it has found, and whom it trusts.

use std::collections::{BTreeSet, HashMap};

use room::Time;

use super::{
    finding::{Checked, Finding, Kind, Outcome, Place, Remedy},
    told::{TakenBack, Told},
};
use crate::{
    app::App,
    error::{Error, Result},
    evidence::{PublicKeys, vouches},
};

/// Findings of one kind in one log that are told one by one.
const TOLD: u64 = 100;
/// Findings that an outcome keeps.
const KEPT: usize = 10_000;

/// What to do about damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only tell of it.
    Look,
    /// Draw lost files of snapshots again.
    Repair,
}

/// Whoever is told meanwhile.
pub trait Watch: Send {
    /// Something was found.
    fn found(&mut self, _: &Finding) {}
    /// So much has been looked at.
    fn goes_on(&mut self, _: &Checked) {}
}

/// A check under way.
pub(super) struct Run<'a> {
    pub(super) app: &'a App,
    pub(super) mode: Mode,
    pub(super) watch: &'a mut dyn Watch,
    pub(super) keys: PublicKeys,
    /// The same as text.
    pub(super) trusted: BTreeSet<String>,
    /// From when on every entry was signed, as the platform's log tells.
    pub(super) signed_since: Option<Time>,
    pub(super) outcome: Outcome,
    /// Findings of each kind in the log that is being checked.
    pub(super) told: HashMap<Kind, u64>,
    pub(super) taken_back: TakenBack,
}

impl Run<'_> {
    pub(super) fn keys(&self) -> &PublicKeys {
        &self.keys
    }

    /// From now on those keys sign too that follow one that is trusted, or that one follows, as a key that is
    /// trusted has signed. What the log tells of a key is not enough: the keys vouch for the log.
    pub(super) fn trust(&mut self, told: &Told) {
        let mut grows = true;
        while grows {
            let vouched: Vec<_> = told
                .successions
                .iter()
                .filter(|[from, to, note]| self.trusted.iter().any(|key| vouches(key, note, from, to)))
                .flat_map(|[from, to, _]| [from.clone(), to.clone()])
                .collect();
            let before = self.trusted.len();
            self.trusted.extend(vouched);
            grows = self.trusted.len() > before;
        }
        if let Ok(keys) = public_keys(&self.trusted) {
            self.keys = keys;
        }
        self.signed_since = told.signed_since;
    }

    pub(super) fn add(&mut self, finding: Finding) {
        if finding.is_damage() {
            *self.outcome.damaged.entry(finding.kind.word()).or_default() += 1;
        }
        self.outcome.repaired += u64::from(finding.remedy == Remedy::Repaired);
        let told = self.told.entry(finding.kind).or_default();
        *told += 1;
        if *told <= TOLD {
            self.keep(finding);
        }
    }

    fn keep(&mut self, finding: Finding) {
        self.watch.found(&finding);
        if self.outcome.findings.len() < KEPT {
            self.outcome.findings.push(finding);
        }
    }

    /// Says how many were passed over.
    pub(super) fn tell_of_the_rest(&mut self, place: &Place) {
        for (kind, told) in std::mem::take(&mut self.told) {
            if told > TOLD {
                self.keep(Finding::new(place, kind, format!("{} more", told - TOLD), "as those above"));
            }
        }
    }

    pub(super) fn goes_on(&mut self) {
        self.watch.goes_on(&self.outcome.checked);
    }
}

/// Reads the keys that are trusted.
pub(super) fn public_keys(trusted: &BTreeSet<String>) -> Result<PublicKeys> {
    let keys: Vec<_> = trusted.iter().map(String::as_str).collect();
    PublicKeys::trusted(&keys).map_err(|error| Error::setup(format!("the keys that are trusted: {error}")))
}
