//! Files that are drawn without a proof and get a receipt: nothing else can be in them.

use std::sync::LazyLock;

use report::{Bounds, Edition, Format, OpenError, ReceiptError, open, open_as, sample, split, with_receipt};
use sha2::{Digest as _, Sha256};

use crate::harness::{FONTS, count, render, unzip, zip_of};
use crate::template::{PLACEHOLDER, dictionary, small_pdf, sums, update, zip};

pub(crate) const FORMATS: [Format; 3] = [Format::Pdf, Format::Json, Format::Csv];

/// A receipt for a small file.
const RECEIPT: &str = "c2sp.org/tlog-proof@v1\nindex 7\n\n\"sts\\\"\n";

/// The bodies of the sample in the three formats.
static BODIES: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| FORMATS.map(|format| body(3, format)));

/// Draws a body of the sample.
pub(crate) fn body(entries: u64, format: Format) -> Vec<u8> {
    let record = sample::bytes(entries);
    report::body(Edition::CURRENT, &record, format, &FONTS, &mut |_| {}).expect("the sample renders").bytes
}

/// Returns the smallest bodies in the three formats.
fn small() -> [Vec<u8>; 3] {
    [small_pdf(), br#"{"format":"sts-clearance/snapshot/3","record":{"a":1},"renderer":"r"}"#.to_vec(), small_zip()]
}

const SMALL_FILES: [(&str, &[u8]); 2] = [("README.txt", b"Rendered   r\r\n"), ("record.json", b"{}")];

fn small_zip() -> Vec<u8> {
    zip(&[&SMALL_FILES[..], &[("SHA256SUMS", sums(&SMALL_FILES).as_bytes())]].concat())
}

#[test]
fn a_body_and_its_receipt_come_apart_again() {
    for (format, body) in FORMATS.into_iter().zip(&*BODIES) {
        let bare = split(body).expect("a body is a file without a receipt");
        assert_eq!((bare.format, bare.receipt), (format, None));
        let file = with_receipt(format, body, sample::PROOF).expect("it takes a receipt");
        let found = split(&file).expect("it comes apart");
        assert_eq!((found.format, found.body), (format, bare.body));
        assert_eq!(found.receipt.as_deref(), Some(sample::PROOF));
        assert_eq!(with_receipt(format, body, sample::PROOF).expect("again"), file);
        let other = with_receipt(format, body, RECEIPT).expect("it takes another");
        assert!(other != file && split(&other).expect("it comes apart").body == bare.body);
    }
}

#[test]
fn what_the_log_states_can_be_computed_by_hand() {
    let [pdf, json, csv] = FORMATS.map(|format| {
        let body = &BODIES[FORMATS.iter().position(|other| *other == format).expect("it is one of them")];
        (body, with_receipt(format, body, sample::PROOF).expect("it takes a receipt"))
    });
    let stated = |bytes: &[u8]| (<[u8; 32]>::from(Sha256::digest(bytes)), bytes.len() as u64);
    let found = |file: &[u8]| split(file).map(|found| (found.body.sha256, found.body.size)).expect("it comes apart");
    // The first bytes of the PDF.
    assert!(pdf.1.starts_with(pdf.0));
    assert_eq!(found(&pdf.1), stated(pdf.0));
    // The envelope without its proof, in canonical form.
    let mut envelope: serde_json::Value = serde_json::from_slice(&json.1).expect("it is JSON");
    assert_eq!(envelope.to_string().as_bytes(), json.1);
    envelope.as_object_mut().expect("an object").remove("proof");
    assert_eq!(found(&json.1), stated(envelope.to_string().as_bytes()));
    // The list of sums.
    let files = unzip(&csv.1);
    let content = |name: &str| &files.iter().find(|(file, _)| file == name).expect(name).1;
    assert_eq!(found(&csv.1), stated(content("SHA256SUMS")));
    let listed: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (name.as_str(), &content[..])).collect();
    assert_eq!(sums(&listed[..listed.len() - 2]).as_bytes(), content("SHA256SUMS"));
    assert_eq!(content("proof.tlog"), sample::PROOF.as_bytes());
    assert_eq!(zip(&listed), csv.1, "the template, written a second time, gives the same zip");
}

#[test]
fn a_file_with_its_receipt_opens_to_what_it_was_drawn_from() {
    let name = report::renderer(Edition::CURRENT, &FONTS).expect("the probe renders");
    for (format, body) in FORMATS.into_iter().zip(&*BODIES) {
        let file = with_receipt(format, body, sample::PROOF).expect("it takes a receipt");
        let (bare, opened) = (open(body).expect("a body opens"), open(&file).expect("a file opens"));
        assert_eq!(opened.proof.as_deref(), Some(sample::PROOF));
        assert_eq!(opened.renderer.as_deref(), Some(name));
        assert_eq!(opened.fonts.is_some(), format == Format::Pdf);
        assert_eq!(opened.record, sample::bytes(3));
        assert_eq!(opened.body, Some(split(&file).expect("it comes apart").body));
        assert_eq!(bare, report::Opened { proof: None, ..opened });
    }
}

