//! PDFs that are made to cost memory or time, or to be read in two ways.

use jiff::Timestamp;
use seal::{Authorities, Fault, Seal, apply, check, split};

use crate::harness::{TAGGED, sealed, self_made};

/// Returns a PDF of these objects, which are numbered from 1. `more` is added to its trailer.
fn pdf(objects: &[Vec<u8>], more: &str) -> Vec<u8> {
    let (mut bytes, mut table) = (b"%PDF-1.7\n".to_vec(), "0000000000 65535 f\r\n".to_owned());
    for (number, object) in (1..).zip(objects) {
        table.extend([format!("{:010} 00000 n\r\n", bytes.len())]);
        bytes.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        bytes.extend_from_slice(object);
        bytes.extend_from_slice(b"\nendobj\n");
    }
    let (start, size) = (bytes.len(), objects.len() + 1);
    bytes.extend_from_slice(format!("xref\n0 {size}\n{table}trailer\n<</Size {size}/Root 1 0 R").as_bytes());
    bytes.extend_from_slice(format!("/ID[(a)(b)]{more}>>\nstartxref\n{start}\n%%EOF").as_bytes());
    bytes
}

/// Returns the fewest objects that a file needs, with more text in each.
fn objects(catalog: &str, pages: &str, page: &str) -> Vec<Vec<u8>> {
    vec![
        format!("<</Type/Catalog/Pages 2 0 R{catalog}>>").into_bytes(),
        format!("<</Type/Pages/Count 1/Kids[3 0 R]{pages}>>").into_bytes(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]{page}/Resources<<>>>>").into_bytes(),
        vec![b' '; 4_096],
    ]
}

/// Returns why a file is not sealed. `None` if it is.
fn refused(file: &[u8]) -> Option<String> {
    let seal = Seal { at: Timestamp::UNIX_EPOCH, cms: Vec::new() };
    match apply(file, &seal) {
        Ok(_) => None,
        Err(Fault::Unfit(words)) => Some(words.to_owned()),
        Err(other) => panic!("{other}"),
    }
}

/// Returns the largest amount of memory that this process ever had, in KiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim_end_matches("kB").trim().parse().unwrap_or_default()
}

#[test]
fn a_small_plain_file_can_be_sealed() {
    let file = pdf(&objects("", "", ""), "");
    assert_eq!(refused(&file), None);
    sealed(&file, &self_made());
}

#[test]
fn a_stream_that_unpacks_to_very_much_is_not_unpacked() {
    // A deflated block of zeros. With this beginning, each further zero byte stands for 1,032 zeros: for 258 MiB in
    // all.
    const ZEROS: &[u8] = b"\x78\xda\xec\xc1\x01\x01\0\0\0\x80\x90\xfe\xaf\xee\x08\x0a";
    let data = [ZEROS, &vec![0; 256 * 1_024]].concat();
    let dictionary = "<</Type/XRef/Size 9999999/W[1 4 2]/Root 1 0 R/Filter/FlateDecode/Length";
    let head = format!("{dictionary} {}>>\nstream\n", data.len());
    let bomb = [head.as_bytes(), &data, b"\nendstream"].concat();
    let mut parts = objects("", "", "");
    parts.push(bomb);
    let at = pdf(&parts, "").windows(7).position(|bytes| bytes == b"5 0 obj").unwrap();
    let before = most_memory();
    for key in ["XRefStm", "Prev"] {
        let words = refused(&pdf(&parts, &format!("/{key} {at}")));
        assert_eq!(words.as_deref(), Some("it has a seal or another update already"));
    }
    // Next, a file whose last table is the stream itself.
    let mut stream = pdf(&parts, "");
    let end = stream.windows(9).rposition(|bytes| bytes == b"startxref").unwrap();
    stream.truncate(end);
    stream.extend_from_slice(format!("startxref\n{at}\n%%EOF").as_bytes());
    assert_eq!(refused(&stream).as_deref(), Some("its cross-reference table is damaged"));
    // Last, a file whose page is the stream.
    parts.swap(2, 4);
    assert_eq!(refused(&pdf(&parts, "")).as_deref(), Some("its objects are damaged"));
    assert!(most_memory() - before < 128 * 1_024, "something was unpacked");
}

#[test]
fn objects_that_hold_one_another_are_not_copied_for_each() {
    let (inner, middle) = ("<</Type/StructElem/K[]>>", "/K 7 0 R/ParentTree<</Nums[]>>/ParentTreeNextKey 0");
    let filling = "x".repeat(40_000);
    let inner = format!("7 0 obj <</A({filling}) {} endobj", &inner[2..]);
    let middle = format!("6 0 obj <</A({inner}){middle}>> endobj");
    let mut file = pdf(&objects("/StructTreeRoot 6 0 R", "", &format!("/A({middle})")), "");
    let mut table = String::new();
    for number in [6, 7] {
        let mark = format!("{number} 0 obj");
        let at = file.windows(7).position(|bytes| bytes == mark.as_bytes()).unwrap();
        table.extend([format!("{at:010} 00000 n\r\n")]);
    }
    let end = file.windows(8).rposition(|bytes| bytes == b"trailer\n").unwrap();
    let line = format!("{:010} 65535 f\r\n{table}", 0);
    file.splice(end..end, line.into_bytes());
    let file = String::from_utf8(file).unwrap().replace("xref\n0 5", "xref\n0 8").replace("/Size 5", "/Size 8");
    assert_eq!(refused(file.as_bytes()).as_deref(), Some("its objects overlap"));
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    for (catalog, page, more) in [
        ("/Pages 3 0 R", "", ""),
        ("/Page#73 3 0 R", "", ""),
        ("/StructTreeRoot 4 0 R", "", ""),
        ("/StructTreeRoot 99 0 R", "", ""),
        ("", "/Annots 4 0 R", ""),
        ("", "/Annots]", ""),
        ("", "", "/Encrypt 4 0 R"),
        ("", "", "/Pre#76 9"),
        ("", "", "/Root 3 0 R"),
        ("", "", "/Size 2"),
    ] {
        assert!(refused(&pdf(&objects(catalog, "", page), more)).is_some(), "{catalog} {page} {more}");
    }
}

#[test]
fn nesting_costs_no_stack() {
    for deep in
        ["[".repeat(500_000), "<<".repeat(500_000), "(".repeat(500_000), "[".repeat(500_000) + &"]".repeat(500_000)]
    {
        let file = pdf(&objects(&format!("/A{deep}"), "", ""), "");
        assert_eq!(refused(&file).is_none(), deep.ends_with(']'));
    }
}

#[test]
fn damage_anywhere_is_answered() {
    let (whole, seal) = sealed(&TAGGED, &self_made());
    let tail = whole.len() - 40_000;
    // The file is damaged where it is read: in its objects, its table and its trailer, and in the seal.
    for position in (0..TAGGED.len()).step_by(4_099).chain((tail..whole.len()).step_by(211)) {
        for put in [b'<', b'>', b'(', b'9', 0xff] {
            let mut bytes = whole.clone();
            bytes[position] = put;
            if let Some((unsealed, found)) = split(&bytes) {
                let _ = check(unsealed, &found, &Authorities::none());
                let _ = apply(unsealed, &found);
            }
            let _ = check(&bytes[..TAGGED.len().min(position + 9)], &seal, &Authorities::none());
        }
    }
}
