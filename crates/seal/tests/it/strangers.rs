//! Sealed files in the judgement of other programs.

use std::path::Path;
use tools::needs;

use crate::harness::{
    AUTHORITY, BODY, LONG_BODY, RECEIPTED, TAGGED, UNTAGGED, ask, ask_python, sealed, self_made, with_receipt,
};

/// Returns a sealed report for each kind of key, with and without tags, with and without a time stamp; and two that have
/// a receipt.
fn samples() -> Vec<Vec<u8>> {
    let (plain, seal) = sealed(&TAGGED, &self_made());
    let stamped = seal::apply(&TAGGED, &AUTHORITY.stamp(&seal)).expect("the stamp fits");
    let chain = AUTHORITY.identity("strangers", "rsa:2048");
    let receipted = [&*RECEIPTED, &with_receipt(&LONG_BODY)].map(|file| sealed(file, &self_made()).0);
    [plain, stamped, sealed(&UNTAGGED, &self_made()).0, sealed(&TAGGED, &chain).0]
        .into_iter()
        .chain(receipted)
        .collect()
}

#[needs(qpdf)]
#[test]
fn qpdf_finds_no_error() {
    for file in samples() {
        let (good, words) = ask(Path::new("qpdf"), &["--check"], &file);
        assert!(good && words.contains("No syntax or stream encoding errors"), "{words}");
    }
}

#[needs(pdfsig)]
#[test]
fn pdfsig_finds_the_signature_valid_and_over_all_of_the_file() {
    for mut file in samples() {
        let (_, words) = ask(Path::new("pdfsig"), &[], &file);
        assert!(words.contains("Signature is Valid."), "{words}");
        assert!(words.contains("Total document signed"), "{words}");
        let middle = file.windows(7).position(|bytes| bytes == b"/Title(").unwrap_or(1_000) + 8;
        // Within a string, so that the file stays readable.
        file[middle] ^= 1;
        let (_, words) = ask(Path::new("pdfsig"), &[], &file);
        assert!(words.contains("Digest Mismatch"), "{words}");
    }
}

#[needs(openssl)]
#[test]
fn openssl_verifies_the_signature_as_cades() {
    let (bytes, seal) = sealed(&TAGGED, &self_made());
    AUTHORITY.write("seal.cms", &seal.cms);
    AUTHORITY.write("seal.pem", self_made().to_pem().unwrap().as_bytes());
    let (head, tail) = (seal_hole(&bytes).start, seal_hole(&bytes).end);
    AUTHORITY.write("seal.content", &[&bytes[..head], &bytes[tail..]].concat());
    AUTHORITY.openssl(
        "cms -verify -cades -binary -inform DER -in seal.cms -content seal.content -CAfile seal.pem -purpose any -out seal.out",
    );
}

/// Returns the range that the byte range of the signature leaves out.
fn seal_hole(bytes: &[u8]) -> std::ops::Range<usize> {
    let start = bytes.windows(10).rposition(|window| window == b"/Contents<").expect("there is a signature") + 9;
    start..start + 2 * seal::ROOM + 2
}

#[needs(openssl, pyhanko)]
#[test]
fn pyhanko_judges_the_signature_valid() {
    let program = "
import sys
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
with open(sys.argv[-1], 'rb') as f:
    s = PdfFileReader(f).embedded_signatures[0]
    roots = [s.signer_cert, load_cert_from_pemder(sys.argv[1])]
    t = validate_pdf_signature(s, ValidationContext(trust_roots=roots))
    stamp = t.timestamp_validity
    stamp = 'no' if stamp is None else stamp.valid and stamp.trusted
    print(t.bottom_line, t.coverage.name, t.modification_level.name, stamp)
";
    let root = AUTHORITY.path("root.pem");
    let root = root.to_str().expect("the path is plain");
    for (file, stamp) in samples().iter().zip(["no", "True", "no", "no", "no", "no"]) {
        let words = ask_python(program, &[root], file);
        assert_eq!(words.lines().last(), Some(format!("True ENTIRE_FILE NONE {stamp}").as_str()), "{words}");
    }
}

#[needs(page)]
#[test]
fn a_sealed_file_is_as_good_for_archives_and_for_all_readers_as_before() {
    let program = "
import sys, page
for p in sys.argv[1:-1]:
    r = page.validate_pdf(sys.argv[-1], profile=getattr(page.ValidationProfile, p))
    print(p, *sorted(str(f) for f in r.failures), sep='\\n')
";
    let (tagged, untagged) = (&["PDF_A_3A", "PDF_UA_1"][..], &["PDF_A_3B"][..]);
    for (drawn, unsealed, profiles) in [
        (&*TAGGED, &*TAGGED, tagged),
        (&*UNTAGGED, &*UNTAGGED, untagged),
        (&*BODY, &*RECEIPTED, tagged),
        (&*LONG_BODY, &with_receipt(&LONG_BODY), untagged),
    ] {
        let before = ask_python(program, profiles, drawn);
        assert_eq!(ask_python(program, profiles, unsealed), before);
        let after = ask_python(program, profiles, &sealed(unsealed, &self_made()).0);
        assert_eq!(after, before);
        // `page-validation` 0.11 reports this one wrongly, for a stream that ends with a carriage return.
        assert!(before.lines().all(|line| profiles.contains(&line) || line.contains("STREAM-LENGTH-001")), "{before}");
    }
}
