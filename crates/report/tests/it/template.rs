//! The templates of files that take a receipt, written a second time: small files, and forgeries that look like ours.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The content of the attachment that the receipt replaces.
pub(crate) const PLACEHOLDER: &str = "The receipt is not in this file yet.\n";

/// Returns a PDF of these objects, which are numbered from 1. The first is the catalog, and the last the information
/// dictionary.
pub(crate) fn pdf(objects: &[&str]) -> Vec<u8> {
    let size = objects.len() + 1;
    let mut pdf = "%PDF-1.7\n".to_owned();
    let mut table = format!("xref\n0 {size}\n0000000000 65535 f\r\n");
    for (index, object) in objects.iter().enumerate() {
        let _ = write!(table, "{:010} 00000 n\r\n", pdf.len());
        let _ = write!(pdf, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let start = pdf.len();
    let trailer = format!("<</Size {size}/Root 1 0 R/Info {} 0 R/ID[(first)(second)]>>", size - 1);
    format!("{pdf}{table}trailer\n{trailer}\nstartxref\n{start}\n%%EOF").into_bytes()
}

/// Returns the smallest PDF that a receipt can be added to. Object 3 is the stream that the receipt replaces.
pub(crate) fn small_pdf() -> Vec<u8> {
    let length = PLACEHOLDER.len();
    let dictionary = dictionary(length);
    pdf(&[
        "<</Type/Catalog/Names<</EmbeddedFiles<</Names[(proof.tlog)2 0 R(record.json)4 0 R]>>>>>>",
        "<</Type/Filespec/EF<</F 3 0 R>>>>",
        &format!("{dictionary}\nstream\n{PLACEHOLDER}\nendstream"),
        "<</Type/Filespec/EF<</F 5 0 R>>>>",
        "<</Length 2>>\nstream\n{}\nendstream",
        "<</Producer(a renderer)/Keywords(font set: a set)>>",
    ])
}

/// Returns the dictionary of a stream that is a receipt of this many bytes.
pub(crate) fn dictionary(length: usize) -> String {
    format!(
        "<</Length {length}/Type/EmbeddedFile/Subtype/text#2Fplain/Params<</Size {length}/ModDate(D:20260101000000Z)>>>>"
    )
}

/// Returns an update behind a PDF of [`pdf`], in the form of the receipt's: a version of one object.
pub(crate) fn update(file: &[u8], object: u32, content: &str, receipt: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(file);
    let last = |mark: &str, end: char| {
        let start = text.rfind(mark).expect("it is there") + mark.len();
        text[start..].split_once(end).expect("it ends").0.to_owned()
    };
    let (size, previous) = (last("/Size ", '/'), last("startxref\n", '\n'));
    let info = last("/Info ", '/');
    let at = file.len() + 1;
    let body = format!("\n{object} 0 obj\n{content}\nendobj\n");
    let second = hex(&Sha256::digest(receipt)[..16]);
    let update = format!(
        "{body}xref\n{object} 1\n{at:010} 00000 n \ntrailer\n<</Size {size}/Root 1 0 R/Info {info}\
         /ID[(first)({second})]/Prev {previous}>>\nstartxref\n{}\n%%EOF\n",
        file.len() + body.len(),
    );
    [file, update.as_bytes()].concat()
}

/// Returns a list of sums, as `sha256sum` prints it.
pub(crate) fn sums(files: &[(&str, &[u8])]) -> String {
    let mut list = String::new();
    for (name, content) in files {
        let _ = writeln!(list, "{}  {name}", hex(&Sha256::digest(content)));
    }
    list
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).expect("it is below 16");
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

/// Returns a zip in which every field that can be chosen is chosen as in ours.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut zip, mut list) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let size = u32::try_from(content.len()).expect("it is small").to_le_bytes();
        let name_size = [u8::try_from(name.len()).expect("it is short"), 0];
        let fields =
            [&[10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..], &crc.sum().to_le_bytes(), &size, &size, &name_size, &[0; 2]];
        let fields = fields.concat();
        let start = u32::try_from(zip.len()).expect("it is small").to_le_bytes();
        zip.extend([b"PK\x03\x04", &fields[..], name.as_bytes(), content].concat());
        let line = [b"PK\x01\x02\x0a\x03", &fields[..], &[0; 8], &[0xa4, 0x81], &start, name.as_bytes()];
        list.extend(line.concat());
    }
    let count = [u8::try_from(files.len()).expect("they are few"), 0];
    let [length, start] = [&list, &zip].map(|part| u32::try_from(part.len()).expect("it is small").to_le_bytes());
    [&zip[..], &list, b"PK\x05\x06\0\0\0\0", &count, &count, &length, &start, &[0, 0]].concat()
}
