//! The bytes that a seal adds to a PDF: an incremental update (ISO 32000-1, 7.5.6) with a signature field.
//!
//! A PDF is read from its end: the last lines lead to a table of objects, and that table points back to the table
//! before it. So a file is changed by adding to it. New versions of objects and a new table go behind the old end, and
//! the file before stays as it is, byte for byte. That is what makes a seal checkable: the unsealed file is a prefix of
//! the sealed one, and anyone who can make it again can compare it.
//!
//! The update is a function of the unsealed file and the time of the seal, but for the hole that the signature goes
//! into. The signature is over everything but the hole (7.5.6 and 12.8.1), so the update must be complete, with all
//! offsets in it, before there is a signature. In this order it consists of
//!
//! 1. a newline,
//! 2. the objects of the file that change: the catalog, the first page and, in a tagged PDF, the root and the top
//!    element of the structure tree,
//! 3. the field, which is its own widget, invisible, and in a tagged PDF the structure element around it,
//! 4. the signature dictionary,
//! 5. the cross-reference table, the trailer and the end.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use memchr::memmem;
use pdf::XREF_ENTRY;
use sha2::{Digest as _, Sha256};

use crate::document::{Document, hex};
use crate::fault::Fault;

/// The bytes that a file keeps for the signature. In the file they are twice as many, since they are hexadecimal
/// digits.
pub const ROOM: usize = 16 * 1024;
/// The length of the hole: the digits and the brackets around them.
const HOLE: usize = 2 * ROOM + 2;
/// The format of a time, between `D:` and `Z` (ISO 32000-1, 7.9.4).
const TIME: &str = "%Y%m%d%H%M%S";
/// The length of a time in that format.
const TIME_LEN: usize = 14;
/// The start of the signature dictionary, up to its time.
const SIGNATURE: &[u8] = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:";
/// What stands before the digits of the signature.
const CONTENTS: &[u8] = b"/Contents<";
/// The largest offset in a cross-reference table, which has ten digits (ISO 32000-1, 7.5.4).
const OFFSET_MAX: usize = 9_999_999_999;

/// An update with a hole where the signature goes.
pub(crate) struct Increment {
    /// The update up to the hole.
    head: Vec<u8>,
    /// The update after the hole.
    tail: Vec<u8>,
}

impl Increment {
    /// Makes the update for a file that is sealed at `at`.
    pub(crate) fn new(unsealed: &[u8], at: Timestamp) -> Result<Self, Fault> {
        let time = write_time(at)?;
        let document = Document::read(unsealed, &time)?;
        let (numbers, page) = (document.numbers, document.page);
        // The newline separates the update from `%%EOF`, which may be the last byte of the file.
        let mut writer = ObjectWriter { start: unsealed.len(), bytes: b"\n".to_vec(), offsets: Vec::new() };
        for (number, text) in &document.rewritten {
            writer.object(*number, text);
        }
        // 132 is print (4), which PDF/A demands of every annotation (ISO 19005-3, 6.3.2), and locked (128). A rectangle
        // without area needs no appearance (6.3.3).
        let mut field = format!(
            "<</Type/Annot/Subtype/Widget/FT/Sig/T(Seal)/TU(Digital seal)/F 132/Rect[0 0 0 0]/P {page} 0 R/V {} 0 R",
            numbers.signature
        );
        field += &document.tags.map_or_else(String::new, |tags| format!("/StructParent {}", tags.key));
        field += ">>";
        writer.object(numbers.field, field.as_bytes());
        if let Some(tags) = document.tags {
            let inside = format!("<</Type/OBJR/Obj {} 0 R/Pg {page} 0 R>>", numbers.field);
            let element = format!("<</Type/StructElem/S/Form/P {} 0 R/Pg {page} 0 R/K {inside}>>", tags.top);
            writer.object(numbers.element, element.as_bytes());
        }
        writer.begin(numbers.signature);
        let mut head = writer.bytes;
        head.extend_from_slice(SIGNATURE);
        head.extend_from_slice(format!("{time}Z)/ByteRange[").as_bytes());
        // The range states how long the update is, which is known only when it is complete. Its digits are padded, so
        // that filling them in later moves nothing.
        let range = head.len();
        head.extend_from_slice(byte_range(0, 0, 0).as_bytes());
        head.extend_from_slice(&CONTENTS[..CONTENTS.len() - 1]);

        let (before, after) = (unsealed.len() + head.len(), unsealed.len() + head.len() + HOLE);
        let mut tail = b">>\nendobj\n".to_vec();
        let table = after + tail.len();
        write_table(&mut tail, &writer.offsets);
        let size = numbers.signature + 1;
        tail.extend_from_slice(format!("trailer\n<</Size {size}").as_bytes());
        tail.extend_from_slice(&document.trailer);
        tail.extend_from_slice(format!("/Prev {}>>\nstartxref\n{table}\n%%EOF\n", document.previous).as_bytes());
        if after + tail.len() > OFFSET_MAX {
            return Err(Fault::Unfit("it is too large"));
        }
        let text = byte_range(before, after, tail.len());
        head[range..range + text.len()].copy_from_slice(text.as_bytes());
        Ok(Self { head, tail })
    }

