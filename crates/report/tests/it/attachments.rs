//! The attachments of the PDF, as another program finds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tools::needs;

use report::{Format, sample};

use crate::harness::{count, render, render_without_proof, streams};

/// Runs `pdfdetach` on a PDF in a directory of its own. Returns its list of attachments, and that directory.
fn detach(name: &str, pdf: &[u8]) -> (String, PathBuf) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a directory for attachments");
    let file = dir.join("report.pdf");
    fs::write(&file, pdf).expect("the PDF is written");
    let run = |arguments: &[&str]| Command::new("pdfdetach").args(arguments).arg(&file).output();
    let list = run(&["-list"]).expect("pdfdetach is installed where a test needs it");
    let saved = run(&["-saveall", "-o", dir.to_str().expect("a path in UTF-8")]).expect("pdfdetach runs");
    assert!(saved.status.success(), "{saved:?}");
    (String::from_utf8(list.stdout).expect("pdfdetach writes UTF-8"), dir)
}

#[needs(pdfdetach)]
#[test]
fn record_and_proof_come_out_byte_for_byte() {
    for entries in [30, 2_100] {
        let record = sample::record(entries);
        let (list, dir) = detach("attachments", &render(&record, Format::Pdf).bytes);
        assert_eq!(list.lines().collect::<Vec<_>>(), ["2 embedded files", "1: proof.tlog", "2: record.json"]);
        let read = |name: &str| fs::read(dir.join(name)).expect("the attachment is saved");
        assert_eq!(read("record.json"), sample::to_bytes(&record));
        assert_eq!(read("proof.tlog"), sample::PROOF.as_bytes());
    }
}

#[needs(pdfdetach)]
#[test]
fn without_a_proof_the_record_is_attached_alone() {
    let pdf = render_without_proof(&sample::record(3), Format::Pdf).bytes;
    let (list, _) = detach("attachment", &pdf);
    assert_eq!(list.lines().collect::<Vec<_>>(), ["1 embedded files", "1: record.json"]);
}

#[test]
fn each_attachment_says_what_it_is_to_the_document() {
    let record = sample::record(30);
    let pdf = render(&record, Format::Pdf).bytes;
    for (relation, name) in [("Source", "record.json"), ("Supplement", "proof.tlog")] {
        assert_eq!(count(&pdf, format!("/AFRelationship/{relation}").as_bytes()), 1, "{name}");
        assert!(count(&pdf, format!("({name})").as_bytes()) > 0, "{name}");
    }
    let bytes = sample::to_bytes(&record);
    assert!(streams(&pdf).iter().any(|stream| stream.starts_with(&bytes)));
    assert_eq!(count(&pdf, sample::PROOF.as_bytes()), 1, "whoever looks into the file finds the proof");
}
