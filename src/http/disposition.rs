//! What the head of a form's part says: the part's name, and the name of its file in the ways in which clients write it.
//!
//! Browsers write UTF-8 between quotes, with `%22` for a quote (WHATWG HTML, multipart form data). Programs write
//! `filename*` (RFC 8187), in pieces too (RFC 2231), or encoded words (RFC 2047), though RFC 7578 asks for none of them.

use std::{borrow::Cow, collections::BTreeMap};

use axum::http::{HeaderMap, header::CONTENT_DISPOSITION};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode::Indifferent, GeneralPurpose, GeneralPurposeConfig},
};
use encoding_rs::Encoding;

/// Base64 whose padding may be missing.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(Indifferent));

/// The parameters of a part's `Content-Disposition`, by their names in lower case. Of two with one name the first counts.
pub(crate) struct Disposition(BTreeMap<String, Vec<u8>>);

/// Bytes of a text, and the encoding in which they are.
type Encoded = (&'static Encoding, Vec<u8>);

/// What a head says of the name of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FileName {
    /// The name.
    Read(String),
    /// There is one, in an encoding that cannot be read.
    Unreadable,
    /// There is none: the part is no file.
    Missing,
}

impl Disposition {
    /// Reads the head of a part.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut rest = headers.get(CONTENT_DISPOSITION).map_or(&b""[..], |value| value.as_bytes());
        let mut parameters = BTreeMap::new();
        while !rest.is_empty() {
            let (name, after) = split_at(rest, |byte| byte == b'=' || byte == b';');
            rest = after;
            // Without a value it is the type, `form-data`.
            if let Some(value) = rest.strip_prefix(b"=") {
                let (value, after) = read_value(value.trim_ascii_start());
                rest = after;
                let name = String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase();
                if let Some(value) = value {
                    parameters.entry(name).or_insert(value);
                }
            }
            rest = rest.strip_prefix(b";").unwrap_or(rest);
        }
        Self(parameters)
    }

    /// Returns the name of the part, empty if it has none.
    pub(crate) fn name(&self) -> String {
        self.0.get("name").map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default()
    }

    /// Returns the name of the part's file. `filename*` goes before `filename`, wherever it stands (RFC 6266 §4.3).
    pub(crate) fn file_name(&self) -> FileName {
        let extended = self.0.get("filename*").and_then(|value| extended(value));
        let plain = || {
            let text = str::from_utf8(self.0.get("filename")?).ok()?;
            Some(encoded_words(text).unwrap_or_else(|| percent_encoded_by_browsers(text)))
        };
        match extended.or_else(|| self.in_pieces()).or_else(plain) {
            Some(name) => FileName::Read(name),
            None if self.0.keys().any(|name| name.starts_with("filename")) => FileName::Unreadable,
            None => FileName::Missing,
        }
    }

    /// Joins `filename*0*`, `filename*1` and so on. A piece whose name ends in `*` is percent-encoded; the first of
    /// these names the encoding of all.
    fn in_pieces(&self) -> Option<String> {
        let (mut bytes, mut encoding) = (Vec::new(), encoding_rs::UTF_8);
        for number in 0_usize.. {
            let name = format!("filename*{number}");
            if let Some(value) = self.0.get(&format!("{name}*")) {
                let value = if number == 0 {
                    let (named, value) = split_extended(value)?;
                    encoding = named;
                    value
                } else {
                    value
                };
                bytes.extend(percent_decoded(value));
            } else if let Some(value) = self.0.get(&name) {
                bytes.extend_from_slice(value);
            } else {
                break;
            }
        }
        if bytes.is_empty() { None } else { decoded(encoding, &bytes) }
    }
}

/// Splits bytes before the first one for which `ends` holds.
fn split_at(bytes: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|byte| ends(*byte)).unwrap_or(bytes.len()))
}

/// Reads a value, between quotes or not, and returns what follows it. `None` if the second quote is missing.
///
/// A backslash quotes a quote and itself. Before other characters it stands for itself: some browsers send the path of a
/// file on Windows.
fn read_value(rest: &[u8]) -> (Option<Vec<u8>>, &[u8]) {
    let Some(quoted) = rest.strip_prefix(b"\"") else {
        let (value, rest) = split_at(rest, |byte| byte == b';');
        return (Some(value.trim_ascii_end().to_vec()), rest);
    };
    let (mut value, mut at) = (Vec::new(), 0);
    loop {
        match quoted[at..] {
            [b'\\', byte @ (b'"' | b'\\'), ..] => {
                value.push(byte);
                at += 2;
            }
            [b'"', ..] => return (Some(value), split_at(&quoted[at + 1..], |byte| byte == b';').1),
            [byte, ..] => {
                value.push(byte);
                at += 1;
            }
            [] => return (None, &[]),
        }
    }
}

