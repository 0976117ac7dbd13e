//! Client of the time-stamp authority, over HTTP (RFC 3161 §3.4).
//!
//! Plain HTTP is enough if the setting `timestamp_authorities` names the authorities to trust: the response is signed,
//! and bound to the request by its hash and nonce. If it names none, anyone on the network path can forge a response.

use std::time::Duration;

use axum::{
    body::{self, Body},
    http::{
        Request, Uri,
        header::{ACCEPT, CONTENT_TYPE, HOST},
    },
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// The longest wait for the whole exchange with the authority.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest response that is read, in bytes.
const MAX_RESPONSE: usize = 256 * 1024;
const QUERY: &str = "application/timestamp-query";
const REPLY: &str = "application/timestamp-reply";

/// Checks that the setting is the URL of an authority that can be asked, and returns what is wrong with it otherwise.
pub fn check(url: &str) -> Result<(), String> {
    let uri: Uri = url.parse().map_err(|error| format!("`{url}` is no URL: {error}"))?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("the authority's URL has a user or a password in it, which would be sent to nobody".into());
    }
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(_)) => Ok(()),
        (Some("https"), _) => Err("time stamps are asked for over `http://`: the answer is signed itself".into()),
        _ => Err(format!("`{url}` is no `http://` URL")),
    }
}

/// Sends a request to the authority and returns the body of its response, or why there is none.
///
/// The body is not looked at here: `seal` verifies it against the request.
pub async fn ask(url: &str, question: Vec<u8>) -> Result<Vec<u8>, String> {
    timeout(PATIENCE, exchange(url, question))
        .await
        .unwrap_or_else(|_| Err(format!("the authority did not answer within {} seconds", PATIENCE.as_secs())))
}

async fn exchange(url: &str, question: Vec<u8>) -> Result<Vec<u8>, String> {
    let unreachable = |error: &dyn std::fmt::Display| format!("the authority cannot be reached: {error}");
    let uri: Uri = url.parse().map_err(|error| unreachable(&error))?;
    let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
    let stream =
        TcpStream::connect((host.trim_matches(['[', ']']), port)).await.map_err(|error| unreachable(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(&error))?;
    // The connection has to be polled while the request waits. If this exchange fails or times out, `sender` is
    // dropped, and the task ends by itself.
    let connection = tokio::spawn(connection);
    let request = Request::post(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, uri.authority().map_or(host, |authority| authority.as_str()))
        .header(CONTENT_TYPE, QUERY)
        .header(ACCEPT, REPLY)
        .body(Body::from(question))
        .map_err(|error| unreachable(&error))?;
    let response = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
    let (status, kind) = (response.status(), response.headers().get(CONTENT_TYPE).cloned());
    if !status.is_success() {
        return Err(format!("the authority answered {status}"));
    }
    if kind.and_then(|kind| kind.to_str().ok().map(|kind| kind.starts_with(REPLY))) != Some(true) {
        return Err("the authority answered with something else than a time stamp".into());
    }
    let answer = body::to_bytes(Body::new(response.into_body()), MAX_RESPONSE).await;
    // The authority may keep the connection open; there is no second request to use it for.
    connection.abort();
    answer.map(Into::into).map_err(|_| "the authority's answer broke off, or is too long".into())
}
