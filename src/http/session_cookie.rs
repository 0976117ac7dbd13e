//! The cookies that a browser keeps: its session, and the token by which it is known when it signs in again. Also
//! whether a request was made by our own pages, on which the trust in a cookie rests.

use std::time::Duration;

use axum::http::{
    HeaderMap, HeaderValue, Uri,
    header::{COOKIE, HOST, ORIGIN},
    uri::Authority,
};

use crate::error::{Error, Result};

/// A cookie, which has one of two names.
struct Cookie {
    /// The name with TLS. Its prefix binds the cookie to this host and to TLS (RFC 6265bis §4.1.3.2).
    secure: &'static str,
    /// The name at `http://localhost`, where there is no TLS.
    plain: &'static str,
}

const SESSION: Cookie = Cookie { secure: "__Host-sts-session", plain: "sts-session" };
/// It opens no session: it only lets a known browser past an attack on its account (`domain::accounts::attempts`).
const DEVICE: Cookie = Cookie { secure: "__Host-sts-device", plain: "sts-device" };

/// Where a request was initiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Initiator {
    /// A page of this server, or the person in front of the browser.
    Ours,
    /// A page of another site.
    Foreign,
    /// A client that does not tell, which no browser of today is.
    Unknown,
}

/// Returns where a request was initiated, by headers that browsers set and that no script can change.
pub(crate) fn initiator(headers: &HeaderMap) -> Initiator {
    // `Sec-Fetch-Site` compares scheme, host and port in the browser, which knows all three; `none` is an address that
    // the person typed, or a bookmark. `same-site` is foreign too: a neighbour under the same domain is not this
    // server.
    if let Some(site) = text(headers, "sec-fetch-site") {
        return if matches!(site, "same-origin" | "none") { Initiator::Ours } else { Initiator::Foreign };
    }
    // Browsers send `Sec-Fetch-Site` only over TLS or to localhost, and older ones not at all. `Origin` remains then,
    // and is compared by host and port; `null`, from a page that hides where it is from, is no URL and therefore
    // foreign.
    let Some(origin) = text(headers, ORIGIN.as_str()) else { return Initiator::Unknown };
    let origin: Option<Uri> = origin.parse().ok();
    let authority = origin.as_ref().and_then(Uri::authority).map(Authority::as_str);
    if authority.is_some() && authority == text(headers, HOST.as_str()) { Initiator::Ours } else { Initiator::Foreign }
}

/// Returns the session's token that the browser keeps for this host.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    SESSION.find(headers)
}

/// Returns the token by which the browser is known.
pub fn device(headers: &HeaderMap) -> Option<&str> {
    DEVICE.find(headers)
}

/// Returns `Set-Cookie` with the token by which the browser is known from now on.
pub fn set_device(headers: &HeaderMap, token: &str, lasts: Duration) -> Result<HeaderValue> {
    DEVICE.to_header(headers, token, lasts.as_secs())
}

impl Cookie {
    /// Returns the name for this request: the plain one only if the browser speaks to `localhost`, without a proxy that
    /// does TLS.
    fn name(&self, headers: &HeaderMap) -> &'static str {
        // Only one name is looked for. If either were accepted, a neighbour under the same domain, or anyone on a
        // network without TLS, could set the plain one, and so put a victim into a session of the attacker.
        let is_plain = is_loopback(text(headers, HOST.as_str()).unwrap_or_default()) && !is_behind_tls(headers);
        if is_plain { self.plain } else { self.secure }
    }

    fn find<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let name = self.name(headers);
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(given, _)| *given == name).map(|(_, token)| token)
    }

    fn to_header(&self, headers: &HeaderMap, token: &str, seconds: u64) -> Result<HeaderValue> {
        let name = self.name(headers);
        // A browser drops a `__Host-` cookie without `Secure`, and a `Secure` one over plain HTTP. `Lax`, not `Strict`:
        // a link in a mail must find its reader signed in; what changes something is refused from elsewhere anyway.
        let secure = if name == self.secure { "; Secure" } else { "" };
        let cookie = format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&cookie).map_err(|_| Error::internal("a cookie that cannot be sent"))
    }
}

/// Returns `Set-Cookie` for a new session, or an error if the browser would not keep it because it came without TLS.
pub fn set(headers: &HeaderMap, token: &str, lasts: Duration) -> Result<HeaderValue> {
    // A browser would drop the cookie without a word, and show the sign-in page again and again.
    let came_plain = text(headers, ORIGIN.as_str()).is_some_and(|origin| origin.starts_with("http://"));
    if came_plain && SESSION.name(headers) == SESSION.secure {
        return Err(Error::conflict(
            "you can sign in only over `https://`, or on the server's own machine at `http://localhost`; ask who runs \
             this server for its address",
        ));
    }
    SESSION.to_header(headers, token, lasts.as_secs())
}

/// Returns `Set-Cookie` that removes the session's cookie.
pub fn clear(headers: &HeaderMap) -> Result<HeaderValue> {
    SESSION.to_header(headers, "", 0)
}

/// Returns whether a trusted proxy says that the request came to it by TLS.
pub(crate) fn is_behind_tls(headers: &HeaderMap) -> bool {
    text(headers, "x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

pub(super) fn is_loopback(host: &str) -> bool {
    // Split off a port, but not the last group of an IPv6 address: that stands in brackets.
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]") || name.ends_with(".localhost")
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
