//! The state of a check while it runs: what it has found so far, and which keys it trusts.

use std::collections::{BTreeSet, HashMap};

use room::{Log, Time};

use super::{
    facts::{LogFacts, TakenBack},
    finding::{Checked, Finding, Kind, Location, Outcome, Remedy},
};
use crate::{
    app::App,
    error::{Error, Result},
    evidence::{Checkpoint, PublicKeys, vouched},
};

/// The number of findings of one kind in one log that are reported one by one; the others are only counted.
const MOST_REPORTED: u64 = 100;
/// The number of findings that an outcome keeps, which bounds the memory; all of them are counted.
const MOST_KEPT: usize = 10_000;

/// What a check does about damage that it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Report it, and write nothing.
    Look,
    /// Draw lost files of snapshots again, if the bytes come out the same, and write rows anew that are not what the
    /// log tells.
    Repair,
}

/// Receives findings and progress while a check runs, for example to print them.
pub trait Watch: Send {
    /// Called for each finding that is reported one by one.
    fn found(&mut self, _: &Finding) {}
    /// Called from time to time with how much has been checked so far.
    fn goes_on(&mut self, _: &Checked) {}
}

/// A check that is running, with everything that its parts share.
pub(super) struct Run<'a> {
    pub(super) app: &'a App,
    pub(super) mode: Mode,
    pub(super) watch: &'a mut dyn Watch,
    pub(super) keys: PublicKeys,
    /// The trusted keys in their text form, `name+hash+key`.
    pub(super) trusted: BTreeSet<String>,
    /// Since when every entry is signed, according to the platform's log. `None` if it names no key.
    pub(super) signed_since: Option<Time>,
    /// The largest head that is remembered of each log that was not checked yet.
    pub(super) remembered: HashMap<Log, Checkpoint>,
    pub(super) outcome: Outcome,
    /// The number of findings of each kind in the log that is being checked. It decides which of them are reported one
    /// by one, and is emptied after each log, so that a ruined log does not hide the faults of the next.
    pub(super) reported: HashMap<Kind, u64>,
    /// When `migrate down` last dropped tables, according to the platform's log.
    pub(super) taken_back: TakenBack,
}

impl Run<'_> {
    /// Returns the keys that checkpoints are checked with.
    pub(super) fn keys(&self) -> &PublicKeys {
        &self.keys
    }

    /// Trusts the predecessors and successors of trusted keys too, if a trusted key has signed the succession.
    ///
    /// An entry that names a key is not enough: the log is what the keys are to vouch for.
    pub(super) fn trust(&mut self, facts: &LogFacts) {
        let vouched = self.trusted.iter().flat_map(|root| vouched(root, &facts.successions));
        self.trusted = vouched.chain(self.trusted.iter().cloned()).collect();
        // Fails only if a trusted key has signed a succession with something that is no key. The keys of before stay
        // in use then, and what other keys have signed is reported.
        if let Ok(keys) = public_keys(&self.trusted) {
            self.keys = keys;
        }
        self.signed_since = facts.signed_since;
    }

    /// Counts a finding, and reports it unless there were many of its kind in this log.
    pub(super) fn add(&mut self, finding: Finding) {
        if finding.is_damage() {
            *self.outcome.damaged.entry(finding.kind.word()).or_default() += 1;
        }
        self.outcome.repaired += u64::from(finding.remedy == Remedy::Repaired);
        // Counted before it is limited: the totals and the exit code depend on all damage, not on what is printed.
        let reported = self.reported.entry(finding.kind).or_default();
        *reported += 1;
        if *reported <= MOST_REPORTED {
            self.keep(finding);
        }
    }

    /// Reports a finding, and keeps it in the outcome while there is room.
    fn keep(&mut self, finding: Finding) {
        self.watch.found(&finding);
        if self.outcome.findings.len() < MOST_KEPT {
            self.outcome.findings.push(finding);
        }
    }

    /// Reports how many findings of each kind were not reported one by one, and starts counting anew.
    pub(super) fn report_the_rest(&mut self, location: &Location) {
        // `keep`, not `add`: the findings that this line stands for have been counted.
        for (kind, count) in std::mem::take(&mut self.reported) {
            if count > MOST_REPORTED {
                self.keep(Finding::new(location, kind, format!("{} more", count - MOST_REPORTED), "as those above"));
            }
        }
    }

    /// Passes the progress on to the watcher.
    pub(super) fn goes_on(&mut self) {
        self.watch.goes_on(&self.outcome.checked);
    }
}

/// Parses the trusted keys. An error means that the setting `trusted_log_keys` holds something else.
pub(super) fn public_keys(trusted: &BTreeSet<String>) -> Result<PublicKeys> {
    let keys: Vec<_> = trusted.iter().map(String::as_str).collect();
    PublicKeys::trusted(&keys).map_err(|error| Error::setup(format!("the keys that are trusted: {error}")))
}
