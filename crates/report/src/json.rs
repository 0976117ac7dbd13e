//! The JSON snapshot: the record's exact bytes in a canonical envelope.

use crate::{RENDERER, ReportError, Source};

/// Wraps the record in its envelope.
///
/// The envelope is written by hand so that the record goes in byte for byte. Keys are in the order
/// of RFC 8785; later `checkpoint` goes before `format`, and `proof` between `format` and `record`.
pub(crate) fn render(source: &Source<'_>) -> Result<Vec<u8>, ReportError> {
    let renderer = serde_json::to_string(RENDERER).map_err(ReportError::Malformed)?;
    let mut bytes = Vec::with_capacity(source.bytes.len() + 256);
    bytes.extend_from_slice(br#"{"format":"sts-clearance/snapshot/1","record":"#);
    bytes.extend_from_slice(source.bytes);
    bytes.extend_from_slice(br#","record_sha256":""#);
    bytes.extend_from_slice(source.context.sha256.as_bytes());
    bytes.extend_from_slice(br#"","renderer":"#);
    bytes.extend_from_slice(renderer.as_bytes());
    bytes.push(b'}');
    Ok(bytes)
}
