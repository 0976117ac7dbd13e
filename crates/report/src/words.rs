//! How identifiers, times, numbers and free-form details of a record are worded in a report.

use jiff::Timestamp;
use jiff::tz::Offset;
use room::fold::LastAdoption;
use serde_json::Value;

/// Parts of identifiers that are not written like ordinary words.
const ACRONYMS: &[(&str, &str)] = &[
    ("csv", "CSV"),
    ("email", "E-mail"),
    ("eta", "ETA"),
    ("id", "ID"),
    ("imo", "IMO"),
    ("ip", "IP"),
    ("json", "JSON"),
    ("lng", "LNG"),
    ("loi", "LOI"),
    ("lpg", "LPG"),
    ("nor", "NOR"),
    ("pdf", "PDF"),
    ("poac", "POAC"),
    ("q88", "Q88"),
    ("sds", "SDS"),
    ("sha256", "SHA-256"),
    ("sire", "SIRE"),
    ("sof", "SOF"),
    ("sts", "STS"),
    ("url", "URL"),
    ("utc", "UTC"),
];

/// Identifiers whose words are not simply their parts.
const PHRASES: &[(&str, &str)] =
    &[("bulk", "Dry bulk"), ("chem", "Chemicals"), ("lpg_lng", "LPG / LNG"), ("med", "Medium")];

/// Returns an identifier such as `party_added` as words: `Party added`.
///
/// Identifiers of later versions read well without being listed anywhere.
pub(crate) fn from_identifier(identifier: &str) -> String {
    if let Some((_, phrase)) = PHRASES.iter().find(|(key, _)| *key == identifier) {
        return (*phrase).to_owned();
    }
    let mut words = String::with_capacity(identifier.len());
    for part in identifier.split(['_', '.']).filter(|part| !part.is_empty()) {
        let first = words.is_empty();
        if !first {
            words.push(' ');
        }
        match ACRONYMS.iter().find(|(key, _)| *key == part) {
            Some((_, acronym)) => words.push_str(acronym),
            None if first => {
                let mut chars = part.chars();
                words.extend(chars.next().into_iter().flat_map(char::to_uppercase));
                words.push_str(chars.as_str());
            }
            None => words.push_str(part),
        }
    }
    words
}

/// Returns the side that a party acts for: `Receiving side`.
pub(crate) fn side(side: &str) -> String {
    format!("{} side", from_identifier(side))
}

/// Returns a duration in words: `32 hours`.
pub(crate) fn hours(hours: u64) -> String {
    format!("{} {}", count(hours), if hours == 1 { "hour" } else { "hours" })
}

/// Returns a time in UTC to the second, for a column whose heading says that it is UTC.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns a time in UTC to the second, which says that it is UTC.
pub(crate) fn time_utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Returns a time in UTC to the minute, for a column whose heading says that it is UTC.
pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// Returns a time in UTC to the minute, which says that it is UTC.
pub(crate) fn minute_utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Returns a number with its noun: `1 document`, `1,200 documents`.
pub(crate) fn number_of(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Returns the year of a time in UTC, and its month, day, hour, minute and second, for file formats that want parts.
pub(crate) fn calendar(at: Timestamp) -> (u16, [u8; 5]) {
    let at = Offset::UTC.to_datetime(at);
    let parts = [at.month(), at.day(), at.hour(), at.minute(), at.second()];
    let year = u16::try_from(at.year()).unwrap_or_default();
    (year, parts.map(|part| u8::try_from(part).unwrap_or_default()))
}

/// Returns a count with its thousands apart: `12,345`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns in words what of a record rests on the log, and what on the tables of the database that it was adopted from.
/// The words are part of what an edition draws.
pub fn adoption(LastAdoption { seq, at }: LastAdoption) -> String {
    let (until, from) = (time_utc(at), seq.saturating_add(1));
    format!(
        "Up to entry {seq}, of {until}, the log did not tell everything: but for the entries themselves, what this file \
         shows of that time rests on the tables of the database as they were then. From entry {from} on, the log tells \
         everything."
    )
}

/// What entries say to programs alone: version and place in an operation, and what the report has in sections of its own
/// or, as the parts of an adopted state and what differed from it, only in the attached record.
const FOR_PROGRAMS: [&str; 6] = ["v", "continues", "slots", "options", "state", "differences"];

/// The field with the blockers that a step of the operation overrode.
const OVERRIDDEN: &str = "overridden";

/// Returns the details of an entry as readable pairs, with nested objects flattened: `Party / Role`, `Broker`.
///
/// Entries that say their version tell everything, field by field; what is for programs alone, and what is null, is left
/// to the attached record, and what was [`overridden`] to its own words. Entries from before that are drawn whole, as they
/// always were.
pub(crate) fn details(meta: &Value) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    match meta {
        Value::Object(fields) if has_version(meta) => {
            let has_words = overridden(meta).is_some();
            let is_elsewhere = |name: &str| FOR_PROGRAMS.contains(&name) || has_words && name == OVERRIDDEN;
            let is_drawn = |name: &str, value: &Value| !value.is_null() && !is_elsewhere(name);
            let drawn = fields.iter().filter(|(name, value)| is_drawn(name, value));
            let drawn = drawn.map(|(name, value)| (name.clone(), value.clone())).collect();
            flatten(String::new(), &Value::Object(drawn), &mut pairs);
        }
        whole => flatten(String::new(), whole, &mut pairs),
    }
    pairs
}

