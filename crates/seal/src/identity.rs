//! The signer: a certificate, those of its issuers, and the private key.

use std::fmt;

use der::{Decode as _, EncodePem as _, pem};
use jiff::Timestamp;
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, PrivateKeyInfoRef};
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use sha2::Sha256;
use x509_cert::Certificate;
use x509_cert::ext::pkix::KeyUsage;
use x509_cert::spki::{EncodePublicKey as _, SubjectPublicKeyInfoOwned};

use crate::certificate;
use crate::signature::KeyKind;

/// Why a file cannot be sealed with, or holds no certificates to trust.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The text holds no certificate.
    #[error("there is no certificate in it; a PEM text has one between `-----BEGIN CERTIFICATE-----` and its end")]
    NoCertificate,
    /// There is a private key where only certificates should be.
    #[error("there is a private key in it: keep it to yourself, and give the certificate alone")]
    Secret,
    /// There are more certificates than are looked at.
    #[error("there are more certificates in it than are looked at")]
    TooMany,
    /// The text holds no private key.
    #[error("there is no private key in it; a PEM text has one between `-----BEGIN PRIVATE KEY-----` and its end")]
    NoKey,
    /// The text holds more than one private key.
    #[error("there is more than one private key in it; give the one to seal with")]
    SeveralKeys,
    /// A PEM block is damaged.
    #[error("the PEM text cannot be read: {0}")]
    Pem(String),
    /// A certificate is not in strict DER.
    #[error("a certificate in it cannot be read, or is not written in strict DER")]
    UnreadableCertificate,
    /// The private key is damaged.
    #[error("the private key cannot be read: {0}")]
    UnreadableKey(String),
    /// The key in a PEM text is encrypted.
    #[cfg_attr(
        feature = "pkcs12",
        error("the private key is under a password; give it without one, or give a PKCS#12 file and its password")
    )]
    #[cfg_attr(not(feature = "pkcs12"), error("the private key is under a password; give it without one"))]
    EncryptedKey,
    /// The key is of a kind that this crate does not sign with.
    #[error("the private key is {0}; seals are made with ECDSA on P-256, or RSA of 2048 to 4096 bits")]
    UnsupportedKey(String),
    /// The private key belongs to none of the certificates.
    #[error("the private key belongs to none of the certificates")]
    Mismatch,
    /// The certificate's key usage forbids signatures.
    #[error("the certificate is not for signatures: its key usage has neither `digitalSignature` nor `nonRepudiation`")]
    NotForSigning,
    /// The password does not open the PKCS#12 file.
    #[cfg(feature = "pkcs12")]
    #[error("the password does not open the PKCS#12 file")]
    WrongPassword,
    /// The PKCS#12 file is damaged, or of a form that cannot be read.
    #[cfg(feature = "pkcs12")]
    #[error("the PKCS#12 file cannot be read: {0}")]
    Pkcs12(String),
    /// A certificate cannot have that common name.
    #[error("a name in a certificate has 1 to 64 characters")]
    Name,
    /// A certificate cannot start at that time.
    #[error("a certificate cannot begin at that time")]
    Time,
    /// A certificate or a key cannot be encoded.
    #[error("the certificate or its key cannot be written: {0}")]
    Unwritable(String),
}

/// A certificate with its private key, and the certificates of its issuers.
///
/// `Debug` shows the signer's name and nothing of the key.
pub struct Identity {
    chain: Vec<Certificate>,
    pem: String,
    sha256: [u8; 32],
    from: Timestamp,
    until: Timestamp,
    key: Key,
}

enum Key {
    P256(p256::ecdsa::SigningKey),
    Rsa(rsa::PrivateKey),
}

impl Identity {
    /// Reads PEM texts that hold, together, certificates and one private key (PKCS#8, SEC 1 or PKCS#1, without a
    /// password).
    ///
    /// Certificates that are not on the path from the key's certificate to a root are left out.
    ///
    /// # Errors
    ///
    /// If a block cannot be read, if there is not exactly one key, if the key belongs to none of the certificates, or
    /// if this crate does not sign with such keys.
    pub fn from_pem(texts: &[&str]) -> Result<Self, IdentityError> {
        let (mut certificates, mut keys) = (Vec::new(), Vec::new());
        for text in texts {
            for block in blocks(text) {
                let (label, der) = pem::decode_vec(block.as_bytes()).map_err(broken)?;
                match label {
                    label if is_certificate(label) => certificates.push(der),
                    "PRIVATE KEY" => keys.push(Key::from_pkcs8(&der)?),
                    "EC PRIVATE KEY" => keys.push(Key::from_sec1(&der)?),
                    "RSA PRIVATE KEY" => keys.push(Key::from_pkcs1(&der)?),
                    "ENCRYPTED PRIVATE KEY" => return Err(IdentityError::EncryptedKey),
                    // Other blocks are no error: `openssl` writes the parameters of a curve, for example.
                    _ => {}
                }
            }
        }
        Self::assemble(&certificates, keys)
    }

