//! The parts of a file, and how they are unpacked.

use std::io::{self, Read};

use flate2::read::{DeflateDecoder, ZlibDecoder};
use sha2::{Digest as _, Sha256};

use super::body::Body;
use crate::bounds::{Bounds, is_receipt};
use crate::error::OpenError;
use crate::format::Format;
use crate::names::{PROOF_FILE, RECORD_FILE};

/// The parts of a file. The record is not unpacked yet.
pub(super) struct Parts<'a> {
    pub(super) format: Format,
    pub(super) record: Packed<'a>,
    pub(super) proof: Option<String>,
    pub(super) renderer: Option<String>,
    pub(super) fonts: Option<String>,
    /// Body of a file that takes a receipt. `None` for one that was drawn with its proof.
    pub(super) body: Option<Body>,
}

/// Bytes as they are in the file, compressed or not.
#[derive(Debug, Clone, Copy)]
pub(super) enum Packed<'a> {
    /// Bytes that are not compressed.
    Plain(&'a [u8]),
    /// Bytes in deflate format (RFC 1951).
    Deflate(&'a [u8]),
    /// Deflated, with a header and a checksum (RFC 1950).
    Zlib(&'a [u8]),
}

impl<'a> Packed<'a> {
    /// Returns how many bytes there will be, about.
    fn expected(self) -> usize {
        match self {
            Self::Plain(bytes) => bytes.len(),
            Self::Deflate(bytes) | Self::Zlib(bytes) => 8 * bytes.len(),
        }
    }

    fn reader(self) -> Box<dyn Read + 'a> {
        match self {
            Self::Plain(bytes) => Box::new(bytes),
            Self::Deflate(bytes) => Box::new(DeflateDecoder::new(bytes)),
            Self::Zlib(bytes) => Box::new(ZlibDecoder::new(bytes)),
        }
    }

    /// Returns everything, unless it is more than `most` bytes.
    pub(super) fn read(self, most: usize, name: &'static str) -> Result<Vec<u8>, OpenError> {
        let mut bytes = Vec::with_capacity(self.expected().min(most));
        // One byte more than allowed, to tell a part that just fits from one that was cut.
        let read = self.reader().take(most as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|source| OpenError::Unpack { name, source })?;
        if bytes.len() > most { Err(OpenError::TooLarge { name, most }) } else { Ok(bytes) }
    }

    /// Returns a text that stands beside the record.
    pub(super) fn text(self, name: &'static str) -> Result<String, OpenError> {
        String::from_utf8(self.read(Bounds::BESIDE, name)?).map_err(|_| OpenError::NotText { name })
    }

    /// Returns the text of a proof.
    pub(super) fn proof(self) -> Result<String, OpenError> {
        self.text(PROOF_FILE)
    }

    /// Returns the text of a receipt.
    pub(super) fn receipt(self) -> Result<String, OpenError> {
        let text = String::from_utf8(self.read(Bounds::RECEIPT, PROOF_FILE)?);
        text.ok().filter(|text| is_receipt(text)).ok_or(OpenError::NotText { name: PROOF_FILE })
    }

    /// Whether this unpacks to bytes with this hash. Nothing of it is kept.
    pub(super) fn hashes_to(self, sha256: [u8; 32]) -> Result<bool, OpenError> {
        let mut digest = Digesting(Sha256::new());
        let unpack = |source| OpenError::Unpack { name: RECORD_FILE, source };
        // A limit here too: what is compressed may unpack to any amount, and hashing takes time.
        io::copy(&mut self.reader().take(Bounds::OWN.record as u64), &mut digest).map_err(unpack)?;
        let found: [u8; 32] = digest.0.finalize().into();
        Ok(found == sha256)
    }
}

/// A writer that hashes what is written to it.
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
