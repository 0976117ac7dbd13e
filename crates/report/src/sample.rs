//! A believable record: for tests, for benchmarks, and to look at.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::record::{
    Counts, Creator, EntryFacts, LogPosition, PartyFacts, Record, RoomFacts, SCHEMA, SectionOptions, SnapshotFacts,
};

/// When the room of the sample was opened: 16 November 2026, 08:12:40 UTC.
const OPENED: i64 = 1_794_816_760;

/// Seconds between the opening and the snapshot: a week and some hours.
const SPAN: i64 = 643_891;

/// Role, name, e-mail and company of the parties.
const PARTIES: &[(&str, &str, &str, &str)] = &[
    ("broker", "Aoife Ní Dhomhnaill", "aoife@harbour-brokers.example", "Harbour Brokers Ltd"),
    ("owner", "Καλλιόπη Παπαδοπούλου", "k.papadopoulou@aegean-tankers.example", "Aegean Tankers S.A."),
    ("owner", "Øystein Bjørnå", "oystein.bjorna@nordfjord.example", "Nordfjord Shipping AS"),
    ("charterer", "Дмитро Шевченко", "d.shevchenko@blackstone-energy.example", "Blackstone Energy DMCC"),
    ("seller", "יעל בן-דוד", "yael.ben-david@levant-trading.example", "Levant Trading Ltd"),
    ("buyer", "ليلى الحسيني", "layla@gulf-refining.example", "شركة الخليج للتكرير (Gulf Refining)"),
];

