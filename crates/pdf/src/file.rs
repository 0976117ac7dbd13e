//! A file with one cross-reference table, and how its objects and attachments are found.

use crate::tokens::{Tokens, number};
use crate::values::{Reference, entry, items, reference, startxref, text};

/// The length of an entry in a cross-reference table, in bytes (ISO 32000-1, 7.5.4).
pub const XREF_ENTRY: usize = 20;

/// The largest number of attachments that are listed: our files have two.
const MOST_ATTACHED: usize = 64;

/// A file as our writer makes it: one cross-reference table of all objects, none of them in a stream.
///
/// Only the table and the trailer are read at first. Every method that finds nothing returns `None`, also where the file
/// is damaged.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    bytes: &'a [u8],
    table: &'a [u8],
    table_at: usize,
    trailer: &'a [u8],
}

/// An embedded file: its stream, as it is in the PDF.
#[derive(Debug, Clone, Copy)]
pub struct Embedded<'a> {
    /// The reference to the stream.
    pub reference: Reference,
    /// The dictionary of the stream.
    pub dictionary: &'a [u8],
    /// The bytes of the stream, compressed if its dictionary says so.
    pub data: &'a [u8],
}

/// Why the attachments of a PDF cannot be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlisted {
    /// The list is damaged, or has another form than in our files.
    Malformed,
    /// The list is longer than any of our files has.
    TooMany,
}

impl<'a> File<'a> {
    /// Reads the end of a file. Returns `None` unless a table that begins with object 0 is there.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (_, table_at) = startxref(bytes)?;
        let mut tokens = Tokens::new(bytes, table_at)?;
        tokens.expect(b"xref")?;
        tokens.expect(b"0")?;
        let size = number(tokens.token()?)?;
        tokens.skip_white();
        let table = tokens.take(size.checked_mul(XREF_ENTRY)?)?;
        tokens.expect(b"trailer")?;
        Some(Self { bytes, table, table_at, trailer: tokens.value()? })
    }

    /// Returns the dictionary of the trailer.
    pub fn trailer(&self) -> &'a [u8] {
        self.trailer
    }

    /// Returns the offset of the table.
    pub fn table_at(&self) -> usize {
        self.table_at
    }

    /// Returns the number of objects in the table, with the free object 0.
    pub fn size(&self) -> usize {
        self.table.len() / XREF_ENTRY
    }

    /// Returns the names and file specifications of the attachments (ISO 32000-1, 7.11.4). The specifications are not
    /// looked at yet: very many may lead to one that is long.
    ///
    /// # Errors
    ///
    /// If the list has another form than in our files, or is too long. A file without a list has no attachments.
    pub fn attached(&self) -> Result<Vec<(&'a str, &'a [u8])>, Unlisted> {
        let catalog = self.named(self.trailer, b"/Root").ok_or(Unlisted::Malformed)?;
        let Some(names) = self.named(catalog, b"/Names") else { return Ok(Vec::new()) };
        let Some(tree) = self.named(names, b"/EmbeddedFiles") else { return Ok(Vec::new()) };
        let names = self.named(tree, b"/Names").ok_or(Unlisted::Malformed)?;
        let (mut items, mut attached) = (items(names), Vec::new());
        while let Some(name) = items.next() {
            let pair = text(name).zip(items.next());
            attached.push(pair.ok_or(Unlisted::Malformed)?);
            if attached.len() > MOST_ATTACHED {
                return Err(Unlisted::TooMany);
            }
        }
        Ok(attached)
    }

    /// Returns the stream that a file specification, or a reference to one, leads to.
    pub fn embedded(&self, specification: &'a [u8]) -> Option<Embedded<'a>> {
        let file = self.resolve(specification)?;
        let value = value_of(self.named(file, b"/EF")?, b"/F")?;
        let mut tokens = self.object(value)?;
        let dictionary = tokens.value()?;
        tokens.expect(b"stream")?;
        // `stream` is followed by CRLF or LF (ISO 32000-1, 7.3.8.1).
        if tokens.take(1)? == b"\r" {
            tokens.take(1)?;
        }
        let data = tokens.take(number(value_of(dictionary, b"/Length")?)?)?;
        tokens.expect(b"endstream")?;
        Some(Embedded { reference: reference(value)?, dictionary, data })
    }

    /// Returns the value of a key, from its own object if it is a reference.
    pub fn named(&self, dictionary: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
        self.resolve(value_of(dictionary, key)?)
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
fn value_of<'a>(dictionary: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    entry(dictionary, key).ok().flatten()
}
