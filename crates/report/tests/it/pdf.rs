//! The document: the content of its pages, how they break, and what is in the file.

use report::record::Limit;
use report::{Format, RENDERER, sample};
use serde_json::json;
use tools::needs;

use crate::harness::{count, pages, render, render_without_proof, text};

/// The headings of the sample in order, but for those of its documents.
const HEADINGS: [&str; 10] = [
    "What stands in the way",
    "The operation",
    "Clocks",
    "Documents that run out",
    "Vessels",
    "Clearance of vessels",
    "This snapshot",
    "Parties",
    "Activity",
    "About this document",
];

#[needs(pdftotext)]
#[test]
fn every_page_carries_room_snapshot_hash_and_number() {
    let record = sample::record(30);
    let pages = pages(&render(&record, Format::Pdf).bytes);
    assert!(pages.len() > 2);
    for (index, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("Page {} of {}", index + 1, pages.len())), "{page}");
        let hash = page.split_once("Record SHA-256 ").expect("the hash").1;
        assert!(hash.trim_start().bytes().take_while(u8::is_ascii_hexdigit).count() == 64, "{page}");
        for expected in [&record.room.id, &record.snapshot.id, &record.snapshot.title] {
            assert!(page.contains(expected.as_str()), "{expected} is not in {page}");
        }
    }
}

