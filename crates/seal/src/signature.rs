//! The signatures that can be checked, and their names in ASN.1 (RFC 5754, RFC 8017, RFC 5480).

use const_oid::db::{rfc5912, rfc8410};
use der::Encode as _;
use der::asn1::{Any, ObjectIdentifier};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

/// A digest algorithm of the SHA-2 family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Reads an algorithm. Its parameters may be absent or null (RFC 5754, section 2), and nothing else.
    pub(crate) fn from_algorithm(algorithm: &AlgorithmIdentifierOwned) -> Option<Self> {
        let hash = match algorithm.oid {
            rfc5912::ID_SHA_256 => Self::Sha256,
            rfc5912::ID_SHA_384 => Self::Sha384,
            rfc5912::ID_SHA_512 => Self::Sha512,
            _ => return None,
        };
        algorithm.parameters.as_ref().is_none_or(Any::is_null).then_some(hash)
    }

    pub(crate) fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

/// A signature scheme with its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Ecdsa(Hash),
    RsaPkcs1(Hash),
}

impl Scheme {
    /// Reads a signature's algorithm. `digest` is that of the message, for algorithms that do not name one.
    pub(crate) fn from_algorithm(algorithm: &AlgorithmIdentifierOwned, digest: Option<Hash>) -> Option<Self> {
        let parameters = algorithm.parameters.as_ref();
        let (scheme, plain) = match algorithm.oid {
            // CMS may name the key's algorithm alone, and the digest beside it (RFC 3370, 3.2).
            rfc5912::RSA_ENCRYPTION => (Self::RsaPkcs1(digest?), parameters.is_none_or(Any::is_null)),
            rfc5912::SHA_256_WITH_RSA_ENCRYPTION => (Self::RsaPkcs1(Hash::Sha256), parameters.is_none_or(Any::is_null)),
            rfc5912::SHA_384_WITH_RSA_ENCRYPTION => (Self::RsaPkcs1(Hash::Sha384), parameters.is_none_or(Any::is_null)),
            rfc5912::SHA_512_WITH_RSA_ENCRYPTION => (Self::RsaPkcs1(Hash::Sha512), parameters.is_none_or(Any::is_null)),
            rfc5912::ECDSA_WITH_SHA_256 => (Self::Ecdsa(Hash::Sha256), parameters.is_none()),
            rfc5912::ECDSA_WITH_SHA_384 => (Self::Ecdsa(Hash::Sha384), parameters.is_none()),
            rfc5912::ECDSA_WITH_SHA_512 => (Self::Ecdsa(Hash::Sha512), parameters.is_none()),
            _ => return None,
        };
        plain.then_some(scheme)
    }

    /// Whether the signature over `message` was made with the private half of `key`.
    pub(crate) fn verifies(self, key: &SubjectPublicKeyInfoOwned, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ecdsa(hash) => ecdsa(key, &hash.digest(message), signature),
            Self::RsaPkcs1(hash) => rsa_pkcs1(key, hash, &hash.digest(message), signature),
        }
        .is_some()
    }
}

/// Whether a signature is the one that is accepted among those that say the same: of the two for ECDSA, the one with
/// the low `s`.
pub(crate) fn is_normal(key: &SubjectPublicKeyInfoOwned, signature: &[u8]) -> bool {
    KeyKind::from_public_key(key) != KeyKind::P256
        || p256::ecdsa::Signature::from_der(signature).is_ok_and(|signature| signature == signature.normalize_s())
}

/// The kind of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    P256,
    P384,
    Rsa,
    Other(&'static str),
}

impl KeyKind {
    /// Returns the kind of a key, public or private, by its algorithm.
    pub(crate) fn from_algorithm(oid: ObjectIdentifier, curve: Option<ObjectIdentifier>) -> Self {
        match (oid, curve) {
            (rfc5912::RSA_ENCRYPTION, _) => Self::Rsa,
            (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_256_R_1)) => Self::P256,
            (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_384_R_1)) => Self::P384,
            (rfc5912::ID_EC_PUBLIC_KEY, _) => Self::Other("an elliptic curve other than P-256"),
            (rfc8410::ID_ED_25519, _) => Self::Other("Ed25519"),
            (rfc5912::ID_RSASSA_PSS, _) => Self::Other("RSA for PSS only"),
            _ => Self::Other("neither ECDSA nor RSA"),
        }
    }

    /// Returns the kind of a public key.
    pub(crate) fn from_public_key(key: &SubjectPublicKeyInfoOwned) -> Self {
        let curve = key.algorithm.parameters.as_ref().and_then(|any| any.decode_as().ok());
        Self::from_algorithm(key.algorithm.oid, curve)
    }
}

fn ecdsa(key: &SubjectPublicKeyInfoOwned, digest: &[u8], signature: &[u8]) -> Option<()> {
    let point = key.subject_public_key.as_bytes()?;
    match KeyKind::from_public_key(key) {
        KeyKind::P256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            let signature = p256::ecdsa::Signature::from_der(signature).ok()?;
            key.verify_prehash(digest, &signature).ok()
        }
        KeyKind::P384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            let signature = p384::ecdsa::Signature::from_der(signature).ok()?;
            key.verify_prehash(digest, &signature).ok()
        }
        KeyKind::Rsa | KeyKind::Other(_) => None,
    }
}

fn rsa_pkcs1(key: &SubjectPublicKeyInfoOwned, hash: Hash, digest: &[u8], signature: &[u8]) -> Option<()> {
    use rsa::pkcs8::DecodePublicKey as _;

    if KeyKind::from_public_key(key) != KeyKind::Rsa {
        return None;
    }
    let key = rsa::PublicKey::from_public_key_der(&key.to_der().ok()?).ok()?;
    let padding = match hash {
        Hash::Sha256 => rsa::Pkcs1v15Sign::new::<Sha256>(),
        Hash::Sha384 => rsa::Pkcs1v15Sign::new::<Sha384>(),
        Hash::Sha512 => rsa::Pkcs1v15Sign::new::<Sha512>(),
    };
    key.verify(padding, digest, signature).ok()
}

/// Reads a value that must be DER to the last bit, so that writing it again gives the same bytes.
pub(crate) fn strictly<T>(bytes: &[u8]) -> Option<T>
where
    T: for<'a> der::Decode<'a> + der::Encode,
{
    let value = T::from_der(bytes).ok()?;
    // The reader accepts some forms that DER forbids. Each would be a second file with the same meaning.
    (value.to_der().ok()? == bytes).then_some(value)
}
