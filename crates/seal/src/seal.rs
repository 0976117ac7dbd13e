//! A seal, apart from the file that it is for.

use jiff::Timestamp;

use crate::certificate;
use crate::cms::SealCms;
use crate::fault::Fault;
use crate::increment::ROOM;

/// A signature for one file: all that a sealed file has beside the unsealed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Time of the seal in whole seconds, as its maker claims it.
    pub at: Timestamp,
    /// Signature, as CMS in DER.
    pub cms: Vec<u8>,
}

impl Seal {
    /// Returns the SHA-256 of the signer's certificate in DER.
    ///
    /// # Errors
    ///
    /// If the signature is not CMS in the form of our seals.
    pub fn certificate_sha256(&self) -> Result<[u8; 32], Fault> {
        let parts = SealCms::read(&self.cms)?;
        certificate::fingerprint(parts.signer()).ok_or(Fault::Unreadable("its certificate is not DER"))
    }

    /// Returns the seal as the signer made it, without the time stamp, which anybody can take off or replace.
    ///
    /// # Errors
    ///
    /// If the signature is not CMS in the form of our seals.
    pub fn without_time_stamp(&self) -> Result<Self, Fault> {
        let parts = SealCms { token: None, ..SealCms::read(&self.cms)? };
        Ok(Self { at: self.at, cms: parts.write()? })
    }

    /// Returns the seal, if it has room in a file.
    pub(crate) fn fitting(self) -> Result<Self, Fault> {
        let size = self.cms.len();
        if size > ROOM { Err(Fault::TooLarge { size, room: ROOM }) } else { Ok(self) }
    }
}