/// What happens in the room, over and over: who (a party), what, and about what.
type Happening = (usize, &'static str, fn(u64) -> Value);

const HAPPENINGS: &[Happening] = &[
    (
        0,
        "document_requested",
        |n| json!({"document": "OCIMF Q88", "vessel": "MT Ionian Grace", "due_at": at(n + 86_400)}),
    ),
    (1, "document_uploaded", |n| {
        json!({"document": "Certificate of Entry (P&I)", "version": n % 4 + 1,
            "file": "P&I entry Ionian Grace 2026.pdf", "file_size": 418_233 + n,
            "file_sha256": digest("file", n)})
    }),
    (
        3,
        "document_opened",
        |n| json!({"document": "Mooring arrangement", "vessel": "MT Fjord Venture", "version": n % 3 + 1}),
    ),
    (2, "document_uploaded", |n| {
        json!({"document": "Fender and hose certificates", "version": 1,
            "file": "Fendring – sertifikat nr. 2026-0481.pdf", "file_sha256": digest("fender", n)})
    }),
    (
        3,
        "document_approved",
        |_| json!({"document": "Certificate of Class", "vessel": "MT Ionian Grace", "conditions": null}),
    ),
    (4, "document_rejected", |n| {
        json!({"document": "Risk assessment", "version": n % 2 + 1,
            "reason": "Weather limits for approach are missing; wind above 25 kn is not addressed."})
    }),
    (
        0,
        "eta_revised",
        |n| json!({"from": at(n), "to": at(n + 27_000), "reason": "Bunkering delayed at Αλγεθίρας / Algeciras"}),
    ),
    (5, "comment_added", |_| json!({"text": "نوافق على الموعد الجديد — Gulf Refining confirms the new laycan."})),
    (
        1,
        "approval_requested",
        |_| json!({"vessel": "MT Fjord Venture", "parties": ["owner", "charterer"], "subjects": []}),
    ),
];

/// The canonical bytes of [`record`].
pub fn bytes(entries: u64) -> Vec<u8> {
    to_bytes(&record(entries))
}

/// The canonical bytes of any record: keys sorted, no white space.
pub fn to_bytes(record: &Record) -> Vec<u8> {
    // A `Value` keeps its keys sorted; the record's keys are ASCII, and its numbers are integers.
    serde_json::to_value(record).map(|value| value.to_string().into_bytes()).unwrap_or_default()
}

/// The record of a room with six parties and so many log entries.
pub fn record(entries: u64) -> Record {
    let creator = PARTIES[0];
    Record {
        schema: SCHEMA.to_owned(),
        snapshot: SnapshotFacts {
            id: uuid("snapshot", 0),
            title: "Before run-in: clearance file as presented to all parties".to_owned(),
            kind: "pdf".to_owned(),
            options: SectionOptions { include_documents: true, include_activity: true, include_approvals: true },
            created_at: time(u64::MAX),
            created_by: Creator { email: creator.2.to_owned(), name: creator.1.to_owned(), role: creator.0.to_owned() },
        },
        room: room(creator.2),
        parties: parties(),
        activity: Some((0..entries).map(|seq| entry(seq, entries)).collect()),
        standing: None,
        vessels: Vec::new(),
        documents: None,
        approvals: None,
        counts: Counts { parties: PARTIES.len() as u64, activity: entries, vessels: 0, documents: 0, versions: 0 },
        limits: Vec::new(),
        log: LogPosition { size: entries, root: digest("root", entries) },
    }
}

fn room(opened_by: &str) -> RoomFacts {
    RoomFacts {
        id: uuid("room", 0),
        title: "MT Ionian Grace / MT Fjord Venture – 80,000 t crude, Laconian Gulf".to_owned(),
        location: "Laconian Gulf, OPL Gytheio, 36°28′N 022°51′E".to_owned(),
        sts_eta: time(0) + SignedDuration::from_hours(212),
        planned_duration_hours: None,
        description: Some(
            "Transfer of about 80,000 t of crude oil from MT Ionian Grace (discharging) to MT \
             Fjord Venture (receiving), underway. POAC and equipment by the appointed STS \
             provider. Coastal State to be notified at least 48 hours before commencement \
             (MARPOL Annex I, regulation 42)."
                .to_owned(),
        ),
        cargo_profile: Some("oil".to_owned()),
        status: "active".to_owned(),
        phase: "clearance".to_owned(),
        created_at: time(0),
        created_by: opened_by.to_owned(),
    }
}

fn parties() -> Vec<PartyFacts> {
    let party = |(index, (role, name, email, company)): (u64, &(&str, &str, &str, &str))| PartyFacts {
        id: uuid("party", index),
        role: (*role).to_owned(),
        name: (*name).to_owned(),
        email: (*email).to_owned(),
        company: Some((*company).to_owned()),
        side: None,
        added_at: time(index * 1_260),
    };
    (0..).zip(PARTIES).map(party).collect()
}

fn entry(seq: u64, entries: u64) -> EntryFacts {
    let opening = PARTIES.len() as u64;
    let (actor, action, meta) = if seq == 0 {
        (PARTIES[0].2, "room_created", json!({"title": room("").title}))
    } else if seq < opening {
        let (role, name, email, _) = PARTIES[nth(seq, PARTIES.len())];
        (PARTIES[0].2, "party_added", json!({"role": role, "name": name, "email": email}))
    } else {
        let (party, action, meta) = HAPPENINGS[nth(seq, HAPPENINGS.len())];
        (PARTIES[party].2, action, meta(seq))
    };
    EntryFacts {
        id: uuid("entry", seq),
        seq,
        actor: actor.to_owned(),
        action: action.to_owned(),
        timestamp: time(seq * SPAN.unsigned_abs() / entries.max(1)),
        meta,
    }
}

/// The place of `number` in a round of `len`.
fn nth(number: u64, len: usize) -> usize {
    usize::try_from(number % len as u64).unwrap_or_default()
}

/// So many seconds after the opening, but not after the snapshot.
fn time(seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(SPAN).min(SPAN);
    Timestamp::from_second(OPENED + seconds).unwrap_or_default()
}

fn at(seconds: u64) -> String {
    time(seconds).to_string()
}

/// A made-up hash: the same for the same words.
fn digest(of: &str, number: u64) -> String {
    crate::hex(&Sha256::digest(format!("{of} {number}")))
}

/// A made-up UUID (version 7 by its looks): the same for the same words.
fn uuid(of: &str, number: u64) -> String {
    let hex = digest(of, number);
    let mut uuid = String::with_capacity(36);
    let _ = write!(uuid, "0199{}-{}-7{}-a{}-{}", &hex[..4], &hex[4..8], &hex[8..11], &hex[11..14], &hex[14..26]);
    uuid
}
