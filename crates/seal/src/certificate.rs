//! What is read from X.509 certificates (RFC 5280).

use const_oid::db::rfc5280;
use der::Encode as _;
use der::asn1::{Ia5StringRef, ObjectIdentifier};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::name::Name;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::signature::{Scheme, strictly};

/// Returns the SHA-256 of a certificate in DER, by which signing-certificate-v2 names it.
pub(crate) fn fingerprint(certificate: &Certificate) -> Option<[u8; 32]> {
    Some(Sha256::digest(certificate.to_der().ok()?).into())
}

/// Reads a certificate. Returns `None` unless it is DER to the last bit.
pub(crate) fn read(bytes: &[u8]) -> Option<Certificate> {
    strictly(bytes)
}

/// Returns the times from which and until which a certificate is valid.
pub(crate) fn validity(certificate: &Certificate) -> (Timestamp, Timestamp) {
    let validity = certificate.tbs_certificate().validity();
    let [from, until] = [validity.not_before, validity.not_after].map(|time| {
        // Certificates that never end have the last second of the year 9999 (RFC 5280, 4.1.2.5), which is later than a
        // `Timestamp` can be.
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    });
    (from, until)
}

/// Returns the public key of the certificate's subject.
pub(crate) fn key(certificate: &Certificate) -> &SubjectPublicKeyInfoOwned {
    certificate.tbs_certificate().subject_public_key_info()
}

/// Whether `issuer` issued the certificate, by its name and by the signature.
pub(crate) fn is_issued_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    if tbs.issuer() != issuer.tbs_certificate().subject() || tbs.signature() != certificate.signature_algorithm() {
        return false;
    }
    let algorithm: &AlgorithmIdentifierOwned = certificate.signature_algorithm();
    let Some(scheme) = Scheme::from_algorithm(algorithm, None) else { return false };
    let (Ok(message), Some(signature)) = (tbs.to_der(), certificate.signature().as_bytes()) else { return false };
    scheme.verifies(key(issuer), &message, signature)
}

/// Whether the certificate is signed with its own key, so that no other certificate says whose it is.
pub(crate) fn is_self_signed(certificate: &Certificate) -> bool {
    is_issued_by(certificate, certificate)
}

/// Returns the path from the first certificate up to a root, each issued by the next, as far as `others` has it.
pub(crate) fn path<'a>(first: &'a Certificate, others: &'a [Certificate]) -> Vec<&'a Certificate> {
    let mut path = vec![first];
    loop {
        let last = path[path.len() - 1];
        let next = others.iter().find(|other| !path.contains(other) && is_issued_by(last, other));
        match next.filter(|_| !is_self_signed(last)) {
            Some(next) => path.push(next),
            None => return path,
        }
    }
}

/// Returns all certificates that are on a complete path from the first one to a root, so that the signature of each can
/// be checked.
///
/// The result depends on the certificates alone and not on their order, and `rooted` of the result is the result again.
/// So a token that was reduced to it is not reduced further when it is checked.
pub(crate) fn rooted<'a>(first: &'a Certificate, others: &'a [Certificate]) -> Vec<&'a Certificate> {
    let mut reached = vec![first];
    // Pairs of indexes into `reached`: a certificate and its issuer.
    let mut issued = Vec::new();
    let mut one = 0;
    while let Some(&last) = reached.get(one) {
        for other in std::iter::once(first).chain(others).filter(|other| is_issued_by(last, other)) {
            let index = reached.iter().position(|reached| *reached == other).unwrap_or(reached.len());
            if index == reached.len() {
                reached.push(other);
            }
            issued.push((one, index));
        }
        one += 1;
    }
    // A root issued itself. From there the property spreads down, one certificate at a time, until nothing changes.
    let mut rooted: Vec<bool> = (0..reached.len()).map(|one| issued.contains(&(one, one))).collect();
    while let Some(&(one, _)) = issued.iter().find(|(one, issuer)| rooted[*issuer] && !rooted[*one]) {
        rooted[one] = true;
    }
    reached.into_iter().zip(rooted).filter_map(|(one, rooted)| rooted.then_some(one)).collect()
}

/// Whether a certificate has no critical extension but those that are checked here (RFC 5280, 4.2).
pub(crate) fn is_understood(certificate: &Certificate) -> bool {
    const LOOKED_AT: [ObjectIdentifier; 3] =
        [rfc5280::ID_CE_BASIC_CONSTRAINTS, rfc5280::ID_CE_KEY_USAGE, rfc5280::ID_CE_EXT_KEY_USAGE];
    let extensions = certificate.tbs_certificate().extensions();
    extensions.is_none_or(|all| all.iter().all(|one| !one.critical || LOOKED_AT.contains(&one.extn_id)))
}

/// Returns the common name of a subject or issuer, or the whole name if it has none.
pub(crate) fn display_name(name: &Name) -> String {
    match name.common_name() {
        Ok(Some(common)) => common.value().into_owned(),
        _ => name
            // `common_name` does not know this type of string, which older certificates use.
            .by_oid::<Ia5StringRef<'_>>(const_oid::db::rfc4519::COMMON_NAME)
            .ok()
            .flatten()
            .map_or_else(|| name.to_string(), |common| common.as_str().to_owned()),
    }
}
