//! Reports read back: the record and the proof out of a file of any format.
//!
//! The file may come from anybody. What is read here is not yet true: a verifier checks the proof,
//! renders the record again and compares every byte.

mod archive;
mod envelope;
mod pdf;

use std::io::{self, Read};

use flate2::read::{DeflateDecoder, ZlibDecoder};
use sha2::{Digest as _, Sha256};

use crate::{Bounds, Format, OpenError, PROOF_FILE, RECORD_FILE};

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

/// A file in its parts, of which the record is not yet unpacked.
struct Parts<'a> {
    format: Format,
    record: Packed<'a>,
    proof: Option<String>,
    renderer: Option<String>,
    fonts: Option<String>,
}

/// Bytes as they are in the file.
#[derive(Debug, Clone, Copy)]
enum Packed<'a> {
    /// Stored without compression.
    Plain(&'a [u8]),
    /// Deflated (RFC 1951).
    Deflate(&'a [u8]),
    /// Deflated, with a header and a checksum (RFC 1950).
    Zlib(&'a [u8]),
}

impl<'a> Packed<'a> {
    fn reader(self) -> Box<dyn Read + 'a> {
        match self {
            Self::Plain(bytes) => Box::new(bytes),
            Self::Deflate(bytes) => Box::new(DeflateDecoder::new(bytes)),
            Self::Zlib(bytes) => Box::new(ZlibDecoder::new(bytes)),
        }
    }

    /// Everything, unless it is too much.
    fn read(self, most: usize, name: &'static str) -> Result<Vec<u8>, OpenError> {
        let mut bytes = Vec::new();
        let read = self.reader().take(most as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|source| OpenError::Unpack { name, source })?;
        if bytes.len() > most { Err(OpenError::TooLarge { name, most }) } else { Ok(bytes) }
    }

    /// Text that stands beside the record.
    fn text(self, name: &'static str) -> Result<String, OpenError> {
        String::from_utf8(self.read(Bounds::BESIDE, name)?).map_err(|_| OpenError::NotText { name })
    }

    /// Whether this is what unpacks to bytes of this hash. Nothing of it is kept.
    fn hashes_to(self, sha256: [u8; 32]) -> Result<bool, OpenError> {
        let mut digest = Digesting(Sha256::new());
        let unpack = |source| OpenError::Unpack { name: RECORD_FILE, source };
        io::copy(&mut self.reader().take(Bounds::OWN.record as u64), &mut digest).map_err(unpack)?;
        let found: [u8; 32] = digest.0.finalize().into();
        Ok(found == sha256)
    }
}

/// The text of a proof.
fn proof_of(packed: Packed<'_>) -> Result<String, OpenError> {
    packed.text(PROOF_FILE)
}

/// Hashes what is written to it.
struct Digesting(Sha256);

impl io::Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_larger_than_it_may_be_is_refused_and_what_just_fits_is_read() {
        let most = Packed::Plain(&[0; 101]).read(100, "record.json");
        assert!(matches!(most, Err(OpenError::TooLarge { name: "record.json", most: 100 })));
        assert_eq!(Packed::Plain(&[0; 100]).read(100, "record.json").expect("it fits"), [0; 100]);
    }
}
