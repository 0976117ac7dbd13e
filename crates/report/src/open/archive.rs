//! The CSV snapshot: takes the record and the proof out of the zip.
//!
//! This reads what [`crate::render`] writes: a few files, stored or deflated, and a list of them at the end
//! (APPNOTE.TXT, 4.3.12). The list is bounded before it is read, and only the parts that are wanted are unpacked.

use super::body::Body;
use super::parts::{Packed, Parts};
use crate::csv;
use crate::error::OpenError;
use crate::format::Format;
use crate::names::{PROOF_FILE, RECORD_FILE};
use crate::stored::{self, SUMS_FILE};

/// The largest number of files: a snapshot has some fifteen.
const MOST_FILES: usize = 64;

/// The largest size of the list of files, in bytes.
const MOST_LISTED: usize = 16 * 1024;

/// The length of the end of the list, which is the end of the file, as there is no comment.
const END: usize = 22;

/// The length of a line of the list without its names and extras.
const LINE: usize = 46;
/// The length of a file's own header without its name and extras.
const HEADER: usize = 30;

/// A file in the zip, still packed.
struct Member<'a> {
    name: &'a [u8],
    packed: Packed<'a>,
}

/// The names of a snapshot's files have no more characters than this.
const LONGEST_NAME: usize = 64;

/// Reads the parts of a zip.
pub(super) fn parts(bytes: &[u8]) -> Result<Parts<'_>, OpenError> {
    let members = members(bytes)?;
    let find = |name: &str| members.iter().find(|member| member.name == name.as_bytes()).map(|member| member.packed);
    let record = find(RECORD_FILE).ok_or(OpenError::Missing { from: "zip" })?;
    let body = find(SUMS_FILE).map(|_| body(bytes, &members)).transpose()?;
    let proof = match body {
        Some(_) => find(PROOF_FILE).map(Packed::receipt).transpose()?,
        None => find(PROOF_FILE).map(Packed::proof).transpose()?,
    };
    let readme = find(csv::README_FILE).map(|packed| packed.text(csv::README_FILE)).transpose()?;
    let renderer = readme.as_deref().and_then(|text| text.lines().find_map(|line| line.strip_prefix(csv::RENDERED)));
    Ok(Parts { format: Format::Csv, record, proof, renderer: renderer.map(str::to_owned), fonts: None, body })
}

/// Returns the files of a zip that takes a receipt, by their names and in their order.
pub(crate) fn members_of(bytes: &[u8]) -> Result<Vec<(&str, &[u8])>, OpenError> {
    stored_files(&members(bytes)?)
}

/// Returns the body of a zip that takes a receipt. Its files must be those that its sums list, and the zip must be, byte
/// for byte, what these files give.
fn body(bytes: &[u8], members: &[Member<'_>]) -> Result<Body, OpenError> {
    let files = stored_files(members)?;
    let sums_at = files.iter().position(|(name, _)| *name == SUMS_FILE);
    let (listed, rest) = files.split_at(sums_at.ok_or(OpenError::Template("zip"))?);
    let sums = match rest {
        [(_, sums)] | [(_, sums), (PROOF_FILE, _)] => *sums,
        _ => return Err(OpenError::Sums("there are files behind it that are no receipt")),
    };
    if !listed.is_sorted_by(|(one, _), (next, _)| one < next) || listed.iter().any(|(name, _)| *name == PROOF_FILE) {
        return Err(OpenError::Sums("they are not sorted by their names"));
    }
    // Names, order and contents all at once: the list is written again.
    if stored::sums(listed.iter().copied()).as_bytes() != sums {
        return Err(OpenError::Sums("one is missing, one is additional, or one has another content"));
    }
    if stored::zip(files.iter().copied()).as_deref() != Some(bytes) {
        return Err(OpenError::Template("zip"));
    }
    Ok(Body::of(sums))
}

/// Returns the files by their names, none of which is compressed.
fn stored_files<'a>(members: &[Member<'a>]) -> Result<Vec<(&'a str, &'a [u8])>, OpenError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let stored = members.iter().map(|member| match member.packed {
        Packed::Plain(content) => {
            let name = str::from_utf8(member.name).ok()?;
            // `sha256sum` writes other names in another way, and they could lead out of a directory.
            let plain = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(is_plain);
            (plain && name.len() <= LONGEST_NAME).then_some((name, content))
        }
        Packed::Deflate(_) | Packed::Zlib(_) => None,
    });
    stored.collect::<Option<_>>().ok_or(OpenError::Template("zip"))
}

/// Returns the files of the list. Each must have another name.
fn members(bytes: &[u8]) -> Result<Vec<Member<'_>>, OpenError> {
    const DAMAGED: OpenError = OpenError::Zip("its list of files is damaged, or of a form that is not written");
    let at = bytes.len().checked_sub(END).ok_or(DAMAGED)?;
    // No search for the end of the list: with a comment behind it, a zip could have two of them.
    let end = &bytes[at..];
    let (files, length, start) = (number(end, 10, 2), number(end, 12, 4), number(end, 16, 4));
    let whole = end.starts_with(b"PK\x05\x06") && number(end, 4, 4) == 0 && number(end, 20, 2) == 0;
    if !whole || number(end, 8, 2) != files || start.checked_add(length) != Some(at) {
        return Err(DAMAGED);
    }
    if files > MOST_FILES || length > MOST_LISTED {
        return Err(OpenError::Zip("it lists more files than any snapshot has"));
    }
    let mut list = &bytes[start..at];
    let mut members: Vec<Member<'_>> = Vec::with_capacity(files);
    for _ in 0..files {
        let line = list.get(..LINE).filter(|line| line.starts_with(b"PK\x01\x02")).ok_or(DAMAGED)?;
        let [name, extra, comment] = [28, 30, 32].map(|place| number(line, place, 2));
        let rest = LINE + name + extra + comment;
        let name = list.get(LINE..LINE + name).ok_or(DAMAGED)?;
        list = list.get(rest..).ok_or(DAMAGED)?;
        // Programs differ in which of two equal names they take: a reader could be shown another record than the one
        // that was checked.
        if members.iter().any(|other| other.name == name) {
            return Err(OpenError::TwiceInZip);
        }
        members.push(Member { name, packed: content(bytes, line).ok_or(DAMAGED)? });
    }
    if list.is_empty() { Ok(members) } else { Err(DAMAGED) }
}

/// Returns the content that a line of the list leads to.
fn content<'a>(bytes: &'a [u8], line: &[u8]) -> Option<Packed<'a>> {
    let (flags, method) = (number(line, 8, 2), number(line, 10, 2));
    let (length, start) = (number(line, 20, 4), number(line, 42, 4));
    let header = bytes.get(start..start.checked_add(HEADER)?)?;
    // Bit 0 of the flags is encryption (APPNOTE.TXT, 4.4.4).
    if !header.starts_with(b"PK\x03\x04") || number(header, 8, 2) != method || flags & 1 != 0 {
        return None;
    }
    // The header has lengths of its own, which may differ from those of the list.
    let from = start + HEADER + number(header, 26, 2) + number(header, 28, 2);
    let content = bytes.get(from..from.checked_add(length)?)?;
    match method {
        0 => Some(Packed::Plain(content)),
        8 => Some(Packed::Deflate(content)),
        _ => None,
    }
}

/// Returns a little-endian number of `length` bytes. Bytes beyond the end count as 0.
fn number(bytes: &[u8], place: usize, length: usize) -> usize {
    let digits = bytes.iter().skip(place).take(length).rev();
    digits.fold(0, |number, byte| number << 8 | usize::from(*byte))
}
