//! Trusted time: the request to a time-stamping authority, and its answer (RFC 3161).
//!
//! The caller carries them, by HTTP POST as `application/timestamp-query` and `application/timestamp-reply`.

use cms::content_info::ContentInfo;
use const_oid::db::rfc5912;
use der::asn1::{Any, BitString, Int, ObjectIdentifier, OctetString, Uint};
use der::{Decode as _, Encode as _, Sequence};
use sha2::{Digest as _, Sha256};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::authorities::Authorities;
use crate::cms::Parts;
use crate::fault::Fault;
use crate::seal::Seal;
use crate::token::{self, MessageImprint};
use crate::validity::good_at;

/// RFC 3161, 2.4.1.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct TimeStampReq {
    version: u8,
    message_imprint: MessageImprint,
    policy: Option<ObjectIdentifier>,
    nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    cert_req: bool,
}

/// RFC 3161, 2.4.2.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct TimeStampResp {
    status: PkiStatusInfo,
    token: Option<ContentInfo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct PkiStatusInfo {
    status: u8,
    status_string: Option<Vec<String>>,
    fail_info: Option<BitString>,
}

/// The request for a time stamp of the seal's signature, in DER; `nonce` is a random number that the answer must repeat.
pub fn request(seal: &Seal, nonce: u64) -> Result<Vec<u8>, Fault> {
    let signature = Parts::read(&seal.cms)?.signature;
    encode(&signature, nonce).map_err(|_| Fault::TimeStamp("the request cannot be written in DER"))
}

/// Checks the authority's answer to the request with this nonce, and puts its time stamp into the seal.
///
/// With trusted authorities one of them must vouch for the one that answered; with none given, any authority is taken.
/// Parts of the answer that cannot be checked are dropped; where the path from the authority to a trusted root needs the
/// root, it is put in. A time stamp that the seal has already is replaced.
pub fn accept(seal: &Seal, nonce: u64, response: &[u8], trusted: &Authorities) -> Result<Seal, Fault> {
    let mut parts = Parts::read(&seal.cms)?;
    let response =
        TimeStampResp::from_der(response).map_err(|_| Fault::TimeStamp("the answer is not a time-stamp response"))?;
    // 0 is granted, 1 is granted with changes.
    if response.status.status > 1 {
        return Err(Fault::Refused(reason(&response.status)));
    }
    let token = response.token.ok_or(Fault::TimeStamp("there is none in the answer"))?;
    let plain = token::normal(&token, &Authorities::none())?;
    let asked = integer(nonce).map_err(|_| Fault::TimeStamp("the nonce cannot be written in DER"))?;
    if token::nonce(&plain)?.as_ref() != Some(&asked) {
        return Err(Fault::TimeStamp("it answers another request"));
    }
    let mut says = token::check(&plain, &parts.signature, trusted)?;
    let mut kept = plain;
    if !trusted.is_empty() && !says.vouched {
        kept = token::normal(&token, trusted)?;
        says = token::check(&kept, &parts.signature, trusted)?;
        if !says.vouched {
            return Err(Fault::TimeStamp("its authority is not one of those that are trusted"));
        }
    }
    good_at(parts.signer(), says.time)?;
    parts.token = Some(kept);
    Seal { at: seal.at, cms: parts.write()? }.fitting()
}

fn encode(signature: &[u8], nonce: u64) -> der::Result<Vec<u8>> {
    TimeStampReq {
        version: 1,
        message_imprint: MessageImprint {
            // Some authorities refuse a request without the null.
            hash_algorithm: AlgorithmIdentifierOwned { oid: rfc5912::ID_SHA_256, parameters: Some(Any::null()) },
            hashed_message: OctetString::new(Sha256::digest(signature).to_vec())?,
        },
        policy: None,
        nonce: Some(integer(nonce)?),
        cert_req: true,
    }
    .to_der()
}

fn integer(number: u64) -> der::Result<Int> {
    Ok(Uint::new(&number.to_be_bytes())?.into())
}

/// The authority's words, or else the number of its status (RFC 3161, 2.4.2).
fn reason(status: &PkiStatusInfo) -> String {
    let words = status.status_string.as_ref().map(|words| words.join(" ")).filter(|words| !words.trim().is_empty());
    words.unwrap_or_else(|| format!("status {}", status.status))
}
