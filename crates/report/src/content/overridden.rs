//! The blockers that a step of the operation overrode, in words: its entry has kinds and ids alone.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::record::Record;
use crate::words;

/// The names of what a record holds, by id.
pub(super) struct Names<'a> {
    vessels: HashMap<&'a str, &'a str>,
    documents: HashMap<&'a str, (Option<&'a str>, &'a str)>,
}

/// The blockers of one kind: the names of what they were about, and how many were about what the record does not name.
#[derive(Default)]
struct OfKind {
    names: Vec<String>,
    unnamed: u64,
}

impl<'a> Names<'a> {
    /// Returns the names of the vessels and documents in a record.
    pub(super) fn of(record: &'a Record) -> Self {
        let vessels: HashMap<_, _> =
            record.vessels.iter().map(|vessel| (vessel.id.as_str(), vessel.name.as_str())).collect();
        let named = record.documents.iter().flatten().map(|document| {
            let vessel = document.vessel_id.as_deref().and_then(|id| vessels.get(id).copied());
            (document.id.as_str(), (vessel, document.name.as_str()))
        });
        Self { documents: named.collect(), vessels }
    }

    /// Returns the name of what a blocker was about. `None` if the record does not have it, because it has gone since or
    /// was left out.
    fn subject(&self, blocker: &Value) -> Option<String> {
        let field = |name: &str| blocker[name].as_str();
        if let Some(id) = field("document_id") {
            let (vessel, name) = self.documents.get(id)?;
            return Some(vessel.map_or_else(|| (*name).to_owned(), |vessel| format!("{vessel}: {name}")));
        }
        match field("vessel_id") {
            Some(id) => self.vessels.get(id).map(|name| (*name).to_owned()),
            None => field("vessel_role").map(words::from_identifier),
        }
    }
}

/// Returns the blockers that an entry says were overridden, as readable pairs, one for each kind: `Overridden / Document
/// missing`, `MT Ionian Grace: OCIMF Q88`.
pub(super) fn pairs(meta: &Value, names: &Names<'_>) -> Vec<(String, String)> {
    let mut kinds: BTreeMap<&str, OfKind> = BTreeMap::new();
    for blocker in words::overridden(meta).unwrap_or_default() {
        let of_kind = kinds.entry(blocker["kind"].as_str().unwrap_or("other")).or_default();
        match names.subject(blocker) {
            Some(name) => of_kind.names.push(name),
            None => of_kind.unnamed += 1,
        }
    }
    let pair = |(kind, OfKind { mut names, unnamed }): (&str, OfKind)| {
        if unnamed > 0 {
            names.push(format!("{} that this report does not name", words::count(unnamed)));
        }
        (format!("Overridden / {}", words::from_identifier(kind)), names.join("; "))
    };
    kinds.into_iter().map(pair).collect()
}