    /// Reads a PKCS#12 file (`.p12`, `.pfx`).
    ///
    /// # Errors
    ///
    /// Those of [`Identity::from_pem`], and if the password is wrong or the file cannot be read.
    #[cfg(feature = "pkcs12")]
    pub fn from_pkcs12(bytes: &[u8], password: &str) -> Result<Self, IdentityError> {
        use p12_keystore::error::Error;

        let archive = p12_keystore::Pkcs12Archive::from_pkcs12(bytes, password).map_err(|error| match error {
            // A wrong password shows in the MAC of the file, or else in the padding of what was decrypted.
            Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) => IdentityError::WrongPassword,
            error => IdentityError::Pkcs12(error.to_string()),
        })?;
        let certificates: Vec<_> = archive.certs.iter().map(|bag| bag.cert.as_der().to_vec()).collect();
        let keys = archive.keys.iter().map(|bag| Key::from_pkcs8(bag.key.as_der())).collect::<Result<_, _>>()?;
        Self::assemble(&certificates, keys)
    }

    /// Returns the certificates and the key (PKCS#8) as one PEM text, which [`Identity::from_pem`] reads. It contains
    /// the secret.
    pub fn to_pem(&self) -> Result<String, IdentityError> {
        let mut text = String::new();
        for certificate in &self.chain {
            text += &certificate.to_pem(pem::LineEnding::LF).map_err(unwritable)?;
        }
        let key = match &self.key {
            Key::P256(key) => key.to_pkcs8_pem(pem::LineEnding::LF),
            Key::Rsa(key) => key.to_pkcs8_pem(pem::LineEnding::LF),
        };
        text += &key.map_err(unwritable)?;
        Ok(text)
    }

    /// Whether the certificate is signed with its own key, so that no issuer says whose it is.
    pub fn is_self_made(&self) -> bool {
        certificate::is_self_signed(&self.chain[0])
    }

    /// Returns the common name of the signer.
    pub fn common_name(&self) -> String {
        certificate::display_name(self.chain[0].tbs_certificate().subject())
    }

    /// Returns the times from which and until which the certificate is valid.
    pub fn validity(&self) -> (Timestamp, Timestamp) {
        (self.from, self.until)
    }

    /// Returns the signer's certificate as PEM, without the key.
    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    /// Returns the SHA-256 of the signer's certificate in DER.
    pub fn certificate_sha256(&self) -> [u8; 32] {
        self.sha256
    }

    pub(crate) fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Signs with the one scheme of the key. The same message always gets the same signature.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            Key::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                // The nonce is derived from message and key (RFC 6979), and of `s` and `n - s` the lower one is taken:
                // so a file that is sealed again is the same.
                signature.normalize_s().to_der().as_bytes().to_vec()
            }
            Key::Rsa(key) => {
                use rsa::signature::SignatureEncoding as _;

                rsa::pkcs1v15::SigningKey::<Sha256>::new(key.clone()).sign(message).to_vec()
            }
        }
    }

    pub(crate) fn from_parts(certificate: Certificate, key: p256::ecdsa::SigningKey) -> Result<Self, IdentityError> {
        Self::new(vec![certificate], Key::P256(key))
    }

    fn new(chain: Vec<Certificate>, key: Key) -> Result<Self, IdentityError> {
        let (from, until) = certificate::validity(&chain[0]);
        let pem = chain[0].to_pem(pem::LineEnding::LF).map_err(unwritable)?;
        let sha256 = certificate::fingerprint(&chain[0]).ok_or(IdentityError::UnreadableCertificate)?;
        Ok(Self { chain, pem, sha256, from, until, key })
    }

    fn assemble(certificates: &[Vec<u8>], keys: Vec<Key>) -> Result<Self, IdentityError> {
        let mut keys = keys.into_iter();
        let key = match (keys.next(), keys.next()) {
            (None, _) => return Err(IdentityError::NoKey),
            (Some(key), None) => key,
            (Some(_), Some(_)) => return Err(IdentityError::SeveralKeys),
        };
        if certificates.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let certificates = certificates
            .iter()
            .map(|der| certificate::read(der))
            .collect::<Option<Vec<_>>>()
            .ok_or(IdentityError::UnreadableCertificate)?;
        let public = key.public()?;
        let first = certificates.iter().find(|one| *certificate::key(one) == public).ok_or(IdentityError::Mismatch)?;
        // Without the extension a key may be used for anything (RFC 5280, 4.2.1.3).
        if let Ok(Some((_, usage))) = first.tbs_certificate().get_extension::<KeyUsage>()
            && !usage.digital_signature()
            && !usage.non_repudiation()
        {
            return Err(IdentityError::NotForSigning);
        }
        // The first certificate is that of the key, whatever the order in the file.
        let path = certificate::path(first, &certificates);
        Self::new(path.into_iter().cloned().collect(), key)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("common_name", &self.common_name())
            .field("certificates", &self.chain.len())
            .finish_non_exhaustive()
    }
}

