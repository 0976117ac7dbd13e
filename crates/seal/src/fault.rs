//! What can be wrong with a seal, in words for the reader of the file.

use jiff::Timestamp;

/// Why a file cannot be sealed, why a seal is not valid, or why an authority's response is refused.
///
/// The messages say what was found, and do not guess who did it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes are not a PDF that can carry a seal.
    #[error("this PDF cannot carry the seal: {0}")]
    Unfit(&'static str),
    /// The certificates and the time stamp need more room than the seal has.
    #[error("the seal takes {size} bytes and the file keeps {room} for it; a shorter certificate chain helps")]
    TooLarge {
        /// Size of the seal, in bytes.
        size: usize,
        /// Room that the file keeps, in bytes.
        room: usize,
    },
    /// The time cannot be written in a PDF.
    #[error("the time of the seal is not in the years 1970 to 9999")]
    Time,
    /// The signer's certificate had ended before the time of the seal.
    #[error("the seal is of {at}, and the certificate of its signer was good until {until} only")]
    Expired {
        /// Claimed time of the seal.
        at: Timestamp,
        /// End of the certificate's validity.
        until: Timestamp,
    },
    /// The signer's certificate had not begun at the time of the seal.
    #[error("the seal is of {at}, and the certificate of its signer is good from {from} only")]
    NotYetValid {
        /// Claimed time of the seal.
        at: Timestamp,
        /// Start of the certificate's validity.
        from: Timestamp,
    },
    /// The bytes are not CMS in DER.
    #[error("the seal is damaged: its signature cannot be read ({0})")]
    Unreadable(&'static str),
    /// The CMS is valid and written in another form than ours.
    #[error("the seal is damaged: it is not written as our seals are ({0})")]
    Shape(&'static str),
    /// The digest in the seal is not that of the file.
    #[error("the seal's signature does not match the file: the file is not the one that was sealed")]
    OtherFile,
    /// The certificate is not the one whose digest was signed.
    #[error("the certificate in the seal is not the one that was signed with")]
    OtherCertificate,
    /// The signature was not made with the key of the certificate.
    #[error("the seal's signature was not made with the key of its certificate, or was changed since")]
    Signature,
    /// The key is of a kind that cannot be checked.
    #[error("the seal was made with a kind of key that is not known here")]
    UnknownKey,
    /// The time stamp of the seal is not valid.
    #[error("the trusted time stamp of the seal does not hold: {0}")]
    TimeStamp(&'static str),
    /// The authority refused to make a time stamp.
    #[error("the time-stamping authority refused: {0}")]
    Refused(String),
}

impl From<pdf::Malformed> for Fault {
    fn from(_: pdf::Malformed) -> Self {
        Self::Unfit("its objects are damaged")
    }
}
