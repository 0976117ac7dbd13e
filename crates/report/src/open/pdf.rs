//! The PDF snapshot: its two attachments, and the names in its metadata.
//!
//! This reads what [`crate::render`] writes and refuses what other programs make of it, which no
//! check could find to be the same file anyway. A reader of every PDF would have to unpack streams
//! of objects without knowing how large they get.

use ::pdf::{Tokens, XREF_ENTRY, items, number, startxref, text};

use super::parts::{Packed, Parts, proof_of};
use crate::error::OpenError;
use crate::format::Format;
use crate::names::{PROOF_FILE, RECORD_FILE};
use crate::pdf::FONTS_KEYWORD;

/// How many files may be attached: ours have two.
const MOST_ATTACHED: usize = 64;

/// The longest name of a renderer or a font set that is read.
const LONGEST_NAME: usize = 1_000;

/// Reads a PDF.
pub(super) fn parts(bytes: &[u8]) -> Result<Parts<'_>, OpenError> {
    let file = File::read(bytes).ok_or(OpenError::Pdf)?;
    if entry(file.trailer, b"/Prev").is_some() {
        return Err(OpenError::Extended);
    }
    let catalog = file.named(file.trailer, b"/Root").ok_or(OpenError::Pdf)?;
    let attached = file.attached(catalog)?;
    let record = file.attachment(&attached, RECORD_FILE)?.ok_or(OpenError::Missing { from: "PDF" })?;
    let proof = file.attachment(&attached, PROOF_FILE)?.map(proof_of).transpose()?;
    let info = file.named(file.trailer, b"/Info").unwrap_or_default();
    let told = |key| entry(info, key).and_then(text).filter(|name| name.len() <= LONGEST_NAME);
    // What is longer is no name of ours, and then the file is drawn as if it had none.
    let renderer = told(b"/Producer").map(str::to_owned);
    let fonts = told(b"/Keywords").and_then(|keyword| keyword.strip_prefix(FONTS_KEYWORD)).map(str::to_owned);
    Ok(Parts { format: Format::Pdf, record, proof, renderer, fonts })
}

/// The parts of a PDF by which its objects are found.
struct File<'a> {
    bytes: &'a [u8],
    table: &'a [u8],
    trailer: &'a [u8],
}

impl<'a> File<'a> {
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

    /// What is attached, as names and file specifications. The latter are not yet looked at: very many may
    /// lead to one that is long.
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

    /// The content of the attachment of this name, if it is there.
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

    /// The dictionary and the bytes of the stream that a file specification speaks of.
    fn stream(&self, file: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let reference = entry(self.named(file, b"/EF")?, b"/F")?;
        let mut tokens = self.object(reference)?;
        let dictionary = tokens.value()?;
        tokens.expect(b"stream")?;
        if tokens.take(1)? == b"\r" {
            tokens.take(1)?;
        }
        let data = tokens.take(number(entry(dictionary, b"/Length")?)?)?;
        tokens.expect(b"endstream")?;
        Some((dictionary, data))
    }

    /// The value of a key, from where it is if it is a reference.
    fn named(&self, dictionary: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
        self.resolve(entry(dictionary, key)?)
    }

    /// A value, from where it is if it is a reference.
    fn resolve(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        if value.ends_with(b"R") { self.object(value)?.value() } else { Some(value) }
    }

    /// What stands in the object that a reference, `12 0 R`, leads to.
    fn object(&self, reference: &'a [u8]) -> Option<Tokens<'a>> {
        let id = Tokens::new(reference, 0)?.token()?;
        let start = number(id)?.checked_mul(XREF_ENTRY)?;
        let line = self.table.get(start..start.checked_add(XREF_ENTRY)?)?;
        let mut tokens = Tokens::new(self.bytes, number(line.get(..10)?)?)?;
        tokens.expect(id)?;
        tokens.expect(b"0")?;
        tokens.expect(b"obj")?;
        Some(tokens)
    }
}

/// The value of a key in a dictionary; none also where the dictionary is not one that we write.
fn entry<'a>(dictionary: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    ::pdf::entry(dictionary, key).ok().flatten()
}
