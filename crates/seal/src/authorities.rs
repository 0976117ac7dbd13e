//! The authorities that the caller trusts, and whether one of them stands behind a time stamp, or behind a signer.

use der::pem;
use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use crate::certificate::{is_issued_by, validity};
use crate::identity::{IdentityError, blocks, is_certificate};
use crate::{certificate, identity};

/// The certificates that the caller trusts: those of time-stamping authorities, or those of issuers of authorities and of
/// signers.
///
/// A time stamp is vouched for if the certificate of its authority is one of them, or was issued by one of them, either
/// directly or through certificates that the time stamp carries. So is a signer, through certificates that the seal
/// carries.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    certificates: Vec<Certificate>,
}

/// The largest number of certificates that are read. More are no list that somebody trusts: an operating system has some
/// 150, and the work of checking grows with each.
const MOST_CERTIFICATES: usize = 500;

impl Authorities {
    /// Trusts nothing, so that no time stamp is vouched for.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the certificates in a PEM text.
    ///
    /// Roots are better than intermediate certificates: of the path from an authority to a certificate that is not a
    /// root, a seal keeps only what its token names.
    ///
    /// # Errors
    ///
    /// If the text cannot be read, or holds no certificate.
    pub fn from_pem(text: &str) -> Result<Self, IdentityError> {
        let mut certificates = Vec::new();
        for block in blocks(text) {
            let (label, der) = pem::decode_vec(block.as_bytes()).map_err(identity::broken)?;
            if is_certificate(label) {
                certificates.push(certificate::read(&der).ok_or(IdentityError::UnreadableCertificate)?);
            }
        }
        match certificates.len() {
            0 => Err(IdentityError::NoCertificate),
            1..=MOST_CERTIFICATES => Ok(Self { certificates }),
            _ => Err(IdentityError::TooMany),
        }
    }

    /// Reads the certificates in a PEM text, or the one in DER.
    ///
    /// # Errors
    ///
    /// As [`Authorities::from_pem`], and if there is a private key in it.
    pub fn read(bytes: &[u8]) -> Result<Self, IdentityError> {
        // A certificate in DER is a sequence of more than 127 bytes (X.690, 8.1.3.5), which no text begins like.
        if matches!(bytes, [0x30, 0x80..=0xff, ..]) {
            let certificate = certificate::read(bytes).ok_or(IdentityError::UnreadableCertificate)?;
            return Ok(Self { certificates: vec![certificate] });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| IdentityError::NoCertificate)?;
        if text.contains("PRIVATE KEY-----") {
            return Err(IdentityError::Secret);
        }
        Self::from_pem(text)
    }

    /// Trusts these certificates, too.
    pub fn extend(&mut self, others: Self) {
        self.certificates.extend(others.certificates);
    }

    /// Returns the SHA-256 of each certificate in DER.
    pub fn fingerprints(&self) -> Vec<[u8; 32]> {
        self.certificates.iter().filter_map(certificate::fingerprint).collect()
    }

    /// Whether no certificate is trusted.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    pub(crate) fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Whether `authority` is trusted itself, or was issued by a trusted certificate through `others`, all valid at
    /// `at`.
    pub(crate) fn vouch_for(&self, authority: &Certificate, others: &[Certificate], at: Timestamp) -> bool {
        if self.certificates.contains(authority) {
            return true;
        }
        // The search goes through all paths and not just the first one: two certificates may have the same name and
        // key, and only one of them may be allowed to issue. Each certificate is kept with the number of issuers below
        // the one that comes next, which a path length is compared with.
        let mut reached = vec![(authority, 0)];
        let mut next = 0;
        while let Some(&(last, below)) = reached.get(next) {
            next += 1;
            let issued = |issuer: &&Certificate| may_issue(issuer, below, at) && is_issued_by(last, issuer);
            if self.certificates.iter().any(|one| issued(&one)) {
                return true;
            }
            for other in others.iter().filter(issued) {
                // Each certificate is visited once, so that certificates that issue one another end the search.
                if !reached.iter().any(|(one, _)| *one == other) {
                    reached.push((other, below + 1));
                }
            }
        }
        false
    }
}

/// Whether a certificate may issue others with `below` issuers between, and was valid at `at` (RFC 5280, 6.1.4).
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
