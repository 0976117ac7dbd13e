//! The syntax of PDF, as far as this crate's own files need it.
//!
//! A value is the slice of its bytes: nothing is copied and nothing calls itself, so that no input
//! takes more memory than it has itself.

/// Reads tokens and values one after the other.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// Reads on from a position, which may be beyond the end.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// The next so many bytes, as they are.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    /// Goes past what is exactly this token.
    pub(super) fn expect(&mut self, token: &[u8]) -> Option<()> {
        (self.token()? == token).then_some(())
    }

    /// Goes past white space.
    pub(super) fn skip_white(&mut self) {
        self.take_while(is_white);
    }

    /// The next value: a name, a string, a number, a word, a reference, an array or a dictionary.
    pub(super) fn value(&mut self) -> Option<&'a [u8]> {
        self.skip_white();
        let start = self.at;
        let first = self.token()?;
        match first {
            b"<<" | b"[" => self.close()?,
            b">>" | b"]" => return None,
            _ => self.complete_reference(first),
        }
        self.bytes.get(start..self.at)
    }

    /// The next token; none at the end, and where no token of a file of ours begins.
    pub(super) fn token(&mut self) -> Option<&'a [u8]> {
        self.skip_white();
        let start = self.at;
        let rest = self.bytes.get(start..)?;
        match rest {
            [b'(', ..] => self.skip_text()?,
            [b'<', b'<', ..] | [b'>', b'>', ..] => self.at += 2,
            [b'<', ..] => self.at += rest.iter().position(|byte| *byte == b'>')? + 1,
            [b'[' | b']', ..] => self.at += 1,
            [b'/', ..] => {
                self.at += 1;
                self.take_while(is_regular);
            }
            [first, ..] if is_regular(*first) => {
                self.take_while(is_regular);
            }
            _ => return None,
        }
        self.bytes.get(start..self.at)
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

    /// Goes past a string in parentheses, which may hold others.
    fn skip_text(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.take(1)? {
                b"(" => depth += 1,
                b")" => depth = depth.checked_sub(1)?,
                b"\\" => drop(self.take(1)?),
                _ => {}
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn take_while(&mut self, wanted: fn(u8) -> bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| wanted(**byte)).count();
    }
}

/// The value of a key, such as `/Root`, in a dictionary.
pub(super) fn entry<'a>(dictionary: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut tokens = Tokens::new(dictionary, 0);
    tokens.expect(b"<<")?;
    loop {
        let name = tokens.token().filter(|token| token.starts_with(b"/"))?;
        let value = tokens.value()?;
        if name == key {
            return Some(value);
        }
    }
}

/// The values in an array, up to its end or to what cannot be read.
pub(super) fn items(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut tokens = Tokens::new(array, 0);
    let begun = tokens.expect(b"[");
    std::iter::from_fn(move || begun.and_then(|()| tokens.value()))
}

/// The number that a token is, if it is one without sign or fraction.
pub(super) fn number(token: &[u8]) -> Option<usize> {
    let digits = token.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(token).ok().filter(|_| digits)?.parse().ok()
}

/// The text of a string, if it is plain ASCII in parentheses.
pub(super) fn text(token: &[u8]) -> Option<&str> {
    let text = token.strip_prefix(b"(")?.strip_suffix(b")")?;
    let plain = text.iter().all(|byte| (b' '..=b'~').contains(byte) && *byte != b'\\');
    std::str::from_utf8(text).ok().filter(|_| plain)
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_white(byte) && !b"()<>[]{}/%".contains(&byte)
}
