//! The receipt in a PDF: an incremental update (ISO 32000-1, 7.5.6) that gives one attachment its content.
//!
//! A report is drawn and hashed before there is a receipt for that hash. So it is drawn with an attachment `proof.tlog`
//! whose content is a [`PLACEHOLDER`], and the receipt is added behind it, as a new version of that one stream. Catalog,
//! pages, structure and the list of attachments stay as they were drawn.
//!
//! The update is a function of the body and the receipt: each byte of it is spelled out here and in docs/format.md, and
//! a reader makes it again and compares. So no other update passes for a receipt, whatever it looks like, and there is
//! no second form of the same file.

use sha2::{Digest as _, Sha256};

use crate::file::File;
use crate::tokens::{Tokens, number};
use crate::values::{entry, items, startxref, text};

/// The name of the attachment that is the receipt.
pub const RECEIPT_FILE: &str = "proof.tlog";

/// The content of that attachment in a body, before it has a receipt.
pub const PLACEHOLDER: &str = "The receipt is not in this file yet.\n";

/// The largest offset in a cross-reference table, which has ten digits (ISO 32000-1, 7.5.4).
const OFFSET_MAX: usize = 9_999_999_999;

/// What the update repeats of the body.
struct Place<'a> {
    /// Number of the stream's object.
    stream: u32,
    /// Time of modification in the stream's dictionary, as it is written there.
    modified: &'a str,
    size: usize,
    root: &'a [u8],
    info: &'a [u8],
    /// First identifier of the file, which all its versions share.
    id: &'a str,
    table_at: usize,
}

impl<'a> Place<'a> {
    /// Finds the place of the receipt in a body. `None` if it is not prepared for one.
    fn find(body: &'a [u8]) -> Option<Self> {
        let file = File::read(body)?;
        let trailer = file.trailer();
        let value = |key: &[u8]| entry(trailer, key).ok().flatten();
        // With any of these, there would be objects that the table does not show.
        if [&b"/Prev"[..], b"/XRefStm", b"/Encrypt"].into_iter().any(|key| value(key).is_some()) {
            return None;
        }
        if value(b"/Size").and_then(number) != Some(file.size()) {
            return None;
        }
        let attached = file.attached().ok()?;
        let mut receipts = attached.iter().filter(|(name, _)| *name == RECEIPT_FILE);
        let (Some((_, specification)), None) = (receipts.next(), receipts.next()) else { return None };
        let stream = file.embedded(specification)?;
        let (head, tail) = dictionary_around(PLACEHOLDER.len());
        let modified = stream.dictionary.strip_prefix(head.as_bytes())?.strip_suffix(tail)?;
        let is_time = |byte: &u8| byte.is_ascii_digit() || b"D:Z+-'".contains(byte);
        if stream.data != PLACEHOLDER.as_bytes() || !modified.iter().all(is_time) || stream.reference.generation > 0 {
            return None;
        }
        let mut id = items(value(b"/ID")?).map(text);
        let (Some(Some(id)), Some(Some(_)), None) = (id.next(), id.next(), id.next()) else { return None };
        Some(Self {
            stream: stream.reference.object,
            modified: str::from_utf8(modified).ok()?,
            size: file.size(),
            root: value(b"/Root")?,
            info: value(b"/Info")?,
            id,
            table_at: file.table_at(),
        })
    }
}

/// Returns the stream's dictionary for a content of this many bytes, up to the time and after it.
fn dictionary_around(length: usize) -> (String, &'static [u8]) {
    let head = format!("<</Length {length}/Type/EmbeddedFile/Subtype/text#2Fplain/Params<</Size {length}/ModDate(");
    (head, b")>>>>")
}

/// Whether a PDF is a body that a receipt can be added to.
pub fn takes_receipt(body: &[u8]) -> bool {
    Place::find(body).is_some()
}

/// Returns the update that puts a receipt into a PDF: what follows the body's last byte.
///
/// Returns `None` if the PDF is not prepared for a receipt, if it has one already, or if it is too large for a
/// cross-reference table.
pub fn receipt_update(body: &[u8], receipt: &[u8]) -> Option<Vec<u8>> {
    let Place { stream, modified, size, root, info, id, table_at } = Place::find(body)?;
    let (head, tail) = dictionary_around(receipt.len());
    // The newline separates the update from `%%EOF`, which is the last of the body.
    let object_at = body.len() + 1;
    let mut update = format!("\n{stream} 0 obj\n{head}{modified}").into_bytes();
    update.extend_from_slice(tail);
    update.extend_from_slice(b"\nstream\n");
    update.extend_from_slice(receipt);
    update.extend_from_slice(b"\nendstream\nendobj\n");
    let update_table_at = body.len() + update.len();
    if update_table_at > OFFSET_MAX {
        return None;
    }
    update.extend_from_slice(format!("xref\n{stream} 1\n{object_at:010} 00000 n \n").as_bytes());
    update.extend_from_slice(format!("trailer\n<</Size {size}/Root ").as_bytes());
    update.extend_from_slice(root);
    update.extend_from_slice(b"/Info ");
    update.extend_from_slice(info);
    // Every version of a file has a second identifier of its own (ISO 32000-1, 14.4).
    let second = hex(&Sha256::digest(receipt)[..16]);
    update.extend_from_slice(format!("/ID[({id})({second})]/Prev {table_at}>>\n").as_bytes());
    update.extend_from_slice(format!("startxref\n{update_table_at}\n%%EOF\n").as_bytes());
    Some(update)
}

/// Splits a PDF that ends with a receipt into its body and the receipt.
///
/// Returns `None` unless the file is, byte for byte, that body with [`receipt_update`] behind it.
pub fn split_receipt(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, table_at) = startxref(file)?;
    let mut tokens = Tokens::new(file, table_at)?;
    tokens.expect(b"xref")?;
    number(tokens.token()?)?;
    tokens.expect(b"1")?;
    let object_at = number(tokens.token()?)?;
    let body = file.get(..object_at.checked_sub(1)?)?;

    let mut tokens = Tokens::new(file, object_at)?;
    number(tokens.token()?)?;
    tokens.expect(b"0")?;
    tokens.expect(b"obj")?;
    let length = entry(tokens.value()?, b"/Length").ok().flatten().and_then(number)?;
    tokens.expect(b"stream")?;
    tokens.take(1)?;
    let receipt = tokens.take(length)?;
    // What was read so far only says where the parts could be. This comparison is the check.
    (receipt_update(body, receipt)? == file[body.len()..]).then_some((body, receipt))
}

/// Returns bytes as lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