impl Key {
    fn from_pkcs8(der: &[u8]) -> Result<Self, IdentityError> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(unreadable)?;
        let curve = info.algorithm.parameters.and_then(|any| any.decode_as().ok());
        match KeyKind::from_algorithm(info.algorithm.oid, curve) {
            KeyKind::P256 => Ok(Self::P256(p256::ecdsa::SigningKey::from_pkcs8_der(der).map_err(unreadable)?)),
            KeyKind::Rsa => Self::rsa(rsa::PrivateKey::from_pkcs8_der(der).map_err(unreadable)?),
            KeyKind::P384 => Err(IdentityError::UnsupportedKey("ECDSA on P-384".to_owned())),
            KeyKind::Other(kind) => Err(IdentityError::UnsupportedKey(kind.to_owned())),
        }
    }

    fn from_sec1(der: &[u8]) -> Result<Self, IdentityError> {
        let key = p256::SecretKey::from_sec1_der(der)
            .map_err(|_| IdentityError::UnsupportedKey("an elliptic curve other than P-256".to_owned()))?;
        Ok(Self::P256(key.into()))
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, IdentityError> {
        Self::rsa(rsa::PrivateKey::from_pkcs1_der(der).map_err(unreadable)?)
    }

    fn rsa(key: rsa::PrivateKey) -> Result<Self, IdentityError> {
        match key.n().bit_width() {
            2048..=4096 => Ok(Self::Rsa(key)),
            bits => Err(IdentityError::UnsupportedKey(format!("RSA of {bits} bits"))),
        }
    }

    fn public(&self) -> Result<SubjectPublicKeyInfoOwned, IdentityError> {
        let der = match self {
            Self::P256(key) => key.verifying_key().to_public_key_der(),
            Self::Rsa(key) => key.to_public_key().to_public_key_der(),
        }
        .map_err(unreadable)?;
        SubjectPublicKeyInfoOwned::from_der(der.as_bytes()).map_err(unreadable)
    }
}

/// Returns the blocks of a PEM text, without the text around them, such as the attributes that `openssl pkcs12` prints.
pub(crate) fn blocks(text: &str) -> impl Iterator<Item = &str> {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(BEGIN)?;
        // A block without an end is given out too, for the decoder to refuse it: it must not be skipped silently.
        let end = rest[start..].find(END).map_or(rest.len(), |end| start + end);
        let end = rest[end..].find('\n').map_or(rest.len(), |line| end + line + 1);
        let block = &rest[start..end];
        rest = &rest[end..];
        Some(block)
    })
}

/// Whether a PEM block with this label holds a certificate.
pub(crate) fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
}

pub(crate) fn broken(error: impl fmt::Display) -> IdentityError {
    IdentityError::Pem(error.to_string())
}

pub(crate) fn unwritable(error: impl fmt::Display) -> IdentityError {
    IdentityError::Unwritable(error.to_string())
}

fn unreadable(error: impl fmt::Display) -> IdentityError {
    IdentityError::UnreadableKey(error.to_string())
}
