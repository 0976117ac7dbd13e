//! The vectors of files that somebody has changed, or put together otherwise than a server does.

use super::{
    super::unsealed,
    craft::zip_with,
    edit::{Edit, position},
    make::{GOOD, Vectors},
};

/// Changes of a JSON file.
pub(super) fn of_json(vectors: &mut Vectors<'_>, file: &[u8]) {
    let text = String::from_utf8(file.to_vec()).unwrap();
    let changed = "record ok, logged failed, follows failed";
    let broken = "record failed";
    let entry_at = text.find(r#"{"action":"party_added""#).unwrap();
    let next_at = entry_at + text[entry_at..].find(r#"},{"action""#).unwrap() + 2;
    let facts_at = text.rfind(r#""location":"Off"#).unwrap() + 12;
    let proof_at = text.find(r#""proof":"#).unwrap();
    let record_at = text.find(r#""record":"#).unwrap();
    let signed_at = text[..record_at].rfind(r#"\n","#).unwrap();
    let cases: [(&str, Edit, &str, &str); 14] = [
        (
            "fact-changed",
            Edit::flip(file, facts_at),
            "record ok, logged failed, follows failed",
            "A letter of the facts is another",
        ),
        ("entry-changed", Edit::flip(file, text.find("broker@").unwrap()), changed, "A letter of an entry is another"),
        ("entry-left-out", Edit::new(entry_at, next_at - entry_at, b""), changed, "An entry is left out"),
        (
            "key-twice",
            Edit::new(1, 0, br#""format":"sts-clearance/snapshot/3","#),
            broken,
            "A key of the envelope is there twice",
        ),
        ("key-more", Edit::new(1, 0, br#""a":1,"#), broken, "A key that the envelope has not"),
        ("space", Edit::new(1, 0, b" "), broken, "A space in the envelope"),
        ("trailing-line-feed", Edit::new(file.len(), 0, b"\n"), broken, "A line feed behind the file"),
        ("escaped", Edit::new(record_at + 1, 1, br"\u0072"), broken, "A character of a key is escaped"),
        ("truncated", Edit::cut(file, file.len() / 2), broken, "Half of the file"),
        (
            "without-receipt",
            Edit::new(proof_at, record_at - proof_at, b""),
            "record ok, logged failed",
            "The receipt was taken off",
        ),
        (
            "signature-that-is-none",
            Edit::new(signed_at + 2, 0, r"— example.com AAAA\n".as_bytes()),
            "record ok, logged failed",
            "A line behind the signature that is no signature",
        ),
        (
            "signature-changed",
            Edit::flip(file, signed_at - 12),
            "record ok, logged failed",
            "A character of the signature is another",
        ),
        (
            "index-with-a-zero",
            Edit::new(text.find(r"\nindex ").unwrap() + 8, 0, b"0"),
            "record ok, logged failed",
            "A number in the receipt has a leading zero",
        ),
        ("control-character", Edit::new(proof_at + 9, 0, br"\u0007"), broken, "A control character in the receipt"),
    ];
    for (name, edit, checks, why) in cases {
        vectors.add(&format!("json-{name}"), "small.json", &[edit], (1, checks, why));
    }
    added_signatures(vectors, file);
    let later = Edit::replace(file, "sts-clearance/snapshot/3", "sts-clearance/snapshot/9");
    vectors.add(
        "json-of-a-later-format",
        "small.json",
        &[later],
        (3, "record skipped", "An envelope of a later format"),
    );
    let mark = Edit::new(0, 0, b"\xef\xbb\xbf");
    vectors.add(
        "json-with-a-byte-order-mark",
        "small.json",
        &[mark],
        (2, "", "A byte order mark: the file is none of ours"),
    );
    let text = Edit::new(0, file.len(), b"A letter");
    vectors.add("no-snapshot", "small.json", &[text], (2, "", "A text that is no snapshot"));
    let empty = Edit::new(0, file.len(), b"");
    vectors.add("empty", "small.json", &[empty], (2, "", "No bytes at all"));
}

/// Lines that were added behind the signature of the checkpoint.
fn added_signatures(vectors: &mut Vectors<'_>, file: &[u8]) {
    let text = String::from_utf8(file.to_vec()).unwrap();
    let record_at = text.find(r#""record":"#).unwrap();
    let signed_at = text[..record_at].rfind(r#"\n","#).unwrap();
    let witness = Edit::new(signed_at + 2, 0, r"— example.com AAAAAAAA\n".as_bytes());
    let why = "A signature of somebody whom the reader does not know was added: it is ignored, as that of a witness";
    vectors.add("json-signature-of-a-stranger-added", "small.json", &[witness], (0, GOOD, why));
    let line_at = text[..signed_at].rfind(r"\n").unwrap() + 2;
    let mut line = text[line_at..signed_at + 2].to_owned();
    let last = line.len() - 12;
    line.replace_range(last..=last, if &line[last..=last] == "A" { "B" } else { "A" });
    let twice = Edit::new(signed_at + 2, 0, line.as_bytes());
    let why = "A second signature of the server's key, which does not fit";
    vectors.add("json-signature-that-does-not-fit-added", "small.json", &[twice], (1, "record ok, logged failed", why));
}

/// What is too much of a record to be read, from a stranger.
pub(super) fn beyond_bounds(vectors: &mut Vectors<'_>, file: &[u8]) {
    let at = position(file, br#""settings":{"#) + r#""settings":{"#.len();
    let nested = |depth| vec![Edit::repeat(at, "[", depth), Edit::new(at, 0, b"1"), Edit::repeat(at, "]", depth)];
    let many = vec![Edit::new(at, 0, b"["), Edit::repeat(at, "0,", 100_001), Edit::new(at, 0, b"0]")];
    let number = |digits: &str| vec![Edit::new(at, 0, digits.as_bytes())];
    let cases = [
        ("nested-deep", nested(40), "Lists in lists, 40 deep, in a record that nobody has signed"),
        ("nested-without-end", nested(100_000), "Lists in lists, 100,000 deep"),
        ("very-many-values", many, "100,002 values in a record that nobody has signed"),
        ("number-beyond-doubles", number("1e400"), "A number that no double is near"),
        ("number-of-many-digits", vec![Edit::repeat(at, "12345", 2_000)], "A whole number of 10,000 digits"),
        ("number-not-a-number", number("NaN"), "What is no JSON"),
    ];
    for (name, mut edits, why) in cases {
        edits.insert(0, Edit::new(at, 0, br#""a":"#));
        edits.push(Edit::new(at, 0, b","));
        vectors.add(&format!("json-{name}"), "small.json", &edits, (1, "record failed", why));
    }
}

/// Changes of a zip, and zips that are put together otherwise.
pub(super) fn of_zip(vectors: &mut Vectors<'_>, file: &[u8]) {
    let end = file.len() - 22;
    let list_at = position(file, b"PK\x01\x02");
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let shifted = |at: usize, by: u32| Edit::new(at, 4, &(number(at) + by).to_le_bytes());
    let broken = "record failed";
    let text_at = position(file, b"Off Ceuta");
    let proof_at = position(file, b"c2sp.org/tlog-proof");
    let method_at = list_at + 10;
    let cases: [(&str, Vec<Edit>, &str); 10] = [
        ("content-changed", vec![Edit::flip(file, text_at)], "A letter in a file is another"),
        ("data-before", vec![Edit::new(0, 0, b"PK\x03\x04")], "Bytes before the first file"),
        ("data-behind", vec![Edit::new(file.len(), 0, b"more")], "Bytes behind the end"),
        (
            "data-between",
            vec![Edit::new(list_at, 0, b"more"), shifted(end + 16, 4)],
            "Bytes between the last file and the list",
        ),
        ("comment", vec![Edit::new(file.len() - 2, 2, b"\x01\x00!")], "A comment"),
        (
            "deflated",
            vec![Edit::new(8, 2, &[8, 0]), Edit::new(method_at, 2, &[8, 0])],
            "A file that says that it is compressed",
        ),
        ("another-time", vec![Edit::new(10, 2, &[1, 0])], "A file of another time in its header alone"),
        ("attributes", vec![Edit::new(list_at + 38, 4, &[0, 0, 0xff, 0x81])], "A file that may be run"),
        ("truncated", vec![Edit::cut(file, file.len() - 100)], "The end is missing"),
        (
            "receipt-changed",
            vec![Edit::flip(file, proof_at)],
            "A letter of the receipt is another, and its checksum is not",
        ),
    ];
    for (name, edits, why) in cases {
        vectors.add(&format!("zip-{name}"), "small.zip", &edits, (1, broken, why));
    }
    let more = zip_with(file, |files| files.push(("more.txt".into(), b"more".to_vec())));
    write_zip(vectors, "extra-file", &more, "One more file behind the receipt");
    let more = zip_with(file, |files| files.insert(0, ("A.txt".into(), b"more".to_vec())));
    write_zip(vectors, "unlisted-file", &more, "One more file that `SHA256SUMS` does not list");
    let swapped = zip_with(file, |files| files.swap(0, 1));
    write_zip(vectors, "other-order", &swapped, "Two files have changed places");
    let twice = zip_with(file, |files| {
        let record = files.iter().position(|(name, _)| name == "record.json").unwrap();
        let copy = files[record].clone();
        files.insert(record, copy);
    });
    write_zip(vectors, "record-twice", &twice, "Two files have the same name");
    let without = zip_with(file, |files| files.retain(|(name, _)| name != "SHA256SUMS"));
    write_zip(vectors, "without-sums", &without, "The list of sums was taken out: such zips are of older records");
    let bare = zip_with(file, |files| files.retain(|(name, _)| name != "proof.tlog"));
    vectors.write("zip-without-receipt.zip", bare);
    let why = "The receipt was taken out";
    vectors.add("zip-without-receipt", "zip-without-receipt.zip", &[], (1, "record ok, logged failed", why));
}

fn write_zip(vectors: &mut Vectors<'_>, name: &str, bytes: &[u8], why: &str) {
    let (name, file) = (format!("zip-{name}"), format!("zip-{name}.zip"));
    vectors.write(&file, bytes);
    vectors.add(&name, &file, &[], (1, "record failed", why));
}

/// Changes of a PDF.
pub(super) fn of_pdf(vectors: &mut Vectors<'_>, file: &[u8]) {
    let receipted = unsealed(file).len();
    let update_at = position(file, b"c2sp.org/tlog-proof");
    let body = file[..update_at].windows(5).rposition(|bytes| bytes == b"%%EOF").unwrap() + 5;
    // An update as other programs append them: it changes nothing, and leads back to a table.
    let foreign = |previous: usize, at: usize| {
        format!(
            "\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 5/Root 1 0 R/Prev {previous}>>\nstartxref\n{}\n%%EOF\n",
            at + 1
        )
    };
    let table = |end: usize| {
        let text = String::from_utf8_lossy(&file[..end]).into_owned();
        let (_, rest) = text.rsplit_once("startxref\n").unwrap();
        rest.split('\n').next().unwrap().parse::<usize>().unwrap()
    };
    let insert = |at: usize| Edit::new(at, 0, foreign(table(at), at).as_bytes());
    let broken = "record failed";
    let cases: [(&str, Edit, &str, &str); 12] = [
        (
            "body-changed",
            Edit::flip(file, file.len() / 10),
            "logged failed",
            "A byte in the first tenth, in a font or a page, is another",
        ),
        (
            "record-damaged",
            Edit::flip(file, position(file, b"/FlateDecode") + 400),
            "logged failed",
            "A byte of the body is another",
        ),
        ("update-behind", insert(file.len()), broken, "An update behind the seal"),
        ("update-before-the-seal", insert(receipted), broken, "An update between receipt and seal"),
        ("update-before-the-receipt", insert(body), broken, "An update between body and receipt"),
        ("trailing-bytes", Edit::new(file.len(), 0, b"more"), broken, "Bytes behind the end"),
        ("trailing-line-feed", Edit::new(file.len(), 0, b"\n"), broken, "A line feed behind the end"),
        (
            "without-seal",
            Edit::cut(file, receipted),
            "record ok, logged ok, follows ok, sealed failed",
            "The seal was taken off",
        ),
        ("body-alone", Edit::cut(file, body), "record ok, logged failed", "Receipt and seal were taken off"),
        ("truncated", Edit::cut(file, file.len() - 30), broken, "The end is missing"),
        (
            "seal-changed",
            Edit::replace_last(file, "/F 132/", "/F 130/"),
            "record ok, logged ok, follows ok, sealed failed",
            "The field of the seal is to be hidden, and not printed",
        ),
        (
            "seal-padded",
            Edit::replace_last(file, "00>>>\nendobj", "01>>>\nendobj"),
            "record ok, logged ok, follows ok, sealed failed",
            "A digit behind the signature",
        ),
    ];
    for (name, edit, checks, why) in cases {
        vectors.add(&format!("pdf-{name}"), "small.pdf", &[edit], (1, checks, why));
    }
}
