//! The JSON snapshot: cuts the record out of its envelope, byte for byte.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::Body;
use super::parts::{Packed, Parts};
use crate::bounds::{Bounds, Exceeded, is_receipt};
use crate::error::OpenError;
use crate::format::Format;
use crate::json;
use crate::names::PROOF_FILE;

/// The envelope, with its values unparsed. A key that is there twice is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(rename = "format", borrow)]
    _format: &'a RawValue,
    #[serde(borrow)]
    proof: Option<&'a RawValue>,
    #[serde(borrow)]
    record: &'a RawValue,
    #[serde(rename = "record_sha256", borrow)]
    _record_sha256: &'a RawValue,
    #[serde(borrow)]
    renderer: &'a RawValue,
}

/// The envelope of a file that takes a receipt.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptEnvelope<'a> {
    #[serde(rename = "format", borrow)]
    _format: &'a RawValue,
    #[serde(borrow)]
    proof: Option<&'a RawValue>,
    #[serde(borrow)]
    record: &'a RawValue,
    #[serde(borrow)]
    renderer: &'a RawValue,
}

/// Reads the parts of an envelope.
pub(super) fn parts(bytes: &[u8]) -> Result<Parts<'_>, OpenError> {
    /// What every version of the envelope has.
    #[derive(Deserialize)]
    struct Header<'a> {
        #[serde(borrow)]
        format: &'a RawValue,
    }
    // Read on its own first, so that an envelope of a later format is named and not called damaged.
    let header: Header<'_> = serde_json::from_slice(bytes).map_err(OpenError::Json)?;
    let format = text(header.format, "format")?;
    if format == json::FORMAT_3 {
        return parts_with_receipt(bytes);
    }
    if ![json::FORMAT, json::FORMAT_1].contains(&&*format) {
        return Err(OpenError::Envelope { found: format });
    }
    let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(OpenError::Json)?;
    Ok(Parts {
        format: Format::Json,
        record: Packed::Plain(envelope.record.get().as_bytes()),
        proof: envelope.proof.map(|proof| text(proof, PROOF_FILE)).transpose()?,
        renderer: Some(text(envelope.renderer, "renderer")?),
        fonts: None,
        body: None,
    })
}

/// Reads the parts of an envelope that takes a receipt. It must be, byte for byte, what these parts give.
fn parts_with_receipt(bytes: &[u8]) -> Result<Parts<'_>, OpenError> {
    let envelope: ReceiptEnvelope<'_> = serde_json::from_slice(bytes).map_err(OpenError::Json)?;
    let receipt = envelope.proof.map(receipt).transpose()?;
    let renderer = text(envelope.renderer, "renderer")?;
    let record = envelope.record.get();
    let body = json::body(record.as_bytes(), &renderer).map_err(OpenError::Json)?;
    let same = match &receipt {
        None => body == bytes,
        Some(receipt) => json::with_receipt(&body, receipt).is_some_and(|again| again == bytes),
    };
    if !same || !is_compact(record) {
        return Err(OpenError::Template("JSON envelope"));
    }
    Ok(Parts {
        format: Format::Json,
        record: Packed::Plain(record.as_bytes()),
        proof: receipt,
        renderer: Some(renderer),
        fonts: None,
        body: Some(Body::of(&body)),
    })
}

/// Returns the text of a receipt.
fn receipt(raw: &RawValue) -> Result<String, OpenError> {
    // In JSON, each character of a receipt takes at most twice its bytes, and there are the quotes.
    let most = 2 * Bounds::RECEIPT + 2;
    if raw.get().len() > most {
        return Err(OpenError::TooMuch { name: PROOF_FILE, exceeded: Exceeded::Bytes(most) });
    }
    let text: String = serde_json::from_str(raw.get()).map_err(OpenError::Json)?;
    if is_receipt(&text) { Ok(text) } else { Err(OpenError::NotText { name: PROOF_FILE }) }
}

/// Whether JSON has no white space between its values, as RFC 8785 demands.
///
/// The order of its keys is not looked at: the hash of the body, which covers the record, decides.
fn is_compact(json: &str) -> bool {
    let (mut in_text, mut escaped) = (false, false);
    json.bytes().all(|byte| {
        let within = in_text;
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            _ => {}
        }
        within || !b" \t\r\n".contains(&byte)
    })
}

/// Returns a text of the envelope, unless it is longer than it may be.
fn text(raw: &RawValue, name: &'static str) -> Result<String, OpenError> {
    if raw.get().len() > Bounds::BESIDE {
        return Err(OpenError::TooMuch { name, exceeded: Exceeded::Bytes(Bounds::BESIDE) });
    }
    serde_json::from_str(raw.get()).map_err(OpenError::Json)
}
