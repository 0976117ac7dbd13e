//! The PDF snapshot: takes out its two attachments, and the names in its metadata.
//!
//! This reads what [`crate::render`] writes, and refuses what other programs make of it, which no check could find to
//! be the same file anyway. A reader of every PDF would have to unpack streams of objects without knowing how large
//! they get.

use ::pdf::{Tokens, XREF_ENTRY, items, number, startxref, text};

use super::parts::{Packed, Parts};
use crate::error::OpenError;
use crate::format::Format;
use crate::names::{PROOF_FILE, RECORD_FILE};
use crate::pdf::FONTS_KEYWORD;

/// The largest number of attachments: ours have two.
const MOST_ATTACHED: usize = 64;

/// The longest name of a renderer or a font set that is read, in bytes.
const LONGEST_NAME: usize = 1_000;

/// Reads the parts of a PDF.
pub(super) fn parts(bytes: &[u8]) -> Result<Parts<'_>, OpenError> {
    let file = PdfFile::read(bytes).ok_or(OpenError::Pdf)?;
    // Another table came before this one: the objects of an update would be shown, and ours would be opened.
    if entry(file.trailer, b"/Prev").is_some() {
        return Err(OpenError::Extended);
    }
    let catalog = file.named(file.trailer, b"/Root").ok_or(OpenError::Pdf)?;
    let attached = file.attached(catalog)?;
    let record = file.attachment(&attached, RECORD_FILE)?.ok_or(OpenError::Missing { from: "PDF" })?;
    let proof = file.attachment(&attached, PROOF_FILE)?.map(Packed::proof).transpose()?;
    let info = file.named(file.trailer, b"/Info").unwrap_or_default();
    let name = |key| entry(info, key).and_then(text).filter(|name| name.len() <= LONGEST_NAME);
    // A longer name is none of ours. The file is then drawn as if it had none, and differs.
    let renderer = name(b"/Producer").map(str::to_owned);
    let fonts = name(b"/Keywords").and_then(|keyword| keyword.strip_prefix(FONTS_KEYWORD)).map(str::to_owned);
    Ok(Parts { format: Format::Pdf, record, proof, renderer, fonts })
}

/// The parts of a PDF by which its objects are found.
struct PdfFile<'a> {
    bytes: &'a [u8],
    table: &'a [u8],
    trailer: &'a [u8],
}

impl<'a> PdfFile<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (_, table_at) = startxref(bytes)?;
        let mut tokens = Tokens::new(bytes, table_at)?;
        tokens.expect(b"xref")?;
        tokens.expect(b"0")?;
        let size = number(tokens.token()?)?;
        tokens.skip_white();
        let table = tokens.take(size.checked_mul(XREF_ENTRY)?)?;
        tokens.expect(b"trailer")?;
        Some(Self { bytes, table, trailer: tokens.value()? })
    }

    /// Returns the names and file specifications of the attachments (ISO 32000-1, 7.11.4). The specifications are not
    /// looked at yet: very many may lead to one that is long.
    fn attached(&self, catalog: &'a [u8]) -> Result<Vec<(&'a str, &'a [u8])>, OpenError> {
        let Some(names) = self.named(catalog, b"/Names") else { return Ok(Vec::new()) };
        let Some(tree) = self.named(names, b"/EmbeddedFiles") else { return Ok(Vec::new()) };
        let names = self.named(tree, b"/Names").ok_or(OpenError::Pdf)?;
        let (mut items, mut attached) = (items(names), Vec::new());
        while let Some(name) = items.next() {
            let pair = text(name).zip(items.next());
            attached.push(pair.ok_or(OpenError::Pdf)?);
            if attached.len() > MOST_ATTACHED {
                return Err(OpenError::Attached);
            }
        }
        Ok(attached)
    }

    /// Returns the content of the attachment with this name. `None` if there is none.
    fn attachment(&self, attached: &[(&str, &'a [u8])], name: &'static str) -> Result<Option<Packed<'a>>, OpenError> {
        let mut files = attached.iter().filter(|(other, _)| *other == name).map(|(_, file)| *file);
        let Some(file) = files.next() else { return Ok(None) };
        if files.next().is_some() {
            return Err(OpenError::Twice { name });
        }
        let file = self.resolve(file).ok_or(OpenError::Pdf)?;
        let (dictionary, data) = self.stream(file).ok_or(OpenError::Pdf)?;
        match entry(dictionary, b"/Filter") {
            None => Ok(Some(Packed::Plain(data))),
            Some(b"/FlateDecode") => Ok(Some(Packed::Zlib(data))),
            Some(_) => Err(OpenError::Pdf),
        }
    }

    /// Returns the dictionary and the bytes of the stream that a file specification leads to.
    fn stream(&self, file: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let reference = entry(self.named(file, b"/EF")?, b"/F")?;
        let mut tokens = self.object(reference)?;
        let dictionary = tokens.value()?;
        tokens.expect(b"stream")?;
        // `stream` is followed by CRLF or LF (ISO 32000-1, 7.3.8.1).
        if tokens.take(1)? == b"\r" {
            tokens.take(1)?;
        }
        let data = tokens.take(number(entry(dictionary, b"/Length")?)?)?;
        tokens.expect(b"endstream")?;
        Some((dictionary, data))
    }

    /// Returns the value of a key, from its own object if it is a reference.
    fn named(&self, dictionary: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
        self.resolve(entry(dictionary, key)?)
    }

    /// Returns a value, from its own object if it is a reference.
    fn resolve(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        if value.ends_with(b"R") { self.object(value)?.value() } else { Some(value) }
    }

    /// Returns the content of the object that a reference, `12 0 R`, leads to.
    fn object(&self, reference: &'a [u8]) -> Option<Tokens<'a>> {
        let id = Tokens::new(reference, 0)?.token()?;
        let start = number(id)?.checked_mul(XREF_ENTRY)?;
        let line = self.table.get(start..start.checked_add(XREF_ENTRY)?)?;
        let mut tokens = Tokens::new(self.bytes, number(line.get(..10)?)?)?;
        // The object must say its own number, or the entry leads to the middle of something else.
        tokens.expect(id)?;
        tokens.expect(b"0")?;
        tokens.expect(b"obj")?;
        Some(tokens)
    }
}

/// Returns the value of a key in a dictionary. `None` also for a dictionary that our writer does not write.
fn entry<'a>(dictionary: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    ::pdf::entry(dictionary, key).ok().flatten()
}
