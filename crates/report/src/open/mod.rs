//! Reports read back: the record and the proof out of a file of any format.
//!
//! The file may come from anybody. What is read here is not yet true: a verifier checks the proof,
//! renders the record again and compares every byte.

mod archive;
mod envelope;
mod parts;
mod pdf;

use parts::Parts;

use crate::bounds::Bounds;
use crate::error::OpenError;
use crate::format::Format;
use crate::names::RECORD_FILE;

/// What a report carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The format of the file.
    pub format: Format,
    /// The exact bytes of the record.
    pub record: Vec<u8>,
    /// The bounds within which the record was read.
    pub bounds: Bounds,
    /// The proof that the room's log holds the snapshot, if the file has one.
    pub proof: Option<String>,
    /// Name and version of the renderer, as the file states it.
    pub renderer: Option<String>,
    /// Name of the font set, as the file states it; PDF only.
    pub fonts: Option<String>,
}

/// Opens a report whose record has to be within [`Bounds::STRANGER`]: the bytes may be anybody's.
///
/// The format is found by the content. A PDF that is sealed is to be given without its seal. What comes out is
/// within the bounds, and nothing was built of what is not.
pub fn open(bytes: &[u8]) -> Result<Opened, OpenError> {
    open_as(bytes, &|_| None)
}

/// Opens a report as [`open`] does; a record that `ours` vouches for may fill [`Bounds::OWN`].
///
/// `ours` is given the proof in the file, and answers with the SHA-256 of the record that it is of where a server of
/// ours has signed it. The record's bytes are hashed for that before they are kept or read.
pub fn open_as(bytes: &[u8], ours: &dyn Fn(&str) -> Option<[u8; 32]>) -> Result<Opened, OpenError> {
    let parts = match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => pdf::parts(bytes),
        [b'{', ..] => envelope::parts(bytes),
        [b'P', b'K', 3, 4, ..] => archive::parts(bytes),
        _ => Err(OpenError::Unknown),
    }?;
    let bounds = match parts.proof.as_deref().and_then(ours) {
        Some(sha256) if parts.record.hashes_to(sha256)? => Bounds::OWN,
        _ => Bounds::STRANGER,
    };
    let record = parts.record.read(bounds.record, RECORD_FILE)?;
    bounds.scan(&record).map_err(|exceeded| OpenError::TooMuch { name: RECORD_FILE, exceeded })?;
    let Parts { format, proof, renderer, fonts, .. } = parts;
    Ok(Opened { format, record, bounds, proof, renderer, fonts })
}
