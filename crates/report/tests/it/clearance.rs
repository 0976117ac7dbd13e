//! The clearance in the document: blockers, clocks, vessels, papers and decisions.

use jiff::Timestamp;
use report::record::{
    ClaimFacts, DocumentFacts, Limit, Record, RetentionFacts, Standing, UndatedFacts, WaiverFacts, WithdrawalFacts,
};
use report::{Format, sample};
use tools::needs;

use crate::harness::{FONTS, render, text};

/// The headings of the sample's sections in order, and whether they are missing in records of schema 1.
const HEADINGS: [(&str, bool); 13] = [
    ("What stands in the way", true),
    ("The operation", false),
    ("Clocks", true),
    ("Documents that run out", true),
    ("Vessels", true),
    ("Documents of MT Ionian Grace (discharging)", true),
    ("Documents of MT Fjord Venture (receiving)", true),
    ("Documents of Gytheio Φ-2 (other)", true),
    ("Documents of the operation", true),
    ("Clearance of vessels", true),
    ("This snapshot", false),
    ("Parties", false),
    ("Activity", false),
];

fn pdf_text(record: &Record) -> String {
    text(&render(record, Format::Pdf).bytes)
}

fn standing(record: &mut Record) -> &mut Standing {
    record.standing.as_mut().expect("the sample has a standing")
}

/// Returns the first document of this type in the sample's record.
fn document<'a>(record: &'a mut Record, code: &str) -> &'a mut DocumentFacts {
    let documents = record.documents.as_mut().expect("the sample has documents");
    documents.iter_mut().find(|document| document.document_type == code).expect(code)
}

#[needs(pdftotext)]
#[test]
fn sections_stand_in_order_and_blockers_come_first() {
    let text = pdf_text(&sample::record(3));
    let mut rest = text.as_str();
    for (heading, _) in HEADINGS {
        rest = rest.split_once(heading).unwrap_or_else(|| panic!("{heading} is not in {rest}")).1;
    }
}

