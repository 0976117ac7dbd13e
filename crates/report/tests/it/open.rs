//! Reports that are opened again: what went in comes out, and no file does harm.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::prelude::*;
use report::{Bounds, Fonts, Format, OpenError, Opened, RENDERER, open, sample};

use crate::harness::{FONTS, render, render_without_proof, zip_of};
use crate::robustness::{any_text, record_with};

const FORMATS: [Format; 3] = [Format::Pdf, Format::Json, Format::Csv];

/// The sample in the three formats, to be damaged.
static FILES: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| FORMATS.map(|format| render(&sample::record(3), format).bytes));

/// Returns a PDF of these objects, the first of which is the catalog.
fn pdf(objects: &[&str]) -> Vec<u8> {
    pdf_with(objects, "/Root 1 0 R")
}

fn pdf_with(objects: &[&str], trailer: &str) -> Vec<u8> {
    let mut pdf = "%PDF-1.7\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f\r\n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        let _ = write!(table, "{:010} 00000 n\r\n", pdf.len());
        let _ = write!(pdf, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let start = pdf.len();
    format!("{pdf}{table}trailer\n<<{trailer}>>\nstartxref\n{start}\n%%EOF").into_bytes()
}

/// Returns a catalog that names the attachments of these objects.
fn catalog(names: &str) -> String {
    format!("<</Type/Catalog/Names<</EmbeddedFiles<</Names[{names}]>>>>>>")
}

const FILE: &str = "<</Type/Filespec/EF<</F 3 0 R>>>>";

fn error(bytes: &[u8]) -> String {
    open(bytes).expect_err("it does not open").to_string()
}

#[test]
fn a_report_opens_to_what_it_was_rendered_from() {
    for record in [sample::record(40), sample::record_of_schema_2(2), sample::record_of_schema_1(2)] {
        for format in FORMATS {
            let opened = open(&render(&record, format).bytes).expect("a report opens");
            let expected = Opened {
                format,
                record: sample::to_bytes(&record),
                is_plain: opened.is_plain,
                bounds: Bounds::STRANGER,
                proof: Some(sample::PROOF.to_owned()),
                renderer: Some(RENDERER.to_owned()),
                fonts: (format == Format::Pdf).then(|| "embedded".to_owned()),
                body: None,
            };
            assert_eq!(opened, expected);
            let bare = open(&render_without_proof(&record, format).bytes).expect("a report opens");
            assert_eq!(bare, Opened { proof: None, ..expected });
        }
    }
}

#[test]
fn a_pdf_names_the_fonts_that_it_was_drawn_with() {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fonts-of-opened");
    std::fs::create_dir_all(&dir).expect("a directory for fonts");
    std::fs::write(dir.join("a.ttf"), dejavu::serif::regular()).expect("a font");
    let fonts = Fonts::with_directory(&dir).expect("one font");
    let rendered = report::render(report::Edition::CURRENT, &sample::bytes(1), None, Format::Pdf, &fonts, &mut |_| {})
        .expect("it renders");
    assert_eq!(open(&rendered.bytes).expect("it opens").fonts.as_deref(), Some(fonts.name()));
}

#[test]
fn a_json_of_the_first_format_opens_too() {
    let json = br#"{"format":"sts-clearance/snapshot/1","record":{"a": 1},"record_sha256":"","renderer":"old"}"#;
    let opened = open(json).expect("it opens");
    assert_eq!((opened.record.as_slice(), opened.proof), (&br#"{"a": 1}"#[..], None));
    assert_eq!(opened.renderer.as_deref(), Some("old"));
}

#[test]
fn what_is_no_report_says_so() {
    for bytes in ["", "%PDF", "P", "PK", " {}", "[]", "\u{feff}{}", "<html>"] {
        assert_eq!(error(bytes.as_bytes()), "this is no PDF, JSON or zip of STS Clearance", "{bytes:?}");
    }
    assert_eq!(error(&pdf(&["<</Type/Catalog>>"])), "the PDF holds no `record.json`");
    assert_eq!(error(&pdf(&[&catalog("(other)2 0 R"), FILE])), "the PDF holds no `record.json`");
    assert_eq!(error(&zip_of(&[("Record.json", b"{}"), ("a/record.json", b"{}")])), "the zip holds no `record.json`");
    let json = |format: &str| error(format!(r#"{{"format":"{format}","record":{{}}}}"#).as_bytes());
    assert_eq!(json("another/1"), "the JSON envelope has another format: `another/1`");
    assert!(json("sts-clearance/snapshot/2").contains("missing field `record_sha256`"));
    assert!(error(b"{\"a\":1}").contains("missing field `format`"));
}

#[test]
fn what_is_there_twice_is_refused() {
    let names = catalog("(record.json)2 0 R(record.json)2 0 R");
    let stream = "<</Length 2>>\nstream\n{}\nendstream";
    assert_eq!(error(&pdf(&[&names, FILE, stream])), "`record.json` is there twice");
    let proofs = catalog("(proof.tlog)2 0 R(proof.tlog)2 0 R(record.json)2 0 R");
    assert_eq!(error(&pdf(&[&proofs, FILE, stream])), "`proof.tlog` is there twice");
    let json = r#"{"format":"sts-clearance/snapshot/2","record":{},"record":1,"record_sha256":"","renderer":""}"#;
    assert!(error(json.as_bytes()).contains("duplicate field `record`"));
    let mut zip = zip_of(&[("record.json", b"{}"), ("rekord.json", b"[]")]);
    for place in 0..zip.len() {
        if zip[place..].starts_with(b"rekord") {
            zip[place + 2] = b'c';
        }
    }
    assert_eq!(error(&zip), "the zip holds two files of the same name");
}

#[test]
fn a_pdf_that_another_program_made_or_changed_is_refused() {
    let stream = "<</Length 2>>\nstream\n{}\nendstream";
    let whole = [catalog("(record.json)2 0 R"), FILE.to_owned(), stream.to_owned()];
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    assert_eq!(open(&pdf(&whole)).expect("it opens").record, b"{}");
    let added = pdf_with(&whole, "/Root 1 0 R/Prev 9");
    assert_eq!(error(&added), "something was added to the PDF after it was written");
    let names = catalog("(record.json)2 0 R");
    for (names, file, stream) in [
        ("<</Names<</EmbeddedFiles<</Kids[2 0 R]>>>>>>", FILE, stream),
        ("<</Names<</EmbeddedFiles<</Names[(record.json)]>>>>>>", FILE, stream),
        ("<</Names<</EmbeddedFiles<</Names[<00>2 0 R]>>>>>>", FILE, stream),
        (&names, "2 0 R", stream),
        (&names, "<</EF<</F 9 0 R>>>>", stream),
        (&names, FILE, "<</Length 99>>\nstream\n{}\nendstream"),
        (&names, FILE, "<</Length 18446744073709551615>>\nstream\n{}\nendstream"),
        (&names, FILE, "<</Length 2/Filter[/FlateDecode/FlateDecode]>>\nstream\n{}\nendstream"),
        (&names, FILE, "<</Length 2/Filter/LZWDecode>>\nstream\n{}\nendstream"),
    ] {
        let damaged = open(&pdf(&[names, file, stream]));
        assert!(matches!(damaged, Err(OpenError::Pdf)), "{names} {file} {stream}: {damaged:?}");
    }
    let packed = "<</Length 2/Filter/FlateDecode>>\nstream\n{}\nendstream";
    assert!(error(&pdf(&[&names, FILE, packed])).starts_with("`record.json` cannot be unpacked: "));
}

#[test]
fn a_pdf_whose_parts_lead_in_circles_ends() {
    for object in ["1 0 R", "<</Names 1 0 R/EmbeddedFiles 1 0 R>>", "<</Names<</EmbeddedFiles<</Names[(a)1 0 R]>>>>>>"]
    {
        assert!(open(&pdf(&[object])).is_err(), "{object}");
    }
    let long = format!("[{}]", "[]".repeat(500_000));
    assert_eq!(error(&pdf(&[&catalog(&"(a)2 0 R".repeat(60)), &long])), "the PDF holds no `record.json`");
    assert_eq!(
        error(&pdf(&[&catalog(&"(a)2 0 R".repeat(100_000)), &long])),
        "the PDF has more attachments than any snapshot"
    );
    let deep = format!("<</Names{}", "[".repeat(1_000_000));
    assert!(open(&pdf(&[&deep])).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_record_and_any_proof_come_back(texts in prop::collection::vec(any_text(), 9), proof in any_text()) {
        let record = sample::to_bytes(&record_with(&texts));
        for format in FORMATS {
            let rendered = report::render(report::Edition::CURRENT, &record, Some(&proof), format, &FONTS, &mut |_| {}).expect("it renders");
            let opened = open(&rendered.bytes).expect("it opens");
            prop_assert_eq!(&opened.record, &record);
            prop_assert_eq!(opened.proof.as_deref(), Some(proof.as_str()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_ends_in_an_error_or_in_what_it_carries(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        keep in prop::option::of(any::<prop::sample::Index>()),
    ) {
        for file in &*FILES {
            let mut file = file.clone();
            for (place, byte) in &changes {
                let place = place.index(file.len());
                file[place] = *byte;
            }
            let length = keep.map_or(file.len(), |keep| keep.index(file.len()));
            let _ = open(&file[..length]);
        }
    }

    #[test]
    fn pdf_syntax_in_any_order_ends(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "<<", ">>", "[", "]", "(", ")", "\\", "<", ">", "/Names", "/EmbeddedFiles", "/EF", "/F", "/Length", "/Prev",
            "(record.json)", "1 0 R", "2 0 R", "3 0 R", "9", "stream\n", "endstream", "endobj", " ", "%", "R", "-1",
        ]), 0..40),
    ) {
        let junk = tokens.concat();
        let names = catalog("(record.json)2 0 R");
        for objects in [[&*junk, FILE, &junk], [&names, &junk, &junk], [&names, FILE, &junk]] {
            let _ = open(&pdf(&objects));
        }
        let _ = open(&pdf_with(&[&names, FILE, &junk], &junk));
    }
}

/// The end of a file decides how it is read: its table and its trailer are there.
#[test]
fn no_byte_near_the_end_makes_opening_panic() {
    for file in &*FILES {
        for place in file.len().saturating_sub(1_500)..file.len() {
            for byte in [0, b'0', b'9', b'<', b'(', 0xff] {
                let mut file = file.clone();
                file[place] = byte;
                let _ = open(&file);
            }
        }
    }
}
