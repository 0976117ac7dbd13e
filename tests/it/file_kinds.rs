//! What an uploaded file is: its content decides, and its name has to agree.

use std::io::{Cursor, Write};

use proptest::prelude::*;
use room::FileKind;

use sts_clearance::domain::documents::Inspection;

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::harness::{TestApp, files, on_both_databases, pdf, zip};

on_both_databases! {
    TestApp:
    a_file_is_taken_under_the_name_of_its_kind_and_no_other,
    a_name_may_end_in_capitals_or_the_other_spelling,
    what_is_none_of_the_six_kinds_is_refused,
    an_empty_file_is_refused,
}

async fn a_file_is_taken_under_the_name_of_its_kind_and_no_other(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let versions = format!("{document}/versions");
    for (kind, bytes) in files() {
        for (claimed, _) in files() {
            let name = format!("paper.{claimed}");
            let reply = app.post(&versions, &broker).upload(&name, &bytes, &[]).send().await;
            if claimed == kind {
                let version = &reply.expect(201)["version"];
                assert_eq!(version["media_type"], kind.parse::<FileKind>().unwrap().media_type());
                assert_eq!(version["file_name"], name);
            } else {
                assert_eq!(reply.fields(), ["file"], "a {kind} named as a {claimed}");
                let message = reply.json()["errors"][0]["message"].to_string();
                let says = format!("is named as a {claimed} file, but its content is that of a {kind} file");
                assert!(message.contains(&says), "{message}");
            }
        }
    }
    let actions = app.actions(room.strip_prefix("/rooms/").unwrap(), &broker).await;
    assert_eq!(actions.iter().filter(|action| *action == "document_uploaded").count(), 6);
    app.only_versions_are_stored(&document, &broker).await;
}

async fn a_name_may_end_in_capitals_or_the_other_spelling(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let samples = files();
    for (at, name) in [
        (0, "A.PDF"),
        (1, "a.jpeg"),
        (1, "a.JPG"),
        (1, "a.jpe"),
        (1, "a.jfif"),
        (2, "a.Png"),
        (3, "a.tif"),
        (4, "a.b.docx"),
        (0, ".pdf"),
    ] {
        // The same bytes again would add no version, so each file gets its name appended. The zip stays as it is, since
        // it has to end with its central directory.
        let more = if at == 4 { "" } else { name };
        let bytes = [samples[at].1.clone(), more.into()].concat();
        let upload = app.post(&format!("{document}/versions"), &broker).upload(name, &bytes, &[]);
        assert_eq!(upload.send().await.expect(201)["version"]["file_name"], name);
    }
}

async fn what_is_none_of_the_six_kinds_is_refused(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let late = [&[b' '; 1024][..], &pdf("")].concat();
    let cut = zip(&["[Content_Types].xml", "word/document.xml"]);
    for (what, name, bytes) in [
        ("a text", "paper.pdf", b"A certificate, honestly".to_vec()),
        ("a page", "paper.pdf", b"<html><script>alert(1)</script>".to_vec()),
        ("a program", "paper.png", b"MZ\x90\0".to_vec()),
        ("a header that comes too late", "paper.pdf", late),
        ("half of a header", "paper.jpg", b"\xFF\xD8".to_vec()),
        ("a GIF", "paper.png", b"GIF89a".to_vec()),
        ("any zip", "paper.docx", zip(&["a.txt"])),
        ("60 bytes with a name in them", "paper.docx", [b"PK\x03\x04", &[0; 39][..], b"word/document.xml"].concat()),
        ("a part without the list of their types", "paper.docx", zip(&["word/document.xml"])),
        ("the parts of two kinds", "paper.xlsx", zip(&["[Content_Types].xml", "word/document.xml", "xl/workbook.xml"])),
        ("a zip with something after it", "paper.docx", [cut.clone(), b"MZ".to_vec()].concat()),
        ("half of a zip", "paper.docx", cut[..cut.len() / 2].to_vec()),
        ("a program with a PDF in it", "paper.pdf", [b"MZ\x90\0", &pdf("")[..]].concat()),
        ("another program with a PDF in it", "paper.pdf", [b"\x7FELF", &pdf("")[..]].concat()),
        ("a script with a PDF in it", "paper.pdf", [b"#!/bin/sh\n", &pdf("")[..]].concat()),
        ("an empty zip", "paper.xlsx", zip(&[])),
        ("a presentation", "paper.pptx", zip(&["ppt/presentation.xml"])),
        ("a PDF without an ending", "paper", pdf("")),
        ("a PDF with another", "paper.pdf.exe", pdf("")),
        ("a PDF with no more than a dot", "paper.", pdf("")),
    ] {
        let reply = app.post(&format!("{document}/versions"), &broker).upload(name, &bytes, &[]).send().await;
        assert_eq!(reply.fields(), ["file"], "{what}");
    }
    app.only_versions_are_stored(&document, &broker).await;
}

