//! Seals of files that have a receipt: what is in front of the seal, and nothing else is.

use seal::{Authorities, Fault, apply, check, sign, split};

use crate::harness::{BODY, LONG_BODY, RECEIPTED, now, sealed, self_made, with_receipt};

#[test]
fn body_receipt_and_seal_come_apart_again() {
    for body in [&*BODY, &*LONG_BODY] {
        let (bytes, seal) = sealed(&with_receipt(body), &self_made());
        let (unsealed, _) = split(&bytes).expect("there is a seal");
        assert_eq!(unsealed, with_receipt(body));
        assert!(check(unsealed, &seal, &Authorities::none()).is_ok());
        let found = report::split(unsealed).expect("there is a receipt");
        assert_eq!(found.receipt.as_deref(), Some(report::sample::PROOF));
        assert_eq!(found.body.size, body.len() as u64);
        // Whoever has not taken the seal off finds no receipt: the order of the two is fixed.
        assert!(report::split(&bytes).is_err());
    }
}

#[test]
fn a_seal_is_over_the_receipt_too() {
    let (_, seal) = sealed(&RECEIPTED, &self_made());
    assert_eq!(check(&BODY, &seal, &Authorities::none()), Err(Fault::OtherFile));
    let other = report::with_receipt(report::Format::Pdf, &BODY, "another").expect("a body takes a receipt");
    assert_eq!(check(&other, &seal, &Authorities::none()), Err(Fault::OtherFile));
    // A body can be sealed without a receipt. Then it takes none any more.
    let (bytes, _) = sealed(&BODY, &self_made());
    assert!(report::with_receipt(report::Format::Pdf, &bytes, "another").is_err());
}

/// Returns a file with an update behind it that has the form of a receipt's, and holds another object.
fn with_update(file: &[u8], object: &str, content: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(&RECEIPTED[BODY.len()..]).into_owned();
    let (_, trailer) = text.split_once("trailer\n").expect("there is a trailer");
    let (trailer, _) = trailer.split_once("\nstartxref").expect("it ends");
    let number = object.trim_end_matches(" 0 R");
    let at = file.len() + 1;
    let update = format!("\n{number} 0 obj\n{content}\nendobj\n");
    let table = file.len() + update.len();
    let end = format!("xref\n{number} 1\n{at:010} 00000 n \ntrailer\n{trailer}\nstartxref\n{table}\n%%EOF\n");
    [file, update.as_bytes(), end.as_bytes()].concat()
}

/// Returns the last object of the body that begins with these bytes: its reference and its dictionary.
fn object(start: &str) -> (String, String) {
    let at = BODY.windows(start.len()).rposition(|bytes| bytes == start.as_bytes()).expect("there is such an object");
    let dictionary = pdf::Tokens::new(&BODY, at).and_then(|mut tokens| tokens.value()).expect("it is a dictionary");
    let head = &BODY[..at - " 0 obj\n".len()];
    let digits = head.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let number = String::from_utf8_lossy(&head[head.len() - digits..]).into_owned();
    (format!("{number} 0 R"), String::from_utf8_lossy(dictionary).into_owned())
}

#[test]
fn an_update_that_only_looks_like_a_receipt_is_not_sealed() {
    let (catalog, in_catalog) = object("<</Type/Catalog");
    let (page, in_page) = object("<</Type/Page/");
    let (pages, in_pages) = object("<</Type/Pages");
    for (object, content) in [
        (&catalog, in_catalog.replace("/Lang(en)", "/Lang(el)")),
        (&page, in_page.replace("/Contents ", "/Contents 9 0 R/Was ")),
        (&pages, in_pages),
    ] {
        for file in [&*BODY, &*RECEIPTED] {
            let forged = with_update(file, object, &content);
            let refused = sign(&forged, &self_made(), now()).expect_err("it is no receipt");
            assert_eq!(refused, Fault::Unfit("it has a seal or another update already"));
            assert!(report::split(&forged).is_err() && report::open(&forged).is_err());
        }
    }
    // Behind a seal, an update of any kind is in the way of finding it.
    let (bytes, _) = sealed(&RECEIPTED, &self_made());
    let forged = with_update(&bytes, &catalog, &in_catalog);
    assert!(split(&forged).is_none_or(|(unsealed, seal)| check(unsealed, &seal, &Authorities::none()).is_err()));
}

#[test]
fn every_byte_of_a_receipt_counts_under_a_seal() {
    let (bytes, seal) = sealed(&RECEIPTED, &self_made());
    for place in BODY.len()..RECEIPTED.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let noticed = split(&changed)
            .is_none_or(|(unsealed, found)| found != seal || check(unsealed, &found, &Authorities::none()).is_err());
        assert!(noticed, "byte {place}");
    }
}

/// The report in the docs was sealed by a release that knew no receipts.
#[test]
fn a_file_that_was_sealed_before_there_were_receipts_is_made_again_to_the_byte() {
    let bytes = include_bytes!("../../../../docs/report.pdf");
    let (unsealed, seal) = split(bytes).expect("there is a seal");
    assert!(check(unsealed, &seal, &Authorities::none()).is_ok());
    assert!(apply(unsealed, &seal).expect("the seal fits") == bytes);
}
