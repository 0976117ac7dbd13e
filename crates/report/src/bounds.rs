//! How much is read of a file, and the scan of JSON that comes before anything is built from it.
//!
//! As values in memory, JSON takes many times its own size, and compressed data is small compared with what it unpacks
//! to. So each part has a bound in bytes, and JSON is bounded in depth and in its number of values too.

use room::canonical;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// How much is read of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Largest size of the record, in bytes, unpacked.
    pub record: usize,
    /// Largest number of values in it: objects, arrays, texts, numbers and the like.
    pub values: usize,
    /// Largest depth to which objects and arrays are nested in it.
    pub depth: usize,
}

impl Bounds {
    /// The bounds for a file that anybody may have made.
    pub const STRANGER: Self = Self { record: 4 * MIB, values: 100_000, depth: 32 };

    /// The bounds for a file that one of the caller's own servers has signed.
    ///
    /// A record holds at most 50,000 entries with 16 MiB of details, and as much again of what parties wrote about
    /// documents. An entry takes some 400 bytes and eight values beside its details, and these have at least eight
    /// bytes for each of their values.
    pub const OWN: Self = Self { record: 64 * MIB, values: 4_000_000, depth: 64 };

    /// The largest size of a proof, and of anything else beside a record, in bytes. A proof holds one entry and a path.
    pub const BESIDE: usize = 128 * KIB;

    /// The largest size of a receipt that is added to a file, in bytes.
    pub const RECEIPT: usize = 64 * KIB;

    /// Goes through JSON without building anything of it, and stops where there is more than these bounds allow. Returns
    /// whether `serde_json` writes all its values in canonical form (RFC 8785): that there are neither fractions, nor
    /// numbers that a double does not hold, nor names beyond ASCII, which are sorted otherwise.
    ///
    /// Bytes that are no JSON are no error here: they end the scan, and the reader that comes next reports them.
    ///
    /// # Errors
    ///
    /// What there is too much of.
    pub fn scan(&self, json: &[u8]) -> Result<bool, Exceeded> {
        if json.len() > self.record {
            return Err(Exceeded::Bytes(self.record));
        }
        let (mut at, mut depth, mut values, mut is_plain) = (0, 0_usize, 0, canonical::sorts_fields());
        while let Some(&byte) = json.get(at) {
            let rest = &json[at + 1..];
            let (length, is_value) = match byte {
                b'"' => {
                    let length = text_length(rest);
                    let is_name = is_followed_by_colon(&rest[length..]);
                    // An escape may be of a character beyond ASCII.
                    is_plain &= !is_name || rest[..length].iter().all(|byte| byte.is_ascii() && *byte != b'\\');
                    (length, !is_name)
                }
                b'-' | b'0'..=b'9' => {
                    let length = rest.iter().take_while(|byte| b"0123456789+-.eE".contains(byte)).count();
                    is_plain &= is_plain_number(&json[at..=at + length]);
                    (length, true)
                }
                b'a'..=b'z' => (rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count(), true),
                b'[' | b'{' => (0, true),
                b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    (0, false)
                }
                _ => (0, false),
            };
            values += usize::from(is_value);
            if values > self.values {
                return Err(Exceeded::Values(self.values));
            }
            if is_value && depth > self.depth {
                return Err(Exceeded::Depth(self.depth));
            }
            depth += usize::from(matches!(byte, b'[' | b'{'));
            at += 1 + length;
        }
        Ok(is_plain)
    }
}

/// Returns the length of a text behind its first quote, with the second.
fn text_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = text[at.min(text.len())..].iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        at += found + 1;
        if text[at - 1] == b'"' {
            return at;
        }
        // What is escaped does not end the text.
        at += 1;
    }
    text.len()
}

fn is_followed_by_colon(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !b" \t\r\n".contains(byte)) == Some(&b':')
}

/// Whether a number is whole, and one that a double holds. `-0` is a fraction to `serde_json`, which keeps its sign.
fn is_plain_number(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    let read = str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    number != b"-0" && digits.iter().all(u8::is_ascii_digit) && read.is_some_and(canonical::is_plain_number)
}

/// Whether a text can be a receipt. A line feed is the only control character in one: it ends its lines.
pub(crate) fn is_receipt(text: &str) -> bool {
    let is_plain = |c: char| c == '\n' || !c.is_control();
    !text.is_empty() && text.len() <= Bounds::RECEIPT && text.chars().all(is_plain)
}

/// What a file has too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// It has more bytes than this.
    #[error("it is larger than the {0} bytes that are read")]
    Bytes(usize),
    /// It holds more values than this.
    #[error("it holds more than the {0} values that are read")]
    Values(usize),
    /// More objects and arrays than this stand in one another.
    #[error("its values are nested more than the {0} deep that are read")]
    Depth(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_within_the_bounds_passes_and_one_value_or_level_more_does_not() {
        let bounds = Bounds { record: 100, values: 4, depth: 2 };
        assert_eq!(bounds.scan(br#"[1,"two",{}]"#), Ok(true));
        assert_eq!(bounds.scan(br#"[1,"two",{},null]"#), Err(Exceeded::Values(4)));
        assert_eq!(bounds.scan(br#"{"a":[1]}"#), Ok(true));
        assert_eq!(bounds.scan(br#"{"a":[[1]]}"#), Err(Exceeded::Depth(2)));
        assert_eq!(bounds.scan(&[b' '; 101]), Err(Exceeded::Bytes(100)));
        assert!(bounds.scan(b"[1, nonsense").is_ok(), "who reads it says that it is no JSON");
        assert_eq!(Bounds::OWN.scan("[".repeat(1_000_000).as_bytes()), Err(Exceeded::Depth(64)));
    }

    #[test]
    fn json_is_plain_if_a_canonical_writer_writes_it_as_serde_json_does() {
        for json in [
            r#"{"b":1,"a":[null,true,"\u00e9","\u0007"]}"#,
            r#"{"a":9007199254740992,"b":-9007199254740992}"#,
            r#"{"a":0,"b":-1}"#,
            r#"{"a":-0}"#,
            r#"{"a":9007199254740993}"#,
            r#"{"a":-9007199254740993}"#,
            r#"{"a":1.5}"#,
            r#"{"a":1e3}"#,
            r#"{"a":100000000000000000000}"#,
            r#"{"\u00e9":1,"\ud83d\udea2":2,"\uff5e":3}"#,
        ] {
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            let is_same = serde_json::to_vec(&value).unwrap() == serde_json_canonicalizer::to_vec(&value).unwrap();
            let is_plain = Bounds::STRANGER.scan(json.as_bytes()).unwrap();
            assert!(is_same || !is_plain, "{json}");
            assert_eq!(is_plain, canonical::is_plain_entry(&value, 0), "{json}");
        }
    }
}
