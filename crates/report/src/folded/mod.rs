//! The record of schema 4: what a room's log tells up to a position, by its fold alone, and what follows from it.
//!
//! `facts` is the fold of the entries, and `entries` are all of these, so that anybody can fold them again. `reading` is
//! what the server's rules made of the facts: it is drawn as it stands, since rules may change and a report must not.

mod facts;
mod trim;

use std::collections::BTreeMap;

use jiff::Timestamp;
use room::{Content, RoomState, Time, canonical, clearance, fold::State};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::ReportError;
use crate::record::{Counts, EntryFacts, Limit, LogPosition, Record, SnapshotFacts, Standing};
use crate::schema::SCHEMA;

/// A record of schema 4. `E` is an entry of the log: read, or a [`RawValue`] as it stands in the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "E: Deserialize<'de>"))]
pub struct Folded<E = EntryFacts> {
    /// Schema of the record, which is [`SCHEMA`].
    pub schema: String,
    /// Snapshot that this record belongs to.
    pub snapshot: SnapshotFacts,
    /// Position in the room's log that the snapshot shows.
    pub log: LogPosition,
    /// The room as the entries tell it, without the sections that were left out on request, and without what there was
    /// too much of.
    pub facts: State,
    /// What follows from the facts at the instant that the snapshot shows.
    pub reading: Reading,
    /// Settings of the server that the reading rests on.
    pub settings: Settings,
    /// Entries of the log up to the position, oldest first. Absent if the snapshot was asked without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<E>>,
    /// Roots of the perfect subtrees over the entries that come before the first one here, from the left, in lower-case
    /// hex. With them the tree's root can be computed although the oldest entries are left out. Empty if none are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
}

/// What follows from the facts at an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Instant at which clocks and expiries were reckoned.
    pub at: Timestamp,
    /// Progress, blockers and clocks.
    pub standing: Standing,
    /// Statuses of the documents by their ids. Empty if the snapshot was asked without documents.
    pub documents: BTreeMap<String, String>,
    /// Addresses of the parties that a party's address or name looks like, by its id.
    pub resembles: BTreeMap<String, Vec<String>>,
    /// How much there was, whether or not the facts have all of it.
    pub counts: Counts,
    /// What the record leaves out because there was too much of it. Empty if it is complete.
    pub limits: Vec<Limit>,
}

/// The settings of the server that a reading rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Years for which the papers of a closed room are kept.
    pub retention_years: u32,
}

/// What a record is made of beside the fold of the entries.
#[derive(Debug)]
pub struct Parts {
    /// Snapshot that the record is for.
    pub snapshot: SnapshotFacts,
    /// Position in the log.
    pub log: LogPosition,
    /// Instant at which clocks and expiries are reckoned.
    pub at: Time,
    /// Settings that the reading rests on.
    pub settings: Settings,
    /// Entries that the record holds, the newest ones, and the subtrees before them.
    pub entries: (Vec<EntryFacts>, Vec<String>),
    /// Returns for each party the addresses of those that it looks like.
    pub resembled: fn(&[room::Party]) -> Vec<Vec<String>>,
}

impl Folded {
    /// Makes the record of a room whose log was folded to `state`.
    pub fn of(state: State, parts: Parts) -> Self {
        let Parts { snapshot, log, at, settings, entries: (entries, before), resembled } = parts;
        let options = snapshot.options;
        let whole = RoomState::of(Content::from(&state), at);
        let looks = whole.parties.iter().zip(resembled(&whole.parties));
        let resembles = looks.map(|(party, others)| (party.id.to_string(), others));
        let statuses = whole.documents.iter().map(|it| (it.slot.id.to_string(), it.status.to_string()));
        let (versions, decisions) = trim::counts(&state);
        let counts = Counts {
            parties: whole.parties.len() as u64,
            activity: log.size,
            vessels: whole.vessels.len() as u64,
            documents: whole.documents.len() as u64,
            versions,
        };
        let mut reading = Reading {
            at: at.into(),
            standing: facts::standing(room::Standing::of(&whole, settings.retention_years)),
            documents: if options.include_documents { statuses.collect() } else { BTreeMap::new() },
            resembles: resembles.filter(|(_, others)| !others.is_empty()).collect(),
            counts,
            limits: Vec::new(),
        };
        let facts = trim::trimmed(state, options);
        let (kept_versions, kept_decisions) = trim::counts(&facts);
        let limits = [
            (options.include_documents, "documents", kept_versions, versions),
            (options.include_documents, "decisions", kept_decisions, decisions),
            (options.include_activity, "activity", entries.len() as u64, log.size),
        ];
        let short = limits.into_iter().filter(|(included, _, shown, total)| *included && shown < total);
        reading.limits =
            short.map(|(_, section, shown, total)| Limit { section: section.into(), shown, total }).collect();
        let entries = options.include_activity.then_some(entries);
        Self { schema: SCHEMA.into(), snapshot, log, facts, reading, settings, entries, before }
    }

