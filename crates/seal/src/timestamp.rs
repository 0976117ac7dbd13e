//! Trusted time: the request to a time-stamping authority, and its response (RFC 3161).
//!
//! The caller sends and receives them, by HTTP POST as `application/timestamp-query` and `application/timestamp-reply`.

use cms::content_info::ContentInfo;
use const_oid::db::rfc5912;
use der::asn1::{Any, BitString, Int, ObjectIdentifier, OctetString, Uint};
use der::{Decode as _, Encode as _, Sequence};
use sha2::{Digest as _, Sha256};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::authorities::Authorities;
use crate::cms::SealCms;
use crate::fault::Fault;
use crate::seal::Seal;
use crate::token::{self, MessageImprint};
use crate::validity::good_at;

/// A request for a time stamp (RFC 3161, 2.4.1).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct TimeStampReq {
    version: u8,
    message_imprint: MessageImprint,
    policy: Option<ObjectIdentifier>,
    nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    cert_req: bool,
}

/// The response to a request (RFC 3161, 2.4.2).
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

/// Returns the request for a time stamp of the seal's signature, in DER. `nonce` is a random number that the response
/// must repeat.
pub fn request(seal: &Seal, nonce: u64) -> Result<Vec<u8>, Fault> {
    let signature = SealCms::read(&seal.cms)?.signature;
    encode(&signature, nonce).map_err(|_| Fault::TimeStamp("the request cannot be written in DER"))
}

/// Checks the authority's response to the request with this nonce, and puts its time stamp into the seal.
///
/// If authorities are trusted, one of them must vouch for the one that responded; if none are, any authority is
/// accepted. Parts of the response that cannot be checked are dropped, and a trusted root is added if the path to it
/// needs it. A time stamp that the seal has already is replaced.
///
/// # Errors
///
/// If the response is no time stamp of this seal for this nonce, if the authority refused or is not trusted, or if the
/// signer's certificate was not valid at its time.
pub fn accept(seal: &Seal, nonce: u64, response: &[u8], trusted: &Authorities) -> Result<Seal, Fault> {
    let mut parts = SealCms::read(&seal.cms)?;
    let response =
        TimeStampResp::from_der(response).map_err(|_| Fault::TimeStamp("the answer is not a time-stamp response"))?;
    // 0 is granted, 1 is granted with changes (RFC 3161, 2.4.2).
    if response.status.status > 1 {
        return Err(Fault::Refused(reason(&response.status)));
    }
    let token = response.token.ok_or(Fault::TimeStamp("there is none in the answer"))?;
    // A token comes in any valid form. It is brought into the one form that can be checked byte by byte.
    let plain = token::normal(&token, &Authorities::none())?;
    let asked = integer(nonce).map_err(|_| Fault::TimeStamp("the nonce cannot be written in DER"))?;
    // Without the nonce an old response could be sent again (RFC 3161, 2.4.1).
    if token::nonce(&plain)?.as_ref() != Some(&asked) {
        return Err(Fault::TimeStamp("it answers another request"));
    }
    let mut says = token::check(&plain, &parts.signature, trusted)?;
    let mut kept = plain;
    if !trusted.is_empty() && !says.vouched {
        // The path to a trusted root may lack the root itself. It is added only where it helps, so that the seal stays
        // small.
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
            // The null may be absent (RFC 5754, section 2), but some authorities refuse a request without it.
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

/// Returns the authority's own words, or the number of its status if it sent none (RFC 3161, 2.4.2).
fn reason(status: &PkiStatusInfo) -> String {
    let words = status.status_string.as_ref().map(|words| words.join(" ")).filter(|words| !words.trim().is_empty());
    words.unwrap_or_else(|| format!("status {}", status.status))
}
