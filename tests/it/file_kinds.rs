//! What an uploaded file is: its content decides, and its name has to agree.

use std::{
    fs,
    io::{Cursor, Write},
};

use proptest::prelude::*;
use room::FileKind;
use serde_json::{Value, json};

use sts_clearance::domain::documents::Inspection;

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::harness::{DOCX, TestApp, XLSX, files, leads_to, office, on_both_databases, packed, pdf, zip};

on_both_databases! {
    TestApp:
    a_file_is_taken_under_the_name_of_its_kind_and_no_other,
    a_name_may_end_in_capitals_or_the_other_spelling,
    what_is_none_of_the_kinds_is_refused,
    an_empty_file_is_refused,
    an_office_file_is_known_by_its_relationships_wherever_its_main_part_lies,
    what_leads_to_no_main_part_of_its_kind_is_refused,
    a_picture_in_heic_is_kept_and_not_previewed,
    a_pdf_that_hides_something_says_so,
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

async fn what_is_none_of_the_kinds_is_refused(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let late = [&[b' '; 1024][..], &pdf("")].concat();
    let cut = office("word/document.xml", DOCX);
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

/// Looks at bytes that arrive in pieces of these sizes, which are repeated in turn.
fn inspected(bytes: &[u8], sizes: &[usize]) -> Inspection {
    let mut inspection = Inspection::default();
    let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        inspection.look(piece);
        rest = after;
    }
    inspection
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
        b"/AcroForm",
        b"/Enc",
        b"rypt",
        b"ftypheic",
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
        let (cut, whole) = (inspected(&bytes, &sizes), inspected(&bytes, &[usize::MAX]));
        prop_assert_eq!((cut.kind(), cut.unread()), (whole.kind(), whole.unread()));
    }
}

#[test]
fn a_small_file_of_each_kind_is_known_byte_by_byte() {
    for (kind, bytes) in files() {
        let office = ["docx", "xlsx"].contains(&kind);
        for size in 1..=bytes.len() {
            let inspection = inspected(&bytes, &[size]);
            // Of an Office file it is known what has to be read.
            assert_eq!(inspection.kind(), kind.parse().ok().filter(|_| !office), "{kind} by {size}");
            assert_eq!(inspection.unread().is_some(), office, "{kind} by {size}");
        }
    }
}

/// Uploads these bytes under this name, and returns the version's media type, or the field that was refused.
async fn upload(app: &TestApp, (document, broker): (&str, &str), name: &str, bytes: &[u8]) -> Result<Value, String> {
    let reply = app.post(&format!("{document}/versions"), broker).upload(name, bytes, &[]).send().await;
    if reply.status == 201 { Ok(reply.json()["version"].clone()) } else { Err(reply.fields().join(", ")) }
}

