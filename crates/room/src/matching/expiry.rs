//! The last day that a text gives in a clear form.

use crate::{Day, search::fold};

/// What stands before the last day on which a paper is valid.
const MARKERS: &[&[&str]] = &[
    &["valid", "until"],
    &["valid", "till"],
    &["valid", "to"],
    &["valid", "through"],
    &["expires"],
    &["expiry"],
    &["expiring"],
    &["exp"],
];
/// Words that may stand between a marker and its day.
const BETWEEN: &[&str] = &["date", "day", "is", "of", "on", "the"];
/// What is written after the number of a day.
const ORDINALS: &[&str] = &["st", "nd", "rd", "th"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// How a month may be written beside its first three letters.
const WHOLE_MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Returns the last day on which a paper is valid, if its text says so in a clear form. `None` if it names several such
/// days, or one whose day and month could be each other.
pub fn expiry_in(text: &str) -> Option<Day> {
    let tokens: Vec<_> = tokens(&fold(text)).into_iter().filter(|token| !ORDINALS.contains(&&**token)).collect();
    let after = |at: usize| {
        let marker = MARKERS
            .iter()
            .find(|marker| tokens[at..].iter().zip(**marker).filter(|(a, b)| a == *b).count() == marker.len())?;
        let rest = &tokens[at + marker.len()..];
        let between = rest.iter().take(3).take_while(|token| BETWEEN.contains(&&***token)).count();
        day_at(&rest[between..])
    };
    let mut found: Vec<Day> = (0..tokens.len()).filter_map(after).collect();
    found.sort_unstable();
    found.dedup();
    if let [one] = found[..] { Some(one) } else { None }
}

/// Returns the runs of letters and the runs of digits of a text.
fn tokens(folded: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut before = None;
    for c in folded.chars() {
        let kind = c.is_alphanumeric().then(|| c.is_ascii_digit());
        match (kind, tokens.last_mut()) {
            (Some(_), Some(last)) if kind == before => last.push(c),
            (Some(_), _) => tokens.push(c.into()),
            (None, _) => {}
        }
        before = kind;
    }
    tokens
}

/// Returns the day that a text begins with, if its form is clear.
fn day_at(tokens: &[String]) -> Option<Day> {
    let number = |at: usize, lengths: std::ops::RangeInclusive<usize>| {
        let token = tokens.get(at).filter(|token| lengths.contains(&token.len()))?;
        token.parse::<u32>().ok()
    };
    let month = |at: usize| {
        let token = tokens.get(at)?;
        let named = MONTHS.iter().zip(WHOLE_MONTHS).position(|(short, whole)| token == short || *token == whole)?;
        u32::try_from(named + 1).ok()
    };
    let (year, month, day) = if let Some(whole) = number(0, 8..=8) {
        (whole / 10_000, whole / 100 % 100, whole % 100)
    } else if let (Some(year), Some(month), Some(day)) =
        (number(0, 4..=4), number(1, 1..=2).or_else(|| month(1)), number(2, 1..=2))
    {
        (year, month, day)
    } else if let (Some(day), Some(month), Some(year)) = (number(0, 1..=2), month(1), number(2, 4..=4)) {
        (year, month, day)
    } else if let (Some(month), Some(day), Some(year)) = (month(0), number(1, 1..=2), number(2, 4..=4)) {
        (year, month, day)
    } else {
        let (one, other, year) = (number(0, 1..=2)?, number(1, 1..=2)?, number(2, 4..=4)?);
        match (one, other) {
            _ if one == other => (year, one, one),
            (13.., _) => (year, other, one),
            (_, 13..) => (year, one, other),
            // The third of April in some countries, the fourth of March in others.
            _ => return None,
        }
    };
    format!("{year:04}-{month:02}-{day:02}").parse().ok()
}
