//! The bytes that a seal adds to a PDF: an incremental update (ISO 32000-1, 7.5.6) with a signature field.
//!
//! The file before it stays as it is, byte for byte. The update is a function of that file and the time of the seal; only
//! the hole for the signature is filled later. In this order it has
//!
//! 1. a newline,
//! 2. the objects of the file that change: the catalog, the first page and, in a tagged PDF, the root and the top element
//!    of the structure tree,
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

/// The bytes that a file keeps for the signature; in the file they are twice as many, for they are hexadecimal digits.
pub const ROOM: usize = 16 * 1024;
/// The hole: the digits and the brackets around them.
const HOLE: usize = 2 * ROOM + 2;
/// How a time is written, between `D:` and `Z`.
const TIME: &str = "%Y%m%d%H%M%S";
const TIME_LEN: usize = 14;
/// How the signature dictionary begins, up to its time, and what stands before the hole.
const SIGNATURE: &[u8] = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:";
const CONTENTS: &[u8] = b"/Contents<";
/// An offset in a cross-reference table has ten digits.
const OFFSET_MAX: usize = 9_999_999_999;

/// An update with a hole in it where the signature goes.
pub(crate) struct Increment {
    /// What stands before the hole.
    head: Vec<u8>,
    /// What stands after it.
    tail: Vec<u8>,
}

impl Increment {
    /// Makes the update for a file.
    pub(crate) fn new(unsealed: &[u8], at: Timestamp) -> Result<Self, Fault> {
        let time = write_time(at)?;
        let document = Document::read(unsealed, &time)?;
        let (numbers, page) = (document.numbers, document.page);
        let mut writer = Writer { start: unsealed.len(), bytes: b"\n".to_vec(), offsets: Vec::new() };
        for (number, text) in &document.rewritten {
            writer.object(*number, text);
        }
        // `/F 132` is printed and locked; an empty rectangle needs no appearance (ISO 19005-3, 6.3.3).
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

    /// The digest of all but the hole, which the signature is over.
    pub(crate) fn digest(&self, unsealed: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(unsealed).chain_update(&self.head).chain_update(&self.tail).finalize().into()
    }

    /// The file with its update, and the signature in the hole.
    pub(crate) fn fill(&self, unsealed: &[u8], cms: &[u8]) -> Result<Vec<u8>, Fault> {
        let padding = ROOM.checked_sub(cms.len()).ok_or(Fault::TooLarge { size: cms.len(), room: ROOM })?;
        let mut sealed = Vec::with_capacity(unsealed.len() + self.head.len() + HOLE + self.tail.len());
        sealed.extend_from_slice(unsealed);
        sealed.extend_from_slice(&self.head);
        sealed.push(b'<');
        sealed.extend_from_slice(hex(cms).as_bytes());
        sealed.resize(sealed.len() + 2 * padding, b'0');
        sealed.push(b'>');
        sealed.extend_from_slice(&self.tail);
        Ok(sealed)
    }
}

/// Where the parts of a sealed file are, as its last bytes say.
pub(crate) struct Found {
    /// The length of the file before the seal.
    pub(crate) unsealed: usize,
    pub(crate) at: Timestamp,
    pub(crate) cms: Vec<u8>,
}

/// Looks for an update of ours at the end of a file. What it finds is yet to be checked.
pub(crate) fn find(bytes: &[u8]) -> Option<Found> {
    let rest = bytes.strip_suffix(b"\n%%EOF\n")?;
    let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (rest, table) = rest.split_at(rest.len() - digits);
    let table: usize = str::from_utf8(table).ok()?.parse().ok()?;
    rest.strip_suffix(b"startxref\n")?;

    let lines = bytes.get(table..rest.len())?.strip_prefix(b"xref\n")?;
    let lines = &lines[..memmem::find(lines, b"trailer\n")?];
    let first = lines.split_inclusive(|&byte| byte == b'\n').filter(|line| line.len() == XREF_ENTRY);
    let first = first.map(|line| str::from_utf8(&line[..10]).ok()?.parse::<usize>().ok()).min()??;
    let unsealed = first.checked_sub(1)?;

    let update = bytes.get(unsealed..table)?;
    let signature = memmem::rfind(update, SIGNATURE)? + SIGNATURE.len();
    let at = read_time(update.get(signature..signature + TIME_LEN)?)?;
    let contents = signature + memmem::find(&update[signature..], CONTENTS)? + CONTENTS.len();
    let contents = unhex(update.get(contents..contents + 2 * ROOM)?)?;
    let cms = contents.get(..der_len(&contents)?)?.to_vec();
    Some(Found { unsealed, at, cms })
}

/// Writes objects and remembers where they begin.
struct Writer {
    /// The length of the file before.
    start: usize,
    bytes: Vec<u8>,
    offsets: Vec<(u32, usize)>,
}

impl Writer {
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

/// A cross-reference table with a section for each run of numbers.
fn write_table(out: &mut Vec<u8>, offsets: &[(u32, usize)]) {
    out.extend_from_slice(b"xref\n");
    for run in offsets.chunk_by(|one, next| one.0 + 1 == next.0) {
        out.extend_from_slice(format!("{} {}\n", run[0].0, run.len()).as_bytes());
        for (_, offset) in run {
            out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
        }
    }
}

/// The numbers of the signed range, in a text whose length does not depend on them.
fn byte_range(before: usize, after: usize, rest: usize) -> String {
    format!("0 {before:<10} {after:<10} {rest:<10}]")
}

fn write_time(at: Timestamp) -> Result<String, Fault> {
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

/// The length of the DER value at the beginning; what follows is padding.
fn der_len(bytes: &[u8]) -> Option<usize> {
    use der::{Decode as _, Encode as _};

    let mut reader = der::SliceReader::new(bytes).ok()?;
    let header = der::Header::decode(&mut reader).ok()?;
    usize::try_from((header.encoded_len().ok()? + header.length()).ok()?).ok()
}