async fn an_empty_file_is_refused(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let reply = app.post(&format!("{document}/versions"), &broker).upload("paper.pdf", b"", &[]).send().await;
    assert_eq!(reply.fields(), ["file"]);
    assert_eq!(reply.json()["errors"][0]["message"], "must not be empty");
    app.only_versions_are_stored(&document, &broker).await;
}

/// Returns the kind of bytes that arrive in pieces of these sizes, which are repeated in turn.
fn kind_of(bytes: &[u8], sizes: &[usize]) -> Option<FileKind> {
    let mut inspection = Inspection::default();
    let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        inspection.look(piece);
        rest = after;
    }
    inspection.kind()
}

/// Bytes made of the signatures that tell kinds apart, whole and in part, in any order and with noise between them.
fn telling() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        &b"PK\x03\x04"[..],
        b"word/document.xml",
        b"xl/workbook.xml",
        b"%PDF-",
        b"\xFF\xD8\xFF",
        b"\x89PNG\r\n\x1A\n",
        b"II*\0",
        b"word/docu",
        b"ment.xml",
        b"xl/work",
        b"book.xml",
        b"P",
        b"%",
        b"",
    ]);
    let piece = (words, prop::collection::vec(any::<u8>(), 0..24)).prop_map(|(word, noise)| [word, &noise].concat());
    let anything = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let zip = anything.clone().prop_map(|rest| [b"PK\x03\x04", &rest[..]].concat());
    prop_oneof![anything, zip]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_kind_does_not_hang_on_how_the_bytes_are_cut(
        bytes in telling(),
        sizes in prop::collection::vec(1_usize..40, 1..20),
    ) {
        prop_assert_eq!(kind_of(&bytes, &sizes), kind_of(&bytes, &[usize::MAX]));
    }
}

#[test]
fn a_small_file_of_each_kind_is_known_byte_by_byte() {
    for (kind, bytes) in files() {
        for size in 1..=bytes.len() {
            assert_eq!(kind_of(&bytes, &[size]), Some(kind.parse().unwrap()), "{kind} by {size}");
        }
    }
}

#[test]
fn a_document_that_holds_another_is_what_it_is_itself() {
    let (text, sheet) = ("word/document.xml", "xl/workbook.xml");
    for (own, other, kind) in [(text, sheet, FileKind::Docx), (sheet, text, FileKind::Xlsx)] {
        let mut holding = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        holding.start_file("[Content_Types].xml", stored).unwrap();
        // Some programs write the embedded document before the part that tells the kind of the outer one.
        holding.start_file("embeddings/other", stored).unwrap();
        holding.write_all(&zip(&["[Content_Types].xml", other])).unwrap();
        holding.start_file(own, stored).unwrap();
        let holding = holding.finish().unwrap().into_inner();
        for size in [1, 7, 64, usize::MAX] {
            assert_eq!(kind_of(&holding, &[size]), Some(kind), "{own} by {size}");
        }
    }
    let numbered = zip(&["[Content_Types].xml", "word/document2.xml"]);
    assert_eq!(kind_of(&numbered, &[64]), Some(FileKind::Docx), "as Word's web edition writes it");
}