#[test]
fn a_record_fills_the_larger_bounds_if_the_receipt_is_for_its_body() {
    for (format, body) in FORMATS.into_iter().zip(&*BODIES) {
        let file = with_receipt(format, body, sample::PROOF).expect("it takes a receipt");
        let stated = split(&file).expect("it comes apart").body.sha256;
        let bounds = |sha256| {
            let ours = |receipt: &str| (receipt == sample::PROOF).then_some(sha256);
            open_as(&file, &ours).expect("a file opens").bounds
        };
        assert_eq!(bounds(stated), Bounds::OWN);
        assert_eq!(bounds(Sha256::digest(sample::bytes(3)).into()), Bounds::STRANGER, "the record alone is not enough");
    }
}

#[test]
fn a_file_that_was_drawn_with_its_proof_has_no_receipt() {
    for format in FORMATS {
        let file = render(&sample::record(3), format).bytes;
        assert!(matches!(split(&file), Err(OpenError::NoBody)));
        assert!(matches!(with_receipt(format, &file, RECEIPT), Err(ReceiptError::Body(OpenError::NoBody))));
        assert_eq!(open(&file).expect("it opens as ever").body, None);
    }
}

#[test]
fn a_file_takes_one_receipt() {
    for (format, body) in FORMATS.into_iter().zip(small()) {
        let file = with_receipt(format, &body, RECEIPT).expect("it takes a receipt");
        assert!(matches!(with_receipt(format, &file, RECEIPT), Err(ReceiptError::Unfit)));
        for other in FORMATS {
            assert_eq!(with_receipt(other, &body, RECEIPT).is_ok(), other == format);
        }
    }
    let [pdf, ..] = small();
    let once = with_receipt(Format::Pdf, &pdf, RECEIPT).expect("it takes a receipt");
    let again = stream(&once, 3, RECEIPT);
    assert!(split(&again).is_err() && open(&again).is_err(), "a second receipt by hand");
}

/// Returns an update by hand with a receipt in an object.
fn stream(file: &[u8], object: u32, receipt: &str) -> Vec<u8> {
    let content = format!("{}\nstream\n{receipt}\nendstream", dictionary(receipt.len()));
    update(file, object, &content, receipt)
}

#[test]
fn a_receipt_is_a_text_of_bounded_length() {
    let longest = "\"".repeat(Bounds::RECEIPT);
    for (format, body) in FORMATS.into_iter().zip(small()) {
        for text in ["", "a\r\n", "\0", "\u{85}", "\t", &format!("{longest}x")] {
            assert!(matches!(with_receipt(format, &body, text), Err(ReceiptError::Text)), "{text:.9?}");
        }
        for text in ["x", "\n", "Ünïcode – ok\n", PLACEHOLDER, &longest] {
            let file = with_receipt(format, &body, text).expect("it is a text");
            assert_eq!(split(&file).expect("it comes apart").receipt.as_deref(), Some(text));
        }
    }
}

/// Asserts that a file other than `original` is not taken for the same body with the same receipt.
fn differs(changed: &[u8], original: &report::Split) {
    if let Ok(found) = split(changed) {
        assert!(found.body != original.body || found.receipt != original.receipt, "a second form of the same file");
    }
}

#[test]
fn every_byte_of_a_small_file_counts() {
    for (format, body) in FORMATS.into_iter().zip(small()) {
        let file = with_receipt(format, &body, RECEIPT).expect("it takes a receipt");
        let original = split(&file).expect("it comes apart");
        for place in 0..file.len() {
            let mut changed = file.clone();
            for byte in (0..=u8::MAX).filter(|byte| *byte != file[place]) {
                changed[place] = byte;
                differs(&changed, &original);
            }
            let shorter = [&file[..place], &file[place + 1..]].concat();
            differs(&shorter, &original);
            for byte in *b"\0 \n0/<" {
                differs(&[&file[..place], &[byte], &file[place..]].concat(), &original);
            }
        }
        for more in ["\n", " ", "\0", "%", "}"] {
            differs(&[&file, more.as_bytes()].concat(), &original);
        }
    }
}

