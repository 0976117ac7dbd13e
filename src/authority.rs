//! Client of the time-stamp authority, over HTTP (RFC 3161 §3.4).
//!
//! Plain HTTP is enough if the setting `timestamp_authorities` names the authorities to trust: the response is signed,
//! and bound to the request by its hash and nonce. If it names none, anyone on the network path can forge a response.

use crate::exchange::{Post, Reply};

const QUERY: &str = "application/timestamp-query";
const REPLY: &str = "application/timestamp-reply";

/// Sends a request to the authority and returns the body of its response, or why there is none.
///
/// The body is not looked at here: `seal` verifies it against the request.
pub async fn ask(url: &str, question: Vec<u8>) -> Result<Vec<u8>, String> {
    let post = Post { whom: "the authority", url, kind: QUERY, accept: REPLY, body: question };
    let Reply { status, kind, body } = post.send().await?;
    if !status.is_success() {
        return Err(format!("the authority answered {status}"));
    }
    if !kind.starts_with(REPLY) {
        return Err("the authority answered with something else than a time stamp".into());
    }
    Ok(body.into())
}