    /// Returns the SHA-256 of the sealed file but for the hole, which is what the signature is over.
    pub(crate) fn digest(&self, unsealed: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(unsealed).chain_update(&self.head).chain_update(&self.tail).finalize().into()
    }

    /// Returns the sealed file: the update with the signature in its hole, behind the unsealed file.
    pub(crate) fn fill(&self, unsealed: &[u8], cms: &[u8]) -> Result<Vec<u8>, Fault> {
        let padding = ROOM.checked_sub(cms.len()).ok_or(Fault::TooLarge { size: cms.len(), room: ROOM })?;
        let mut sealed = Vec::with_capacity(unsealed.len() + self.head.len() + HOLE + self.tail.len());
        sealed.extend_from_slice(unsealed);
        sealed.extend_from_slice(&self.head);
        sealed.push(b'<');
        sealed.extend_from_slice(hex(cms).as_bytes());
        // Zeros after the CMS are no part of it: DER says itself where it ends.
        sealed.resize(sealed.len() + 2 * padding, b'0');
        sealed.push(b'>');
        sealed.extend_from_slice(&self.tail);
        Ok(sealed)
    }
}

/// The parts of a sealed file, as its last bytes locate them.
pub(crate) struct Located {
    /// Length of the file before the seal, in bytes.
    pub(crate) unsealed: usize,
    pub(crate) at: Timestamp,
    pub(crate) cms: Vec<u8>,
}

/// Looks for an update of this crate at the end of a file. The result is not checked.
pub(crate) fn locate(bytes: &[u8]) -> Option<Located> {
    let rest = bytes.strip_suffix(b"\n%%EOF\n")?;
    let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (rest, table) = rest.split_at(rest.len() - digits);
    let table: usize = str::from_utf8(table).ok()?.parse().ok()?;
    rest.strip_suffix(b"startxref\n")?;

    let lines = bytes.get(table..rest.len())?.strip_prefix(b"xref\n")?;
    let lines = &lines[..memmem::find(lines, b"trailer\n")?];
    // The first object of an update stands one newline behind the end of the file before it.
    let first = lines.split_inclusive(|&byte| byte == b'\n').filter(|line| line.len() == XREF_ENTRY);
    let first = first.map(|line| str::from_utf8(&line[..10]).ok()?.parse::<usize>().ok()).min()??;
    let unsealed = first.checked_sub(1)?;

    let update = bytes.get(unsealed..table)?;
    // From the end: an object of the file that the update repeats might contain the same bytes.
    let signature = memmem::rfind(update, SIGNATURE)? + SIGNATURE.len();
    let at = read_time(update.get(signature..signature + TIME_LEN)?)?;
    let contents = signature + memmem::find(&update[signature..], CONTENTS)? + CONTENTS.len();
    let contents = unhex(update.get(contents..contents + 2 * ROOM)?)?;
    let cms = contents.get(..der_len(&contents)?)?.to_vec();
    Some(Located { unsealed, at, cms })
}

/// Writes the objects of an update one after the other, and remembers their offsets for the table.
///
/// Offsets count from the start of the whole file, and only the update is in memory here: hence `start`. A general
/// writer of PDF objects was not taken, since the update must come out the same in every later version, byte for byte,
/// and so each byte of it is spelled out in this file.
struct ObjectWriter {
    /// Length of the unsealed file, in bytes.
    start: usize,
    bytes: Vec<u8>,
    offsets: Vec<(u32, usize)>,
}

impl ObjectWriter {
    fn begin(&mut self, number: u32) {
        self.offsets.push((number, self.start + self.bytes.len()));
        self.bytes.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
    }

    fn object(&mut self, number: u32, text: &[u8]) {
        self.begin(number);
        self.bytes.extend_from_slice(text);
        self.bytes.extend_from_slice(b"\nendobj\n");
    }
}

/// Writes a cross-reference table, with a section for each run of consecutive numbers (ISO 32000-1, 7.5.4).
fn write_table(out: &mut Vec<u8>, offsets: &[(u32, usize)]) {
    out.extend_from_slice(b"xref\n");
    for run in offsets.chunk_by(|one, next| one.0 + 1 == next.0) {
        out.extend_from_slice(format!("{} {}\n", run[0].0, run.len()).as_bytes());
        for (_, offset) in run {
            out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
        }
    }
}

/// Returns the rest of `/ByteRange`, as long for small numbers as for large ones.
fn byte_range(before: usize, after: usize, rest: usize) -> String {
    format!("0 {before:<10} {after:<10} {rest:<10}]")
}

fn write_time(at: Timestamp) -> Result<String, Fault> {
    // A year below 0 has a sign, which a PDF date has no place for (7.9.4), and no seal is older than 1970.
    if at.as_second() < 0 { Err(Fault::Time) } else { Ok(at.strftime(TIME).to_string()) }
}

fn read_time(digits: &[u8]) -> Option<Timestamp> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    TimeZone::UTC.to_timestamp(DateTime::strptime(TIME, digits).ok()?).ok()
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// Returns the length of the DER value that the bytes begin with. What follows it is padding.
fn der_len(bytes: &[u8]) -> Option<usize> {
    use der::{Decode as _, Encode as _};

    let mut reader = der::SliceReader::new(bytes).ok()?;
    let header = der::Header::decode(&mut reader).ok()?;
    usize::try_from((header.encoded_len().ok()? + header.length()).ok()?).ok()
}
