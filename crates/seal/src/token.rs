//! The time-stamp token: what an authority signs (RFC 3161), brought into one form and checked.
//!
//! A token comes from a stranger, and CMS leaves parts of it unsigned. [`normal`] drops what can be dropped and puts
//! the rest into the form that follows from the signed parts; [`check()`] accepts tokens in that form only. So every
//! bit that is left is signed, or can be checked with the rest. For the certificates this means: that of the authority
//! is named by its digest in what is signed. Others stay if they are named there too, or if they are on a complete path
//! from the authority's to a root, since then the signature of each can be checked. An intermediate certificate without
//! its root is dropped, unless the caller trusts the root: then the root is added. None of this says that the authority
//! is to be trusted; [`Authorities`] do. And it is still possible to put in another certificate for the same issuer's
//! key.

use cms::cert::CertificateChoices;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::db::{rfc5280, rfc5911};
use der::asn1::{Any, Int, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode as _, Encode as _, Sequence, Tag, Tagged as _};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectKeyIdentifier};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::authorities::Authorities;
use crate::certificate;
use crate::cms::{SIGNING_CERTIFICATE_V2, SigningCertificateV2, certificates, value};
use crate::fault::Fault;
use crate::signature::{Hash, Scheme};
use crate::validity::good_at;

/// The content type of a token (RFC 3161, 2.4.2).
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// The older attribute that names the certificate by its SHA-1 (RFC 2634, 5.4).
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");

/// The largest number of certificates in a token: the work of checking them grows with its square.
const MOST_CERTIFICATES: usize = 16;

/// A time that an authority attests. It is as reliable as the authority.
///
/// The signer did not sign it: anybody can remove it from a seal, or put in one of another authority or of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedTime {
    /// Time by the authority's clock.
    pub time: Timestamp,
    /// Name of the authority, as its certificate has it.
    pub authority: String,
    /// Whether one of the [`Authorities`] that the caller trusts vouches for it. `false` if none were given.
    pub vouched: bool,
}

/// The digest that is stamped (RFC 3161, 2.4.1).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(crate) struct MessageImprint {
    pub(crate) hash_algorithm: AlgorithmIdentifierOwned,
    pub(crate) hashed_message: OctetString,
}

/// The statement that the authority signs (RFC 3161, 2.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct TstInfo {
    version: u8,
    policy: ObjectIdentifier,
    message_imprint: MessageImprint,
    serial_number: Int,
    /// A `GeneralizedTime`, kept as it is because it may have a fraction.
    gen_time: Any,
    accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    ordering: bool,
    nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    tsa: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

/// How exact the authority's clock is (RFC 3161, 2.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct Accuracy {
    seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    micros: Option<u16>,
}

/// A certificate that is named by its SHA-1 (RFC 2634, 5.4.1).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct EssCertId {
    cert_hash: OctetString,
    issuer_serial: Option<Any>,
}

/// The value of signing-certificate (RFC 2634, 5.4).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct SigningCertificate {
    certs: Vec<EssCertId>,
    policies: Option<Any>,
}

/// Brings a token into the one form that [`check()`] accepts, with the trusted roots that its authority leads to.
pub(crate) fn normal(token: &ContentInfo, roots: &Authorities) -> Result<ContentInfo, Fault> {
    let opened = Token::read_with(token, roots)?;
    opened.write().map_err(|_| Fault::TimeStamp("it cannot be written in DER"))
}

/// Checks a token over the bytes `stamped`.
pub(crate) fn check(token: &ContentInfo, stamped: &[u8], trusted: &Authorities) -> Result<TrustedTime, Fault> {
    let opened = Token::read(token)?;
    // A token that was not normalized has bits that could be changed unnoticed.
    if opened.write().ok().as_ref() != Some(token) {
        return Err(Fault::TimeStamp("it has parts that nobody signed"));
    }
    opened.check(stamped, trusted)
}

/// Returns the nonce of the request that a token was made for.
pub(crate) fn nonce(token: &ContentInfo) -> Result<Option<Int>, Fault> {
    Ok(Token::read(token)?.info.nonce)
}

/// A token in its parts, without those that are not signed.
struct Token {
    signer: SignerInfo,
    signed: SignedAttributes,
    authority: Certificate,
    /// The certificates that stay beside the authority's.
    others: Vec<Certificate>,
    content: OctetString,
    info: TstInfo,
}

impl Token {
    fn read(token: &ContentInfo) -> Result<Self, Fault> {
        Self::read_with(token, &Authorities::none())
    }

