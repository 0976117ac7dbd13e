//! A seal, apart from the file that it is for.

use jiff::Timestamp;

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
    /// Returns the seal, if it has room in a file.
    pub(crate) fn fitting(self) -> Result<Self, Fault> {
        let size = self.cms.len();
        if size > ROOM { Err(Fault::TooLarge { size, room: ROOM }) } else { Ok(self) }
    }
}
