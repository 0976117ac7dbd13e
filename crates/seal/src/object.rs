//! The syntax of PDF, as far as the objects that a seal touches need it.
//!
//! A value is the slice of its bytes: nothing is copied and nothing calls itself, so that no input takes more memory than
//! it has itself.

use crate::fault::Fault;

const DAMAGED: Fault = Fault::Unfit("its objects are damaged");

/// Reads tokens and values one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    /// Reads on from a position; none beyond the end.
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Option<Self> {
        Some(Self { rest: bytes.get(at..)? })
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next so many bytes, as they are.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken;
        (taken, self.rest) = self.rest.split_at_checked(count)?;
        Some(taken)
    }

    /// Goes past what is exactly this token.
    pub(crate) fn expect(&mut self, token: &[u8]) -> Option<()> {
        (self.token()? == token).then_some(())
    }

    /// Goes past white space.
    pub(crate) fn skip_white(&mut self) {
        let white = count(self.rest, is_white);
        self.rest = &self.rest[white..];
    }

    /// The next value: a name, a string, a number, a word, a reference, an array or a dictionary.
    pub(crate) fn value(&mut self) -> Option<&'a [u8]> {
        self.skip_white();
        let start = self.rest;
        let first = self.token()?;
        match first {
            b"<<" | b"[" => self.close()?,
            b">>" | b"]" => return None,
            _ => self.complete_reference(first),
        }
        start.get(..start.len() - self.rest.len())
    }

    /// The next token; none at the end, and where no token of a file of ours begins.
    pub(crate) fn token(&mut self) -> Option<&'a [u8]> {
        self.skip_white();
        let length = match self.rest {
            [b'(', ..] => text_length(self.rest)?,
            [b'<', b'<', ..] | [b'>', b'>', ..] => 2,
            [b'<', ..] => memchr::memchr(b'>', self.rest)? + 1,
            [b'[' | b']', ..] => 1,
            [b'/', name @ ..] => 1 + count(name, is_regular),
            [first, ..] if is_regular(*first) => count(self.rest, is_regular),
            _ => return None,
        };
        self.take(length)
    }

    /// Goes past the end of the array or dictionary that has just begun.
    fn close(&mut self) -> Option<()> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.token()? {
                b"<<" | b"[" => depth += 1,
                b">>" | b"]" => depth -= 1,
                _ => {}
            }
        }
        Some(())
    }

    /// Goes past the rest of `12 0 R`, of which the first token has been read.
    fn complete_reference(&mut self, first: &[u8]) {
        let mut ahead = self.clone();
        let rest = ahead.token().and_then(number).and_then(|_| ahead.expect(b"R"));
        if number(first).is_some() && rest.is_some() {
            *self = ahead;
        }
    }
}

/// The value of a key, such as `/Root`, in a dictionary. All of the dictionary must be readable, and no key be there twice.
pub(crate) fn entry<'a>(dictionary: &'a [u8], key: &[u8]) -> Result<Option<&'a [u8]>, Fault> {
    let mut tokens = Tokens::new(dictionary, 0).ok_or(DAMAGED)?;
    tokens.expect(b"<<").ok_or(DAMAGED)?;
    let mut found = None;
    loop {
        let name = tokens.token().ok_or(DAMAGED)?;
        if name == b">>" {
            return if tokens.rest().is_empty() { Ok(found) } else { Err(DAMAGED) };
        }
        // A name with `#` in it may be another way of writing the key.
        if !name.starts_with(b"/") || name.contains(&b'#') {
            return Err(DAMAGED);
        }
        let value = tokens.value().ok_or(DAMAGED)?;
        if name == key && found.replace(value).is_some() {
            return Err(DAMAGED);
        }
    }
}

/// The values in an array, up to its end or to what cannot be read; nothing where it is no array.
pub(crate) fn items(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut tokens = Tokens { rest: array };
    let begun = tokens.expect(b"[");
    std::iter::from_fn(move || begun.and_then(|()| tokens.value()))
}

/// The number that a token is, if it is one without sign or fraction.
pub(crate) fn number(token: &[u8]) -> Option<usize> {
    let digits = token.iter().all(u8::is_ascii_digit);
    str::from_utf8(token).ok().filter(|_| digits)?.parse().ok()
}

/// The bytes of a string, if it is plain ASCII in parentheses.
pub(crate) fn text(token: &[u8]) -> Option<&[u8]> {
    let text = token.strip_prefix(b"(")?.strip_suffix(b")")?;
    text.iter().all(|byte| (b' '..=b'~').contains(byte) && !b"\\()".contains(byte)).then_some(text)
}

/// The number of the object that a reference, `12 0 R`, leads to; ours are all of the first generation.
pub(crate) fn reference(value: &[u8]) -> Result<u32, Fault> {
    const NONE: Fault = Fault::Unfit("it has a value where ours have a reference");

    let mut tokens = Tokens { rest: value };
    let object = tokens.token().and_then(number).and_then(|number| u32::try_from(number).ok()).ok_or(NONE)?;
    let generation = tokens.token().and_then(number).ok_or(NONE)?;
    tokens.expect(b"R").ok_or(NONE)?;
    if generation == 0 { Ok(object) } else { Err(Fault::Unfit("it has objects of a later generation")) }
}

/// The length of the string in parentheses at the beginning, which may hold others.
fn text_length(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut escaped) = (0_usize, false);
    for (position, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(position + 1),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn count(bytes: &[u8], wanted: fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| wanted(**byte)).count()
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_white(byte) && !b"()<>[]{}/%".contains(&byte)
}
