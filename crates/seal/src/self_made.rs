//! Certificates for servers that were given none, which say of themselves that they are self-made.

use const_oid::db::rfc4519;
use der::asn1::{Any, ObjectIdentifier, SetOfVec, Utf8StringRef};
use der::{DateTime, Decode as _, Encode as _};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use p256::ecdsa::{DerSignature, SigningKey};
use sha2::{Digest as _, Sha256};
use x509_cert::TbsCertificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder as _, CertificateBuilder};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier};
use x509_cert::ext::{Extension, ToExtension as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use crate::identity::{Identity, IdentityError, unwritable};

/// The organizational unit in the certificates that are made here.
const UNIT: &str = "self-made seal of STS Clearance";
/// The longest common name, in characters (RFC 5280, appendix A.1, `ub-common-name`).
const NAME_MAX: usize = 64;
/// How long a self-made certificate is valid, in years.
const YEARS: i32 = 30;

impl Identity {
    /// Makes a P-256 key and a certificate for it that is valid for thirty years. The same arguments make the same
    /// identity.
    ///
    /// The subject says in plain words that the seal is self-made.
    ///
    /// # Errors
    ///
    /// If the name is empty or too long, or if the certificate would not start and end in the years 1970 to 9999.
    pub fn self_made(common_name: &str, at: Timestamp, secret: [u8; 32]) -> Result<Self, IdentityError> {
        if common_name.is_empty() || common_name.chars().count() > NAME_MAX {
            return Err(IdentityError::Name);
        }
        let key = derive(&secret);
        let until = at
            .to_zoned_datetime(TimeZone::UTC)
            .checked_add(YEARS.years())
            .map_err(|_| IdentityError::Time)?
            .timestamp();
        let validity = Validity::new(time(at)?, time(until)?);
        let certificate = certificate(common_name, validity, &key).map_err(unwritable)?;
        Self::from_parts(certificate, key)
    }
}

/// Derives a secret scalar that is evenly distributed: it takes digests of the secret until one is below the order of
/// the curve. A remainder would favour small scalars.
fn derive(secret: &[u8; 32]) -> SigningKey {
    (0_u8..=u8::MAX)
        .find_map(|round| {
            let digest =
                Sha256::new().chain_update(b"sts-clearance seal key").chain_update([round]).chain_update(secret);
            SigningKey::from_slice(&digest.finalize()).ok()
        })
        .expect("one of 256 digests is below the order of the curve")
}

fn certificate(
    common_name: &str,
    validity: Validity,
    key: &SigningKey,
) -> x509_cert::builder::Result<x509_cert::Certificate> {
    let subject = name(&[(rfc4519::ORGANIZATIONAL_UNIT_NAME, UNIT), (rfc4519::COMMON_NAME, common_name)])?;
    let public = SubjectPublicKeyInfoOwned::from_key(key.verifying_key())?;
    // The serial number is derived, not random, so that the same arguments make the same certificate.
    let about = Sha256::new()
        .chain_update(public.to_der()?)
        .chain_update(validity.to_der()?)
        .chain_update(subject.to_der()?)
        .finalize();
    // A serial number is a positive integer (RFC 5280, 4.1.2.2). These bits make it one, and one that DER writes
    // without a leading zero, whatever the digest.
    let mut serial: [u8; 16] = about[..16].try_into().expect("a SHA-256 digest has 32 bytes");
    serial[0] = serial[0] & 0x3f | 0x40;
    let builder = CertificateBuilder::new(SelfMade { subject }, SerialNumber::new(&serial)?, validity, public)?;
    builder.build::<_, DerSignature>(key)
}

fn name(parts: &[(ObjectIdentifier, &str)]) -> der::Result<Name> {
    let parts = parts
        .iter()
        .map(|&(oid, text)| {
            let value = Any::encode_from(&Utf8StringRef::new(text)?)?;
            SetOfVec::try_from(vec![AttributeTypeAndValue { oid, value }])
        })
        .collect::<der::Result<Vec<_>>>()?;
    Name::from_der(&parts.to_der()?)
}

fn time(at: Timestamp) -> Result<Time, IdentityError> {
    let seconds = u64::try_from(at.as_second()).map_err(|_| IdentityError::Time)?;
    let time = DateTime::from_unix_duration(std::time::Duration::from_secs(seconds));
    Ok(time.map_err(|_| IdentityError::Time)?.into())
}

/// The profile of a self-made certificate: for signatures that are not to be repudiated, of a subject that issues
/// nothing.
struct SelfMade {
    subject: Name,
}

impl BuilderProfile for SelfMade {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        _issuer: SubjectPublicKeyInfoRef<'_>,
        _tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let digest = Sha256::digest(key.subject_public_key.raw_bytes());
        let usage = KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation);
        let constraints = BasicConstraints { ca: false, path_len_constraint: None };
        Ok(vec![
            // RFC 7093, method 1: the leftmost 160 bits of the SHA-256 of the key.
            SubjectKeyIdentifier(der::asn1::OctetString::new(&digest[..20])?).to_extension(&self.subject, &[])?,
            constraints.to_extension(&self.subject, &[])?,
            usage.to_extension(&self.subject, &[])?,
        ])
    }
}
