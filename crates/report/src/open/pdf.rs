//! The PDF snapshot: takes out its two attachments, and the names in its metadata.
//!
//! This reads what [`crate::render`] and [`crate::with_receipt`] write, and refuses what other programs make of it, which
//! no check could find to be the same file anyway. A reader of every PDF would have to unpack streams of objects without
//! knowing how large they get.

use ::pdf::{File, Unlisted, split_receipt, takes_receipt, text};

use super::body::Body;
use super::parts::{Packed, Parts};
use crate::error::OpenError;
use crate::format::Format;
use crate::names::{PROOF_FILE, RECORD_FILE};
use crate::pdf::FONTS_KEYWORD;

/// The longest name of a renderer or a font set that is read, in bytes.
const LONGEST_NAME: usize = 1_000;

/// Reads the parts of a PDF.
pub(super) fn parts(bytes: &[u8]) -> Result<Parts<'_>, OpenError> {
    // The receipt's update is compared with its template here, and everything else is read from the body.
    let (body, receipt) = split_receipt(bytes).map_or((bytes, None), |(body, receipt)| (body, Some(receipt)));
    let file = File::read(body).ok_or(OpenError::Pdf)?;
    // Another table came before this one: the objects of an update would be shown, and ours would be opened.
    if entry(file.trailer(), b"/Prev").is_some() {
        return Err(OpenError::Extended);
    }
    let attached = file.attached().map_err(|unlisted| match unlisted {
        Unlisted::Malformed => OpenError::Pdf,
        Unlisted::TooMany => OpenError::Attached,
    })?;
    let record = attachment(&file, &attached, RECORD_FILE)?.ok_or(OpenError::Missing { from: "PDF" })?;
    let proof = attachment(&file, &attached, PROOF_FILE)?;
    let (proof, body) = if receipt.is_some() || takes_receipt(body) {
        (receipt.map(|receipt| Packed::Plain(receipt).receipt()).transpose()?, Some(Body::of(body)))
    } else {
        (proof.map(Packed::proof).transpose()?, None)
    };
    let info = file.named(file.trailer(), b"/Info").unwrap_or_default();
    let name = |key| entry(info, key).and_then(text).filter(|name| name.len() <= LONGEST_NAME);
    // A longer name is none of ours. The file is then drawn as if it had none, and differs.
    let renderer = name(b"/Producer").map(str::to_owned);
    let fonts = name(b"/Keywords").and_then(|keyword| keyword.strip_prefix(FONTS_KEYWORD)).map(str::to_owned);
    Ok(Parts { format: Format::Pdf, record, proof, renderer, fonts, body })
}

/// Returns the content of the attachment with this name. `None` if there is none.
fn attachment<'a>(
    file: &File<'a>,
    attached: &[(&str, &'a [u8])],
    name: &'static str,
) -> Result<Option<Packed<'a>>, OpenError> {
    let mut files = attached.iter().filter(|(other, _)| *other == name).map(|(_, file)| *file);
    let Some(specification) = files.next() else { return Ok(None) };
    if files.next().is_some() {
        return Err(OpenError::Twice { name });
    }
    let stream = file.embedded(specification).ok_or(OpenError::Pdf)?;
    match entry(stream.dictionary, b"/Filter") {
        None => Ok(Some(Packed::Plain(stream.data))),
        Some(b"/FlateDecode") => Ok(Some(Packed::Zlib(stream.data))),
        Some(_) => Err(OpenError::Pdf),
    }
}

/// Returns the value of a key in a dictionary. `None` also for a dictionary that our writer does not write.
fn entry<'a>(dictionary: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    ::pdf::entry(dictionary, key).ok().flatten()
}