#[needs(pdftotext)]
#[test]
fn a_record_of_schema_1_has_the_sections_that_it_always_had() {
    let text = pdf_text(&sample::record_of_schema_1(3));
    for (heading, new) in HEADINGS {
        assert_eq!(text.contains(heading), !new, "{heading}: {text}");
    }
    assert!(!text.contains("left out"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn a_reader_learns_first_what_is_to_be_done() {
    let text = pdf_text(&sample::record(0));
    for expected in [
        "Next phase Planning Progress 14 of 25 required documents resolved (56 %)",
        "What Detail Vessel rejected MT Fjord Venture is rejected by",
        "Document expired Officer matrix of MT Ionian Grace is expired",
        "Document under review Ship-to-ship compatibility and mooring study",
        "Planned duration 36 hours Planned end 2026-11-26 16:12:40 UTC",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[needs(pdftotext)]
#[test]
fn what_nothing_was_uploaded_for_takes_a_line_each() {
    let text = pdf_text(&sample::record(0));
    let expected = "Nothing was uploaded for these: Code Document Requirement Criticality Gate AIS_DECL \
                    AIS continuity declaration Required High Clearance";
    assert!(text.contains(expected), "{text}");
}

#[needs(pdftotext)]
#[test]
fn where_nothing_stands_in_the_way_the_report_says_so() {
    for (next_phase, required, sentences) in [
        (Some("planning"), 0, ["Nothing keeps the operation from its next phase.", "No document is required"]),
        (None, 3, ["The operation is in its last phase", "3 of 3 required documents resolved (100 %)"]),
    ] {
        let mut record = sample::record(0);
        let standing = standing(&mut record);
        standing.blockers.clear();
        standing.next_phase = next_phase.map(str::to_owned);
        (standing.total_required_docs, standing.resolved_required_docs) = (required, required);
        standing.progress_percentage = 100;
        let text = pdf_text(&record);
        for sentence in sentences {
            assert!(text.contains(sentence), "{sentence} is not in {text}");
        }
    }
}

#[needs(pdftotext)]
#[test]
fn a_withdrawn_version_is_drawn_with_its_reason_below_the_one_in_force() {
    let mut record = sample::record(0);
    let q88 = document(&mut record, "Q88");
    let newest = q88.versions.last_mut().expect("the sample has versions of it");
    let (reason, at) = ("It is of her sister ship".to_owned(), Timestamp::UNIX_EPOCH);
    newest.withdrawn = Some(WithdrawalFacts { reason, by: "broker@example.com".into(), at });
    let text = pdf_text(&record);
    assert!(text.contains("Withdrawn, counts no more It is of her sister ship by broker@"), "{text}");
    for version in &mut document(&mut record, "Q88").versions {
        let (reason, by) = ("All of them".to_owned(), "broker@example.com".to_owned());
        version.withdrawn = Some(WithdrawalFacts { reason, by, at });
    }
    "missing".clone_into(&mut document(&mut record, "Q88").status);
    let text = pdf_text(&record);
    assert_eq!(text.matches("Withdrawn, counts no more All of them").count(), 2, "{text}");
    assert!(!text.contains("Replaced by version 0"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn a_date_that_nobody_gave_is_said_to_be_missing_or_not_needed() {
    let mut record = sample::record(0);
    let (id, name) = (document(&mut record, "Q88").id.clone(), "Q88 of MT Ionian Grace".to_owned());
    let undated = |record: &mut Record, expiry: &str| {
        let version = document(record, "Q88").versions.last_mut().expect("the sample has versions of it");
        (version.expires_on, version.expiry) = (None, Some(expiry.to_owned()));
    };
    undated(&mut record, "not_given");
    standing(&mut record).undated = vec![UndatedFacts { document_id: id, name, vessel_id: None }];
    let text = pdf_text(&record);
    assert!(text.contains("These run out, too, and nobody has said when:"), "{text}");
    assert_eq!(text.matches("No date given").count(), 2, "{text}");
    undated(&mut record, "waived");
    standing(&mut record).undated.clear();
    let version = document(&mut record, "Q88").versions.last_mut().expect("the sample has versions of it");
    let (reason, by) = ("issued without one".to_owned(), "broker@example.com".to_owned());
    version.date_waived = Some(WaiverFacts { reason, by, at: Timestamp::UNIX_EPOCH });
    let text = pdf_text(&record);
    assert!(text.contains("Needs no date") && text.contains("issued without one"), "{text}");
    assert!(!text.contains("No date given") && !text.contains("nobody has said when"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn the_state_of_the_coastal_notice_is_told_in_a_sentence() {
    for (state, sentence) in [
        ("open", "Open It has to be given at least 48 hours before the transfer"),
        ("overdue", "Overdue It had to be given at least 48 hours before the transfer"),
        ("given", "Given In time: at least 48 hours before the transfer."),
        ("given_late", "Given late Less than 48 hours before the transfer"),
        ("revise", "To be revised The ETA has moved by more than 6 hours since the notice"),
    ] {
        let mut record = sample::record(0);
        let notice = standing(&mut record).clocks.coastal_notice.as_mut().expect("the sample has a notice");
        state.clone_into(&mut notice.state);
        let text = pdf_text(&record);
        assert!(text.contains(sentence), "{sentence} is not in {text}");
        assert!(text.contains("Notice due 2026-11-23 04:12:40 UTC"), "{text}");
        assert!(text.contains("Notice given 2026-11-22 10:19:51 UTC, for an ETA of 2026-11-24 20:12:40 UTC"), "{text}");
    }
}

#[needs(pdftotext)]
#[test]
fn clocks_that_do_not_run_say_why_and_those_that_do_say_until_when() {
    let mut record = sample::record(0);
    standing(&mut record).clocks.coastal_notice = None;
    let text = pdf_text(&record);
    for expected in ["None is needed for this operation.", "Its 90 days begin when", "Begins when the room is closed."]
    {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    let day = |text: &str| -> Timestamp { format!("{text}T12:00:00Z").parse().expect("a day") };
    let clocks = &mut standing(&mut record).clocks;
    clocks.claim =
        Some(ClaimFacts { started_at: day("2026-11-27"), deadline: day("2027-02-25"), state: "running".to_owned() });
    clocks.retention = Some(RetentionFacts {
        closed_at: day("2026-12-01"),
        at_least_until: day("2029-12-01"),
        until: day("2036-12-01"),
    });
    let text = pdf_text(&record);
    for expected in [
        "Running The claim is barred on 2027-02-25 12:00:00 UTC, 90 days after",
        "kept until 2036-12-01 12:00:00 UTC, and at least until 2029-12-01 12:00:00 UTC",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[needs(pdftotext)]
#[test]
fn a_vessel_is_told_with_its_number_or_the_reason_why_it_has_none() {
    let mut record = sample::record(0);
    record.vessels[1].status = "withdrawn".to_owned();
    let text = pdf_text(&record);
    for expected in [
        "MT Ionian Grace Discharging 9389019 Greece Lloyd's Register",
        "Length: 249.97 m",
        "DWT: 112,871 t",
        "Unpowered fender barge",
        "MT Fjord Venture Receiving Withdrawn",
        "Documents of MT Fjord Venture (receiving, withdrawn)",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[needs(pdftotext)]
#[test]
fn every_version_is_there_the_newest_first_with_hash_validity_and_decisions() {
    let mut record = sample::record(0);
    let q88 = document(&mut record, "Q88").clone();
    let text = pdf_text(&record);
    let newest = text.find("Q88 Ionian Grace rev 12.pdf").expect("the newest version");
    let older = text.find("Q88 Ionian Grace rev 11.pdf").expect("the version before");
    assert!(newest < older, "{text}");
    for version in &q88.versions {
        let (first, rest) = version.sha256.split_at(16);
        assert!(text.contains(first) && text.contains(&rest[..16]), "{first} is not in {text}");
    }
    for expected in [
        "Required, high criticality Gate: Clearance",
        "Valid until: 2026-12-16",
        "Replaced by version 2",
        "Note: Sections 8 and 9 corrected",
        "Approved with subjects Subject to manifold arrangement being re- measured on arrival.",
        "Rejected Section 8: manifold height",
        "Valid until: 2027-08-14 (assumed from the type's usual validity)",
        "Waived Unclassed harbour craft",
        "None yet",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[needs(pdftotext)]
#[test]
fn a_decision_that_the_same_party_followed_by_another_is_marked_as_superseded() {
    let mut record = sample::record(0);
    let text = pdf_text(&record);
    assert_eq!(text.matches("Superseded: rejected Manifold drawing still shows").count(), 1, "{text}");
    assert_eq!(text.matches("Superseded").count(), 1, "{text}");
    for decision in &mut document(&mut record, "Q88").versions[1].decisions {
        decision.by = "one@party.example".to_owned();
    }
    let text = pdf_text(&record);
    assert_eq!(text.matches("Superseded").count(), 2, "all but the last: {text}");
}

#[needs(pdftotext)]
#[test]
fn clearances_name_the_party_its_side_and_its_subjects() {
    let text = pdf_text(&sample::record(0));
    for expected in ["Owner, Receiving side Approved", "Approved with subjects Subject to Master's", "Pending"] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[needs(pdftotext)]
#[test]
fn what_was_left_out_on_request_is_said_once() {
    let mut record = sample::record(0);
    record.documents = None;
    record.approvals = None;
    let text = pdf_text(&record);
    for sentence in [
        "Documents Documents and their versions were left out of this snapshot on request.",
        "Clearance of vessels Clearance of vessels was left out of this snapshot on request.",
        "documents, approvals left out on request",
    ] {
        assert_eq!(text.matches(sentence).count(), 1, "{sentence}: {text}");
    }
    assert!(text.contains("What stands in the way") && text.contains("MT Ionian Grace Discharging"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn a_limit_on_documents_counts_versions() {
    let mut record = sample::record(0);
    record.limits = vec![Limit { section: "documents".to_owned(), shown: 5_000, total: 6_000 }];
    let text = pdf_text(&record);
    assert_eq!(text.matches("The record holds the newest 5,000 of 6,000 versions.").count(), 1, "{text}");
}

#[needs(pdftotext)]
#[test]
fn a_document_of_a_vessel_that_the_record_does_not_hold_is_not_lost() {
    let mut record = sample::record(0);
    record.vessels.remove(1);
    let text = pdf_text(&record);
    assert!(text.contains("Gard certificate of entry.pdf"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn an_entry_is_drawn_without_what_is_for_programs_alone() {
    let mut record = sample::record(3);
    let entries = record.activity.as_mut().expect("the sample has activity");
    let terms = serde_json::json!([{ "document_type": "Q88", "warn_days": 7 }]);
    entries[0].meta = serde_json::json!({ "v": 2, "continues": true, "reason": "Told", "at": null, "slots": terms });
    // An entry from before there were versions is drawn as it always was.
    entries[1].meta = serde_json::json!({ "slots": "Kept", "at": null });
    let text = pdf_text(&record);
    assert!(text.contains("Reason: Told") && text.contains("Slots: Kept") && text.contains("At: none"), "{text}");
    assert!(!text.contains("V: 2") && !text.contains("Continues") && !text.contains("Warn days"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn what_a_step_overrode_is_named_by_what_the_record_holds() {
    let mut record = sample::record(3);
    let document = &mut record.documents.as_mut().expect("the sample has documents")[0];
    (document.name, document.vessel_id) = ("Q88".to_owned(), Some(record.vessels[0].id.clone()));
    let of_document = |id: &str| serde_json::json!({ "kind": "document_missing", "document_id": id });
    let overridden = serde_json::json!([
        { "kind": "vessel_missing", "vessel_role": "receiving" },
        of_document(&document.id),
        of_document("an id that is not here"),
        { "kind": "vessel_not_cleared", "vessel_id": record.vessels[1].id },
        { "kind": "a_later_kind" },
    ]);
    let sentences = serde_json::json!(["Q88 – missing", "No receiving vessel is named"]);
    let entries = record.activity.as_mut().expect("the sample has activity");
    entries[0].meta = serde_json::json!({ "v": 2, "to": "transfer", "overridden": overridden, "more_overridden": 7 });
    // As an entry from before there were versions has them.
    entries[1].meta = serde_json::json!({ "overridden": sentences });
    entries[2].meta = serde_json::json!({ "v": 2, "overridden": [] });
    let [first, second] = [&record.vessels[0].name, &record.vessels[1].name].map(Clone::clone);
    let text = pdf_text(&record);
    for drawn in [
        "More overridden: 7",
        "To: transfer",
        "Overridden / A later kind: 1 that this report does not name",
        &format!("Overridden / Document missing: {first}: Q88; 1 that this report does not name"),
        "Overridden / Vessel missing: Receiving",
        &format!("Overridden / Vessel not cleared: {second}"),
        "Overridden: Q88 – missing, No receiving vessel is named",
        "Overridden: none",
    ] {
        assert_eq!(text.matches(drawn).count(), 1, "{drawn}: {text}");
    }
    assert!(!text.contains("Kind:") && !text.contains("Document ID: an id"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn the_end_says_from_where_on_an_adopted_log_tells_everything() {
    const SAID: &str = "the log did not tell everything";
    let mut record = sample::record(9);
    assert!(!pdf_text(&record).contains(SAID));
    let entries = record.activity.as_mut().expect("the sample has activity");
    for (part, entry) in (1..).zip(&mut entries[6..8]) {
        entry.action = "room_adopted".to_owned();
        entry.timestamp = "2026-10-02T10:00:00Z".parse().expect("a time");
        entry.meta = serde_json::json!({ "v": 2, "part": part, "of": 2, "state": "{" });
    }
    let drawn = pdf_text(&record);
    let sentences = format!(
        "Up to entry 7, of 2026-10-02 10:00:00 UTC, {SAID}: but for the entries themselves, what this file shows of \
         that time rests on the tables of the database as they were then. From entry 8 on, the log tells everything."
    );
    assert_eq!(drawn.matches(&sentences).count(), 1, "{drawn}");
    // The edition of 0.3.0 never said it, and never will.
    let bytes = sample::to_bytes(&record);
    let older = report::render(report::Edition::V0_3, &bytes, None, Format::Pdf, &FONTS, &mut |_| {});
    assert!(!text(&older.expect("a record renders").bytes).contains(SAID));
    record.activity = None;
    assert!(!pdf_text(&record).contains(SAID), "without its entries, the record does not tell");
}
