//! What a browser keeps in cookies: its session, and what it is known by when it signs in again. And whether a request that
//! brings a session was made by our own pages.

use std::time::Duration;

use axum::http::{
    HeaderMap, HeaderValue, Uri,
    header::{COOKIE, HOST, ORIGIN},
    uri::Authority,
};

use crate::error::{Error, Result};

/// A cookie, under one of two names.
struct Cookie {
    /// Bound to this host alone and to TLS by its prefix (RFC 6265bis §4.1.3.2).
    secure: &'static str,
    /// Its twin for `http://localhost`, where there is no TLS.
    plain: &'static str,
}

const SESSION: Cookie = Cookie { secure: "__Host-sts-session", plain: "sts-session" };
/// It opens nothing by itself.
const DEVICE: Cookie = Cookie { secure: "__Host-sts-device", plain: "sts-device" };

/// Where a request was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MadeBy {
    /// A page of ours, or the person in front of the browser.
    Us,
    /// Another site.
    Others,
    /// A client that does not say; no browser of today.
    Unsaid,
}

/// Where a request was made, by what browsers say and no script can change.
pub(crate) fn made_by(headers: &HeaderMap) -> MadeBy {
    if let Some(site) = text(headers, "sec-fetch-site") {
        return if matches!(site, "same-origin" | "none") { MadeBy::Us } else { MadeBy::Others };
    }
    let Some(origin) = text(headers, ORIGIN.as_str()) else { return MadeBy::Unsaid };
    let origin: Option<Uri> = origin.parse().ok();
    let authority = origin.as_ref().and_then(Uri::authority).map(Authority::as_str);
    if authority.is_some() && authority == text(headers, HOST.as_str()) { MadeBy::Us } else { MadeBy::Others }
}

/// The token of the session that belongs to this host.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    SESSION.read(headers)
}

/// What the browser is known by.
pub fn device(headers: &HeaderMap) -> Option<&str> {
    DEVICE.read(headers)
}

/// `Set-Cookie` for what the browser is known by from now on.
pub fn set_device(headers: &HeaderMap, token: &str, lasts: Duration) -> Result<HeaderValue> {
    DEVICE.written(headers, token, lasts.as_secs())
}

impl Cookie {
    /// Only a server that is spoken to on the machine itself, and not through a proxy with TLS, goes without.
    fn name(&self, headers: &HeaderMap) -> &'static str {
        let is_plain = is_loopback(text(headers, HOST.as_str()).unwrap_or_default()) && !is_behind_tls(headers);
        if is_plain { self.plain } else { self.secure }
    }

    fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let name = self.name(headers);
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(given, _)| *given == name).map(|(_, token)| token)
    }

    fn written(&self, headers: &HeaderMap, token: &str, seconds: u64) -> Result<HeaderValue> {
        let name = self.name(headers);
        let secure = if name == self.secure { "; Secure" } else { "" };
        let cookie = format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&cookie).map_err(|_| Error::internal("a cookie that cannot be sent"))
    }
}

/// `Set-Cookie` for a new session. A browser that came without TLS would not keep it.
pub fn set(headers: &HeaderMap, token: &str, lasts: Duration) -> Result<HeaderValue> {
    let came_plain = text(headers, ORIGIN.as_str()).is_some_and(|origin| origin.starts_with("http://"));
    if came_plain && SESSION.name(headers) == SESSION.secure {
        return Err(Error::conflict(
            "you can sign in only over `https://`, or on the server's own machine at `http://localhost`; ask who runs \
             this server for its address",
        ));
    }
    SESSION.written(headers, token, lasts.as_secs())
}

/// `Set-Cookie` at the end of a session.
pub fn clear(headers: &HeaderMap) -> Result<HeaderValue> {
    SESSION.written(headers, "", 0)
}

/// Whether a proxy says that the request came to it by TLS.
pub(crate) fn is_behind_tls(headers: &HeaderMap) -> bool {
    text(headers, "x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]") || name.ends_with(".localhost")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
