//! The check of a seal against the file that it is for.

use jiff::Timestamp;

use crate::authorities::Authorities;
use crate::certificate;
use crate::cms::SealCms;
use crate::fault::Fault;
use crate::increment::Increment;
use crate::seal::Seal;
use crate::signature;
use crate::token::{self, TrustedTime};
use crate::validity::good_at;

/// What a valid seal says.
///
/// It says that the owner of the certificate's key sealed this file, and no more. Anybody can make a certificate of any
/// name, take a seal off and put their own on: whose certificate it is, a reader finds out by comparing its SHA-256
/// with the one that the signer publishes. This crate knows no roots and looks no revocation up; `pdfsig` and Acrobat
/// do, with the roots that their users trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Name of the signer, as the certificate has it.
    pub signer: String,
    /// SHA-256 of the signer's certificate in DER, to be compared with the one that the signer publishes.
    pub certificate_sha256: [u8; 32],
    /// Name of the certificate's issuer.
    pub issuer: String,
    /// Whether the certificate is signed with its own key, so that no issuer says who the signer is.
    pub self_made: bool,
    /// Start of the certificate's validity.
    pub not_before: Timestamp,
    /// End of the certificate's validity.
    pub not_after: Timestamp,
    /// Whether one of the [`Authorities`] that the caller trusts is the signer, or has issued the signer's certificate,
    /// directly or through certificates that the seal carries. `false` if none were given.
    pub vouched: bool,
    /// Time of the seal, as its maker claims it.
    pub signed_at: Timestamp,
    /// A time at which the seal existed already, if a time-stamping authority attests one.
    pub trusted_time: Option<TrustedTime>,
}

/// Checks a seal against the file that it was split from.
///
/// An authority that is not trusted is no error: see [`TrustedTime::vouched`] and [`Checked::vouched`]. If the seal is valid,
/// [`apply`](crate::apply) makes the only file that has it. A reader who compares that file with the one at hand knows
/// that the unsealed file and all that is signed in the seal are as the signer signed them. The time stamp may have
/// been removed or replaced since.
///
/// # Errors
///
/// The [`Fault`] that was found first: the file is another one, the signature is not by the certificate, the
/// certificate was not valid, or the time stamp is broken.
pub fn check(unsealed: &[u8], seal: &Seal, trusted: &Authorities) -> Result<Checked, Fault> {
    let parts = SealCms::read(&seal.cms)?;
    // The update is made again instead of being read: so every byte of it is compared too, through the digest.
    if parts.digest != Increment::new(unsealed, seal.at)?.digest(unsealed) {
        return Err(Fault::OtherFile);
    }
    let signer = parts.signer();
    if !parts.scheme()?.verifies(certificate::key(signer), &parts.signed_bytes()?, &parts.signature) {
        return Err(Fault::Signature);
    }
    // Both `s` and `n - s` verify (SEC 1, 4.1.4). Only one of them is accepted, or there would be two seals that say
    // the same.
    if !signature::is_normal(certificate::key(signer), &parts.signature) {
        return Err(Fault::Shape("of two signatures that say the same, it has the other"));
    }
    let (not_before, not_after) = good_at(signer, seal.at)?;
    let trusted_time = parts.token.as_ref().map(|token| token::check(token, &parts.signature, trusted)).transpose()?;
    if let Some(says) = &trusted_time {
        // The claimed time alone could be set back to before the certificate ended.
        good_at(signer, says.time)?;
    }
    // At the time of the seal: certificates may have ended since. The claimed one is the only one that every seal has, and
    // a time stamp has to be within the validity of the same certificate.
    let vouched = trusted.vouch_for(signer, &parts.chain[1..], seal.at);
    Ok(Checked {
        vouched,
        signer: certificate::display_name(signer.tbs_certificate().subject()),
        issuer: certificate::display_name(signer.tbs_certificate().issuer()),
        certificate_sha256: certificate::fingerprint(signer).ok_or(Fault::Unreadable("its certificate is not DER"))?,
        self_made: certificate::is_self_signed(signer),
        not_before,
        not_after,
        signed_at: seal.at,
        trusted_time,
    })
}
