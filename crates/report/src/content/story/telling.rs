//! Entries of the log in plain sentences.

use room::sentence::{self, Piece};
use serde_json::Value;

use super::told::Told;
use super::{fill, say};
use crate::record::EntryFacts;
use crate::words;

/// The number of items that a sentence lists. Of more it says how many there are, and the appendix has them.
pub(super) const LISTED: usize = 3;

/// The number of overridden blockers that are named one by one.
const NAMED: usize = 5;

/// Returns an entry as a sentence, with the name of who did it.
pub(super) fn sentence(told: &Told<'_>, entry: &EntryFacts) -> String {
    let mut said = format!("{} {}", told.name(&entry.actor), deed(told, entry));
    // A reason that is quoted may end its own sentence.
    if !said.ends_with(".”") {
        said.push('.');
    }
    said
}

/// Returns what somebody did, without their name.
pub(super) fn deed(told: &Told<'_>, entry: &EntryFacts) -> String {
    match sentence::of_entry(&entry.action, &entry.meta) {
        Some(pieces) => joined(told, &pieces),
        // An action of a later version, or of a made-up log.
        None => words::from_identifier(&entry.action).to_lowercase(),
    }
}

/// Returns the items that the sentence of an entry only counts, in words. `None` if it counts none.
pub(super) fn list(told: &Told<'_>, entry: &EntryFacts) -> Option<String> {
    let types = entry.meta["document_types"].as_array().filter(|types| !types.is_empty());
    if let Some(types) = types {
        return Some(types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
    }
    let pieces = sentence::of_entry(&entry.action, &entry.meta)?;
    let lists = pieces.iter().filter_map(|piece| match piece {
        Piece::Overridden(blockers, all) => Some(overridden(told, blockers, *all).join("; ")),
        Piece::List(path, rows) if rows.len() > LISTED => Some(items(told, path, rows)),
        _ => None,
    });
    let lists: Vec<_> = lists.collect();
    (!lists.is_empty()).then(|| lists.join("; "))
}

/// Returns the blockers that an entry says were overridden, each in words, and how many more there were.
pub(super) fn overridden(told: &Told<'_>, blockers: &[Value], all: u64) -> Vec<String> {
    let mut said: Vec<String> = blockers.iter().map(|blocker| blocker_in_words(told, blocker)).collect();
    match all.saturating_sub(blockers.len() as u64) {
        0 => {}
        more => said.push(fill("more_blockers", &[("1", &words::count(more))])),
    }
    said
}

/// Returns the blockers that were overridden in a line: each by its name if they are few, or how many of each kind.
pub(super) fn overridden_in_short(told: &Told<'_>, blockers: &[Value], all: u64) -> String {
    let are_few = blockers.len() <= NAMED || blockers.iter().any(Value::is_string);
    if are_few {
        return overridden(told, blockers, all).join("; ");
    }
    let mut kinds: Vec<(&str, u64)> = Vec::new();
    for kind in blockers.iter().map(|blocker| blocker["kind"].as_str().unwrap_or("other")) {
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, number)) => *number += 1,
            None => kinds.push((kind, 1)),
        }
    }
    let of_kind = |(kind, number): (&str, u64)| {
        format!("{}: {}", words::from_identifier(kind).to_lowercase(), words::count(number))
    };
    let mut said: Vec<String> = kinds.into_iter().map(of_kind).collect();
    let more = all.saturating_sub(blockers.len() as u64);
    said.extend((more > 0).then(|| fill("more_blockers", &[("1", &words::count(more))])));
    said.join(", ")
}

/// Returns an overridden blocker in words. Entries of version 1 have a sentence for each.
fn blocker_in_words(told: &Told<'_>, blocker: &Value) -> String {
    if let Some(sentence) = blocker.as_str() {
        return sentence.trim_end_matches('.').to_owned();
    }
    let field = |name: &str| blocker[name].as_str();
    let subject = match (field("document_id"), field("vessel_id"), field("vessel_role")) {
        (Some(id), _, _) => told.document(id).map(|document| told.title(document)),
        (None, Some(id), _) => told.vessel(id).map(|vessel| vessel.name.clone()),
        (None, None, role) => role.map(words::from_identifier),
    };
    let kind = words::from_identifier(field("kind").unwrap_or("other")).to_lowercase();
    match subject {
        Some(subject) => format!("{subject} ({kind})"),
        None => fill("which_this_report", &[("kind", &kind)]),
    }
}

fn joined(told: &Told<'_>, pieces: &[Piece<'_>]) -> String {
    let mut said = String::new();
    for piece in pieces {
        match piece {
            Piece::Words(words) | Piece::Name(words) | Piece::Number(words) => said.push_str(words),
            Piece::Label(word) => said.push_str(&words::from_identifier(word)),
            Piece::Code(code) => said.push_str(code),
            Piece::Person(address) => said.push_str(&told.name(address)),
            Piece::Time(at) => said.push_str(&words::minute_utc((*at).into())),
            Piece::Size(bytes) => said.push_str(&sentence::size(bytes.unsigned_abs())),
            Piece::List(_, rows) if rows.len() > LISTED => said.push_str(&words::number_of(rows.len() as u64, "item")),
            Piece::List(path, rows) => said.push_str(&items(told, path, rows)),
            Piece::Document { id, vessel, document_type } => match told.document(id) {
                Some(document) => said.push_str(&told.title(document)),
                None if vessel.is_empty() => said.push_str(document_type),
                None => said.extend([*vessel, ": ", *document_type]),
            },
            Piece::Snapshot { id, title } => match told.snapshot(id).unwrap_or(title) {
                "" => said.push_str(say("that_this_report")),
                title => said.extend(["“", title, "”"]),
            },
            Piece::Overridden(_, number) => said.push_str(&words::number_of(*number, "blocker")),
        }
    }
    said
}

fn items(told: &Told<'_>, path: &str, rows: &[Value]) -> String {
    rows.iter().map(|row| joined(told, &sentence::value(path, row))).collect::<Vec<_>>().join("; ")
}
