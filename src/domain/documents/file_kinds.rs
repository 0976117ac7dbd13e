//! What an uploaded file is: by its content, and then by its name, which has to agree.

use memchr::{memmem::find, memrchr_iter};
use room::FileKind;

/// How a file of a kind begins. TIFF and its large form come in two byte orders.
const STARTS: &[(&[u8], FileKind)] = &[
    (b"\xFF\xD8\xFF", FileKind::Jpeg),
    (b"\x89PNG\r\n\x1A\n", FileKind::Png),
    (b"II*\0", FileKind::Tiff),
    (b"MM\0*", FileKind::Tiff),
    (b"II+\0", FileKind::Tiff),
    (b"MM\0+", FileKind::Tiff),
];
/// A PDF may have something before its header (ISO 32000-1 Annex H, note 13), within so many bytes.
const PDF_HEADER_WITHIN: usize = 1024;
/// How programs and archives begin, which are no PDF even where a reader of PDFs would look behind that.
const NOT_PDF: &[&[u8]] =
    &[b"MZ", b"\x7FELF", b"PK", b"#!", b"\xCA\xFE\xBA\xBE", b"\xFE\xED\xFA", b"\xCF\xFA\xED\xFE", b"\xCE\xFA\xED\xFE"];
/// How a zip begins, in which Office Open XML comes; what is in it tells of which kind it is.
const ZIP_START: &[u8] = b"PK\x03\x04";
/// How much of a file's end is kept, in which a zip lists what it holds.
const MOST_LISTED: usize = 256 * 1024;
/// The part that every Office Open XML has (ECMA-376 part 2).
const CONTENT_TYPES: &[u8] = b"[Content_Types].xml";

/// Finds a file's kind out while its bytes go by.
#[derive(Debug, Default)]
pub struct Inspection {
    head: Vec<u8>,
    /// The end of what went by: of a zip, whose list of files is there.
    tail: Vec<u8>,
    size: usize,
}

impl Inspection {
    /// Looks at the next bytes.
    pub fn look(&mut self, bytes: &[u8]) {
        let missing = PDF_HEADER_WITHIN.saturating_sub(self.head.len());
        self.head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        self.size = self.size.saturating_add(bytes.len());
        let begins = &self.head[..self.head.len().min(ZIP_START.len())];
        if !ZIP_START.starts_with(begins) {
            return;
        }
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(MOST_LISTED)..]);
        // Not with every piece: what is kept is moved when there is twice as much.
        if self.tail.len() > 2 * MOST_LISTED {
            self.tail.drain(..self.tail.len() - MOST_LISTED);
        }
    }

    /// What the bytes were; none where that is nothing that a room takes.
    pub fn kind(&self) -> Option<FileKind> {
        if self.head.starts_with(ZIP_START) {
            return self.office();
        }
        let start = STARTS.iter().find(|(start, _)| self.head.starts_with(start)).map(|(_, kind)| *kind);
        let another = NOT_PDF.iter().any(|start| self.head.starts_with(start));
        start.or_else(|| find(&self.head, b"%PDF-").filter(|_| !another).map(|_| FileKind::Pdf))
    }

    /// The kind of Office Open XML by the parts that the zip lists, if it is one.
    fn office(&self) -> Option<FileKind> {
        let names = listed(&self.tail[self.tail.len().saturating_sub(MOST_LISTED)..], self.size)?;
        let first =
            self.head.get(30..30 + usize::from(u16::from_le_bytes([*self.head.get(26)?, *self.head.get(27)?])))?;
        if !names.contains(&first) || !names.contains(&CONTENT_TYPES) {
            return None;
        }
        let mut kinds = names.iter().filter_map(|name| main_part(name));
        let kind = kinds.next()?;
        kinds.all(|other| other == kind).then_some(kind)
    }
}

/// The kind whose main part this is. Word's web edition numbers it: `word/document2.xml`.
fn main_part(name: &[u8]) -> Option<FileKind> {
    let numbered = |start: &[u8]| {
        let number = name.strip_prefix(start)?.strip_suffix(b".xml")?;
        number.iter().all(u8::is_ascii_digit).then_some(())
    };
    let docx = numbered(b"word/document").map(|()| FileKind::Docx);
    docx.or_else(|| numbered(b"xl/workbook").map(|()| FileKind::Xlsx))
}

/// The names of the files that a zip lists, of which this is the end; none where the list does not end with the file
/// or is not whole.
fn listed(end: &[u8], size: usize) -> Option<Vec<&[u8]>> {
    let number = |bytes: &[u8], at: usize, length: usize| -> Option<usize> {
        let digits = bytes.get(at..at + length)?.iter().rev();
        Some(digits.fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    let longest = 22 + usize::from(u16::MAX);
    let from = end.len().saturating_sub(longest);
    let places = memrchr_iter(b'P', &end[from..]).map(|at| from + at);
    let ends = |at: &usize| {
        end[*at..].starts_with(b"PK\x05\x06")
            && number(&end[*at..], 20, 2).is_some_and(|comment| *at + 22 + comment == end.len())
    };
    let at = places.into_iter().find(ends)?;
    let (files, length, start) = (number(&end[at..], 10, 2)?, number(&end[at..], 12, 4)?, number(&end[at..], 16, 4)?);
    // The list stands just before its end, and where that says.
    let mut list = end.get(at.checked_sub(length)?..at)?;
    if start.checked_add(length)? != size - (end.len() - at) {
        return None;
    }
    let mut names = Vec::new();
    while list.starts_with(b"PK\x01\x02") {
        let (name, extra, comment) = (number(list, 28, 2)?, number(list, 30, 2)?, number(list, 32, 2)?);
        if number(list, 42, 4)? >= start {
            return None;
        }
        names.push(list.get(46..46 + name)?);
        list = list.get(46 + name + extra + comment..)?;
    }
    (list.is_empty() && names.len() == files).then_some(names)
}
