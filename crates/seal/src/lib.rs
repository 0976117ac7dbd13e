//! Seals PDFs, and checks the seals.
//!
//! A seal is a `PAdES` signature of the baseline levels B-B and B-T (ETSI EN 319 142-1): an incremental update (ISO
//! 32000-1, 7.5.6) with an invisible signature field, and in it a detached CMS signature (RFC 5652,
//! `ETSI.CAdES.detached`) that names its certificates by signing-certificate-v2 (RFC 5035). With the time stamp of an
//! authority (RFC 3161) in it, it is of level B-T. The file before the update stays as it was, so PDF/A-3 and PDF/UA-1
//! files stay what they are.
//!
//! A sealed file is made of the unsealed file and a [`Seal`] by [`apply`], and of nothing else. So a server that keeps
//! the seal and can make the unsealed file again can make the sealed one again, to the last bit. A reader checks all of
//! a sealed file in three steps:
//!
//! 1. [`split`] finds the seal at its end,
//! 2. [`check()`] checks the seal and returns what it says,
//! 3. [`apply`] gives the same bytes again, or the file was changed.
//!
//! Signing is deterministic: ECDSA on P-256 after RFC 6979 and with the low `s`, or RSA after PKCS #1 v1.5, both with
//! SHA-256. Time and secrets are arguments.
//!
//! What a seal does not say by itself:
//!
//! - Whose it is. Anybody can take a seal off and seal the file again with another certificate. A file is tied to its
//!   server by the proof in it, and by the certificate's SHA-256 that the server publishes. The signer's chain is
//!   followed to the [`Authorities`] that the caller trusts and to no others, and revocation is not looked up; `pdfsig`, Acrobat and pyHanko do that. The
//!   signer's certificates are all named in what is signed, so none can be removed or added.
//! - Whether there was a trusted time, and whose. The time stamp is an unsigned attribute: anybody can remove it, or
//!   put that of another authority in. [`Authorities`] are those that the caller trusts.

mod authorities;
mod certificate;
mod check;
mod cms;
mod document;
mod fault;
mod identity;
mod increment;
mod seal;
mod self_made;
mod signature;
pub mod timestamp;
mod token;
mod validity;

use jiff::Timestamp;

pub use authorities::Authorities;
pub use check::{Checked, check};
pub use fault::Fault;
pub use identity::{Identity, IdentityError};
pub use increment::ROOM;
pub use seal::Seal;
pub use token::TrustedTime;

use cms::SealCms;
use increment::Increment;

/// Signs a file together with the update that [`apply`] adds. `at` is cut to whole seconds.
///
/// # Errors
///
/// If the PDF cannot be sealed, if the certificate is not valid at `at`, or if the seal has no room.
pub fn sign(unsealed: &[u8], identity: &Identity, at: Timestamp) -> Result<Seal, Fault> {
    let at = Timestamp::from_second(at.as_second()).map_err(|_| Fault::Time)?;
    validity::good_at(&identity.chain()[0], at)?;
    let digest = Increment::new(unsealed, at)?.digest(unsealed);
    let mut parts = SealCms { chain: identity.chain().to_vec(), digest, signature: Vec::new(), token: None };
    parts.signature = identity.sign(&parts.signed_bytes()?);
    Seal { at, cms: parts.write()? }.fitting()
}

/// Returns the sealed file: the unsealed one, and behind it the update with the seal. The same arguments give the same
/// bytes.
///
/// # Errors
///
/// If the PDF cannot be sealed, or if the seal has no room.
pub fn apply(unsealed: &[u8], seal: &Seal) -> Result<Vec<u8>, Fault> {
    Increment::new(unsealed, seal.at)?.fill(unsealed, &seal.cms)
}

/// Splits a sealed file into the unsealed one and its seal. Returns `None` if there is no seal of this crate at its
/// end.
///
/// The result is not checked: see [`check()`].
pub fn split(bytes: &[u8]) -> Option<(&[u8], Seal)> {
    let found = increment::locate(bytes)?;
    Some((&bytes[..found.unsealed], Seal { at: found.at, cms: found.cms }))
}
