//! Checks as they are made, one after the other.

use super::{Check, CheckOutcome};

/// The most characters that a check says.
const LONGEST: usize = 4_000;

/// Why a check is not ok.
#[derive(Debug)]
pub(super) enum Fault {
    /// It was made, and has failed.
    Failed(String),
    /// It could not be made.
    Skipped(String),
}

/// What a check says.
pub(super) type Said = Result<String, Fault>;

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

impl Check {
    pub(super) fn of(name: &'static str, said: Said) -> Self {
        let (outcome, detail) = match said {
            Ok(detail) => (CheckOutcome::Ok, detail),
            Err(Fault::Failed(detail)) => (CheckOutcome::Failed, detail),
            Err(Fault::Skipped(detail)) => (CheckOutcome::Skipped, detail),
        };
        Self { name: name.into(), outcome, detail: clipped(detail) }
    }
}

/// What is said, at most so long: it may repeat what a stranger wrote.
fn clipped(mut said: String) -> String {
    if let Some((end, _)) = said.char_indices().nth(LONGEST) {
        said.truncate(end);
        said.push('…');
    }
    said
}

/// The checks of a file so far.
#[derive(Default)]
pub(super) struct Checks(Vec<Check>);

impl Checks {
    pub(super) fn make(&mut self, name: &'static str, said: Said) {
        self.0.push(Check::of(name, said));
    }

    /// Notes that these cannot be made.
    pub(super) fn skip(&mut self, names: &[&'static str], why: &str) {
        for name in names {
            self.make(name, Err(Fault::Skipped(why.to_owned())));
        }
    }

    /// The first of these that is not ok.
    pub(super) fn first_not_ok(&self, names: &[&str]) -> Option<&str> {
        let relevant = self.0.iter().filter(|check| names.contains(&&*check.name));
        relevant.filter(|check| check.outcome != CheckOutcome::Ok).map(|check| &*check.name).next()
    }

    pub(super) fn made(self) -> Vec<Check> {
        self.0
    }
}
