//! The detached signature: CMS `SignedData` (RFC 5652) with the attributes of `CAdES` B-B and B-T (ETSI EN 319 122-1).
//!
//! There is exactly one way in which a seal's CMS is written, [`SealCms::write`]. Reading takes the parts out and
//! demands that writing them again gives the same bytes, so that nothing can be hidden in what a signature does not
//! cover.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::db::{rfc5911, rfc5912};
use der::asn1::{Any, ObjectIdentifier, OctetString, OctetStringRef, SetOfVec};
use der::{Decode, Encode, Sequence};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::certificate::{self, fingerprint};
use crate::fault::Fault;
use crate::signature::{Hash, KeyKind, Scheme, strictly};

/// The unsigned attribute that holds a time stamp of the signature (RFC 3161, appendix A).
const SIGNATURE_TIME_STAMP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
/// The signed attribute that names the certificates by their digests (RFC 5035, section 3).
pub(crate) const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// A certificate that is named by its digest (RFC 5035, section 4).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(crate) struct EssCertIdV2 {
    /// The digest's algorithm; SHA-256 if absent.
    pub(crate) hash_algorithm: Option<AlgorithmIdentifierOwned>,
    pub(crate) cert_hash: OctetString,
    pub(crate) issuer_serial: Option<Any>,
}

/// The value of signing-certificate-v2 (RFC 5035, section 3).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(crate) struct SigningCertificateV2 {
    pub(crate) certs: Vec<EssCertIdV2>,
    pub(crate) policies: Option<Any>,
}

/// Everything that a seal's CMS says. All else in it follows from these values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealCms {
    /// Certificate of the signer, then those of its issuers.
    pub(crate) chain: Vec<Certificate>,
    /// SHA-256 of the file around the seal.
    pub(crate) digest: [u8; 32],
    pub(crate) signature: Vec<u8>,
    /// Time-stamp token, if the seal is of level B-T.
    pub(crate) token: Option<ContentInfo>,
}

