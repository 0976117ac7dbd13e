//! Files with a receipt, as other programs read them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use report::{Edition, Format, sample, with_receipt};
use tools::needs;

use crate::harness::{FONTS, text};
use crate::receipts::body;

/// Writes a file into a directory of its own. Returns its path.
fn written(name: &str, bytes: &[u8]) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("there is room for a directory");
    fs::write(dir.join("file"), bytes).expect("there is room for a file");
    dir.join("file")
}

/// Returns the sample with its receipt, tagged and untagged.
fn samples() -> [Vec<u8>; 2] {
    [3, 2_100].map(|entries| {
        with_receipt(Format::Pdf, &body(entries, Format::Pdf), sample::PROOF).expect("it takes a receipt")
    })
}

#[needs(qpdf)]
#[test]
fn qpdf_finds_no_error_before_and_after_the_receipt() {
    for file in samples().into_iter().chain([body(3, Format::Pdf)]) {
        let output = Command::new("qpdf").arg("--check").arg(written("receipt-qpdf", &file)).output().expect("it runs");
        let words = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && words.contains("No syntax or stream encoding errors"), "{words}");
    }
}

#[needs(pdfdetach)]
#[test]
fn another_program_saves_the_receipt_as_the_attachment() {
    for file in samples() {
        let path = written("receipt-detach", &file);
        let dir = path.parent().expect("it is in a directory");
        let saved = Command::new("pdfdetach").arg("-saveall").arg("-o").arg(dir).arg(&path).status().expect("it runs");
        assert!(saved.success());
        assert_eq!(fs::read(dir.join("proof.tlog")).expect("it is saved"), sample::PROOF.as_bytes());
    }
}

#[needs(pdftotext)]
#[test]
fn the_end_says_how_to_check_the_receipt() {
    let [file, _] = samples();
    let text = text(&file);
    let name = report::renderer(Edition::CURRENT, &FONTS).expect("the probe renders");
    let (short, rest) = name.split_at(Edition::CURRENT.name().len() + 1 + 16);
    for expected in
        ["The receipt for that entry is attached as proof.tlog", "sts-clearance verify FILE --key KEY", short]
    {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    assert!(!text.contains(rest) && !text.contains("Snapshot created"), "{text}");
}