#[test]
fn bytes_all_over_a_drawn_file_count() {
    for (format, body) in FORMATS.into_iter().zip(&*BODIES) {
        let file = with_receipt(format, body, sample::PROOF).expect("it takes a receipt");
        let original = split(&file).expect("it comes apart");
        let ends = file.len().saturating_sub(1_200)..file.len();
        for place in (0..file.len()).step_by(1_009).chain(ends.step_by(7)) {
            let mut changed = file.clone();
            changed[place] ^= 1;
            differs(&changed, &original);
        }
    }
}

#[test]
fn the_update_of_a_receipt_is_the_template_and_nothing_else() {
    let body = small_pdf();
    let file = with_receipt(Format::Pdf, &body, RECEIPT).expect("it takes a receipt");
    assert!(stream(&body, 3, RECEIPT) == file, "the template, written a second time, gives the same file");
    let catalog = "<</Type/Catalog/Names<</EmbeddedFiles<</Names[(proof.tlog)2 0 R(record.json)4 0 R]>>>>/Lang(en)>>";
    let content = format!("{}\nstream\n{RECEIPT}\nendstream", dictionary(RECEIPT.len()));
    for (what, forged) in [
        ("the catalog is rewritten", update(&body, 1, catalog, RECEIPT)),
        ("a page is rewritten", update(&body, 4, "<</Type/Page/Contents 5 0 R>>", RECEIPT)),
        ("the catalog is rewritten as a stream", stream(&body, 1, RECEIPT)),
        ("the record is rewritten", stream(&body, 5, RECEIPT)),
        ("one more object is added", stream(&body, 7, RECEIPT)),
        ("an increment before it", stream(&update(&body, 1, catalog, RECEIPT), 3, RECEIPT)),
        ("an increment behind it", update(&file, 1, catalog, RECEIPT)),
        ("a receipt behind it", stream(&file, 3, RECEIPT)),
        ("an identifier of another receipt", update(&body, 3, &content, "another")),
        ("another length", update(&body, 3, &content.replace("/Length ", "/Length  "), RECEIPT)),
        ("an object hidden in it", update(&body, 3, &format!("{content}\nendobj\n1 0 obj\n{catalog}"), RECEIPT)),
    ] {
        assert!(split(&forged).is_err(), "{what}");
        assert!(open(&forged).is_err(), "{what}");
        assert!(with_receipt(Format::Pdf, &forged, RECEIPT).is_err(), "{what}");
    }
}

#[test]
fn a_pdf_that_is_not_prepared_takes_no_receipt() {
    let text = String::from_utf8(small_pdf()).expect("it is plain");
    for (part, other) in [
        ("(proof.tlog)", "(Proof.tlog)"),
        ("(record.json)4", "(proof.tlog)04"),
        ("not in this", "now in this"),
        ("text#2Fplain", "text#2fplain"),
        ("D:2026", "D:(26)"),
        ("/Size 7", "/Size 8"),
        ("(first)", "<00000>"),
        ("/Info 6", "/Inf0 6"),
    ] {
        let other = text.replacen(part, other, 1);
        assert_ne!(other, text, "{part}");
        assert!(with_receipt(Format::Pdf, other.as_bytes(), RECEIPT).is_err(), "{part}");
    }
}

