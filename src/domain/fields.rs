//! Checks what a caller gave, field by field, so that one answer names every fault.

use super::{
    Day, Time,
    bounds::{LONGEST_DESCRIPTION, LONGEST_LINE, LONGEST_REASON},
};
use crate::error::{Error, FieldError, Result};

/// The most faults that one answer names: a request can have more of them than anybody reads.
const MOST_FAULTS: usize = 20;

/// The faults found so far: the first of them by name, the others by number.
#[derive(Debug, Default)]
pub struct Fields {
    faults: Vec<FieldError>,
    more: usize,
}

impl Fields {
    /// Notes a fault.
    pub fn fault(&mut self, field: &str, message: impl Into<String>) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(FieldError::new(field, message));
        } else {
            self.more += 1;
        }
    }

    /// The faults that were found, the first twenty of them.
    pub fn faults(&self) -> &[FieldError] {
        &self.faults
    }

    /// Ends the checks: with an error that names the faults, if there was one.
    pub fn done(mut self) -> Result<()> {
        if self.faults.is_empty() {
            return Ok(());
        }
        if self.more > 0 {
            self.faults.push(FieldError::new("", format!("and {} more faults", self.more)));
        }
        Err(Error::Invalid(self.faults))
    }

    /// A line that must say something; comes back trimmed.
    pub fn line(&mut self, field: &str, given: &str) -> String {
        let line = given.trim();
        if line.is_empty() {
            self.fault(field, "must not be blank");
        }
        self.optional_line(field, Some(given)).unwrap_or_default()
    }

    /// A line that may be missing or blank; comes back trimmed, blank as none.
    pub fn optional_line(&mut self, field: &str, given: Option<&str>) -> Option<String> {
        self.length(field, given?, LONGEST_LINE);
        let line = given?.trim();
        if line.chars().any(|c| c.is_control() || deceives(c)) {
            self.fault(field, "must not contain control characters, line separators or overrides of direction");
        }
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// Checks a reason, subjects or notes, of several lines; returns it trimmed, blank as none.
    pub fn optional_text(&mut self, field: &str, given: Option<&str>) -> Option<String> {
        self.text_up_to(field, given?, LONGEST_REASON)
    }

    /// Checks a description, which may be longer than a reason; returns it trimmed, blank as none. One that is stored
    /// already is taken as it is: it may be from a time when texts could be longer.
    pub fn description(&mut self, field: &str, given: Option<&str>, stored: Option<&str>) -> Option<String> {
        if given == stored {
            return stored.map(ToOwned::to_owned);
        }
        self.text_up_to(field, given?, LONGEST_DESCRIPTION)
    }

    fn text_up_to(&mut self, field: &str, given: &str, most: usize) -> Option<String> {
        self.length(field, given, most);
        let text = given.trim();
        if text.chars().any(|c| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || deceives(c)) {
            self.fault(
                field,
                "must not contain control characters other than line ends and tabs, or overrides of direction",
            );
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Free text that must say something.
    pub fn text(&mut self, field: &str, given: &str) -> String {
        if given.trim().is_empty() {
            self.fault(field, "must not be blank");
        }
        self.optional_text(field, Some(given)).unwrap_or_default()
    }

    /// The length as given, with the white space around it: that is what the schema speaks of.
    fn length(&mut self, field: &str, given: &str, most: usize) {
        if given.chars().count() > most {
            self.fault(field, format!("must be at most {most} characters long"));
        }
    }

    /// An e-mail address; comes back in lower case, the form it is stored and compared in.
    pub fn email(&mut self, field: &str, given: &str) -> String {
        let address = self.line(field, given);
        if !address.is_empty() && !is_email(&address) {
            self.fault(field, "must be an e-mail address such as `name@example.com`");
        }
        fold_email(&address)
    }

    /// An instant with an offset or `Z`.
    pub fn time(&mut self, field: &str, given: &str) -> Option<Time> {
        let time: Option<Time> = given.trim().parse().ok();
        // The years that both databases and a sane operation have in common.
        let time = time.filter(|time| ("1970".."2200").contains(&&time.to_string()[..4]));
        if time.is_none() {
            self.fault(field, "must be a date and time with an offset or `Z`, such as `2026-12-01T06:30:00Z`");
        }
        time
    }

    /// A day of the calendar.
    pub fn day(&mut self, field: &str, given: &str) -> Option<Day> {
        // Only the plain form: a date-time would lose its zone.
        let given = given.trim();
        let day = given.parse().ok().filter(|_| given.len() == "2027-03-31".len());
        let day = day.filter(|day: &Day| ("1970".."2200").contains(&&day.to_string()[..4]));
        if day.is_none() {
            self.fault(field, "must be a date such as `2027-03-31`");
        }
        day
    }

    /// A whole number within bounds.
    pub fn number(&mut self, field: &str, given: i64, bounds: std::ops::RangeInclusive<i64>) -> i64 {
        if !bounds.contains(&given) {
            self.fault(field, format!("must be from {} to {}", bounds.start(), bounds.end()));
        }
        given
    }
}

/// The form in which addresses are compared: without regard to case.
pub fn fold_email(address: &str) -> String {
    address.trim().to_lowercase()
}

/// Whether a text can be an e-mail address: of one line, with something on both sides of one `@`,
/// and without white space or characters that nobody sees.
pub(super) fn is_email(address: &str) -> bool {
    let unseen = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || deceives(c)
            || matches!(u32::from(c), 0xAD | 0x200B..=0x200F | 0x2060..=0x206F | 0xFEFF)
    };
    address.chars().count() <= LONGEST_LINE
        && !address.contains(unseen)
        && address
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

/// Whether a letter belongs in a line that people read.
pub(super) fn is_legible(c: char) -> bool {
    !c.is_control() && !deceives(c)
}

/// Line separators, and what makes text read in another order than it is written in.
fn deceives(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
