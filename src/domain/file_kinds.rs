//! What an uploaded file is: by its content, and then by its name, which has to agree.

use memchr::memmem::find;

use super::FileKind;

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
/// How a zip begins, in which Office Open XML comes; what is in it tells of which kind it is.
const ZIP_START: &[u8] = b"PK\x03\x04";
/// The part that each kind of Office Open XML has. A zip tells its names in plain.
const PARTS: &[(&[u8], FileKind)] = &[(b"word/document.xml", FileKind::Docx), (b"xl/workbook.xml", FileKind::Xlsx)];
const LONGEST_PART: usize = 17;

impl FileKind {
    /// The media type that a file of this kind is sent with.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// The kind that a file's name claims, by its extension.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match &*extension.to_ascii_lowercase() {
            "jpeg" => Some(Self::Jpeg),
            "tif" => Some(Self::Tiff),
            extension => extension.parse().ok(),
        }
    }
}

/// Finds a file's kind out while its bytes go by.
#[derive(Debug, Default)]
pub struct Inspection {
    head: Vec<u8>,
    /// The end of what went by, in which a name may begin.
    tail: Vec<u8>,
    part: Option<FileKind>,
}

impl Inspection {
    /// Looks at the next bytes.
    pub fn look(&mut self, bytes: &[u8]) {
        let missing = PDF_HEADER_WITHIN.saturating_sub(self.head.len());
        self.head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        if self.part.is_some() || !self.head.starts_with(ZIP_START) {
            return;
        }
        let overlap = [&self.tail, &bytes[..bytes.len().min(LONGEST_PART)]].concat();
        // The first counts: a document may hold another whole.
        let place = |part: &[u8]| {
            let later = || find(bytes, part).map(|at| self.tail.len() + at);
            find(&overlap, part).or_else(later)
        };
        let placed = PARTS.iter().filter_map(|(part, kind)| Some((place(part)?, *kind)));
        self.part = placed.min_by_key(|(place, _)| *place).map(|(_, kind)| kind);
        let end = if bytes.len() < LONGEST_PART { &*overlap } else { bytes };
        self.tail = end[end.len().saturating_sub(LONGEST_PART)..].to_vec();
    }

    /// What the bytes were; none where that is nothing that a room takes.
    pub fn kind(&self) -> Option<FileKind> {
        if self.head.starts_with(ZIP_START) {
            return self.part;
        }
        let start = STARTS.iter().find(|(start, _)| self.head.starts_with(start)).map(|(_, kind)| *kind);
        start.or_else(|| find(&self.head, b"%PDF-").map(|_| FileKind::Pdf))
    }
}