    fn read_with(token: &ContentInfo, roots: &Authorities) -> Result<Self, Fault> {
        const STRANGE: Fault = Fault::TimeStamp("it is not a time-stamp token");

        if token.content_type != rfc5911::ID_SIGNED_DATA {
            return Err(STRANGE);
        }
        let data: SignedData = token.content.decode_as().map_err(|_| STRANGE)?;
        let SignedData { encap_content_info: EncapsulatedContentInfo { econtent_type, econtent }, .. } = &data;
        let content = econtent.as_ref().filter(|_| *econtent_type == TST_INFO).ok_or(STRANGE)?;
        let content: OctetString = content.decode_as().map_err(|_| STRANGE)?;
        let info = TstInfo::from_der(content.as_bytes()).map_err(|_| STRANGE)?;
        let [signer] = data.signer_infos.0.as_slice() else { return Err(STRANGE) };
        let attributes = signer.signed_attrs.clone().ok_or(STRANGE)?;
        let all = certificates(data.certificates.as_ref()).ok_or(STRANGE)?;
        let authority = all.iter().find(|one| is_named_by(&signer.sid, one));
        let authority = authority.ok_or(Fault::TimeStamp("the certificate of its authority is not in it"))?.clone();
        // Before the signatures are checked, each of which takes a while.
        if all.len() > MOST_CERTIFICATES {
            return Err(Fault::TimeStamp("there are more certificates in it than are looked at"));
        }
        let mut others: Vec<_> = all.into_iter().filter(|one| *one != authority).collect();
        // Roots that turn out to be on no path are dropped again by `kept`.
        let missing = roots.certificates().iter().filter(|root| **root != authority);
        for root in missing {
            if !others.contains(root) {
                others.push(root.clone());
            }
        }
        let others = kept(&authority, others, &attributes);
        Ok(Self { signer: signer.clone(), signed: attributes, authority, others, content, info })
    }

    /// Writes the token with nothing but what is signed, or follows from it.
    fn write(&self) -> der::Result<ContentInfo> {
        let signer = SignerInfo {
            // The version follows from how the signer is named (RFC 5652, 5.3), so it needs no signature of its own.
            version: match self.signer.sid {
                SignerIdentifier::IssuerAndSerialNumber(_) => CmsVersion::V1,
                SignerIdentifier::SubjectKeyIdentifier(_) => CmsVersion::V3,
            },
            unsigned_attrs: None,
            ..self.signer.clone()
        };
        let certificates = std::iter::once(&self.authority).chain(&self.others);
        let certificates: Vec<_> = certificates.cloned().map(CertificateChoices::Certificate).collect();
        let data = SignedData {
            version: CmsVersion::V3,
            digest_algorithms: SetOfVec::try_from(vec![signer.digest_alg.clone()])?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: TST_INFO,
                econtent: Some(Any::encode_from(&self.content)?),
            },
            certificates: Some(CertificateSet(SetOfVec::try_from(certificates)?)),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
        };
        Ok(ContentInfo { content_type: rfc5911::ID_SIGNED_DATA, content: Any::encode_from(&data)? })
    }

    fn check(&self, stamped: &[u8], trusted: &Authorities) -> Result<TrustedTime, Fault> {
        let imprint = &self.info.message_imprint;
        let hash = Hash::from_algorithm(&imprint.hash_algorithm);
        let stamps = imprint.hashed_message.as_bytes() == Sha256::digest(stamped).as_slice();
        // The requests of this crate all use SHA-256.
        if hash != Some(Hash::Sha256) || !stamps {
            return Err(Fault::TimeStamp("it is not over the signature of this seal"));
        }
        self.check_signature()?;
        self.check_authority()?;
        let time = read_time(&self.info.gen_time).ok_or(Fault::TimeStamp("its time cannot be read"))?;
        good_at(&self.authority, time)
            .map_err(|_| Fault::TimeStamp("the certificate of its authority was not good at its time"))?;
        // At the time of the stamp: an authority's certificate may have ended since.
        let vouched = trusted.vouch_for(&self.authority, &self.others, time);
        let authority = certificate::display_name(self.authority.tbs_certificate().subject());
        Ok(TrustedTime { time, authority, vouched })
    }

    fn check_signature(&self) -> Result<(), Fault> {
        const UNKNOWN: Fault = Fault::TimeStamp("its authority signs in a way that is not known here");

        let hash = Hash::from_algorithm(&self.signer.digest_alg).ok_or(UNKNOWN)?;
        let scheme = Scheme::from_algorithm(&self.signer.signature_algorithm, Some(hash)).ok_or(UNKNOWN)?;
        let content_type: Option<ObjectIdentifier> = value(&self.signed, rfc5911::ID_CONTENT_TYPE);
        let digest: Option<OctetString> = value(&self.signed, rfc5911::ID_MESSAGE_DIGEST);
        let expected = hash.digest(self.content.as_bytes());
        if content_type != Some(TST_INFO) || digest.is_none_or(|digest| digest.as_bytes() != expected) {
            return Err(Fault::TimeStamp("what its authority signed is another statement"));
        }
        let message = self.signed.to_der().map_err(|_| UNKNOWN)?;
        let signature = self.signer.signature.as_bytes();
        if scheme.verifies(certificate::key(&self.authority), &message, signature) {
            Ok(())
        } else {
            Err(Fault::TimeStamp("its signature was not made with the key of its authority"))
        }
    }

    fn check_authority(&self) -> Result<(), Fault> {
        if !names(&self.signed).first().is_some_and(|name| name.names(&self.authority)) {
            return Err(Fault::TimeStamp("the certificate of its authority is not the one that it was signed with"));
        }
        match self.authority.tbs_certificate().get_extension::<ExtendedKeyUsage>() {
            // The extension must be critical, and name nothing else (RFC 3161, 2.3).
            Ok(Some((true, usage))) if usage.0 == [rfc5280::ID_KP_TIME_STAMPING] => Ok(()),
            _ => Err(Fault::TimeStamp("the certificate of its authority is not for time stamps")),
        }
    }
}

