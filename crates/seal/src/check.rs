//! Whether a seal holds, and what it says.

use jiff::Timestamp;

use crate::certificate;
use crate::cms::Parts;
use crate::fault::Fault;
use crate::increment::Increment;
use crate::{Seal, signature, token};

/// What a seal that holds says.
///
/// It says that the file is the one that was sealed, with the key of this certificate. Whether the certificate is one to
/// trust is another question, which this crate does not answer: no roots are known here, and no lists of revoked
/// certificates are asked. `pdfsig` and Acrobat do that, with the roots that their users trust.
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
    /// The time at which the seal existed, as an authority attests.
    pub trusted_time: Option<TrustedTime>,
}

/// A time that does not rest on the word of the signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedTime {
    /// The time by the authority's clock.
    pub time: Timestamp,
    /// What people call the authority, by its certificate.
    pub authority: String,
}

/// Checks a seal against the file that it was split from.
///
/// With a seal that holds, [`apply`](crate::apply) gives the one sealed file that there can be; who has one compares
/// its bytes too. Then no bit of it is other than when it was sealed.
pub fn check(unsealed: &[u8], seal: &Seal) -> Result<Checked, Fault> {
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
    let trusted_time = parts.token.as_ref().map(|token| token::check(token, &parts.signature)).transpose()?;
    if let Some(trusted) = &trusted_time {
        good_at(signer, trusted.time)?;
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

/// The certificate's times, if it is good at that time.
pub(crate) fn good_at(certificate: &x509_cert::Certificate, at: Timestamp) -> Result<(Timestamp, Timestamp), Fault> {
    let (from, until) = certificate::validity(certificate);
    // The end is within the second that it names, and times are cut to seconds here.
    if at.as_second() < from.as_second() {
        return Err(Fault::NotYetValid { at, from });
    }
    if at.as_second() > until.as_second() {
        return Err(Fault::Expired { at, until });
    }
    Ok((from, until))
}
