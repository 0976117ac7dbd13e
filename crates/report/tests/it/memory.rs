//! Drawing takes a bounded amount of memory, whatever the parties wrote.

use std::process::Command;

use report::record::{DecisionFacts, EntryFacts, Record};
use report::{Format, sample};
use serde_json::json;

use crate::harness::try_render;

/// The address space that drawing gets, in bytes.
const ADDRESS_SPACE: u64 = 512 * 1024 * 1024;

/// Two letters: no font has the first one, and all have the second.
const LETTERS: [char; 2] = ['\u{1f6a2}', 'ש'];

/// Returns a record with as many rejections as fit into the server's limits, with reasons as long as they ever could
/// be.
fn flooded(letter: char) -> Record {
    let reason: String = std::iter::repeat_n(letter, 10_000).collect();
    let mut record = sample::record(1);
    let at = record.snapshot.created_at;
    let decision = |index: usize| DecisionFacts {
        id: format!("decision {index}"),
        by: "seller@bar.example".to_owned(),
        role: "seller".to_owned(),
        verdict: "rejected".to_owned(),
        comment: Some(reason.clone()),
        decided_at: at,
    };
    let documents = record.documents.as_mut().expect("the sample has documents");
    let versions = documents.iter_mut().flat_map(|document| &mut document.versions);
    versions.take(1).for_each(|version| version.decisions = (0..440).map(decision).collect());
    let entry = record.activity.take().expect("the sample has entries").remove(0);
    let entries = (0..440).map(|seq| EntryFacts { seq, meta: json!({ "reason": reason }), ..entry.clone() });
    record.activity = Some(entries.collect());
    record
}

/// Runs a test of this binary by itself, with a limit on its address space.
fn run_limited(test: &str) {
    let this = std::env::current_exe().expect("a test has a program");
    let ran = Command::new("prlimit")
        .arg(format!("--as={ADDRESS_SPACE}"))
        .arg(this)
        .args([test, "--exact", "--ignored", "--test-threads=1"])
        .output()
        .expect("prlimit is part of util-linux");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_flood_of_long_reasons_is_drawn_in_512_mib_of_address_space() {
    run_limited("memory::draw_a_flood");
}

#[test]
#[ignore = "run by the test above, with a limit"]
fn draw_a_flood() {
    for letter in LETTERS {
        let record = sample::to_bytes(&flooded(letter));
        for format in [Format::Pdf, Format::Json, Format::Csv] {
            try_render(&record, format).expect("it is drawn");
        }
    }
}