/// Decodes `charset'language'percent-encoded` (RFC 8187). Without the two quotes it is taken for UTF-8, which some
/// programs send.
fn extended(value: &[u8]) -> Option<String> {
    let (encoding, value) = split_extended(value)?;
    decoded(encoding, &percent_decoded(value))
}

/// Splits the encoding from an extended value. `None` if it names one that is not known.
fn split_extended(value: &[u8]) -> Option<(&'static Encoding, &[u8])> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(charset), Some(_), Some(value)) => Some((Encoding::for_label(charset)?, value)),
        _ => Some((encoding_rs::UTF_8, value)),
    }
}

/// Returns the text of bytes, or `None` if they are none in this encoding.
fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(Cow::into_owned)
}

/// Replaces `%` and two hexadecimal digits by their byte. Other `%` stay.
fn percent_decoded(value: &[u8]) -> Vec<u8> {
    escaped(value, b'%')
}

/// Replaces the escape and two hexadecimal digits after it by their byte. Other escapes stay.
fn escaped(value: &[u8], escape: u8) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (mut bytes, mut rest) = (Vec::with_capacity(value.len()), value);
    while let [first, after @ ..] = rest {
        let coded = match after {
            [high, low, ..] if *first == escape => digit(*high).zip(digit(*low)),
            _ => None,
        };
        bytes.push(coded.map_or(*first, |(high, low)| high << 4 | low));
        rest = if coded.is_some() { &after[2..] } else { after };
    }
    bytes
}

/// Replaces what browsers encode between quotes: the quote, and the ends of lines. They leave any other `%` as it is.
fn percent_encoded_by_browsers(text: &str) -> String {
    text.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

/// Decodes a text that has encoded words (RFC 2047). White space between two of them is not part of the text. `None` if
/// it has none, or one that cannot be decoded.
fn encoded_words(text: &str) -> Option<String> {
    let (mut read, mut rest) = (String::new(), text);
    // The bytes of neighbours go together: programs cut a text between the bytes of one character.
    let mut open: Option<Encoded> = None;
    while let Some((before, (encoding, bytes), after)) = next_word(rest) {
        match &mut open {
            Some((of_open, gathered)) if before.trim().is_empty() && *of_open == encoding => gathered.extend(bytes),
            _ => {
                let follows = open.is_some();
                read.push_str(&open.map_or(Some(String::new()), |(encoding, bytes)| decoded(encoding, &bytes))?);
                if !(follows && before.trim().is_empty()) {
                    read.push_str(before);
                }
                open = Some((encoding, bytes));
            }
        }
        rest = after;
    }
    let (encoding, bytes) = open?;
    read.push_str(&decoded(encoding, &bytes)?);
    Some(read + rest)
}

/// Finds the first encoded word: what stands before it, its encoding and bytes, and what follows.
fn next_word(text: &str) -> Option<(&str, Encoded, &str)> {
    let mut from = 0;
    while let Some(at) = text[from..].find("=?").map(|at| from + at) {
        if let Some((word, after)) = read_word(&text[at + 2..]) {
            return Some((&text[..at], word, after));
        }
        from = at + 2;
    }
    None
}

/// Reads `charset?B?text?=` or `charset?Q?text?=`, and returns what follows it.
fn read_word(text: &str) -> Option<(Encoded, &str)> {
    let (charset, rest) = text.split_once('?')?;
    let (way, rest) = rest.split_once('?')?;
    let (coded, after) = rest.split_once("?=")?;
    // RFC 2231 lets a language follow the name of the encoding.
    let encoding = Encoding::for_label(charset.split('*').next()?.as_bytes())?;
    let bytes = match way {
        "B" | "b" => BASE64.decode(coded).ok()?,
        "Q" | "q" => escaped(coded.replace('_', " ").as_bytes(), b'='),
        _ => return None,
    };
    Some(((encoding, bytes), after))
}