impl SealCms {
    /// Reads a seal's CMS, and refuses every form but the one that [`SealCms::write`] gives.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let content: ContentInfo = strictly(bytes).ok_or(Fault::Unreadable("it is not DER"))?;
        if content.content_type != rfc5911::ID_SIGNED_DATA {
            return Err(Fault::Shape("it is not signed data"));
        }
        let data: SignedData = content.content.decode_as().map_err(|_| Fault::Unreadable("it is not signed data"))?;
        let [signer] = data.signer_infos.0.as_slice() else { return Err(Fault::Shape("it has not one signer")) };
        let attributes = signer.signed_attrs.as_ref().ok_or(Fault::Shape("its attributes are not signed"))?;
        let digest: OctetString =
            value(attributes, rfc5911::ID_MESSAGE_DIGEST).ok_or(Fault::Shape("it has no digest"))?;
        let digest = digest.as_bytes().try_into().map_err(|_| Fault::Shape("its digest is not SHA-256"))?;
        let names: SigningCertificateV2 =
            value(attributes, SIGNING_CERTIFICATE_V2).ok_or(Fault::Shape("it does not name its certificate"))?;
        let token = match &signer.unsigned_attrs {
            None => None,
            // No signature covers these attributes, so everything else in them is refused.
            Some(unsigned) => {
                Some(value(unsigned, SIGNATURE_TIME_STAMP).ok_or(Fault::Shape("it has an unknown attribute"))?)
            }
        };
        let parts = Self {
            chain: chain(data.certificates.as_ref(), &names)?,
            digest,
            signature: signer.signature.as_bytes().to_vec(),
            token,
        };
        // What is not among the parts, such as lists of revoked certificates or a second encoding, differs here.
        if parts.write()? == bytes { Ok(parts) } else { Err(Fault::Shape("its parts are not in our order")) }
    }

    /// Writes the CMS in the only form that [`SealCms::read`] accepts.
    pub(crate) fn write(&self) -> Result<Vec<u8>, Fault> {
        let scheme = self.scheme()?;
        self.try_write(scheme).map_err(|_| Fault::Shape("it cannot be written in DER"))
    }

    /// Returns the DER of the signed attributes, which the signature is computed over (RFC 5652, 5.4).
    pub(crate) fn signed_bytes(&self) -> Result<Vec<u8>, Fault> {
        let attributes = self.signed_attributes().map_err(|_| Fault::Shape("it cannot be written in DER"))?;
        attributes.to_der().map_err(|_| Fault::Shape("it cannot be written in DER"))
    }

    /// Returns the certificate of the signer.
    pub(crate) fn signer(&self) -> &Certificate {
        &self.chain[0]
    }

    /// Returns the one scheme in which the signer's key signs.
    pub(crate) fn scheme(&self) -> Result<Scheme, Fault> {
        match KeyKind::from_public_key(certificate::key(self.signer())) {
            KeyKind::P256 => Ok(Scheme::Ecdsa(Hash::Sha256)),
            KeyKind::Rsa => Ok(Scheme::RsaPkcs1(Hash::Sha256)),
            KeyKind::P384 | KeyKind::Other(_) => Err(Fault::UnknownKey),
        }
    }

    fn signed_attributes(&self) -> der::Result<SignedAttributes> {
        let certs = self
            .chain
            .iter()
            .map(|certificate| {
                let hash = fingerprint(certificate).ok_or(der::ErrorKind::Failed)?;
                Ok(EssCertIdV2 { hash_algorithm: None, cert_hash: OctetString::new(hash)?, issuer_serial: None })
            })
            .collect::<der::Result<Vec<_>>>()?;
        SetOfVec::try_from(vec![
            // No signing-time attribute: in `PAdES` the time is in the signature dictionary instead (ETSI EN 319 142-1,
            // 6.3).
            attribute(rfc5911::ID_CONTENT_TYPE, &rfc5911::ID_DATA)?,
            attribute(rfc5911::ID_MESSAGE_DIGEST, &OctetStringRef::new(&self.digest)?)?,
            attribute(SIGNING_CERTIFICATE_V2, &SigningCertificateV2 { certs, policies: None })?,
        ])
    }

    fn try_write(&self, scheme: Scheme) -> der::Result<Vec<u8>> {
        let sha256 = AlgorithmIdentifierOwned { oid: rfc5912::ID_SHA_256, parameters: None };
        let tbs = self.signer().tbs_certificate();
        let unsigned_attrs = match &self.token {
            None => None,
            Some(token) => Some(SetOfVec::try_from(vec![attribute(SIGNATURE_TIME_STAMP, token)?])?),
        };
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: tbs.issuer().clone(),
                serial_number: tbs.serial_number().clone(),
            }),
            digest_alg: sha256.clone(),
            signed_attrs: Some(self.signed_attributes()?),
            signature_algorithm: match scheme {
                Scheme::Ecdsa(_) => AlgorithmIdentifierOwned { oid: rfc5912::ECDSA_WITH_SHA_256, parameters: None },
                Scheme::RsaPkcs1(_) => {
                    // The null is required with this identifier (RFC 8017, A.1), and forbidden with that of ECDSA (RFC
                    // 5758, 3.2).
                    AlgorithmIdentifierOwned { oid: rfc5912::RSA_ENCRYPTION, parameters: Some(Any::null()) }
                }
            },
            signature: OctetString::new(self.signature.clone())?,
            unsigned_attrs,
        };
        let certificates: Vec<_> = self.chain.iter().cloned().map(CertificateChoices::Certificate).collect();
        let data = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![sha256])?,
            // Without content: the signature is detached, and the content is the file around it.
            encap_content_info: EncapsulatedContentInfo { econtent_type: rfc5911::ID_DATA, econtent: None },
            certificates: Some(CertificateSet(SetOfVec::try_from(certificates)?)),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
        };
        ContentInfo { content_type: rfc5911::ID_SIGNED_DATA, content: Any::encode_from(&data)? }.to_der()
    }
}

/// Returns the certificates in the order of the signed attribute. All that it names must be there.
fn chain(set: Option<&CertificateSet>, names: &SigningCertificateV2) -> Result<Vec<Certificate>, Fault> {
    let all = certificates(set).ok_or(Fault::Shape("it carries what is not a certificate"))?;
    let mut chain = Vec::with_capacity(names.certs.len());
    for name in &names.certs {
        let found = all.iter().find(|one| fingerprint(one).is_some_and(|hash| hash == name.cert_hash.as_bytes()));
        chain.push(found.ok_or(Fault::OtherCertificate)?.clone());
    }
    if chain.is_empty() { Err(Fault::OtherCertificate) } else { Ok(chain) }
}

/// Returns the X.509 certificates of a set. `None` if it holds certificates of another kind.
pub(crate) fn certificates(set: Option<&CertificateSet>) -> Option<Vec<Certificate>> {
    set.map_or(&[][..], |set| set.0.as_slice())
        .iter()
        .map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
            CertificateChoices::Other(_) => None,
        })
        .collect()
}

/// Returns an attribute with a single value.
pub(crate) fn attribute<T: Encode>(oid: ObjectIdentifier, value: &T) -> der::Result<Attribute> {
    let value = Any::from_der(&value.to_der()?)?;
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
}

/// Returns the value of an attribute that is there once and has a single value. `None` otherwise.
pub(crate) fn value<T>(attributes: &SignedAttributes, oid: ObjectIdentifier) -> Option<T>
where
    T: for<'a> Decode<'a> + Encode,
{
    let mut of_kind = attributes.iter().filter(|attribute| attribute.oid == oid);
    let (Some(attribute), None) = (of_kind.next(), of_kind.next()) else { return None };
    let [value] = attribute.values.as_slice() else { return None };
    strictly(&value.to_der().ok()?)
}