    /// Returns the record in canonical JSON (RFC 8785).
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON.
    pub fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        self.written(|record, entry| {
            let is_plain = canonical::is_plain_entry(&entry.meta, entry.seq);
            canonical::write_entry(record, entry, is_plain)
        })
    }

    /// Returns what `facts` has to be if the entries of the log fold to this state.
    pub fn facts_of(&self, state: State) -> State {
        trim::trimmed(state, self.snapshot.options)
    }

    /// Returns what is drawn of the record.
    pub fn drawn(self) -> Record {
        let Self { schema, snapshot, log, facts, mut reading, entries, .. } = self;
        let options = snapshot.options;
        let state = RoomState::of(Content::from(&facts), reading.at.into());
        let clearances = clearance::of_vessels(&state);
        let clearances = clearances.iter().filter(|_| options.include_approvals).map(facts::clearance).collect();
        let mut document = |document| {
            let mut facts = facts::document(document, &state.parties);
            if let Some(status) = reading.documents.remove(&facts.id) {
                facts.status = status;
            }
            facts
        };
        let documents = options.include_documents.then(|| state.documents.into_iter().map(&mut document).collect());
        let mut party = |party| {
            let mut facts = facts::party(party);
            facts.resembles = reading.resembles.remove(&facts.id).unwrap_or_default();
            facts
        };
        Record {
            schema,
            snapshot,
            room: facts::room(state.room),
            standing: Some(reading.standing),
            vessels: state.vessels.into_iter().map(facts::vessel).collect(),
            documents,
            clearances,
            approvals: options.include_approvals.then(|| state.approvals.into_iter().map(facts::approval).collect()),
            parties: state.parties.into_iter().map(&mut party).collect(),
            activity: entries,
            counts: reading.counts,
            limits: reading.limits,
            log,
        }
    }
}

impl Folded<&RawValue> {
    /// Returns the record in canonical JSON (RFC 8785), with its entries as they stand in it.
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON.
    pub fn with_entries_as_they_are(&self) -> Result<Vec<u8>, serde_json::Error> {
        self.written(|record, entry| {
            record.extend(entry.get().as_bytes());
            Ok(())
        })
    }
}

impl<E> Folded<E> {
    /// Takes the entries out of the record.
    pub fn split(self) -> (Folded, Option<Vec<E>>) {
        let Self { schema, snapshot, log, facts, reading, settings, entries, before } = self;
        (Folded { schema, snapshot, log, facts, reading, settings, entries: None, before }, entries)
    }

    fn written(
        &self,
        entry: impl Fn(&mut Vec<u8>, &E) -> Result<(), serde_json::Error>,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let Self { schema, snapshot, log, facts, reading, settings, entries, before } = self;
        let mut record = vec![b'{'];
        // In the order of their names. The entries, which are most of a record, are written one by one: as values, all of
        // them together take several times the memory and the time.
        if !before.is_empty() {
            write_field(&mut record, "before", &canonical::of_object(before)?);
        }
        if let Some(entries) = entries {
            record.reserve(entries.len() * USUAL);
            write_field(&mut record, "entries", b"[");
            for (index, it) in entries.iter().enumerate() {
                if index > 0 {
                    record.push(b',');
                }
                entry(&mut record, it)?;
            }
            record.push(b']');
        }
        write_field(&mut record, "facts", &canonical::of_object(facts)?);
        write_field(&mut record, "log", &canonical::of_object(log)?);
        write_field(&mut record, "reading", &canonical::of_object(reading)?);
        write_field(&mut record, "schema", &canonical::of_object(schema)?);
        write_field(&mut record, "settings", &canonical::of_object(settings)?);
        write_field(&mut record, "snapshot", &canonical::of_object(snapshot)?);
        record.push(b'}');
        Ok(record)
    }
}

fn write_field(record: &mut Vec<u8>, name: &str, value: &[u8]) {
    if record.len() > 1 {
        record.push(b',');
    }
    record.extend([b"\"", name.as_bytes(), b"\":", value].concat());
}

/// Returns the leaf of an entry in canonical JSON, which is hashed. A record gives its room once: in the leaf, it is a field.
pub fn leaf_of(entry: &[u8], room: &str) -> Vec<u8> {
    // Behind it come a number and a time, in which there is no such text.
    let behind = entry.windows(SEQ.len()).rposition(|part| part == SEQ).unwrap_or(entry.len());
    [&entry[..behind], b",\"room_id\":\"", room.as_bytes(), b"\"", &entry[behind..]].concat()
}

/// How large an entry usually is, in bytes.
const USUAL: usize = 400;
/// What stands before the position of an entry. In a leaf, its room comes before that.
const SEQ: &[u8] = b",\"seq\":";

/// Reads a record of schema 4 from its canonical bytes.
///
/// # Errors
///
/// If the bytes are no such record.
pub fn read<'a, E: Deserialize<'a>>(bytes: &'a [u8]) -> Result<Folded<E>, ReportError> {
    let folded: Folded<E> = serde_json::from_slice(bytes).map_err(ReportError::Malformed)?;
    if folded.schema == SCHEMA { Ok(folded) } else { Err(ReportError::Schema { found: folded.schema }) }
}
