//! Names of fields and their values, in the words of those who read them.

use std::borrow::Cow;

use serde_json::Value;

use super::Piece;
use crate::Time;

/// Fields whose words do not follow from their names.
const FIELDS: &[(&str, &str)] = &[
    ("sts_eta", "ETA"),
    ("imo_number", "IMO number"),
    ("no_imo_reason", "why it has no IMO number"),
    ("planned_duration_hours", "planned hours"),
    ("length_m", "length (m)"),
    ("beam_m", "beam (m)"),
    ("draught_m", "draught (m)"),
    ("deadweight_t", "deadweight (t)"),
    ("file_size", "size in bytes"),
    ("sha256", "SHA-256"),
    ("progress_percentage", "progress in percent"),
    ("total_required_docs", "required documents"),
    ("resolved_required_docs", "resolved documents"),
    ("must_approve", "who must approve it"),
    ("by", "who"),
    ("at", "when"),
];

/// Fields whose values are words of a vocabulary, shown as labels.
const VOCABULARIES: &[&str] = &[
    "cargo_profile",
    "category",
    "criticality",
    "gate",
    "kind",
    "must_approve",
    "next_phase",
    "phase",
    "requirement",
    "role",
    "roles",
    "scope",
    "side",
    "state",
    "status",
    "verdict",
];

/// Returns the name of a field: `ETA` for `sts_eta`. An index picks one of several: `versions[2]` is `version 2`.
pub fn field(name: &str) -> Cow<'static, str> {
    let (name, index) =
        name.split_once('[').map_or((name, None), |(name, rest)| (name, Some(rest.trim_end_matches(']'))));
    let known = FIELDS.iter().find(|(field, _)| *field == name).map(|(_, words)| Cow::Borrowed(*words));
    let words = known.unwrap_or_else(|| name.replace('_', " ").into());
    match index {
        Some(index) => format!("{} {index}", words.strip_suffix('s').unwrap_or(&words)).into(),
        None => words,
    }
}

/// Adds the value of a field, of which `path` is the name with what it is in.
pub(super) fn value<'a>(path: &str, value: &'a Value, pieces: &mut Vec<Piece<'a>>) {
    match value {
        Value::Null => pieces.push("–".into()),
        Value::Bool(yes) => pieces.push(if *yes { "yes" } else { "no" }.into()),
        Value::Number(number) => pieces.push(Piece::Number(number.to_string().into())),
        Value::String(text) => pieces.push(self::text(path, text)),
        Value::Array(rows) if rows.is_empty() => pieces.push("none".into()),
        Value::Array(rows) => pieces.push(Piece::List(path.to_owned(), rows)),
        Value::Object(_) => object(value, pieces),
    }
}

fn text<'a>(path: &str, text: &'a str) -> Piece<'a> {
    let name = path.rsplit('.').next().unwrap_or_default();
    // jiff also takes a blank between day and time; only the spelling of the log, with a `T`, is surely an instant.
    match text.parse::<Time>().ok().filter(|_| text.contains('T')) {
        Some(at) => Piece::Time(at),
        None if VOCABULARIES.contains(&name) => Piece::Label(text),
        None => text.into(),
    }
}

/// Adds an object by its name, or by the one field that says most; with all of its fields if there is no such field.
fn object<'a>(of: &'a Value, pieces: &mut Vec<Piece<'a>>) {
    let text = |name: &str| of[name].as_str();
    if let (Some(number), Some(file)) = (of["number"].as_u64(), text("file_name")) {
        pieces.push(format!("version {number}, {file}").into());
        return;
    }
    if let Some(verdict) = text("verdict") {
        let comment = text("comment").map(|comment| format!(": {comment}")).unwrap_or_default();
        let by = format!(" by {}{comment}", text("by").unwrap_or("–"));
        pieces.extend([Piece::Label(verdict), by.into()]);
        return;
    }
    if let Some(text) = ["detail", "name", "reason"].iter().find_map(|name| of[*name].as_str()) {
        pieces.push(text.into());
        return;
    }
    // Ids say nothing to a reader.
    let fields = of.as_object().into_iter().flatten().filter(|(name, _)| !name.ends_with("id"));
    for (index, (name, inner)) in fields.enumerate() {
        pieces.push(format!("{}{} ", if index > 0 { "; " } else { "" }, field(name)).into());
        value(name, inner, pieces);
    }
}

/// Adds the changes that an entry lists, as `{"field": {"from": …, "to": …}}`.
pub(super) fn changes<'a>(changes: &'a Value, pieces: &mut Vec<Piece<'a>>) {
    for (index, (name, change)) in changes.as_object().into_iter().flatten().enumerate() {
        pieces.push(format!("{}{} from ", if index > 0 { "; " } else { "" }, field(name)).into());
        value(name, &change["from"], pieces);
        pieces.push(" to ".into());
        value(name, &change["to"], pieces);
    }
}
