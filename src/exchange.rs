//! One request to a server of others and its answer, over plain HTTP and within limits of time and size. The time-stamp
//! authority and the witnesses are asked this way: what they answer is signed itself, so that TLS would add little.

use std::{fmt::Display, time::Duration};

use axum::{
    body::{self, Body},
    http::{
        Request, StatusCode, Uri,
        header::{ACCEPT, CONTENT_TYPE, HOST},
    },
};
use bytes::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// The longest wait for the whole exchange, from the look-up of the name to the last byte of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const MOST_BYTES: usize = 256 * 1024;

/// A request by `POST`.
pub struct Post<'a> {
    /// Who is asked, for the words of errors: `the authority`.
    pub whom: &'a str,
    /// The whole URL, which [`check`] has accepted.
    pub url: &'a str,
    /// The media type of the body.
    pub kind: &'a str,
    /// The media type that the answer is to have.
    pub accept: &'a str,
    /// The bytes that are sent.
    pub body: Vec<u8>,
}

/// What came back.
pub struct Reply {
    /// The status of the answer; its body is not looked at here.
    pub status: StatusCode,
    /// The media type of the body, with its parameters. Empty if the answer names none.
    pub kind: String,
    /// The body, of 256 KiB at most.
    pub body: Bytes,
}

/// Checks that a URL can be asked, and returns what is wrong with it otherwise.
pub fn check(url: &str) -> Result<(), String> {
    let uri: Uri = url.parse().map_err(|error| format!("`{url}` is no URL: {error}"))?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("the URL has a user or a password in it, which would be sent to nobody".into());
    }
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(_)) => Ok(()),
        (Some("https"), _) => Err(format!(
            "`{url}` has to be asked over `http://`: the answer is signed itself, and a proxy of yours can add TLS"
        )),
        _ => Err(format!("`{url}` is no `http://` URL")),
    }
}

impl Post<'_> {
    /// Sends the request and returns the answer, or why there is none.
    pub async fn send(self) -> Result<Reply, String> {
        let whom = self.whom;
        timeout(PATIENCE, self.exchange())
            .await
            .unwrap_or_else(|_| Err(format!("{whom} did not answer within {} seconds", PATIENCE.as_secs())))
    }

    async fn exchange(self) -> Result<Reply, String> {
        let Self { whom, url, kind, accept, body } = self;
        let unreachable = |error: &dyn Display| format!("{whom} cannot be reached: {error}");
        let uri: Uri = url.parse().map_err(|error| unreachable(&error))?;
        let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
        let stream =
            TcpStream::connect((host.trim_matches(['[', ']']), port)).await.map_err(|error| unreachable(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(&error))?;
        // The connection has to be polled while the request waits. If this exchange fails or times out, `sender` is
        // dropped, and the task ends by itself.
        let connection = tokio::spawn(connection);
        let request = Request::post(uri.path_and_query().map_or("/", |path| path.as_str()))
            .header(HOST, uri.authority().map_or(host, |authority| authority.as_str()))
            .header(CONTENT_TYPE, kind)
            .header(ACCEPT, accept)
            .body(Body::from(body))
            .map_err(|error| unreachable(&error))?;
        let response = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let (status, kind) = (response.status(), kind.to_owned());
        let body = body::to_bytes(Body::new(response.into_body()), MOST_BYTES).await;
        // The other side may keep the connection open; there is no second request to use it for.
        connection.abort();
        let body = body.map_err(|_| format!("the answer of {whom} broke off, or is too long"))?;
        Ok(Reply { status, kind, body })
    }
}
