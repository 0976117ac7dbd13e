//! The JSON snapshot: the record's exact bytes in a canonical envelope.

use crate::error::ReportError;
use crate::source::Source;

/// The format that an envelope names.
pub(crate) const FORMAT: &str = "sts-clearance/snapshot/2";

/// The format of envelopes from before there were proofs.
pub(crate) const FORMAT_1: &str = "sts-clearance/snapshot/1";

/// Wraps the record in its envelope.
///
/// The envelope is written by hand so that the record goes in byte for byte. Its keys are in the order of RFC 8785.
pub(crate) fn render(source: &Source<'_>) -> Result<Vec<u8>, ReportError> {
    let text = |text: &str| serde_json::to_string(text).map_err(ReportError::Malformed);
    let proof = source.context.proof.as_deref().map(text).transpose()?;
    let mut bytes = Vec::with_capacity(source.bytes.len() + proof.as_ref().map_or(0, String::len) + 256);
    bytes.extend_from_slice(br#"{"format":"#);
    bytes.extend_from_slice(text(FORMAT)?.as_bytes());
    if let Some(proof) = proof {
        bytes.extend_from_slice(br#","proof":"#);
        bytes.extend_from_slice(proof.as_bytes());
    }
    bytes.extend_from_slice(br#","record":"#);
    // Not parsed and written again: the hash is over these very bytes.
    bytes.extend_from_slice(source.bytes);
    bytes.extend_from_slice(br#","record_sha256":""#);
    bytes.extend_from_slice(source.context.sha256.as_bytes());
    bytes.extend_from_slice(br#"","renderer":"#);
    bytes.extend_from_slice(text(source.context.edition.name())?.as_bytes());
    bytes.push(b'}');
    Ok(bytes)
}
