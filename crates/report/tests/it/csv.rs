//! The tables for spreadsheets.

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
    let expected = ["README.txt", "snapshot.csv", "room.csv", "parties.csv", "activity.csv", "record.json"];
    assert_eq!(names, expected);
    for (name, content) in &files {
        if name == "record.json" {
            assert_eq!(*content, sample::to_bytes(&record));
        } else {
            let text = String::from_utf8_lossy(content).replace(RENDERER, "<renderer>");
            insta::assert_snapshot!(name.as_str(), text);
        }
    }
}

#[test]
fn what_was_left_out_has_no_file_and_the_readme_says_so() {
    let mut record = sample::record(3);
    record.activity = None;
    let files = unzip(&render(&record, Format::Csv).bytes);
    assert!(files.iter().all(|(name, _)| name != "activity.csv"));
    assert!(file(&record, "README.txt").contains("left out of this snapshot on request"));
}

#[test]
fn limits_are_in_the_readme() {
    let mut record = sample::record(3);
    record.limits = vec![Limit { section: "activity".into(), shown: 10_000, total: 12_345 }];
    let readme = file(&record, "README.txt");
    assert!(readme.contains("the record holds the newest 10,000 of 12,345 entries"), "{readme}");
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
        (" =1", " =1"),
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
