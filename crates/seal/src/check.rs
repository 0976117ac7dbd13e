//! Whether a seal holds, and what it says.

use jiff::Timestamp;

use crate::authorities::Authorities;
use crate::certificate;
use crate::cms::Parts;
use crate::fault::Fault;
use crate::increment::Increment;
use crate::seal::Seal;
use crate::signature;
use crate::token::{self, TrustedTime};
use crate::validity::good_at;

/// What a seal that holds says.
///
/// It says that the holder of this certificate's key sealed this file. Anybody can make a certificate of any name, take a
/// seal off and put on one of their own: whose certificate it is, a reader learns by comparing its SHA-256 with what the
/// signer publishes. No roots are known here, and no lists of revoked certificates are asked; `pdfsig` and Acrobat do
/// that, with the roots that their users trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What people call the signer, by the certificate.
    pub signer: String,
    /// The SHA-256 of the signer's certificate in DER, by which it is compared with one that the signer publishes.
    pub certificate_sha256: [u8; 32],
    /// What people call the one who issued the certificate.
    pub issuer: String,
    /// Whether the certificate vouches for itself, so that nobody else says who the signer is.
    pub self_made: bool,
    /// The time from which the certificate is good.
    pub not_before: Timestamp,
    /// The time until which the certificate is good.
    pub not_after: Timestamp,
    /// The time of the seal as its maker claims it.
    pub signed_at: Timestamp,
    /// The time at which the seal existed already, as an authority attests.
    pub trusted_time: Option<TrustedTime>,
}

/// Checks a seal against the file that it was split from. An authority that is not trusted is no fault: see
/// [`TrustedTime::vouched`].
///
/// With a seal that holds, [`apply`](crate::apply) gives the one file with this seal; who has one compares its bytes too.
/// Then the unsealed file and all that is signed in the seal are as the signer signed them. The time stamp may have been
/// taken away or replaced since.
pub fn check(unsealed: &[u8], seal: &Seal, trusted: &Authorities) -> Result<Checked, Fault> {
    let parts = Parts::read(&seal.cms)?;
    if parts.digest != Increment::new(unsealed, seal.at)?.digest(unsealed) {
        return Err(Fault::OtherFile);
    }
    let signer = parts.signer();
    if !parts.scheme()?.verifies(certificate::key(signer), &parts.signed_bytes()?, &parts.signature) {
        return Err(Fault::Signature);
    }
    if !signature::is_normal(certificate::key(signer), &parts.signature) {
        return Err(Fault::Shape("of two signatures that say the same, it has the other"));
    }
    let (not_before, not_after) = good_at(signer, seal.at)?;
    let trusted_time = parts.token.as_ref().map(|token| token::check(token, &parts.signature, trusted)).transpose()?;
    if let Some(says) = &trusted_time {
        good_at(signer, says.time)?;
    }
    Ok(Checked {
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
