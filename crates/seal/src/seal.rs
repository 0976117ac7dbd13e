//! A seal, apart from the file that it is for.

use jiff::Timestamp;

use crate::fault::Fault;
use crate::increment::ROOM;

/// A signature for one file: what there is in a sealed file beside the unsealed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The time of the seal, in whole seconds, as its maker claims it.
    pub at: Timestamp,
    /// The signature, as CMS in DER.
    pub cms: Vec<u8>,
}

impl Seal {
    pub(crate) fn fitting(self) -> Result<Self, Fault> {
        let size = self.cms.len();
        if size > ROOM { Err(Fault::TooLarge { size, room: ROOM }) } else { Ok(self) }
    }
}
