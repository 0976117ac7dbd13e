//! The bounds on what is drawn of long texts, and on what is read of anybody's file.

use std::io::Cursor;
use tools::needs;

use report::record::{DecisionFacts, Record};
use report::{Bounds, Edition, Format, open, open_as, sample};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::harness::{FONTS, render, text, try_render, zip_of};

/// Returns a record in which a party has written `reason` in `times` decisions and entries.
fn said(reason: &str, times: usize) -> Record {
    let mut record = sample::record(0);
    let documents = record.documents.as_mut().expect("the sample has documents");
    let versions = documents.iter_mut().flat_map(|document| &mut document.versions);
    let version = versions.into_iter().next_back().expect("the sample has versions");
    let decision = |index: usize| DecisionFacts {
        id: format!("decision {index}"),
        by: "seller@bar.example".to_owned(),
        role: "seller".to_owned(),
        verdict: "rejected".to_owned(),
        comment: Some(format!("{index} {reason}")),
        decided_at: record.snapshot.created_at,
    };
    version.decisions.extend((0..times).map(decision));
    let entry = sample::record(1).activity.expect("the sample has entries").remove(0);
    let entries = (0..times).map(|index| report::record::EntryFacts {
        seq: index as u64,
        action: "document_rejected".to_owned(),
        meta: json!({ "reason": format!("{index} {reason}") }),
        ..entry.clone()
    });
    record.activity = Some(entries.collect());
    record
}

#[needs(pdftotext)]
#[test]
fn a_long_text_is_drawn_in_part_and_says_how_much_more_there_is() {
    let record = said(&"a".repeat(9_998), 1);
    let drawn = text(&render(&record, Format::Pdf).bytes);
    let flat = drawn.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(flat.matches("… 8,000 more characters are in the record").count(), 2, "in the decision and its entry");
    let letters = |text: &str| text.matches('a').count();
    assert!((2 * 1_998..3_000 + 2 * 1_998).contains(&letters(&flat)), "{}", letters(&flat));
}

#[needs(pdftotext)]
#[test]
fn of_many_decisions_those_that_count_are_drawn_with_the_newest_others() {
    let record = said("no", 440);
    let drawn = text(&render(&record, Format::Pdf).bytes);
    let flat = drawn.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("… 419 more superseded decisions are in the record"), "{flat}");
    let count = flat.matches("Superseded: rejected").count();
    let before = text(&render(&said("no", 0), Format::Pdf).bytes).matches("Superseded: rejected").count();
    assert_eq!(count, before + 20);
}

#[needs(pdftotext)]
#[test]
fn of_many_entries_the_newest_are_drawn_and_the_record_has_all() {
    let mut record = said("", 0);
    let entry = sample::record(1).activity.expect("the sample has entries").remove(0);
    let entries = (0..20_300).map(|seq| report::record::EntryFacts {
        seq,
        meta: json!({ "n": format!("n{seq}n") }),
        ..entry.clone()
    });
    record.activity = Some(entries.collect());
    let rendered = render(&record, Format::Pdf);
    let sha256 = Sha256::digest(sample::to_bytes(&record)).into();
    let opened = open_as(&rendered.bytes, &|_| Some(sha256)).expect("it opens");
    assert_eq!(opened.record, sample::to_bytes(&record));
    let drawn = text(&rendered.bytes);
    let flat = drawn.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("Drawn here are the newest 20,000 of 20,300 entries. The attached record has all of them."));
    assert!(flat.contains("n20299n") && flat.contains("n300n") && !flat.contains("n299n"));
}

#[needs(pdftotext)]
#[test]
fn the_first_edition_draws_everything_as_it_always_did() {
    let record = sample::to_bytes(&said(&"a".repeat(9_998), 30));
    let first = report::render(Edition::V0_3, &record, None, Format::Pdf, &FONTS, &mut |_| {}).expect("it renders");
    let drawn = text(&first.bytes);
    let flat = drawn.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("sts-clearance-report 0.3.0") && !flat.contains("more characters are in the record"));
    assert!(flat.matches('a').count() > 60 * 9_998);
}

#[test]
fn a_spreadsheet_never_takes_a_text_for_a_formula_however_it_begins() {
    let unseen =
        ["", "\u{200b}", "\u{feff}", "\u{ad}", "\u{2060}", " ", "\u{a0}", "\u{e0041}", "\u{202e}", "\u{200d}\u{61c}"];
    for sign in ["=", "+", "-", "@", "＝", "＋", "－", "＠"] {
        for before in unseen {
            let mut record = sample::record(0);
            record.room.location = format!("{before}{sign}1+1");
            let bytes = try_render(&sample::to_bytes(&record), Format::Csv).expect("it renders").bytes;
            let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
            let mut room = String::new();
            std::io::Read::read_to_string(&mut zip.by_name("room.csv").expect("the room"), &mut room).expect("text");
            assert!(room.contains(&format!("'{before}{sign}1+1")), "{before:?} {sign}: {room}");
        }
    }
}

/// Returns an envelope around a record and a proof.
fn envelope(record: &str, proof: &str) -> Vec<u8> {
    format!(
        r#"{{"format":"sts-clearance/snapshot/2","proof":"{proof}","record":{record},"record_sha256":"","renderer":""}}"#
    )
    .into_bytes()
}

#[test]
fn a_bomb_is_refused_with_what_is_too_large_in_it() {
    let objects = format!("[{}]", vec![r#"{"a":0}"#; 60_000].join(","));
    let large = format!(r#"{{"a":"{}"}}"#, "a".repeat(5 << 20));
    let nested = format!("{}{}", "[".repeat(60), "]".repeat(60));
    let names: Vec<String> = (0..500).map(|number| format!("{number}.csv")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    for (file, words) in [
        (
            envelope(&objects, ""),
            "`record.json` is too much to be read: it holds more than the 100000 values that are read",
        ),
        (envelope(&nested, ""), "`record.json` is too much to be read: its values are nested more than the 32 deep"),
        (envelope(&large, ""), "`record.json` is larger than the 4194304 bytes that are read"),
        (
            envelope("{}", &"a".repeat(1 << 20)),
            "`proof.tlog` is too much to be read: it is larger than the 131072 bytes",
        ),
        (zip_of(&[("record.json", objects.as_bytes())]), "more than the 100000 values"),
        (zip_of(&[("record.json", large.as_bytes())]), "`record.json` is larger than the 4194304 bytes"),
        (
            zip_of(&[("record.json", b"{}"), ("proof.tlog", &vec![b'a'; 1 << 20])]),
            "`proof.tlog` is larger than the 131072 bytes",
        ),
        (zip_of(&many), "it lists more files than any snapshot has"),
    ] {
        let said = open(&file).expect_err("it is refused").to_string();
        assert!(said.contains(words), "{said} instead of {words}");
    }
}

#[test]
fn what_a_server_of_ours_vouches_for_is_read_up_to_what_a_server_writes() {
    let record = format!(r#"{{"a":"{}"}}"#, "a".repeat(5 << 20));
    let sha256: [u8; 32] = Sha256::digest(&record).into();
    for file in [envelope(&record, "proof"), zip_of(&[("record.json", record.as_bytes()), ("proof.tlog", b"proof")])] {
        let opened = open_as(&file, &|proof| (proof == "proof").then_some(sha256)).expect("it opens");
        assert_eq!((opened.bounds, opened.record.len()), (Bounds::OWN, record.len()));
        assert!(open_as(&file, &|_| Some([0; 32])).is_err(), "vouched for is another record");
        assert!(open_as(&file, &|_| None).is_err());
    }
}
