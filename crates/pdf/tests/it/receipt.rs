//! The update that puts a receipt into a PDF: where it goes, and that no input makes it panic.

use std::fmt::Write as _;

use pdf::{File, PLACEHOLDER, Unlisted, receipt_update, split_receipt, takes_receipt};
use proptest::prelude::*;

/// Returns a PDF of these objects, which are numbered from 1, with a trailer.
fn file(objects: &[&str], trailer: &str) -> Vec<u8> {
    let mut bytes = "%PDF-1.7\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f\r\n", objects.len() + 1);
    for (number, object) in (1..).zip(objects) {
        let _ = write!(table, "{:010} 00000 n\r\n", bytes.len());
        let _ = write!(bytes, "{number} 0 obj\n{object}\nendobj\n");
    }
    let start = bytes.len();
    format!("{bytes}{table}trailer\n{trailer}\nstartxref\n{start}\n%%EOF").into_bytes()
}

const CATALOG: &str = "<</Names<</EmbeddedFiles<</Names[(proof.tlog)2 0 R]>>>>>>";
const FILE: &str = "<</EF<</F 3 0 R>>>>";
const TRAILER: &str = "<</Size 4/Root 1 0 R/Info 1 0 R/ID[(a)(b)]>>";

/// Returns the stream that the receipt replaces.
fn placeholder() -> String {
    let length = PLACEHOLDER.len();
    format!(
        "<</Length {length}/Type/EmbeddedFile/Subtype/text#2Fplain/Params<</Size {length}/ModDate(D:2026Z)>>>>\n\
         stream\n{PLACEHOLDER}\nendstream"
    )
}

#[test]
fn a_receipt_goes_behind_a_prepared_body_and_comes_off_again() {
    let body = file(&[CATALOG, FILE, &placeholder()], TRAILER);
    let update = receipt_update(&body, b"receipt\n").expect("it takes a receipt");
    let whole = [&body[..], &update].concat();
    assert_eq!(split_receipt(&whole), Some((&body[..], &b"receipt\n"[..])));
    assert_eq!(split_receipt(&body), None);
    assert!(takes_receipt(&body) && !takes_receipt(&whole));
    let expected = "\n3 0 obj\n<</Length 8/Type/EmbeddedFile/Subtype/text#2Fplain/Params<</Size 8/ModDate(D:2026Z)>>>>\n\
        stream\nreceipt\n\nendstream\nendobj\nxref\n3 1\n";
    assert!(update.starts_with(expected.as_bytes()), "{}", update.escape_ascii());
}

#[test]
fn a_file_that_is_not_prepared_takes_none() {
    let stream = placeholder();
    for (catalog, specification, stream, trailer) in [
        ("<<>>", FILE, &*stream, TRAILER),
        (CATALOG, "<<>>", &stream, TRAILER),
        (CATALOG, FILE, "<</Length 1>>\nstream\nx\nendstream", TRAILER),
        (CATALOG, FILE, &stream.replace("not", "now"), TRAILER),
        (CATALOG, FILE, &stream, "<</Size 4/Root 1 0 R/Info 1 0 R/ID[(a)(b)]/Prev 9>>"),
        (CATALOG, FILE, &stream, "<</Size 4/Root 1 0 R/Info 1 0 R/ID[(a)(b)]/XRefStm 9>>"),
        (CATALOG, FILE, &stream, "<</Size 4/Root 1 0 R/Info 1 0 R/ID[(a)]>>"),
        (CATALOG, FILE, &stream, "<</Size 5/Root 1 0 R/Info 1 0 R/ID[(a)(b)]>>"),
        (CATALOG, FILE, &stream, "<</Size 4/Root 1 0 R/ID[(a)(b)]>>"),
    ] {
        let body = file(&[catalog, specification, stream], trailer);
        assert_eq!(receipt_update(&body, b"receipt"), None, "{catalog} {specification} {stream} {trailer}");
    }
}

#[test]
fn a_list_of_attachments_is_read_up_to_a_bound() {
    let list = |names: &str| {
        let catalog = format!("<</Names<</EmbeddedFiles<</Names[{names}]>>>>>>");
        let bytes = file(&[&catalog], TRAILER);
        File::read(&bytes).expect("it has a table").attached().map(|attached| attached.len())
    };
    assert_eq!(list(""), Ok(0));
    assert_eq!(list(&"(a)2 0 R".repeat(64)), Ok(64));
    assert_eq!(list(&"(a)2 0 R".repeat(65)), Err(Unlisted::TooMany));
    assert_eq!(list("(a)"), Err(Unlisted::Malformed));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_the_same_file_or_none(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let body = file(&[CATALOG, FILE, &placeholder()], TRAILER);
        let mut whole = [&body[..], &receipt_update(&body, b"receipt").expect("it takes a receipt")].concat();
        for (place, byte) in changes {
            let place = place.index(whole.len());
            whole[place] = byte;
        }
        if let Some((body, receipt)) = split_receipt(&whole) {
            let again = receipt_update(body, receipt).expect("it takes a receipt");
            prop_assert!([body, &again].concat() == whole);
        }
    }
}
