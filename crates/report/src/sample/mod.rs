//! A plausible record, for tests, for benchmarks, and to look at.

mod catalogue;
mod documents;
mod log;
mod made_up;
mod room;
mod slots;
mod standing;
mod vessels;

use made_up::{digest, time, uuid};

use crate::record::{
    Counts, Creator, LogPosition, Record, SCHEMA_1, SCHEMA_2, SCHEMA_3, SectionOptions, SnapshotFacts,
};

/// A proof of the right form, signed with the key of the record, from a made-up log. It proves none of the samples.
pub const PROOF: &str = include_str!("proof.tlog");

/// The public key of the made-up log.
const KEY: &str = "sts-clearance/3a2e351c+ec5eef08+AapZC9K6msyGHmI5wFatWDgB0Eyo6WUYRMewO9Ew4e3W";

/// The canonical bytes of a record of schema 4 as a server made it, for the most part: a room with all that a report
/// tells of.
pub const STORY: &[u8] = include_bytes!("story.json");

/// Returns the canonical bytes of [`record`].
pub fn bytes(entries: u64) -> Vec<u8> {
    to_bytes(&record(entries))
}

/// Returns the canonical bytes of any record: its keys sorted, without white space.
pub fn to_bytes(record: &Record) -> Vec<u8> {
    // A `Value` keeps its keys sorted, and the record's keys are ASCII. Its numbers are integers or decimals with a
    // fraction, which `serde_json` writes as RFC 8785 does.
    serde_json::to_value(record).map(|value| value.to_string().into_bytes()).unwrap_or_default()
}

/// Returns the record of a room with six parties, three vessels and `entries` log entries.
pub fn record(entries: u64) -> Record {
    let [role, name, email, ..] = room::PARTIES[0].map(str::to_owned);
    let vessels = vessels::vessels();
    let documents = documents::documents(&vessels);
    let approvals = vessels::approvals(&vessels);
    let parties = room::parties();
    let room = room::room();
    let origin = Some(format!("sts-clearance/3a2e351c/rooms/{}", room.id));
    Record {
        schema: SCHEMA_3.to_owned(),
        snapshot: SnapshotFacts {
            id: uuid("snapshot", 0),
            title: "Before run-in: clearance file as presented to all parties".to_owned(),
            kind: "pdf".to_owned(),
            options: SectionOptions {
                include_documents: true,
                include_activity: true,
                include_approvals: true,
                summary_only: false,
            },
            created_at: time(u64::MAX),
            as_of: None,
            created_by: Creator { email, name, role },
        },
        room,
        standing: Some(standing::standing(&vessels, &documents, &approvals)),
        counts: Counts {
            parties: parties.len() as u64,
            activity: entries,
            vessels: vessels.len() as u64,
            documents: documents.len() as u64,
            versions: documents.iter().map(|document| document.versions.len() as u64).sum(),
        },
        clearances: Vec::new(),
        approvals: Some(approvals),
        vessels,
        documents: Some(documents),
        parties,
        activity: Some((0..entries).map(|seq| log::entry(seq, entries)).collect()),
        limits: Vec::new(),
        log: LogPosition { size: entries, root: digest("root", entries), origin, key: Some(KEY.to_owned()) },
    }
}

/// Returns the same record in schema 2, which has no name and key of the log.
pub fn record_of_schema_2(entries: u64) -> Record {
    let mut record = record(entries);
    SCHEMA_2.clone_into(&mut record.schema);
    (record.log.origin, record.log.key) = (None, None);
    record
}

/// Returns the same record in schema 1, which has no standing, vessels or documents.
pub fn record_of_schema_1(entries: u64) -> Record {
    let mut record = record_of_schema_2(entries);
    SCHEMA_1.clone_into(&mut record.schema);
    record.standing = None;
    record.vessels.clear();
    record.documents = None;
    record.approvals = None;
    record.room.planned_duration_hours = None;
    for party in &mut record.parties {
        party.side = None;
    }
    record.counts = Counts { vessels: 0, documents: 0, versions: 0, ..record.counts };
    record
}
