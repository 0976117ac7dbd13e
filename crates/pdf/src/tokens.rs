//! Bytes to tokens, and tokens to whole values.

/// A position in a file, from which tokens and values are read one after the other.
///
/// After a method has returned `None`, the position is anywhere: the caller is expected to give the file up.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    /// Starts reading at the offset `at`. Returns `None` if it is beyond the end.
    pub fn new(bytes: &'a [u8], at: usize) -> Option<Self> {
        Some(Self { rest: bytes.get(at..)? })
    }

    /// Returns the bytes that have not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Returns the next `count` bytes as they are. `None` if there are fewer.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken;
        (taken, self.rest) = self.rest.split_at_checked(count)?;
        Some(taken)
    }

    /// Reads a token. Returns `None` unless it is exactly this one.
    pub fn expect(&mut self, token: &[u8]) -> Option<()> {
        (self.token()? == token).then_some(())
    }

    /// Skips white space up to the next token.
    pub fn skip_white(&mut self) {
        let white = run_length(self.rest, is_white);
        self.rest = &self.rest[white..];
    }

    /// Returns the next value: a name, a string, a number, a keyword, a reference, an array or a dictionary.
    pub fn value(&mut self) -> Option<&'a [u8]> {
        self.skip_white();
        let start = self.rest;
        let first = self.token()?;
        match first {
            b"<<" | b"[" => self.skip_to_close()?,
            b">>" | b"]" => return None,
            _ => self.complete_reference(first),
        }
        start.get(..start.len() - self.rest.len())
    }

    /// Returns the next token. `None` at the end, and where something begins that our writer never writes, such as a
    /// comment or a brace.
    pub fn token(&mut self) -> Option<&'a [u8]> {
        self.skip_white();
        let length = match self.rest {
            [b'(', ..] => string_length(self.rest)?,
            // Before the hexadecimal string: it begins with the same byte.
            [b'<', b'<', ..] | [b'>', b'>', ..] => 2,
            [b'<', ..] => self.rest.iter().position(|byte| *byte == b'>')? + 1,
            [b'[' | b']', ..] => 1,
            [b'/', name @ ..] => 1 + run_length(name, is_regular),
            [first, ..] if is_regular(*first) => run_length(self.rest, is_regular),
            _ => return None,
        };
        self.take(length)
    }

    /// Skips to the end of the array or dictionary that has just begun.
    ///
    /// It counts how many are open, instead of calling itself, so that nesting costs no stack. That `[` may be closed by
    /// `>>` does no harm: the slice is the same for every reader of this crate, and [`entry`](crate::entry) demands that
    /// a dictionary ends where its slice does.
    fn skip_to_close(&mut self) -> Option<()> {
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

    /// Skips the rest of a reference, `12 0 R`, if `first` begins one.
    fn complete_reference(&mut self, first: &[u8]) {
        // `12 0 R` is one value and `12 0 5` are three: only the third token tells.
        let mut ahead = self.clone();
        let rest = ahead.token().and_then(number).and_then(|_| ahead.expect(b"R"));
        if number(first).is_some() && rest.is_some() {
            *self = ahead;
        }
    }
}

/// Returns the number that a token is. `None` if it has a sign, a fraction or anything else but digits.
pub fn number(token: &[u8]) -> Option<usize> {
    // `parse` alone would take `+1` too.
    let digits = token.iter().all(u8::is_ascii_digit);
    str::from_utf8(token).ok().filter(|_| digits)?.parse().ok()
}

/// Returns the length of the literal string that `bytes` begin with. It may hold others in balanced parentheses
/// (ISO 32000-1, 7.3.4.2).
fn string_length(bytes: &[u8]) -> Option<usize> {
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

fn run_length(bytes: &[u8], wanted: fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| wanted(**byte)).count()
}

/// Whether a byte is white space (ISO 32000-1, table 1).
fn is_white(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// Whether a byte is neither white space nor a delimiter (ISO 32000-1, table 2).
fn is_regular(byte: u8) -> bool {
    !is_white(byte) && !b"()<>[]{}/%".contains(&byte)
}
