//! Reports read back: the record and the proof out of a file of any format.
//!
//! The file may come from anybody. What is read here is not yet true: a verifier checks the proof,
//! renders the record again and compares every byte.

mod archive;
mod envelope;
mod object;
mod pdf;

use std::io::Read;

use crate::{Format, OpenError, RECORD_FILE};

/// How large the record may be, unpacked.
const MOST_BYTES: u64 = 128 * 1024 * 1024;

/// How large anything else may be, unpacked: a proof holds one entry and a path.
const MOST_BYTES_BESIDE: u64 = 1024 * 1024;

/// What a report carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The format of the file.
    pub format: Format,
    /// The exact bytes of the record.
    pub record: Vec<u8>,
    /// The proof that the room's log holds the snapshot, if the file has one.
    pub proof: Option<String>,
    /// Name and version of the renderer, as the file states it.
    pub renderer: Option<String>,
    /// Name of the font set, as the file states it; PDF only.
    pub fonts: Option<String>,
}

/// Opens a report, whose format is found by its content.
///
/// The bytes may be anybody's: this ends in an error or in what they carry, and unpacks no more than
/// 128 MiB. A PDF that is sealed is to be given without its seal.
pub fn open(bytes: &[u8]) -> Result<Opened, OpenError> {
    match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => pdf::open(bytes),
        [b'{', ..] => envelope::open(bytes),
        [b'P', b'K', 3, 4, ..] => archive::open(bytes),
        _ => Err(OpenError::Unknown),
    }
}

/// Everything that `reader` has, unless it is too much.
fn read_bounded(reader: impl Read, name: &'static str) -> Result<Vec<u8>, OpenError> {
    let mut bytes = Vec::new();
    let most = if name == RECORD_FILE { MOST_BYTES } else { MOST_BYTES_BESIDE };
    let read = reader.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|source| OpenError::Unpack { name, source })?;
    if bytes.len() as u64 > most { Err(OpenError::TooLarge { name }) } else { Ok(bytes) }
}

fn utf8(bytes: Vec<u8>, name: &'static str) -> Result<String, OpenError> {
    String::from_utf8(bytes).map_err(|_| OpenError::NotText { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_to_more_than_there_may_be_is_refused() {
        let endless = read_bounded(std::io::repeat(0), "record.json");
        assert!(matches!(endless, Err(OpenError::TooLarge { name: "record.json" })));
        let just = read_bounded(std::io::repeat(0).take(MOST_BYTES), "record.json");
        assert!(just.is_ok_and(|bytes| bytes.len() as u64 == MOST_BYTES));
        let proof = read_bounded(std::io::repeat(0), "proof.tlog");
        assert!(matches!(proof, Err(OpenError::TooLarge { name: "proof.tlog" })));
    }
}
