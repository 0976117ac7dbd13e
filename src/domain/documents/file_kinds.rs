//! The kind of an uploaded file, by its content. The name, which has to agree, is compared by `versions`.

use memchr::{memmem::find, memrchr_iter};
use room::FileKind;

/// The first bytes of files of each kind. TIFF and `BigTIFF` come in two byte orders.
const STARTS: &[(&[u8], FileKind)] = &[
    (b"\xFF\xD8\xFF", FileKind::Jpeg),
    (b"\x89PNG\r\n\x1A\n", FileKind::Png),
    (b"II*\0", FileKind::Tiff),
    (b"MM\0*", FileKind::Tiff),
    (b"II+\0", FileKind::Tiff),
    (b"MM\0+", FileKind::Tiff),
];
/// Within how many bytes the header of a PDF begins: readers accept something before it (ISO 32000-1 Annex H, note 13).
const PDF_HEADER_WITHIN: usize = 1024;
/// The first bytes of programs and archives. Such a file is not accepted as a PDF, even if a PDF's header follows
/// within the bytes in which readers look for it.
const NOT_PDF: &[&[u8]] =
    &[b"MZ", b"\x7FELF", b"PK", b"#!", b"\xCA\xFE\xBA\xBE", b"\xFE\xED\xFA", b"\xCF\xFA\xED\xFE", b"\xCE\xFA\xED\xFE"];
/// The first bytes of a zip archive, the container of Office Open XML.
const ZIP_START: &[u8] = b"PK\x03\x04";
/// How many bytes of a zip's end are kept: its central directory, which lists what is in it, is there.
const MOST_LISTED: usize = 256 * 1024;
/// The part that every Office Open XML file has (ECMA-376 part 2).
const CONTENT_TYPES: &[u8] = b"[Content_Types].xml";

/// Determines the kind of a file from its bytes while they are received, without holding the file.
#[derive(Debug, Default)]
pub struct Inspection {
    head: Vec<u8>,
    /// The last bytes, if the file is a zip.
    tail: Vec<u8>,
    size: usize,
}

impl Inspection {
    /// Inspects the next bytes of the file.
    pub fn look(&mut self, bytes: &[u8]) {
        let missing = PDF_HEADER_WITHIN.saturating_sub(self.head.len());
        self.head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        self.size = self.size.saturating_add(bytes.len());
        let begins = &self.head[..self.head.len().min(ZIP_START.len())];
        if !ZIP_START.starts_with(begins) {
            return;
        }
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(MOST_LISTED)..]);
        // Draining moves what is kept. Done only when twice as much has gathered, it moves each byte about once.
        if self.tail.len() > 2 * MOST_LISTED {
            self.tail.drain(..self.tail.len() - MOST_LISTED);
        }
    }

    /// Returns the kind of the file, or `None` if it is not one that a room accepts.
    pub fn kind(&self) -> Option<FileKind> {
        if self.head.starts_with(ZIP_START) {
            return self.office();
        }
        let start = STARTS.iter().find(|(start, _)| self.head.starts_with(start)).map(|(_, kind)| *kind);
        let another = NOT_PDF.iter().any(|start| self.head.starts_with(start));
        start.or_else(|| find(&self.head, b"%PDF-").filter(|_| !another).map(|_| FileKind::Pdf))
    }

    /// Returns the kind of Office Open XML by the parts that the zip lists, if it is such a file.
    fn office(&self) -> Option<FileKind> {
        // By the central directory, which is what programs open a zip by, not by the headers before each file.
        let names = listed(&self.tail[self.tail.len().saturating_sub(MOST_LISTED)..], self.size)?;
        let first =
            self.head.get(30..30 + usize::from(u16::from_le_bytes([*self.head.get(26)?, *self.head.get(27)?])))?;
        // The file at the beginning has to be listed too: otherwise another zip may stand before the listed one.
        if !names.contains(&first) || !names.contains(&CONTENT_TYPES) {
            return None;
        }
        let mut kinds = names.iter().filter_map(|name| main_part(name));
        let kind = kinds.next()?;
        kinds.all(|other| other == kind).then_some(kind)
    }
}

/// Returns the kind of file whose main part has this name. Word's web edition numbers it: `word/document2.xml`.
fn main_part(name: &[u8]) -> Option<FileKind> {
    let numbered = |start: &[u8]| {
        let number = name.strip_prefix(start)?.strip_suffix(b".xml")?;
        number.iter().all(u8::is_ascii_digit).then_some(())
    };
    let docx = numbered(b"word/document").map(|()| FileKind::Docx);
    docx.or_else(|| numbered(b"xl/workbook").map(|()| FileKind::Xlsx))
}

/// Returns the names that a zip of `size` bytes lists in its central directory, from the zip's last bytes. `None` if
/// the directory is not whole, or something follows it.
fn listed(end: &[u8], size: usize) -> Option<Vec<&[u8]>> {
    let number = |bytes: &[u8], at: usize, length: usize| -> Option<usize> {
        let digits = bytes.get(at..at + length)?.iter().rev();
        Some(digits.fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    // The end record has 22 bytes and a comment, whose length it gives (APPNOTE.TXT 4.3.16). It is the one whose
    // comment ends with the file: other bytes of the file may look like the start of an end record.
    let longest = 22 + usize::from(u16::MAX);
    let from = end.len().saturating_sub(longest);
    let places = memrchr_iter(b'P', &end[from..]).map(|at| from + at);
    let ends = |at: &usize| {
        end[*at..].starts_with(b"PK\x05\x06")
            && number(&end[*at..], 20, 2).is_some_and(|comment| *at + 22 + comment == end.len())
    };
    let at = places.into_iter().find(ends)?;
    let (files, length, start) = (number(&end[at..], 10, 2)?, number(&end[at..], 12, 4)?, number(&end[at..], 16, 4)?);
    // The directory has to stand right before its end record, and at the offset that the record gives. If the two
    // differ, programs disagree about what is in the zip.
    let mut list = end.get(at.checked_sub(length)?..at)?;
    if start.checked_add(length)? != size - (end.len() - at) {
        return None;
    }
    let mut names = Vec::new();
    while list.starts_with(b"PK\x01\x02") {
        let (name, extra, comment) = (number(list, 28, 2)?, number(list, 30, 2)?, number(list, 32, 2)?);
        // Each file has to begin before the directory; an offset beyond it points at something made up.
        if number(list, 42, 4)? >= start {
            return None;
        }
        names.push(list.get(46..46 + name)?);
        list = list.get(46 + name + extra + comment..)?;
    }
    (list.is_empty() && names.len() == files).then_some(names)
}