/// A certificate as the signed attributes name it.
struct CertificateName {
    hash: Option<Hash>,
    digest: Vec<u8>,
}

impl CertificateName {
    fn names(&self, certificate: &Certificate) -> bool {
        let Ok(der) = certificate.to_der() else { return false };
        match self.hash {
            Some(hash) => hash.digest(&der) == self.digest,
            None => Sha1::digest(&der).as_slice() == self.digest,
        }
    }
}

/// Returns the certificates that the signed attributes name, the signer's first. Those named by SHA-1 count only if
/// there are no others.
fn names(signed: &SignedAttributes) -> Vec<CertificateName> {
    let newer: Option<SigningCertificateV2> = value(signed, SIGNING_CERTIFICATE_V2);
    let older: Option<SigningCertificate> = value(signed, SIGNING_CERTIFICATE);
    if let Some(newer) = newer {
        let name = |id: &crate::cms::EssCertIdV2| {
            let hash = id.hash_algorithm.as_ref().map_or(Some(Hash::Sha256), Hash::from_algorithm)?;
            Some(CertificateName { hash: Some(hash), digest: id.cert_hash.as_bytes().to_vec() })
        };
        return newer.certs.iter().map(name).collect::<Option<_>>().unwrap_or_default();
    }
    let name = |id: &EssCertId| CertificateName { hash: None, digest: id.cert_hash.as_bytes().to_vec() };
    older.map_or_else(Vec::new, |older| older.certs.iter().map(name).collect())
}

/// Keeps those certificates beside the authority's of which every bit can be checked.
fn kept(authority: &Certificate, others: Vec<Certificate>, signed: &SignedAttributes) -> Vec<Certificate> {
    let names = names(signed);
    let rooted: Vec<_> = certificate::rooted(authority, &others).into_iter().cloned().collect();
    let checked = |one: &Certificate| names.iter().any(|name| name.names(one)) || rooted.contains(one);
    others.into_iter().filter(checked).collect()
}

fn is_named_by(name: &SignerIdentifier, certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    match name {
        SignerIdentifier::IssuerAndSerialNumber(name) => {
            name.issuer == *tbs.issuer() && name.serial_number == *tbs.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(name) => {
            matches!(tbs.get_extension::<SubjectKeyIdentifier>(), Ok(Some((_, own))) if own == *name)
        }
    }
}

/// Reads a `GeneralizedTime` in UTC, which may have a fraction of a second (RFC 3161, 2.4.2).
fn read_time(time: &Any) -> Option<Timestamp> {
    if time.tag() != Tag::GeneralizedTime {
        return None;
    }
    let digits = time.value().strip_suffix(b"Z")?;
    TimeZone::UTC.to_timestamp(DateTime::strptime("%Y%m%d%H%M%S%.f", digits).ok()?).ok()
}
