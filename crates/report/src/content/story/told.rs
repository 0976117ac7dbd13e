//! What the sections of the story look things up in: people by their names, documents by their titles and exhibits.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::say;
use crate::content::cell::Anchor;
use crate::content::context::Context;
use crate::edition::Rules;
use crate::record::{DocumentFacts, EntryFacts, Record, VersionFacts, VesselFacts};

/// A record, with its people, documents and versions by what they are called.
pub(super) struct Told<'a> {
    /// Record that is drawn, with what else a report states of it.
    pub(super) context: &'a Context,
    /// The record that is drawn.
    pub(super) record: &'a Record,
    /// The rules of the edition.
    pub(super) rules: &'static Rules,
    /// Names by address, of everybody whom the record knows by name.
    names: HashMap<&'a str, &'a str>,
    /// Names that more than one person has.
    shared: HashSet<&'a str>,
    documents: HashMap<&'a str, &'a DocumentFacts>,
    snapshots: HashMap<&'a str, &'a str>,
    exhibits: HashMap<&'a str, usize>,
}

/// A version that was uploaded, with its document. Its exhibit has the number `number`.
#[derive(Clone)]
pub(super) struct Exhibit<'a> {
    pub(super) told: Rc<Told<'a>>,
    pub(super) number: usize,
    pub(super) document: &'a DocumentFacts,
    pub(super) version: &'a VersionFacts,
}

impl<'a> Told<'a> {
    pub(super) fn of(context: &'a Context) -> Self {
        let record = &context.record;
        let mut names = HashMap::new();
        let mut snapshots = HashMap::new();
        for entry in record.activity.iter().flatten() {
            let text = |field: &str| entry.meta[field].as_str();
            match entry.action.as_str() {
                // Who has left the room is known by the name that the log has.
                "party_added" => names.extend(text("email").zip(text("name"))),
                "snapshot_created" => snapshots.extend(text("snapshot_id").zip(text("title"))),
                _ => {}
            }
        }
        let by = &record.snapshot.created_by;
        names.insert(by.email.as_str(), by.name.as_str());
        names.extend(record.parties.iter().map(|party| (party.email.as_str(), party.name.as_str())));
        let mut once = HashSet::new();
        let shared = names.values().copied().filter(|name| !once.insert(*name)).collect();
        let documents = record.documents.iter().flatten();
        let versions = documents.clone().flat_map(|document| &document.versions);
        let exhibits = versions.enumerate().map(|(index, version)| (version.id.as_str(), index + 1)).collect();
        let documents = documents.map(|document| (document.id.as_str(), document)).collect();
        Self { context, record, rules: context.edition.rules(), names, shared, documents, snapshots, exhibits }
    }

    /// Whether the STS operation has gone through all its phases.
    pub(super) fn is_closed(&self) -> bool {
        self.record.standing.as_ref().is_some_and(|standing| standing.next_phase.is_none())
    }

    /// Returns the name of somebody, with the address where two have one name; the address if no name is known.
    pub(super) fn name(&self, address: &str) -> String {
        match (address, self.names.get(address)) {
            ("system", _) => say("the_server").to_owned(),
            ("operator", _) => say("the_operator").to_owned(),
            (_, Some(name)) if self.shared.contains(name) => format!("{name} <{address}>"),
            (_, Some(name)) => (*name).to_owned(),
            (_, None) => address.to_owned(),
        }
    }

    /// Returns the company of a party, with a comma before it. Empty if none is known.
    pub(super) fn of_company(&self, address: &str) -> String {
        let party = self.record.parties.iter().find(|party| party.email == address);
        party.and_then(|party| party.company.as_deref()).map(|company| format!(", {company}")).unwrap_or_default()
    }

    /// Returns a text of the record with the names of parties in place of their addresses.
    pub(super) fn with_names(&self, text: &str) -> String {
        let addressed = self.record.parties.iter().filter(|party| text.contains(&party.email));
        addressed.fold(text.to_owned(), |text, party| text.replace(&party.email, &self.name(&party.email)))
    }

    /// Returns the entries of the log. `None` if they were left out on request.
    pub(super) fn entries(&self) -> Option<&'a [EntryFacts]> {
        self.record.activity.as_deref()
    }

    /// Returns a vessel by its id.
    pub(super) fn vessel(&self, id: &str) -> Option<&'a VesselFacts> {
        self.record.vessels.iter().find(|vessel| vessel.id == id)
    }

    /// Returns a document by its id.
    pub(super) fn document(&self, id: &str) -> Option<&'a DocumentFacts> {
        self.documents.get(id).copied()
    }

    /// Returns the title of a document: its name, with its vessel's before it.
    pub(super) fn title(&self, document: &DocumentFacts) -> String {
        match document.vessel_id.as_deref() {
            None => document.name.clone(),
            Some(id) => format!("{}: {}", self.vessel(id).map_or(id, |vessel| &vessel.name), document.name),
        }
    }

    /// Returns the title of a snapshot by its id.
    pub(super) fn snapshot(&self, id: &str) -> Option<&'a str> {
        self.snapshots.get(id).copied()
    }

    /// Returns the number of the exhibit that a version is.
    pub(super) fn exhibit(&self, version: &str) -> Option<usize> {
        self.exhibits.get(version).copied()
    }

    /// Returns the place of a document in the report, if it is drawn.
    pub(super) fn place(&self, document: &str) -> Option<Anchor> {
        self.document(document).map(|document| Anchor::Document(document.id.clone()))
    }

    /// Returns all versions in the order of their exhibits.
    pub(super) fn exhibits(self: &Rc<Self>) -> Vec<Exhibit<'a>> {
        let documents = self.record.documents.iter().flatten();
        let versions = documents.flat_map(|document| document.versions.iter().map(move |version| (document, version)));
        let exhibit =
            |(index, (document, version))| Exhibit { told: Rc::clone(self), number: index + 1, document, version };
        versions.enumerate().map(exhibit).collect()
    }
}
