//! Whose time stamps the caller trusts.

use der::pem;
use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use crate::certificate::{is_issued_by, validity};
use crate::identity::{IdentityError, blocks, is_certificate};
use crate::{certificate, identity};

/// The certificates that the caller trusts for time stamps: an authority's own, or those that issue to authorities.
///
/// A time stamp is vouched for where the certificate of its authority is one of them, or was issued by one of them: by
/// itself, or through certificates that are in the time stamp.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    certificates: Vec<Certificate>,
}

impl Authorities {
    /// Nobody: no time stamp is vouched for.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the certificates in a PEM text, of which there must be one at least.
    ///
    /// Give roots rather than what is between: of the path from the authority to a certificate that is not a root, a
    /// seal keeps only what its token names.
    pub fn from_pem(text: &str) -> Result<Self, IdentityError> {
        let mut certificates = Vec::new();
        for block in blocks(text) {
            let (label, der) = pem::decode_vec(block.as_bytes()).map_err(identity::broken)?;
            if is_certificate(label) {
                certificates.push(certificate::read(&der).ok_or(IdentityError::UnreadableCertificate)?);
            }
        }
        if certificates.is_empty() { Err(IdentityError::NoCertificate) } else { Ok(Self { certificates }) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    pub(crate) fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Whether it is one of these, or one of these issued it through the others, all good at that time.
    pub(crate) fn vouch_for(&self, authority: &Certificate, others: &[Certificate], at: Timestamp) -> bool {
        if self.certificates.contains(authority) {
            return true;
        }
        // Each with how many issuers are below the one that may have issued it.
        let mut reached = vec![(authority, 0)];
        let mut next = 0;
        while let Some(&(last, below)) = reached.get(next) {
            next += 1;
            let issued = |issuer: &&Certificate| may_issue(issuer, below, at) && is_issued_by(last, issuer);
            if self.certificates.iter().any(|one| issued(&one)) {
                return true;
            }
            for other in others.iter().filter(issued) {
                if !reached.iter().any(|(one, _)| *one == other) {
                    reached.push((other, below + 1));
                }
            }
        }
        false
    }
}

/// Whether a certificate is for issuing others, with so many issuers below it, and good at that time (RFC 5280, 6.1.4).
fn may_issue(certificate: &Certificate, below: usize, at: Timestamp) -> bool {
    let tbs = certificate.tbs_certificate();
    let (from, until) = validity(certificate);
    let good = (from.as_second()..=until.as_second()).contains(&at.as_second());
    let authority = match tbs.get_extension::<BasicConstraints>() {
        Ok(Some((_, constraints))) => {
            constraints.ca && constraints.path_len_constraint.is_none_or(|most| below <= usize::from(most))
        }
        _ => false,
    };
    let signs = match tbs.get_extension::<KeyUsage>() {
        Ok(usage) => usage.is_none_or(|(_, usage)| usage.key_cert_sign()),
        Err(_) => false,
    };
    good && authority && signs && certificate::is_understood(certificate)
}
