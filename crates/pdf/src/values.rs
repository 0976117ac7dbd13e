//! What values hold: dictionaries, arrays, numbers, strings, references; and where a file's last table is.

use std::fmt;

use crate::tokens::{Tokens, number};

/// A dictionary that cannot be read, or that can be read in more than one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a PDF dictionary is malformed")
    }
}

impl std::error::Error for Malformed {}

/// Returns the value of a key, such as `/Root`, in a dictionary. `None` if it has no such key.
///
/// # Errors
///
/// [`Malformed`] if the bytes are no dictionary, if any part of it cannot be read, if the key is there twice, or if a key
/// is written with `#`. All of it is read, also behind the key: a later part could change what another reader finds.
pub fn entry<'a>(dictionary: &'a [u8], key: &[u8]) -> Result<Option<&'a [u8]>, Malformed> {
    let mut tokens = Tokens::new(dictionary, 0).ok_or(Malformed)?;
    tokens.expect(b"<<").ok_or(Malformed)?;
    let mut found = None;
    loop {
        let name = tokens.token().ok_or(Malformed)?;
        if name == b">>" {
            return if tokens.rest().is_empty() { Ok(found) } else { Err(Malformed) };
        }
        // `/Pre#76` is `/Prev` to a reader that decodes names (ISO 32000-1, 7.3.5).
        if !name.starts_with(b"/") || name.contains(&b'#') {
            return Err(Malformed);
        }
        let value = tokens.value().ok_or(Malformed)?;
        if name == key && found.replace(value).is_some() {
            return Err(Malformed);
        }
    }
}

/// Returns the values in an array, up to its end or to what cannot be read. There are none if it is no array.
pub fn items(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut tokens = Tokens::new(array, 0);
    let begun = tokens.as_mut().and_then(|tokens| tokens.expect(b"["));
    std::iter::from_fn(move || tokens.as_mut().filter(|_| begun.is_some())?.value())
}

/// Returns the text of a literal string. `None` if it holds anything but printable ASCII, an escape or parentheses.
pub fn text(token: &[u8]) -> Option<&str> {
    let text = token.strip_prefix(b"(")?.strip_suffix(b")")?;
    let plain = text.iter().all(|byte| (b' '..=b'~').contains(byte) && !b"\\()".contains(byte));
    str::from_utf8(text).ok().filter(|_| plain)
}

/// An indirect reference, such as `12 0 R` (ISO 32000-1, 7.3.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The number of the object.
    pub object: u32,
    /// The generation of the object: 0 in every file that was written at once.
    pub generation: usize,
}

/// Reads an indirect reference. Returns `None` if the value is something else.
pub fn reference(value: &[u8]) -> Option<Reference> {
    let mut tokens = Tokens::new(value, 0)?;
    let object = tokens.token().and_then(number).and_then(|number| u32::try_from(number).ok())?;
    let generation = tokens.token().and_then(number)?;
    tokens.expect(b"R")?;
    Some(Reference { object, generation })
}

/// Reads the end of a file: what stands before `startxref`, and the offset that it names (ISO 32000-1, 7.5.5).
///
/// Returns `None` unless the file ends so. The offset is not checked.
pub fn startxref(file: &[u8]) -> Option<(&[u8], usize)> {
    // From the end backwards: an updated file has several of these, and only the last one counts.
    let end = file.trim_ascii_end().strip_suffix(b"%%EOF")?.trim_ascii_end();
    let digits = end.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, offset) = end.split_at_checked(end.len() - digits)?;
    let before = before.trim_ascii_end().strip_suffix(b"startxref")?.trim_ascii_end();
    Some((before, number(offset)?))
}
