//! Opens reports: the record and the proof out of a file of any format.
//!
//! The file may come from anybody. What is read here is not true yet: a verifier checks the proof, renders the record
//! again and compares every byte.

mod archive;
mod body;
mod envelope;
mod parts;
mod pdf;

pub(crate) use archive::members_of;
pub use body::Body;

use parts::Parts;

use crate::bounds::Bounds;
use crate::error::OpenError;
use crate::format::Format;
use crate::names::RECORD_FILE;

/// The content of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Format of the file.
    pub format: Format,
    /// Exact bytes of the record.
    pub record: Vec<u8>,
    /// Whether all values of the record are [plain](Bounds::scan).
    pub is_plain: bool,
    /// Bounds within which the record was read.
    pub bounds: Bounds,
    /// Proof that the room's log holds the snapshot, if the file has one. In a file that takes a receipt, it is that.
    pub proof: Option<String>,
    /// Name and version of the renderer, as the file states it.
    pub renderer: Option<String>,
    /// Name of the font set, as the file states it; PDF only.
    pub fonts: Option<String>,
    /// Body of a file that takes a receipt, which is what the log states. `None` for a file that was drawn with its
    /// proof, of which the log states the record.
    pub body: Option<Body>,
}

/// Opens a report that anybody may have made: its record must be within [`Bounds::STRANGER`].
///
/// The format is recognized by the content. The seal of a sealed PDF must have been split off before.
///
/// # Errors
///
/// If the file is none of ours, is damaged, or has more in it than the bounds allow. Nothing is built of what exceeds
/// them.
pub fn open(bytes: &[u8]) -> Result<Opened, OpenError> {
    open_as(bytes, &|_| None)
}

/// Opens a report as [`open`] does, but allows a record that `ours` vouches for to fill [`Bounds::OWN`].
///
/// `ours` is given the proof in the file. If a server of ours has signed it, it returns the SHA-256 that the proof is
/// for: that of the body, or, in a file that was drawn with its proof, that of the record. The bytes are hashed before
/// any of them are kept or read.
pub fn open_as(bytes: &[u8], ours: &dyn Fn(&str) -> Option<[u8; 32]>) -> Result<Opened, OpenError> {
    let parts = parts_of(bytes)?;
    let vouched = match (parts.proof.as_deref().and_then(ours), parts.body) {
        (None, _) => false,
        (Some(sha256), Some(body)) => body.sha256 == sha256,
        (Some(sha256), None) => parts.record.hashes_to(sha256)?,
    };
    let bounds = if vouched { Bounds::OWN } else { Bounds::STRANGER };
    let record = parts.record.read(bounds.record, RECORD_FILE)?;
    // The scan comes before any value is built: a bomb of nested arrays takes no memory.
    let is_plain = bounds.scan(&record).map_err(|exceeded| OpenError::TooMuch { name: RECORD_FILE, exceeded })?;
    let Parts { format, proof, renderer, fonts, body, .. } = parts;
    Ok(Opened { format, record, is_plain, bounds, proof, renderer, fonts, body })
}

/// Returns the format, the receipt and the body of a file. The record is neither unpacked nor read.
pub(crate) fn receipt_and_body(bytes: &[u8]) -> Result<(Format, Option<String>, Option<Body>), OpenError> {
    let Parts { format, proof, body, .. } = parts_of(bytes)?;
    Ok((format, proof, body))
}

fn parts_of(bytes: &[u8]) -> Result<Parts<'_>, OpenError> {
    match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => pdf::parts(bytes),
        [b'{', ..] => envelope::parts(bytes),
        [b'P', b'K', 3, 4, ..] => archive::parts(bytes),
        _ => Err(OpenError::Unknown),
    }
}
