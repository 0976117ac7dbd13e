//! What clients have asked for, and what became of it as far as they were told.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use serde_json::Value;

use super::faults::Fault;

/// What a client was told of what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It is done, since then at the latest.
    Done(Instant),
    /// Nothing was changed.
    Refused,
    /// Nothing, or that it is not known.
    NotKnown,
}

/// Something that a client has asked for. No two have the same action and mark.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    /// The action of the entry that tells of it.
    pub(super) action: &'static str,
    /// The words in that entry that nothing else has.
    pub(super) mark: String,
    pub(super) told: Told,
}

/// Returns action and mark of an entry that tells of a deed.
pub(super) fn deed_of(entry: &Value) -> Option<(String, String)> {
    let (action, meta) = (entry["action"].as_str()?, &entry["meta"]);
    let mark = match action {
        "room_created" | "snapshot_created" | "snapshot_deleted" => &meta["title"],
        "room_updated" => &meta["changes"]["title"]["to"],
        "document_uploaded" => &meta["file_sha256"],
        "document_decided" => &meta["comment"],
        // The others take part from the beginning.
        "party_added" | "party_removed" if meta["email"] == super::GUEST => &meta["name"],
        _ => return None,
    };
    Some((action.to_owned(), mark.as_str().unwrap_or_default().to_owned()))
}

/// All deeds, and what was found to be wrong while they were done.
#[derive(Default)]
pub(super) struct Ledger {
    deeds: Mutex<Vec<Deed>>,
    wrong: Mutex<Vec<String>>,
    operations: AtomicUsize,
    /// What is wrong at present, and how many answers of `500` came in each of those times.
    happens: Mutex<Option<Fault>>,
    internal: Mutex<BTreeMap<Option<Fault>, usize>>,
}

impl Ledger {
    pub(super) fn note(&self, deed: Deed) {
        self.deeds.lock().unwrap().push(deed);
    }

    /// Notes an answer that contradicts what was answered before.
    pub(super) fn is_wrong(&self, what: String) {
        self.wrong.lock().unwrap().push(what);
    }

    pub(super) fn asked(&self) {
        self.operations.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes which fault happens from now on.
    pub(super) fn happens(&self, fault: Option<Fault>) {
        *self.happens.lock().unwrap() = fault;
    }

    /// Notes an answer by which the server says that something in it went wrong.
    pub(super) fn went_wrong_inside(&self) {
        let happens = *self.happens.lock().unwrap();
        *self.internal.lock().unwrap().entry(happens).or_default() += 1;
    }

    pub(super) fn deeds(&self) -> Vec<Deed> {
        self.deeds.lock().unwrap().clone()
    }

    pub(super) fn wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap().clone()
    }

    /// Returns how many requests were sent.
    pub(super) fn operations(&self) -> usize {
        self.operations.load(Ordering::Relaxed)
    }

    /// Returns how many requests were answered with `500` in each fault.
    pub(super) fn internal(&self) -> BTreeMap<Option<Fault>, usize> {
        self.internal.lock().unwrap().clone()
    }
}
