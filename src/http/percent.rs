//! Percent-encoding of text for URLs and headers.

/// Returns the text with every byte percent-encoded that is not an unreserved character (RFC 3986 §2.3).
pub fn percent(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
