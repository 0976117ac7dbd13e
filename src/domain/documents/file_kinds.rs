//! The kind of an uploaded file, by its content, and what is to be known of it. The name, which has to agree, is compared
//! by `versions`.

use std::ops::Range;

use bytes::Bytes;
use futures_util::TryStreamExt;
use memchr::{memmem::find, memrchr_iter};
use room::{FileKind, FileNotice};

use crate::{
    app::App,
    children::{Examined, FILE_LIMIT, Finding, MOST_ENTRY},
    domain::log::Actor,
    error::Result,
    files::Staged,
};

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
/// The parts that every Office Open XML file has (ECMA-376 part 2): the types of all parts, and what leads to the main
/// one.
const OFFICE_PARTS: [&[u8]; 2] = [b"[Content_Types].xml", b"_rels/.rels"];
/// The brands of a picture in HEIC (ISO/IEC 23008-12 §10).
const HEIC: [&[u8]; 4] = [b"heic", b"heix", b"heim", b"heis"];
/// Names that a PDF which has to be examined has outside of compressed objects. A form may be within them.
const TELLING: [&[u8]; 3] = [b"/Encrypt", b"/AcroForm", b"/ObjStm"];
/// How many bytes of the end of what came are searched again with what comes next.
const OVERLAP: usize = 16;

/// Determines the kind of a file from its bytes while they are received, without holding the file.
#[derive(Debug, Default)]
pub struct Inspection {
    head: Vec<u8>,
    /// The last bytes, if the file is a zip.
    tail: Vec<u8>,
    size: usize,
    /// The last bytes, and whether one of [`TELLING`] has come.
    window: Vec<u8>,
    has_telling: bool,
    found: Option<Finding>,
}

/// What has to be read of a whole file before everything is known of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Unread {
    /// All of a PDF.
    Pdf,
    /// The two parts of an Office file that lead to its main part: where each begins in the zip, up to where it is read,
    /// and how many bytes it has as it is packed.
    Office([(Range<u64>, u64); 2]),
}

impl Inspection {
    /// Inspects the next bytes of the file.
    pub fn look(&mut self, bytes: &[u8]) {
        let missing = PDF_HEADER_WITHIN.saturating_sub(self.head.len());
        self.head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        self.size = self.size.saturating_add(bytes.len());
        self.look_for_telling(bytes);
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

    fn look_for_telling(&mut self, bytes: &[u8]) {
        if self.has_telling {
            return;
        }
        // A name may be cut by two pieces: around the cut, and within the second one.
        let seam = bytes.len().min(OVERLAP);
        self.window.extend_from_slice(&bytes[..seam]);
        let has = |bytes: &[u8]| TELLING.iter().any(|name| find(bytes, name).is_some());
        self.has_telling = has(&self.window) || has(bytes);
        self.window.extend_from_slice(&bytes[seam.max(bytes.len().saturating_sub(OVERLAP))..]);
        self.window.drain(..self.window.len().saturating_sub(OVERLAP));
    }

    /// Returns what has to be read of the whole file, once all of it has been looked at.
    pub fn unread(&self) -> Option<Unread> {
        if self.head.starts_with(ZIP_START) {
            return self.office_parts().map(Unread::Office);
        }
        let is_pdf = self.kind() == Some(FileKind::Pdf) && self.size as u64 <= FILE_LIMIT;
        (is_pdf && self.has_telling).then_some(Unread::Pdf)
    }

    /// Returns what is to be known of the file before it is opened.
    pub fn notice(&self) -> Option<FileNotice> {
        match &self.found {
            Some(Finding::Notice(notice)) => Some(*notice),
            _ => None,
        }
    }

    /// Returns the kind of the file, or `None` if it is not one that a room accepts.
    pub fn kind(&self) -> Option<FileKind> {
        if self.head.starts_with(ZIP_START) {
            return self.office();
        }
        if self.is_heic() {
            return Some(FileKind::Heic);
        }
        let start = STARTS.iter().find(|(start, _)| self.head.starts_with(start)).map(|(_, kind)| *kind);
        let another = NOT_PDF.iter().any(|start| self.head.starts_with(start));
        start.or_else(|| find(&self.head, b"%PDF-").filter(|_| !another).map(|_| FileKind::Pdf))
    }

    /// Returns whether the file begins as a zip, of which only the end tells whether it is an Office file.
    pub(super) fn may_be_office(&self) -> bool {
        self.head.starts_with(ZIP_START)
    }

    /// Returns whether all bytes have come by which the kind of a file is told, unless it may be an Office file.
    pub(super) fn has_head(&self) -> bool {
        self.head.len() >= PDF_HEADER_WITHIN
    }

    /// Returns whether the file begins as one of pictures whose brands are those of HEIC (ISO/IEC 14496-12 §4.3).
    fn is_heic(&self) -> bool {
        let Some((size, rest)) = self.head.split_first_chunk() else { return false };
        let size = usize::try_from(u32::from_be_bytes(*size)).unwrap_or_default().min(self.head.len());
        rest.starts_with(b"ftyp") && size >= 16 && {
            // The brand, its version, and the compatible ones.
            let compatible = self.head[16..size].as_chunks::<4>().0;
            HEIC.contains(&&self.head[8..12]) || compatible.iter().any(|brand| HEIC.contains(&&brand[..]))
        }
    }

    /// Returns the files of the zip, if it is whole and begins with one that it lists.
    fn listed(&self) -> Option<Vec<Listed<'_>>> {
        // By the central directory, which is what programs open a zip by, not by the headers before each file.
        let files = listed(&self.tail[self.tail.len().saturating_sub(MOST_LISTED)..], self.size)?;
        let length = usize::from(u16::from_le_bytes([*self.head.get(26)?, *self.head.get(27)?]));
        let first = self.head.get(30..30 + length)?;
        // The file at the beginning has to be listed too: otherwise another zip may stand before the listed one.
        files.iter().any(|file| file.name == first).then_some(files)
    }