/// Returns the blockers that an entry lists by kind and id. `None` if it lists none, or as sentences, as entries from
/// before there were versions do.
pub(crate) fn overridden(meta: &Value) -> Option<&[Value]> {
    let blockers = meta[OVERRIDDEN].as_array().filter(|_| has_version(meta))?;
    (!blockers.is_empty() && blockers.iter().all(Value::is_object)).then_some(blockers)
}

fn has_version(meta: &Value) -> bool {
    meta["v"].is_u64()
}

fn flatten(key: String, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                let words = from_identifier(name);
                // A key of underscores alone has no words, and must not lose its value.
                let words = if words.is_empty() { name.clone() } else { words };
                let key = if key.is_empty() { words } else { format!("{key} / {words}") };
                flatten(key, inner, pairs);
            }
        }
        // Only scalars can stand in one line with commas between.
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, item) in items.iter().enumerate() {
                flatten(format!("{key} {}", index + 1), item, pairs);
            }
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(scalar).collect();
            pairs.push((key, if items.is_empty() { "none".to_owned() } else { items.join(", ") }));
        }
        _ => pairs.push((key, scalar(value))),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => instant(text).map_or_else(|| text.clone(), time_utc),
        other => other.to_string(),
    }
}

/// Returns the time that a text states in the record's own form (RFC 3339 in UTC). `None` for any other text.
fn instant(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    // A cheap test first: most texts are no times, and parsing each of them costs.
    let looks_like_one = bytes.len() >= 20 && bytes[4] == b'-' && bytes[10] == b'T' && bytes.ends_with(b"Z");
    if looks_like_one { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_read_as_words() {
        for (identifier, words) in [
            ("party_added", "Party added"),
            ("sts_eta", "STS ETA"),
            ("file_sha256", "File SHA-256"),
            ("lpg_lng", "LPG / LNG"),
            ("med", "Medium"),
            ("approved_with_subjects", "Approved with subjects"),
            ("poac_nor_q88", "POAC NOR Q88"),
            ("zażółć", "Zażółć"),
            ("", ""),
        ] {
            assert_eq!(from_identifier(identifier), words);
        }
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        for (number, words) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), words);
        }
    }

    #[test]
    fn details_flatten_and_times_are_in_utc() {
        let meta = serde_json::json!({
            "from": {"role": "broker"}, "at": "2026-11-23T19:04:11Z", "tags": ["a", 1, null],
            "rows": [{"n": 1}, 2], "done": true, "none": []
        });
        let lines: Vec<String> = details(&meta).into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
        assert_eq!(
            lines,
            [
                "At: 2026-11-23 19:04:11 UTC",
                "Done: yes",
                "From / Role: broker",
                "None: none",
                "Rows 1 / N: 1",
                "Rows 2: 2",
                "Tags: a, 1, none",
            ]
        );
    }
}
