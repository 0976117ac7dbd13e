//! The list of checks of one file, which grows as they are made.

use room::visible::{self, clipped};

use super::{Check, CheckOutcome};

/// The number of characters that a check's detail may have.
const LONGEST: usize = 4_000;

/// Why a check did not come out as ok.
#[derive(Debug)]
pub(super) enum Fault {
    /// It was made and has failed, for this reason.
    Failed(String),
    /// It could not be made, for this reason.
    Skipped(String),
}

/// The detail of a check that is ok, or why it is not.
pub(super) type Said = Result<String, Fault>;

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

impl Check {
    /// Returns the check of this name with what came out of it.
    pub(super) fn of(name: &'static str, said: Said) -> Self {
        let (outcome, detail) = match said {
            Ok(detail) => (CheckOutcome::Ok, detail),
            Err(Fault::Failed(detail)) => (CheckOutcome::Failed, detail),
            Err(Fault::Skipped(detail)) => (CheckOutcome::Skipped, detail),
        };
        // It may repeat what a stranger wrote into a file.
        Self { name: name.into(), outcome, detail: clipped(&detail, LONGEST) }
    }
}

/// The number of characters of a name or a title, out of a file or a certificate, that are printed.
const LONGEST_NAME: usize = 300;

/// Returns a name or a title out of a file or a certificate, in quotation marks.
pub(super) fn named(text: &str) -> String {
    visible::quoted(text, LONGEST_NAME)
}

/// Returns a text out of a file for a place of its own, where it needs no marks around it.
pub(super) fn shown(text: &str) -> String {
    clipped(text, LONGEST_NAME)
}

/// Returns a text out of a file that is no name or title, such as a hash or the name of a log, in backticks.
pub(super) fn exact(text: &str) -> String {
    visible::literal(text, LONGEST_NAME)
}

/// The checks of a file so far.
#[derive(Default)]
pub(super) struct Checks(Vec<Check>);

impl Checks {
    /// Adds a check that was made.
    pub(super) fn make(&mut self, name: &'static str, said: Said) {
        self.0.push(Check::of(name, said));
    }

    /// Adds a check that was made, unless the file's format has none.
    pub(super) fn make_some(&mut self, name: &'static str, said: Option<Said>) {
        if let Some(said) = said {
            self.make(name, said);
        }
    }

    /// Adds checks that cannot be made, all for the same reason.
    pub(super) fn skip(&mut self, names: &[&'static str], why: &str) {
        for name in names {
            self.make(name, Err(Fault::Skipped(why.to_owned())));
        }
    }

    /// Returns the first check among these names that is not ok.
    pub(super) fn first_not_ok(&self, names: &[&str]) -> Option<&str> {
        let relevant = self.0.iter().filter(|check| names.contains(&&*check.name));
        relevant.filter(|check| check.outcome != CheckOutcome::Ok).map(|check| &*check.name).next()
    }

    /// Whether the check of this name was made, and has failed.
    pub(super) fn has_failed(&self, name: &str) -> bool {
        self.0.iter().any(|check| check.name == name && check.outcome == CheckOutcome::Failed)
    }

    /// Returns the checks in the order in which they were made.
    pub(super) fn made(self) -> Vec<Check> {
        self.0
    }
}
