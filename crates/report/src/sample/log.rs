//! The entries of the sample's log.

use serde_json::{Value, json};

use super::made_up::{SPAN, at, digest, time, uuid};
use super::room::{PARTIES, TITLE};
use crate::record::EntryFacts;

/// An event: the party that causes it, its action, and its details, which depend on the entry's number.
type Event = (usize, &'static str, fn(u64) -> Value);

/// The events of the room, which repeat from the first one on.
const EVENTS: &[Event] = &[
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

/// Returns one of `entries` entries, by its number.
pub(super) fn entry(seq: u64, entries: u64) -> EntryFacts {
    let opening = PARTIES.len() as u64;
    let (actor, action, meta) = if seq == 0 {
        (PARTIES[0][2], "room_created", json!({"title": TITLE}))
    } else if seq < opening {
        let [role, name, email, ..] = PARTIES[nth(seq, PARTIES.len())];
        (PARTIES[0][2], "party_added", json!({"role": role, "name": name, "email": email}))
    } else {
        let (party, action, meta) = EVENTS[nth(seq, EVENTS.len())];
        (PARTIES[party][2], action, meta(seq))
    };
    EntryFacts {
        id: uuid("entry", seq),
        seq,
        actor: actor.to_owned(),
        action: action.to_owned(),
        // The entries are spread evenly over the time of the sample, however many there are.
        timestamp: time(seq * SPAN.unsigned_abs() / entries.max(1)),
        meta,
    }
}

/// Returns the position of `number` in a cycle of `len`.
fn nth(number: u64, len: usize) -> usize {
    usize::try_from(number % len as u64).unwrap_or_default()
}
