//! Files that no server makes in a test by itself: logs that were adopted, marked and continued, and files that a server
//! has signed although they are not right.

use std::io::{Cursor, Read};

use report::record::EntryFacts;
use room::{
    Envelope, Event, Leaf,
    fold::{Adoption, Fold, State},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sts_clearance::evidence::LogKey;

use super::super::parts::{Receipted, tree};

/// What a JSON file is made of, which anybody who has the server's key could sign.
#[derive(Clone)]
pub(super) struct Crafted {
    pub(super) parts: Receipted,
    renderer: String,
}

impl Crafted {
    pub(super) fn of(file: &[u8]) -> Self {
        let renderer = report::open(file).unwrap().renderer.unwrap();
        Self { parts: Receipted::of(file), renderer }
    }

    /// Returns the record as it is, as a value.
    pub(super) fn record(&self) -> Value {
        serde_json::to_value(&self.parts.record).unwrap()
    }

    /// Returns the file of this record, signed with this key as the end of a log with these entries.
    pub(super) fn signed(&self, record: &[u8], entries: &[EntryFacts], key: &LogKey) -> Vec<u8> {
        let mut parts = self.parts.clone();
        let mut leaf = parts.leaf();
        let body = self.envelope(record, None);
        leaf.meta["body_sha256"] = hex::encode(Sha256::digest(&body)).into();
        leaf.meta["body_size"] = body.len().into();
        parts.prove_leaf(entries, leaf, key);
        self.envelope(record, Some(&parts.receipt.to_string()))
    }

    /// Returns the file of the parts as they are now, signed with this key.
    pub(super) fn signed_as_it_is(&self, key: &LogKey) -> Vec<u8> {
        let record = serde_json_canonicalizer::to_vec(&self.parts.record).unwrap();
        self.signed(&record, &self.parts.entries(), key)
    }

    /// Returns the file with the record of these parts and this receipt, whatever it is of.
    pub(super) fn with_receipt(&self, receipt: &str) -> Vec<u8> {
        self.envelope(&serde_json_canonicalizer::to_vec(&self.parts.record).unwrap(), Some(receipt))
    }

    fn envelope(&self, record: &[u8], receipt: Option<&str>) -> Vec<u8> {
        let proof = receipt.map(|receipt| format!(r#""proof":{},"#, json!(receipt))).unwrap_or_default();
        let start = format!(r#"{{"format":"sts-clearance/snapshot/3",{proof}"record":"#);
        let end = format!(r#","renderer":{}}}"#, json!(self.renderer));
        [start.as_bytes(), record, end.as_bytes()].concat()
    }

    /// Leaves out all entries but the newest ones, of which it keeps this many.
    pub(super) fn with_newest(&self, kept: usize, key: &LogKey) -> Vec<u8> {
        let mut crafted = self.clone();
        let entries = self.parts.entries();
        let (older, newest) = entries.split_at(entries.len() - kept);
        let room = self.parts.record.facts.room.id.to_string();
        let frontier = tree(&room, older).frontier();
        crafted.parts.record.before = frontier.chunks(32).map(hex::encode).collect();
        crafted.parts.record.entries = Some(newest.to_vec());
        let record = serde_json_canonicalizer::to_vec(&crafted.parts.record).unwrap();
        crafted.signed(&record, &entries, key)
    }

    /// Makes a log of these entries, whether they can be folded or not, and leaves the facts as they are.
    pub(super) fn with_entries(&self, change: impl FnOnce(&mut Vec<EntryFacts>)) -> Self {
        let mut crafted = self.clone();
        let mut entries = self.parts.entries();
        change(&mut entries);
        for (seq, entry) in (0..).zip(&mut entries) {
            entry.seq = seq;
        }
        crafted.parts.set_entries(entries);
        crafted
    }

    /// Makes a log that has not always told everything: entries of version 1, adoptions, a mark, a continuation.
    pub(super) fn adopted(&self) -> Self {
        let mut crafted = self.clone();
        let mut log = Written::of(&self.parts);
        let state = self.parts.record.facts.clone();
        log.push_raw("room_created", json!({ "title": "STS", "length_m": 244.5, "odd": [1e21, 1e-7, 0.1, -5] }));
        log.push_raw("party_added", json!({ "v": 1, "z": { "é": 1, "🛢": 2, "\u{fb33}": 3 } }));
        log.adopt(&state);
        log.push(&Event::LogExported { entries: 3 });
        log.mark();
        log.push(&Event::LogContinued { lost_size: 9, lost_root: "0".repeat(64), reason: "the disk broke".into() });
        let mut other = log.state().clone();
        other.room.title = "As the tables say".into();
        let differences = ["one", "two"].map(|id| room::Difference {
            table: "rooms".into(),
            id: id.into(),
            fault: room::RowFault::Changed,
            column: Some("title".into()),
            log: Some("STS".into()),
            row: None,
        });
        for (part, difference) in (1..).zip(differences) {
            log.push(&Event::AdoptedAgain { part, of: 2, total: 2, differences: vec![difference] });
        }
        log.adopt(&other);
        log.push(&Event::AdoptionEnded {});
        log.push_raw("room_updated", json!({ "changes": { "title": "x" } }));
        log.adopt(&other);
        log.mark();
        crafted.parts.fold(log.entries);
        crafted
    }
}

/// A log that is written entry by entry.
struct Written {
    fold: Fold,
    room: String,
    entries: Vec<EntryFacts>,
    /// The entry of which each gets its actor and its time.
    like: Leaf,
}

impl Written {
    fn of(parts: &Receipted) -> Self {
        let room = parts.record.facts.room.id;
        Self { fold: Fold::new(room), room: room.to_string(), entries: Vec::new(), like: parts.leaf() }
    }

    fn state(&self) -> &State {
        self.fold.state().unwrap()
    }

    fn push_raw(&mut self, action: &str, meta: Value) {
        let seq = self.entries.len() as u64;
        let entry = EntryFacts {
            id: format!("01994f6e-0000-7000-8000-{seq:012}"),
            seq,
            actor: self.like.actor.clone(),
            action: action.to_owned(),
            timestamp: self.like.timestamp,
            meta,
        };
        self.fold.apply(entry.leaf(&self.room)).unwrap();
        self.entries.push(entry);
    }

    fn push(&mut self, event: &Event) {
        let (action, meta) = event.to_entry(Envelope::default()).unwrap();
        self.push_raw(&action, meta);
    }

    fn adopt(&mut self, state: &State) {
        for event in Adoption::events_of(state).unwrap() {
            self.push(&event);
        }
    }

    fn mark(&mut self) {
        let mark = self.fold.mark().unwrap().unwrap();
        self.push(&mark.event);
    }
}

/// Returns a zip with its files changed, by the template of docs/format.md.
pub(super) fn zip_with(file: &[u8], change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut files = Vec::new();
    for number in 0..archive.len() {
        let mut member = archive.by_index(number).unwrap();
        let (name, mut content) = (member.name().unwrap().into_owned(), Vec::new());
        member.read_to_end(&mut content).unwrap();
        files.push((name, content));
    }
    change(&mut files);
    let (mut zip, mut list) = (Vec::new(), Vec::new());
    for (name, content) in &files {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let fixed = [10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        let shared = [&fixed[..], &crc.sum().to_le_bytes(), &size, &size, &length, &[0, 0]].concat();
        let offset = u32::try_from(zip.len()).unwrap().to_le_bytes();
        let line = [b"PK\x01\x02\x0a\x03", &shared[..], &[0; 6], &[0, 0, 0xa4, 0x81], &offset, name.as_bytes()];
        list.extend(line.concat());
        zip.extend([b"PK\x03\x04", &shared[..], name.as_bytes(), content].concat());
    }
    let number = u16::try_from(files.len()).unwrap().to_le_bytes();
    let (length, offset) = (u32::try_from(list.len()).unwrap(), u32::try_from(zip.len()).unwrap());
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &number, &number, &length.to_le_bytes(), &offset.to_le_bytes(), &[0, 0]];
    [zip, list, end.concat()].concat()
}
