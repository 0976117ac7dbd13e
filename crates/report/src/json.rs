//! The JSON snapshot: the record's exact bytes in a canonical envelope.
//!
//! Envelopes are written by hand so that the record goes in byte for byte. Their keys are in the order of RFC 8785.

use crate::content::Proof;
use crate::error::ReportError;
use crate::source::Source;

/// The format of envelopes that take a receipt.
pub(crate) const FORMAT_3: &str = "sts-clearance/snapshot/3";

/// The format of envelopes that were drawn with their proof.
pub(crate) const FORMAT: &str = "sts-clearance/snapshot/2";

/// The format of envelopes from before there were proofs.
pub(crate) const FORMAT_1: &str = "sts-clearance/snapshot/1";

/// What a body begins with. A receipt goes in behind it.
const BODY_START: &str = r#"{"format":"sts-clearance/snapshot/3","#;

/// Wraps the record in its envelope.
pub(crate) fn render(source: &Source<'_>) -> Result<Vec<u8>, ReportError> {
    let context = &source.context;
    match &context.proof {
        Proof::Receipt => body(source.bytes, &context.renderer),
        Proof::Inside(proof) => drawn_with(Some(proof), source),
        Proof::None => drawn_with(None, source),
    }
    .map_err(ReportError::Malformed)
}

/// Returns the envelope without a receipt.
pub(crate) fn body(record: &[u8], renderer: &str) -> serde_json::Result<Vec<u8>> {
    let renderer = serde_json::to_string(renderer)?;
    let start = [BODY_START, r#""record":"#].concat();
    Ok([start.as_bytes(), record, br#","renderer":"#, renderer.as_bytes(), b"}"].concat())
}

/// Returns the envelope with a receipt. `None` if it is no body.
pub(crate) fn with_receipt(body: &[u8], receipt: &str) -> Option<Vec<u8>> {
    let rest = body.strip_prefix(BODY_START.as_bytes())?;
    // `serde_json` escapes as RFC 8785 demands: no more characters than it must, and these in the shortest way.
    let receipt = serde_json::to_string(receipt).ok()?;
    Some([BODY_START.as_bytes(), br#""proof":"#, receipt.as_bytes(), b",", rest].concat())
}

/// Returns the envelope of a file that is drawn with its proof.
fn drawn_with(proof: Option<&str>, source: &Source<'_>) -> serde_json::Result<Vec<u8>> {
    let text = |text: &str| serde_json::to_string(text);
    let proof = proof.map(text).transpose()?;
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
    bytes.extend_from_slice(text(&source.context.renderer)?.as_bytes());
    bytes.push(b'}');
    Ok(bytes)
}
