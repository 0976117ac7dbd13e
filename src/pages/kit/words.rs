//! Names of fields and their values, for people: for pages that show what changed.

use maud::{Markup, html};
use room::Time;
use serde_json::Value;

use super::show;
use crate::http::sentence;

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

/// Returns the name of a field with its path: `Version 2, decision 1, verdict` for `versions[2].decisions[1].verdict`.
pub(crate) fn field(path: &str) -> String {
    let parts: Vec<_> = path.split('.').map(part).collect();
    sentence(&parts.join(", ")).trim_end_matches('.').to_owned()
}

fn part(part: &str) -> String {
    let (name, index) =
        part.split_once('[').map_or((part, None), |(name, rest)| (name, Some(rest.trim_end_matches(']'))));
    let known = FIELDS.iter().find(|(field, _)| *field == name).map(|(_, words)| (*words).to_owned());
    let words = known.unwrap_or_else(|| name.replace('_', " "));
    match index {
        // An index picks one of several: `versions[2]` is `version 2`.
        Some(index) => format!("{} {index}", words.strip_suffix('s').unwrap_or(&words)),
        None => words,
    }
}

/// Returns the value of a field. An object is shown by the part of it that says most.
pub(crate) fn value(path: &str, value: &Value) -> Markup {
    match value {
        Value::Null => html! { "–" },
        Value::Bool(yes) => html! { (if *yes { "yes" } else { "no" }) },
        Value::Number(number) => html! { span.num { (number) } },
        Value::String(text) => self::text(path, text),
        Value::Array(rows) if rows.is_empty() => html! { "none" },
        Value::Array(rows) => {
            html! { @for (i, row) in rows.iter().enumerate() { @if i > 0 { "; " } (self::value(path, row)) } }
        }
        Value::Object(_) => object(value),
    }
}

fn text(path: &str, text: &str) -> Markup {
    let name = path.rsplit('.').next().unwrap_or_default();
    // jiff also takes a blank between day and time; only the spelling of the log, with a `T`, is surely an instant.
    let instant = text.parse::<Time>().ok().filter(|_| text.contains('T'));
    html! {
        @if let Some(at) = instant { (show::time(at)) }
        @else if VOCABULARIES.contains(&name) { (show::label(text)) }
        @else { (text) }
    }
}

/// Returns an object by its name, or by the one field that says most; all of its fields if there is no such field.
fn object(of: &Value) -> Markup {
    let text = |name: &str| of[name].as_str();
    if let (Some(number), Some(file)) = (of["number"].as_u64(), text("file_name")) {
        return html! { "version " (number) ", " (file) };
    }
    if let Some(verdict) = text("verdict") {
        let comment = text("comment").map(|comment| format!(": {comment}")).unwrap_or_default();
        return html! { (show::label(verdict)) " by " (text("by").unwrap_or("–")) (comment) };
    }
    for name in ["detail", "name", "reason"] {
        if let Some(text) = text(name) {
            return html! { (text) };
        }
    }
    // Ids say nothing to a reader.
    let fields = of.as_object().into_iter().flatten().filter(|(name, _)| !name.ends_with("id"));
    html! {
        @for (i, (name, inner)) in fields.enumerate() {
            @if i > 0 { "; " }
            (part(name)) " " (value(name, inner))
        }
    }
}

/// Returns the changes that an entry lists, as `{"field": {"from": …, "to": …}}`.
pub(crate) fn changes(changes: &Value) -> Markup {
    let fields = changes.as_object().into_iter().flatten();
    html! {
        @for (i, (name, change)) in fields.enumerate() {
            @if i > 0 { "; " }
            (part(name)) " from " (value(name, &change["from"])) " to " (value(name, &change["to"]))
        }
    }
}
