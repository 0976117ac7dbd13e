//! Files with a receipt, as other programs read them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use report::{Edition, Format, sample, split, with_receipt};
use tools::needs;

use crate::harness::{FONTS, text};
use crate::receipts::{FORMATS, body};

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

/// The program in docs/format.md takes files apart, as a stranger would who has read that page alone.
#[needs(pyhanko)]
#[test]
fn the_program_in_the_docs_finds_body_and_receipt() {
    let docs = include_str!("../../../../docs/format.md");
    let (_, program) = docs.split_once("```python\n").expect("there is a program");
    let (program, _) = program.split_once("```").expect("it ends");
    let python = std::env::var_os("STS_TEST_PYTHON").expect("STS_TEST_PYTHON is set where a test needs it");
    for format in FORMATS {
        let file = with_receipt(format, &body(3, format), sample::PROOF).expect("it takes a receipt");
        let path = written(&format!("receipt-docs-{}", format.extension()), &file);
        let output = Command::new(&python).args(["-c", program]).arg(path).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let stated = split(&file).expect("it comes apart").body;
        let digits: String = stated.sha256.iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
        let expected = format!("{digits} {}\n{}", stated.size, sample::PROOF);
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    }
}