    /// Returns where the parts are that lead to the main part of an Office file.
    fn office_parts(&self) -> Option<[(Range<u64>, u64); 2]> {
        let files = self.listed()?;
        let part = |wanted: &[u8]| {
            let file = files.iter().find(|file| file.name.eq_ignore_ascii_case(wanted))?;
            // Its header has a name and an extra field of its own, each of up to 64 KiB.
            let (at, size) = (file.at as u64, file.size as u64);
            let end = at + (30 + 2 * u64::from(u16::MAX) + size).min(MOST_ENTRY).min(self.size as u64 - at);
            Some((at..end, size))
        };
        Some([part(OFFICE_PARTS[0])?, part(OFFICE_PARTS[1])?])
    }

    /// Returns the kind of an Office file, if its main part was found and is in the zip.
    fn office(&self) -> Option<FileKind> {
        let Some(Finding::Office(kind, main)) = &self.found else { return None };
        self.listed()?.iter().any(|file| file.name.eq_ignore_ascii_case(main.as_bytes())).then_some(*kind)
    }
}

/// Reads what is still to be known of a file that has arrived, in a child process.
pub async fn examine(app: &App, by: &Actor, staged: &Staged, mut inspection: Inspection) -> Result<Inspection> {
    let examined = match inspection.unread() {
        None => return Ok(inspection),
        Some(Unread::Pdf) => Examined::Pdf(staged.open(None).await?),
        Some(Unread::Office([types, relationships])) => {
            Examined::Office([read(staged, types).await?, read(staged, relationships).await?])
        }
    };
    let account = match by {
        Actor::User { email, .. } => email,
        _ => "",
    };
    inspection.found = app.children.examine(account, examined).await?;
    Ok(inspection)
}

async fn read(staged: &Staged, (range, size): (Range<u64>, u64)) -> Result<(Vec<u8>, u64)> {
    let pieces: Vec<Bytes> = staged.open(Some(range)).await?.bytes.try_collect().await?;
    Ok((pieces.concat(), size))
}

/// A file that a zip lists.
struct Listed<'a> {
    name: &'a [u8],
    /// Where it begins.
    at: usize,
    /// How many bytes it has as it is packed.
    size: usize,
}

/// Returns the files that a zip of `size` bytes lists in its central directory, from the zip's last bytes. `None` if the
/// directory is not whole, or something follows it.
fn listed(end: &[u8], size: usize) -> Option<Vec<Listed<'_>>> {
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
    let mut listed = Vec::new();
    while list.starts_with(b"PK\x01\x02") {
        let (name, extra, comment) = (number(list, 28, 2)?, number(list, 30, 2)?, number(list, 32, 2)?);
        let (packed, at) = (number(list, 20, 4)?, number(list, 42, 4)?);
        // Each file has to begin before the directory; an offset beyond it points at something made up.
        if at >= start {
            return None;
        }
        listed.push(Listed { name: list.get(46..46 + name)?, at, size: packed });
        list = list.get(46 + name + extra + comment..)?;
    }
    (list.is_empty() && listed.len() == files).then_some(listed)
}
