//! The JSON snapshot: the record cut out of its envelope, byte for byte.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Opened;
use crate::{Format, OpenError, json};

/// The envelope; a key that is there twice is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(rename = "format")]
    _format: String,
    proof: Option<String>,
    #[serde(borrow)]
    record: &'a RawValue,
    #[serde(rename = "record_sha256")]
    _record_sha256: String,
    renderer: String,
}

/// Reads an envelope.
pub(super) fn open(bytes: &[u8]) -> Result<Opened, OpenError> {
    #[derive(Deserialize)]
    struct Header {
        format: String,
    }
    let header: Header = serde_json::from_slice(bytes).map_err(OpenError::Json)?;
    if ![json::FORMAT, json::FORMAT_1].contains(&&*header.format) {
        return Err(OpenError::Envelope { found: header.format });
    }
    let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(OpenError::Json)?;
    Ok(Opened {
        format: Format::Json,
        record: envelope.record.get().as_bytes().to_vec(),
        proof: envelope.proof,
        renderer: Some(envelope.renderer),
        fonts: None,
    })
}