#[needs(pdftotext)]
#[test]
fn the_first_page_states_the_facts() {
    let record = sample::record(3);
    let text = text(&render(&record, Format::Pdf).bytes);
    for expected in [
        "Snapshot of a ship-to-ship transfer room",
        "frozen by Aoife Ní Dhomhnaill (Broker)",
        "2026-11-23 19:04:11 UTC",
        "Laconian Gulf, OPL Gytheio, 36°28′N 022°51′E",
        "Cargo profile Oil",
        "Phase Clearance",
        "Log position 3 entries",
        "All times are in UTC.",
        RENDERER,
        record.log.root.as_str(),
        record.log.origin.as_deref().expect("the log has a name"),
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[needs(pdftotext)]
#[test]
fn an_id_is_not_cut_where_it_still_fits_a_line() {
    let id = "01a20a44-f069-74bf-8446-9d134987fc69";
    let mut record = sample::record(1);
    let entries = record.activity.as_mut().expect("the sample has activity");
    entries[0].meta = json!({ "a_label_that_leaves_too_little_room": id });
    let pages = pages(&render(&record, Format::Pdf).bytes);
    assert!(pages.concat().contains(id));
}

#[needs(pdftotext)]
#[test]
fn a_header_stands_on_every_page_of_its_table_as_a_real_header() {
    let record = sample::record_of_schema_1(60);
    let pdf = render(&record, Format::Pdf).bytes;
    let pages = pages(&pdf);
    let tables = pages.iter().filter(|page| page.contains("Time (UTC)")).count();
    let rows = pages.iter().filter(|page| page.contains("Room created") || page.contains("Document ")).count();
    assert!(tables > 2 && tables == rows, "{tables} pages with a header, {rows} with rows");
    let of_parties = 5;
    assert_eq!(count(&pdf, b"/Scope/Column"), of_parties + 5 * tables);
}

#[needs(pdftotext)]
#[test]
fn a_row_taller_than_a_page_breaks_and_loses_nothing() {
    let mut record = sample::record(3);
    let words: Vec<String> = (0..3_000).map(|n| format!("word{n:04}")).collect();
    record.activity.as_mut().expect("activity")[1].meta =
        json!(words.chunks(200).map(|some| [some.join(" ")]).collect::<Vec<_>>());
    let pages = pages(&render(&record, Format::Pdf).bytes);
    assert!(pages.len() > 4);
    let text = pages.join(" ");
    let printed: Vec<&str> = text.split_whitespace().filter(|word| word.starts_with("word")).collect();
    assert_eq!(printed, words);
    let tables = pages.iter().filter(|page| page.contains("word")).all(|page| page.contains("Time (UTC)"));
    assert!(tables, "the header repeats within a row");
}

#[needs(pdftotext)]
#[test]
fn a_word_wider_than_its_column_breaks_and_loses_nothing() {
    let mut record = sample::record(0);
    record.room.title = "W".repeat(255);
    record.parties[0].email = format!("{}@{}.example", "q".repeat(64), "z".repeat(180));
    let text = text(&render(&record, Format::Pdf).bytes);
    let letters = |letter| text.chars().filter(|c| *c == letter).count();
    assert!(letters('W') >= 2 * 255, "title and fact: {}", letters('W'));
    assert!(letters('q') >= 64 && letters('z') >= 180);
}

/// Returns the number of rows in the sample's tables, but for the entries of its log.
fn rows_without_activity() -> u64 {
    let record = sample::record(0);
    let standing = record.standing.expect("the sample has a standing");
    let documents = record.documents.expect("the sample has documents");
    let versions = documents.iter().map(|document| document.versions.len().max(1));
    let rows = versions.sum::<usize>()
        + standing.blockers.len()
        + standing.expiring_soon.len()
        + record.vessels.len()
        + record.approvals.expect("the sample has approvals").len()
        + record.parties.len();
    rows as u64
}

#[needs(pdftotext)]
#[test]
fn a_document_is_tagged_up_to_2000_rows_and_says_so_beyond() {
    let mut record = sample::record(2_000 - rows_without_activity());
    for entry in record.activity.iter_mut().flatten() {
        entry.meta = json!({});
    }
    let tagged = render(&record, Format::Pdf).bytes;
    assert!(count(&tagged, b"<pdfaid:conformance>A<") == 1 && count(&tagged, b"<pdfuaid:part>1<") == 1);
    assert!(count(&tagged, b"/StructTreeRoot") > 0);
    let activity = record.activity.as_mut().expect("activity");
    activity.push(activity[0].clone());
    let untagged = render(&record, Format::Pdf).bytes;
    assert!(count(&untagged, b"<pdfaid:conformance>B<") == 1 && count(&untagged, b"pdfuaid") == 0);
    assert_eq!(count(&untagged, b"/StructTreeRoot"), 0);
    let (tagged, untagged) = (text(&tagged), text(&untagged));
    assert!(tagged.contains("PDF/A-3a") && tagged.contains("PDF/UA-1"));
    assert!(untagged.contains("PDF/A-3b") && untagged.contains("more than 2,000 table rows"));
}

#[needs(pdftotext)]
#[test]
fn an_empty_section_says_so() {
    let mut record = sample::record(0);
    record.parties.clear();
    let text = text(&render(&record, Format::Pdf).bytes);
    assert!(text.contains("Nobody was in the room when this snapshot was taken."), "{text}");
    assert!(text.contains("The room's log had no entries when this snapshot was taken."), "{text}");
}

#[needs(pdftotext)]
#[test]
fn the_end_says_how_to_check_the_proof_where_there_is_one() {
    let record = sample::record(3);
    let key = record.log.key.as_deref().expect("the log has a key");
    let (with, without) = (render(&record, Format::Pdf), render_without_proof(&record, Format::Pdf));
    let (with, without) = (text(&with.bytes), text(&without.bytes));
    for expected in ["sts-clearance verify FILE --key KEY", "/.well-known/sts-clearance/log-key", "proof.tlog"] {
        assert!(with.contains(expected) && !without.contains(expected), "{expected} is not in {with}");
    }
    // The key is there twice: as a fact, which is broken into lines, and in one piece.
    assert!(with.contains(key) && without.contains("Log key"), "{with}");
}

#[needs(pdftotext)]
#[test]
fn a_record_without_name_and_key_of_the_log_prints_none() {
    let text = text(&render(&sample::record_of_schema_2(3), Format::Pdf).bytes);
    assert!(text.contains("Log root") && !text.contains("Log name") && !text.contains("Log key"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn a_section_that_was_left_out_says_that_it_was_on_request() {
    let mut record = sample::record(5);
    record.activity = None;
    let text = text(&render(&record, Format::Pdf).bytes);
    assert!(text.contains("Activity was left out of this snapshot on request."), "{text}");
    assert!(!text.contains("Party added"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn a_limit_is_stated_above_its_table() {
    let mut record = sample::record(5);
    record.limits = vec![Limit { section: "activity".into(), shown: 10_000, total: 12_345 }];
    let text = text(&render(&record, Format::Pdf).bytes);
    assert!(text.contains("Activity The record holds the newest 10,000 of 12,345 entries."), "{text}");
}

#[needs(pdftotext)]
#[test]
fn no_heading_stands_alone_at_the_end_of_a_page() {
    for lines in (0..60).step_by(3) {
        let mut record = sample::record(9);
        record.room.description = Some("line\n".repeat(lines));
        let pages = pages(&render(&record, Format::Pdf).bytes);
        for page in pages {
            let body: Vec<&str> = page.lines().filter(|line| !line.trim().is_empty()).collect();
            let last = body[body.len() - 3].trim();
            let alone = HEADINGS.contains(&last) || last.starts_with("Documents of ");
            let header = ["No.", "What ", "Vessel ", "Role ", "Document "].iter().any(|first| last.starts_with(first));
            let header =
                header && last.split("   ").count() > 2 && !last.contains(['@', ':']) && !last.contains(" 2026-");
            assert!(!alone && !header, "{lines} lines: {page}");
        }
    }
}

#[needs(pdftotext)]
#[test]
fn details_read_as_words() {
    let mut record = sample::record(1);
    record.activity.as_mut().expect("activity")[0].meta = json!({
        "file_sha256": "abc", "party": {"role": "broker"}, "sts_eta": "2026-11-23T19:04:11Z", "done": true
    });
    let text = text(&render(&record, Format::Pdf).bytes);
    for expected in ["File SHA-256: abc", "Party / Role: broker", "STS ETA: 2026-11-23 19:04:11 UTC", "Done: yes"] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[test]
fn progress_goes_from_none_to_all_and_never_back() {
    let mut seen = Vec::new();
    let record = sample::bytes(300);
    report::render(
        report::Edition::CURRENT,
        &record,
        Some(sample::PROOF),
        Format::Pdf,
        &crate::harness::FONTS,
        &mut |done| seen.push(done),
    )
    .expect("it renders");
    assert!(seen.len() > 4 && seen.is_sorted(), "{seen:?}");
    assert!(seen.first() == Some(&0.0) && seen.last() == Some(&1.0), "{seen:?}");
}