#[test]
fn an_envelope_has_one_form() {
    let (start, end) = (r#"{"format":"sts-clearance/snapshot/3","#, r#""renderer":"r"}"#);
    let good = format!(r#"{start}"proof":"a\n\"","record":{{"a":" b"}},{end}"#);
    assert_eq!(split(good.as_bytes()).expect("it comes apart").receipt.as_deref(), Some("a\n\""));
    for bad in [
        format!("{good} "),
        format!("{good}\n"),
        good.replace(r#""a":"#, r#""a": "#),
        good.replace(r#":{"a""#, r#": {"a""#),
        good.replace(r#","record""#, r#", "record""#),
        good.replace(r"\n", r"\u000a"),
        good.replace(r#":"a\n"#, r#":"\u0061\n"#),
        good.replace(r#""proof":"a\n\""#, r#""proof":"\u0000"#),
        good.replace(r#"\n\"""#, r#"\n\"","more":1"#),
        good.replace(r#""renderer":"r""#, r#""record_sha256":"","renderer":"r""#),
        good.replace(r#""renderer":"r""#, r#""renderer":"r","renderer":"r""#),
        good.replace(r#""renderer":"r""#, r#""renderer":"\u0072""#),
        good.replace(r#""proof":"a\n\"","record":{"a":" b"},"#, r#""record":{"a":" b"},"proof":"a\n\"","#),
        good.replace("snapshot/3", r"snapshot\/3"),
        good.replace(r#""proof":"a\n\"""#, r#""proof":null"#),
        good.replace(r#""proof":"a\n\"""#, r#""proof":"""#),
    ] {
        assert_ne!(bad, good);
        assert!(split(bad.as_bytes()).is_err(), "{bad}");
        assert!(open(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn a_zip_holds_the_listed_files_its_list_and_the_receipt_alone() {
    let list = sums(&SMALL_FILES);
    let [readme, record] = SMALL_FILES;
    let (list, proof) = (("SHA256SUMS", list.as_bytes()), ("proof.tlog", RECEIPT.as_bytes()));
    let other = ("record.json", &b"[]"[..]);
    let more = ("z.csv", &b"more"[..]);
    let good = zip(&[readme, record, list, proof]);
    assert_eq!(with_receipt(Format::Csv, &zip(&[readme, record, list]), RECEIPT).expect("it takes a receipt"), good);
    let long = sums(&[readme, record, proof]);
    for (what, files) in [
        ("a file is missing", &[record, list, proof][..]),
        ("the record is missing", &[readme, list, proof]),
        ("a file is additional", &[readme, record, more, list, proof]),
        ("a file is behind the list", &[readme, record, list, more, proof]),
        ("a file is behind the receipt", &[readme, record, list, proof, more]),
        ("a file is another one", &[readme, other, list, proof]),
        ("a file is there twice", &[readme, record, record, list, proof]),
        ("the list is there twice", &[readme, record, list, list, proof]),
        ("the receipt is there twice", &[readme, record, list, proof, proof]),
        ("the receipt is listed", &[readme, record, proof, ("SHA256SUMS", long.as_bytes())]),
        ("the receipt is before the list", &[readme, record, proof, list]),
        ("the order is another one", &[record, readme, list, proof]),
        ("the receipt is no text", &[readme, record, list, ("proof.tlog", b"\xff")]),
    ] {
        let forged = zip(files);
        assert!(split(&forged).is_err() && open(&forged).is_err(), "{what}");
    }
    let unsorted = [record, readme];
    let unsorted_list = sums(&unsorted);
    assert!(split(&zip(&[record, readme, ("SHA256SUMS", unsorted_list.as_bytes())])).is_err(), "its order is sorted");
    for name in ["../a", "a b", ".a", "-a", "a\\b", "A/b", ""] {
        let files = [(name, &b"x"[..]), record];
        let list = sums(&files);
        let forged = zip(&[files[0], record, ("SHA256SUMS", list.as_bytes()), proof]);
        assert!(split(&forged).is_err(), "{name}");
    }
    assert!(split(&zip_of(&[readme, record, list, proof])).is_err(), "another program packed it");
}

#[test]
fn a_body_is_drawn_again_to_the_byte_and_says_nothing_of_its_receipt() {
    for (format, drawn) in FORMATS.into_iter().zip(&*BODIES) {
        assert!(body(3, format) == *drawn);
        assert_eq!(count(drawn, b"tlog-proof@v1"), 0);
    }
}

#[test]
fn the_name_of_a_renderer_has_the_hash_of_its_probe() {
    let name = report::renderer(Edition::CURRENT, &FONTS).expect("the probe renders");
    let (edition, probe) = name.split_once('+').expect("a name and a probe");
    assert_eq!(edition, Edition::CURRENT.name());
    assert!(probe.len() == 64 && probe.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let again = report::Fonts::embedded();
    assert_eq!(report::renderer(Edition::CURRENT, &again).expect("it renders"), name);
    assert_ne!(report::renderer(Edition::V0_3, &again).expect("it renders"), name);
    let edition_of = |name: &str| report::edition_of(name, &FONTS).expect("the probe renders");
    assert_eq!(edition_of(name), Some(Edition::CURRENT));
    for other in [edition, &name.replace("0.5.0", "0.9.0"), &format!("{edition}+{}", "0".repeat(64)), "", "+"] {
        assert_eq!(edition_of(other), None, "{other}");
    }
}

#[test]
fn the_readme_says_how_to_check_the_sums_and_the_receipt() {
    let [.., zip] = &*BODIES;
    let readme = unzip(zip).into_iter().find(|(name, _)| name == "README.txt").expect("there is a readme").1;
    let readme = String::from_utf8(readme).expect("it is UTF-8").replace("\r\n", "\n");
    let name = report::renderer(Edition::CURRENT, &FONTS).expect("the probe renders");
    for expected in [
        &format!("Rendered   {name}\n"),
        "SHA256SUMS     the SHA-256 of each of these files\nproof.tlog     the receipt",
        "sha256sum -c SHA256SUMS",
        "as of the first 3 entries of the log",
        "sts-clearance verify FILE --key KEY",
    ] {
        assert!(readme.contains(expected), "{expected} is not in {readme}");
    }
    assert!(!readme.contains("snapshot_created"), "{readme}");
}
