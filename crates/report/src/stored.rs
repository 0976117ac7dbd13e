//! The zip of a CSV snapshot that takes a receipt: its files stored, every field fixed, and a list of their sums.
//!
//! A zip can hold the same files in many ways (APPNOTE.TXT): in any order, with times, comments and fields of one's own.
//! This one follows from the names and contents of its files alone, so that a reader can write it again and compare.

use sha2::{Digest as _, Sha256};

use crate::hex::hex;

/// The name of the list of sums. It is the body: what the log has the hash of.
pub(crate) const SUMS_FILE: &str = "SHA256SUMS";

/// The version of the format that is needed to read a file, 1.0: there is nothing but stored files.
const VERSION: u16 = 10;

/// The version of the format that a file was written in, 1.0, on a system with permissions as Unix has them.
const MADE_BY: u16 = 3 << 8 | VERSION;

/// The type and permissions of a file on such a system: a regular file, 0644.
const MODE: u32 = 0o100_644 << 16;

/// The date of each file, 1 January 1980: the first that a zip can state. Its time is 0.
const DATE: u16 = 1 << 5 | 1;

/// Returns the list of the files' sums, in the format of `sha256sum` and in the order that they have.
pub(crate) fn sums<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let lines = files.into_iter().map(|(name, content)| [&hex(&Sha256::digest(content)), "  ", name, "\n"].concat());
    lines.collect()
}

/// Returns a zip of these files in this order. `None` if it is larger than a zip of this form can be, which is 4 GiB.
pub(crate) fn zip<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Option<Vec<u8>> {
    let (mut zip, mut list, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for (name, content) in files {
        let start = u32::try_from(zip.len()).ok()?;
        let shared = shared_fields(name, content)?;
        zip.extend_from_slice(b"PK\x03\x04");
        zip.extend_from_slice(&shared);
        zip.extend_from_slice(name.as_bytes());
        zip.extend_from_slice(content);
        list.extend_from_slice(b"PK\x01\x02");
        list.extend_from_slice(&MADE_BY.to_le_bytes());
        list.extend_from_slice(&shared);
        // The length of the comment, the disk, and the attributes that are not the system's.
        list.extend_from_slice(&[0; 6]);
        list.extend_from_slice(&MODE.to_le_bytes());
        list.extend_from_slice(&start.to_le_bytes());
        list.extend_from_slice(name.as_bytes());
        count = count.checked_add(1)?;
    }
    let (start, length) = (u32::try_from(zip.len()).ok()?, u32::try_from(list.len()).ok()?);
    zip.extend_from_slice(&list);
    // The numbers of this disk and of the one where the list starts follow the mark.
    zip.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    zip.extend_from_slice(&[count.to_le_bytes(), count.to_le_bytes()].concat());
    zip.extend_from_slice(&[length.to_le_bytes(), start.to_le_bytes()].concat());
    // There is no comment.
    zip.extend_from_slice(&[0, 0]);
    Some(zip)
}

/// Returns the fields that a file's header and its line in the list have in common: from the version that is needed to
/// the length of the extra field.
fn shared_fields(name: &str, content: &[u8]) -> Option<Vec<u8>> {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let size = u32::try_from(content.len()).ok()?;
    let mut fields = Vec::with_capacity(26);
    // The flags, the method (stored) and the time are 0.
    for number in [VERSION, 0, 0, 0, DATE] {
        fields.extend_from_slice(&number.to_le_bytes());
    }
    for number in [crc.sum(), size, size] {
        fields.extend_from_slice(&number.to_le_bytes());
    }
    for number in [u16::try_from(name.len()).ok()?, 0] {
        fields.extend_from_slice(&number.to_le_bytes());
    }
    Some(fields)
}