/// Returns `[Content_Types].xml` with these elements.
fn types(elements: &str) -> String {
    format!("<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">{elements}</Types>")
}

/// Returns an Office file with these content types and relationships, and files under these names.
fn made(types: &[u8], relationships: &str, names: &[&str]) -> Vec<u8> {
    let mut files = vec![("[Content_Types].xml", types), ("_rels/.rels", relationships.as_bytes())];
    files.extend(names.iter().map(|name| (*name, &b"<xml/>"[..])));
    packed(&files)
}

async fn an_office_file_is_known_by_its_relationships_wherever_its_main_part_lies(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let main = |part: &str, of: &str| types(&format!("<Override PartName=\"{part}\" ContentType=\"{of}\"/>"));
    let by_ending = types(&format!("<Default Extension=\"bin\" ContentType=\"{DOCX}\"/>"));
    let wide: Vec<u8> =
        "\u{feff}".encode_utf16().chain(main("/a.xml", DOCX).encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let prefixed =
        leads_to("a.xml").replace("<Rel", "<r:Rel").replace("</Rel", "</r:Rel").replace("xmlns=", "xmlns:r=");
    let strict = leads_to("a.xml").replace(
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/",
        "http://purl.oclc.org/ooxml/officeDocument/relationships/",
    );
    let embedded = office("xl/workbook.xml", XLSX);
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut holding = ZipWriter::new(Cursor::new(Vec::new()));
    holding.start_file("word/embeddings/sheet.xlsx", stored).unwrap();
    holding.write_all(&embedded).unwrap();
    let mut piped = ZipWriter::new_stream(Vec::new());
    for (name, content) in [
        ("[Content_Types].xml", main("/word/document.xml", DOCX)),
        ("_rels/.rels", leads_to("word/document.xml")),
        ("word/document.xml", "<xml/>".into()),
    ] {
        holding.start_file(name, SimpleFileOptions::default()).unwrap();
        holding.write_all(content.as_bytes()).unwrap();
        piped.start_file(name, stored).unwrap();
        piped.write_all(content.as_bytes()).unwrap();
    }
    for (what, bytes, kind) in [
        ("as Word's web edition writes it", office("word/document2.xml", DOCX), FileKind::Docx),
        ("in a folder of its own", office("here/and/there.part", XLSX), FileKind::Xlsx),
        ("in the folder of the other kind", office("xl/workbook.xml", DOCX), FileKind::Docx),
        (
            "with a path from the root",
            made(main("/a.xml", DOCX).as_bytes(), &leads_to("/a.xml"), &["a.xml"]),
            FileKind::Docx,
        ),
        ("in another case", made(main("/A.XML", DOCX).as_bytes(), &leads_to("a.xml"), &["a.xml"]), FileKind::Docx),
        (
            "with its type by its ending",
            made(by_ending.as_bytes(), &leads_to("main.bin"), &["main.bin"]),
            FileKind::Docx,
        ),
        ("in UTF-16", made(&wide, &leads_to("a.xml"), &["a.xml"]), FileKind::Docx),
        ("with a prefix", made(main("/a.xml", DOCX).as_bytes(), &prefixed, &["a.xml"]), FileKind::Docx),
        ("strict", made(main("/a.xml", XLSX).as_bytes(), &strict, &["a.xml"]), FileKind::Xlsx),
        ("with a workbook stored first", holding.finish().unwrap().into_inner(), FileKind::Docx),
        ("written to a pipe", piped.finish().unwrap().into_inner(), FileKind::Docx),
    ] {
        let version = upload(&app, (&document, &broker), &format!("{what}.{kind}"), &bytes).await;
        assert_eq!(version.map(|version| version["media_type"].clone()), Ok(kind.media_type().into()), "{what}");
    }
    app.only_versions_are_stored(&document, &broker).await;
}

async fn what_leads_to_no_main_part_of_its_kind_is_refused(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let types = types(&format!("<Override PartName=\"/a.xml\" ContentType=\"{DOCX}\"/>"));
    let twice = leads_to("a.xml").replace("</Relationships>", "") + &leads_to("b.xml");
    let outside = leads_to("a.xml").replace("Target=", "TargetMode=\"External\" Target=");
    let large = format!("{types}<!--{}-->", "x".repeat(2 * 1024 * 1024));
    let macros = "application/vnd.ms-word.document.macroEnabled.main+xml";
    for (what, bytes) in [
        ("with macros", office("word/document.xml", macros)),
        ("a main part that is not there", made(types.as_bytes(), &leads_to("a.xml"), &["b.xml"])),
        ("two main parts", made(types.as_bytes(), &twice, &["a.xml", "b.xml"])),
        ("a main part elsewhere", made(types.as_bytes(), &outside, &["a.xml"])),
        ("no type of its main part", made(types.as_bytes(), &leads_to("b.xml"), &["a.xml", "b.xml"])),
        ("types that are no XML", made(b"<Types", &leads_to("a.xml"), &["a.xml"])),
        ("types too large to be read", made(large.as_bytes(), &leads_to("a.xml"), &["a.xml"])),
    ] {
        assert_eq!(upload(&app, (&document, &broker), "paper.docx", &bytes).await, Err("file".into()), "{what}");
    }
    app.only_versions_are_stored(&document, &broker).await;
}

/// Returns the beginning of a picture with this brand and these compatible ones.
fn picture(brand: &str, compatible: &[&str]) -> Vec<u8> {
    let size = u32::try_from(16 + 4 * compatible.len()).unwrap().to_be_bytes();
    [&size[..], b"ftyp", brand.as_bytes(), &[0; 4], compatible.concat().as_bytes(), &[0; 100]].concat()
}

async fn a_picture_in_heic_is_kept_and_not_previewed(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    for (name, bytes) in [
        ("IMG_1.HEIC", picture("heic", &["mif1", "heic"])),
        ("IMG_2.heif", picture("mif1", &["mif1", "heix"])),
        ("IMG_3.hif", picture("heix", &[])),
    ] {
        let version = upload(&app, (&document, &broker), name, &bytes).await.unwrap();
        assert_eq!((&version["media_type"], &version["file_name"]), (&json!("image/heic"), &json!(name)));
        let path = format!("{document}/versions/{}", version["id"].as_str().unwrap());
        let preview = app.get(&format!("{path}/preview"), &broker).send().await;
        assert_eq!(preview.problem(), "no_preview");
        assert_eq!(preview.json()["detail"], "A picture in HEIC cannot be previewed; download it.");
        assert_eq!(app.get(&format!("{path}/download"), &broker).send().await.body, bytes);
    }
    for brands in [picture("avif", &["mif1"]), picture("isom", &["mp42"]), picture("mif1", &[])] {
        assert_eq!(upload(&app, (&document, &broker), "film.heic", &brands).await, Err("file".into()));
    }
    assert_eq!(upload(&app, (&document, &broker), "a.jpg", &picture("heic", &[])).await, Err("file".into()));
    let page = panel(&app, &document, &broker).await;
    assert!(page.contains("A picture in HEIC is kept as it is") && !page.contains("data-preview"), "{page}");
    app.snapshot(room.trim_start_matches("/rooms/"), &broker, json!({})).await;
}

/// Returns the page that shows a document.
async fn panel(app: &TestApp, document: &str, token: &str) -> String {
    let page = app.get(&format!("/{document}"), token).send().await;
    assert_eq!(page.status, 200, "{page:?}");
    page.html()
}

async fn a_pdf_that_hides_something_says_so(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let fixture = |name: &str| fs::read(format!("tests/it/fixtures/{name}.pdf")).unwrap();
    let room = room.trim_start_matches("/rooms/");
    for (name, notice, words, status) in [
        ("needs-password", json!("needs_password"), "opens only with a password", 409),
        ("values-not-drawn", json!("values_not_drawn"), "a form whose values are not drawn", 200),
        ("owner-locked", Value::Null, "", 200),
    ] {
        let version = upload(&app, (&document, &broker), &format!("{name}.pdf"), &fixture(name)).await.unwrap();
        assert_eq!(version["notice"], notice, "{name}");
        let shown = app.get(&document, &broker).send().await.expect(200);
        assert_eq!(shown["newest"]["notice"], notice, "{name}");
        let page = panel(&app, &document, &broker).await;
        // Of the newest version: those before it are shown below.
        let (page, _) = page.split_once("id=\"panel-earlier\"").unwrap();
        let told = ["opens only with a password", "a form whose values are not drawn"];
        assert!(told.iter().all(|told| page.contains(told) == (*told == words)), "{name}: {page}");
        let preview = format!("{document}/versions/{}/preview", version["id"].as_str().unwrap());
        let preview = app.get(&preview, &broker).send().await;
        assert_eq!(preview.status, status, "{name}");
        if status == 409 {
            let detail = preview.json()["detail"].to_string();
            assert!(detail.contains("opens only with a password"), "{detail}");
        }
        let log = app.get(&format!("/rooms/{room}/activities?limit=10"), &broker).send().await.expect(200);
        let uploaded = log.as_array().unwrap().iter().find(|entry| entry["action"] == "document_uploaded").unwrap();
        assert_eq!(uploaded["meta"]["notice"], notice, "{name}");
    }
}
