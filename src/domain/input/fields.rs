//! Checking what a caller gave field by field, with one error that names all faults.

use jiff::Timestamp;
use room::{
    Day, Time,
    address::{LONGEST_ADDRESS, canonical},
    bounds::{LONGEST_DESCRIPTION, LONGEST_LINE, LONGEST_REASON},
    visible::{is_ignorable, shows_something},
};

use crate::error::{Error, FieldError, Result};

/// The most faults that one error names: a request can have more of them than anybody reads.
const MOST_FAULTS: usize = 20;

/// The checks of a request, with the faults that were found so far.
///
/// Each check returns the value to store, also after a fault: the checks that follow can go on, and one error names all
/// faults. [`Fields::done`] then refuses the request if there was any.
#[derive(Debug, Default)]
pub struct Fields {
    faults: Vec<FieldError>,
    more: usize,
}

impl Fields {
    /// Notes a fault in this field. From the twenty-first on, faults are only counted.
    pub fn fault(&mut self, field: &str, message: impl Into<String>) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(FieldError::new(field, message));
        } else {
            self.more += 1;
        }
    }

    /// Returns the faults that were found, at most the first twenty.
    pub fn faults(&self) -> &[FieldError] {
        &self.faults
    }

    /// Ends the checks. Returns an error that names the faults, if there were any.
    pub fn done(mut self) -> Result<()> {
        if self.faults.is_empty() {
            return Ok(());
        }
        if self.more > 0 {
            self.faults.push(FieldError::new("", format!("and {} more faults", self.more)));
        }
        Err(Error::Invalid(self.faults))
    }

    /// Checks a line that is required, and returns it trimmed.
    pub fn line(&mut self, field: &str, given: &str) -> String {
        let line = self.optional_line(field, Some(given));
        self.present(field, line, given)
    }

    /// Checks a line that may be missing or blank, and returns it trimmed; `None` if it has no visible character.
    pub fn optional_line(&mut self, field: &str, given: Option<&str>) -> Option<String> {
        self.length(field, given?, LONGEST_LINE);
        let line = given?.trim();
        let is_legible = line.chars().all(is_legible);
        if !is_legible {
            self.fault(field, "must not contain control characters, line separators or overrides of direction");
        }
        // A line of forbidden characters only is not missing: its fault is noted, and "must not be blank" would be a
        // second one about the same.
        (shows_something(line) || !is_legible).then(|| line.to_owned())
    }

    /// Checks a reason, subjects or notes, of several lines, and returns the text trimmed; `None` if it has no visible
    /// character.
    pub fn optional_text(&mut self, field: &str, given: Option<&str>) -> Option<String> {
        self.text_up_to(field, given?, LONGEST_REASON)
    }

    /// Checks a description, which may be longer than a reason, and returns it trimmed; `None` if it is blank. `stored`
    /// is the description that is stored now.
    pub fn description(&mut self, field: &str, given: Option<&str>, stored: Option<&str>) -> Option<String> {
        // One that does not change is not checked again: it may be from a time when texts could be longer, and would
        // then stand in the way of every other change.
        if given == stored {
            return stored.map(ToOwned::to_owned);
        }
        self.text_up_to(field, given?, LONGEST_DESCRIPTION)
    }

    fn text_up_to(&mut self, field: &str, given: &str, most: usize) -> Option<String> {
        self.length(field, given, most);
        let text = given.trim();
        let is_legible = text.chars().all(|c| is_legible(c) || matches!(c, '\n' | '\r' | '\t'));
        if !is_legible {
            self.fault(
                field,
                "must not contain control characters other than line ends and tabs, or overrides of direction",
            );
        }
        (shows_something(text) || !is_legible).then(|| text.to_owned())
    }

    /// Checks a text of several lines that is required, and returns it trimmed.
    pub fn text(&mut self, field: &str, given: &str) -> String {
        let text = self.optional_text(field, Some(given));
        self.present(field, text, given)
    }

    /// Returns the text that a check has returned, or notes that the field must not be blank.
    fn present(&mut self, field: &str, checked: Option<String>, given: &str) -> String {
        if checked.is_none() {
            let is_blank = given.trim().is_empty();
            let unseen = "must not be blank: it has only characters that do not show";
            self.fault(field, if is_blank { "must not be blank" } else { unseen });
        }
        checked.unwrap_or_default()
    }

    /// Checks the length of a text as it was given, with the white space around it: a JSON schema cannot trim.
    fn length(&mut self, field: &str, given: &str, most: usize) {
        if given.chars().count() > most {
            self.fault(field, format!("must be at most {most} characters long"));
        }
    }

    /// Checks an e-mail address, and returns its canonical form, in which it is stored and compared.
    pub fn email(&mut self, field: &str, given: &str) -> String {
        let address = canonical(given);
        if given.trim().is_empty() {
            self.fault(field, "must not be blank");
        } else if address.is_none() {
            self.fault(field, why_no_address(given.trim()));
        }
        address.unwrap_or_default()
    }

    /// Checks an instant, which needs an offset or `Z`, and returns it.
    pub fn time(&mut self, field: &str, given: &str) -> Option<Time> {
        let given = given.trim();
        let time: Option<Time> = given.parse().ok();
        if time.is_none() && given.parse::<Timestamp>().is_ok() {
            self.fault(field, "has an offset that no clock has: they go from `-12:00` to `+14:00`");
            return None;
        }
        // As text, since it is formatted in UTC with a year of four digits: `bounds::YEARS` has the same years.
        let time = time.filter(|time| ("1970".."2200").contains(&&time.to_string()[..4]));
        if time.is_none() {
            self.fault(field, "must be a date and time with an offset or `Z`, such as `2026-12-01T06:30:00Z`");
        }
        time
    }

    /// Checks a day of the calendar, and returns it.
    pub fn day(&mut self, field: &str, given: &str) -> Option<Day> {
        // Only the plain form: jiff also takes a date with a time, whose offset would be lost, and with it the day.
        let given = given.trim();
        let day = given.parse().ok().filter(|_| given.len() == "2027-03-31".len());
        let day = day.filter(|day: &Day| ("1970".."2200").contains(&&day.to_string()[..4]));
        if day.is_none() {
            self.fault(field, "must be a date such as `2027-03-31`");
        }
        day
    }

    /// Checks that a whole number is within bounds, and returns it.
    pub fn number(&mut self, field: &str, given: i64, bounds: std::ops::RangeInclusive<i64>) -> i64 {
        if !bounds.contains(&given) {
            self.fault(field, format!("must be from {} to {}", bounds.start(), bounds.end()));
        }
        given
    }
}

fn why_no_address(given: &str) -> String {
    if given.chars().count() > LONGEST_ADDRESS {
        return format!("must be at most {LONGEST_ADDRESS} characters long");
    }
    match given.chars().find(|c| is_ignorable(*c)) {
        Some(c) => format!("must not contain characters that do not show, such as U+{:04X} here", u32::from(c)),
        None => "must be an e-mail address such as `name@example.com`".to_owned(),
    }
}

/// Returns whether a text can be a stored address, also one of an earlier version: without spaces, and with something
/// on both sides of one `@`. Addresses that are stored today are in the form of [`canonical`].
pub fn is_email(address: &str) -> bool {
    address.chars().count() <= LONGEST_LINE
        && address.chars().all(|c| is_legible(c) && !c.is_whitespace())
        && address
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

/// Returns whether a character may be in a line that people read.
pub fn is_legible(c: char) -> bool {
    !c.is_control() && !deceives(c)
}

/// Returns whether a character separates lines, or makes a text appear in another order than it is written in.
fn deceives(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
