//! The JSON snapshot: cuts the record out of its envelope, byte for byte.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::parts::{Packed, Parts};
use crate::bounds::{Bounds, Exceeded};
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
    })
}

/// Returns a text of the envelope, unless it is longer than it may be.
fn text(raw: &RawValue, name: &'static str) -> Result<String, OpenError> {
    if raw.get().len() > Bounds::BESIDE {
        return Err(OpenError::TooMuch { name, exceeded: Exceeded::Bytes(Bounds::BESIDE) });
    }
    serde_json::from_str(raw.get()).map_err(OpenError::Json)
}
