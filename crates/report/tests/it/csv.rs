//! The tables for spreadsheets: their files, their rows, and cells that are no formulas.

use report::record::{Limit, Record};
use report::{Format, RENDERER, sample};
use serde_json::json;

use crate::harness::{render, unzip};

fn file(record: &Record, name: &str) -> String {
    let files = unzip(&render(record, Format::Csv).bytes);
    let (_, content) = files.into_iter().find(|(file, _)| file == name).expect(name);
    String::from_utf8(content).expect("the file is UTF-8")
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let row = |row: csv::StringRecord| row.iter().map(str::to_owned).collect();
    reader.records().map(|record| row(record.expect("a row of CSV"))).collect()
}

#[test]
fn the_archive_holds_each_table_the_record_and_a_readme() {
    let record = sample::record(12);
    let files = unzip(&render(&record, Format::Csv).bytes);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "README.txt",
        "snapshot.csv",
        "room.csv",
        "blockers.csv",
        "clocks.csv",
        "expiring.csv",
        "vessels.csv",
        "documents.csv",
        "versions.csv",
        "decisions.csv",
        "approvals.csv",
        "parties.csv",
        "activity.csv",
        "record.json",
        "proof.tlog",
    ];
    assert_eq!(names, expected);
    for (name, content) in &files {
        if name == "record.json" {
            assert_eq!(*content, sample::to_bytes(&record));
        } else if name == "proof.tlog" {
            assert_eq!(*content, sample::PROOF.as_bytes());
        } else {
            let text = String::from_utf8_lossy(content).replace(RENDERER, "<renderer>");
            insta::assert_snapshot!(name.as_str(), text);
        }
    }
}

#[test]
fn what_was_left_out_has_no_file_and_the_readme_says_so() {
    for (leave_out, section, names) in [
        (without_activity as fn(&mut Record), "activity", &["activity.csv"][..]),
        (|record| record.documents = None, "documents", &["documents.csv", "versions.csv", "decisions.csv"]),
        (|record| record.approvals = None, "approvals", &["approvals.csv"]),
    ] {
        let mut record = sample::record(3);
        leave_out(&mut record);
        let readme = file(&record, "README.txt");
        assert!(readme.contains(&format!("({section}: left out of this snapshot on request)")), "{readme}");
        let files = unzip(&render(&record, Format::Csv).bytes);
        for name in names {
            assert!(files.iter().all(|(file, _)| file != name) && !readme.contains(name), "{name}");
        }
    }
}

fn without_activity(record: &mut Record) {
    record.activity = None;
}

#[test]
fn the_readme_lists_the_files_that_are_there() {
    for record in [sample::record(3), sample::record_of_schema_1(3)] {
        let readme = file(&record, "README.txt");
        for (name, _) in unzip(&render(&record, Format::Csv).bytes) {
            assert!(name == "README.txt" || readme.contains(&format!("\n{name} ")), "{name} is not in {readme}");
        }
    }
}

#[test]
fn a_record_of_schema_1_has_the_files_that_it_always_had() {
    let files = unzip(&render(&sample::record_of_schema_1(3), Format::Csv).bytes);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let expected =
        ["README.txt", "snapshot.csv", "room.csv", "parties.csv", "activity.csv", "record.json", "proof.tlog"];
    assert_eq!(names, expected);
}

#[test]
fn rows_of_documents_versions_and_decisions_name_what_they_belong_to() {
    let record = sample::record(0);
    let column = |name: &str, column: &str| -> Vec<String> {
        let rows = rows(&file(&record, name));
        let index = rows[0].iter().position(|field| field == column).expect(column);
        rows[1..].iter().map(|row| row[index].clone()).collect()
    };
    for (name, reference, to) in [
        ("documents.csv", "vessel_id", "vessels.csv"),
        ("versions.csv", "document_id", "documents.csv"),
        ("decisions.csv", "version_id", "versions.csv"),
        ("approvals.csv", "vessel_id", "vessels.csv"),
        ("blockers.csv", "document_id", "documents.csv"),
        ("expiring.csv", "document_id", "documents.csv"),
    ] {
        let ids = column(to, "id");
        let references = column(name, reference);
        assert!(references.iter().any(|id| !id.is_empty()), "{name}");
        assert!(references.iter().all(|id| id.is_empty() || ids.contains(id)), "{name}: {reference}");
    }
}

#[test]
fn limits_are_in_the_readme_in_what_they_count() {
    let mut record = sample::record(3);
    let limit = |section: &str| Limit { section: section.to_owned(), shown: 10_000, total: 12_345 };
    record.limits = vec![limit("activity"), limit("documents")];
    let readme = file(&record, "README.txt");
    for counted in ["entries", "versions"] {
        assert!(readme.contains(&format!("the record holds the newest 10,000 of 12,345 {counted}")), "{readme}");
    }
}

#[test]
fn no_cell_of_strangers_is_a_formula() {
    for (text, cell) in [
        ("=1+1", "'=1+1"),
        ("+44 20 7946 0000", "'+44 20 7946 0000"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("=HYPERLINK(\"http://x\",\"y\")", "'=HYPERLINK(\"http://x\",\"y\")"),
        ("a=1", "a=1"),
        (" =1", "' =1"),
        (" 1 = 1", " 1 = 1"),
        ("'", "'"),
        ("", ""),
    ] {
        let mut record = sample::record(1);
        record.parties[0].name = text.to_owned();
        assert_eq!(rows(&file(&record, "parties.csv"))[1][2], cell, "{text:?}");
    }
}

#[test]
fn cells_come_back_from_a_reader_of_rfc_4180_as_they_went_in() {
    let text = "quote \" comma , CRLF \r\n LF \n semicolon ; יעל 山田 🚢";
    let mut record = sample::record(2);
    record.room.description = Some(text.to_owned());
    let activity = record.activity.as_mut().expect("the sample has activity");
    activity[1].meta = json!({"text": text, "n": 1});
    let room = rows(&file(&record, "room.csv"));
    assert!(room.contains(&vec!["description".to_owned(), text.to_owned()]));
    let csv = file(&record, "activity.csv");
    let entry = &rows(&csv)[2];
    assert_eq!(entry[0], "1", "numbers of ours stay numbers");
    let meta: serde_json::Value = serde_json::from_str(&entry[4]).expect("meta is JSON");
    assert_eq!(meta, json!({"text": text, "n": 1}));
    assert!(csv.ends_with("\r\n"));
}
