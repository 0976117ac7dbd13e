//! Ways by which a request comes that make signing in unsafe, or impossible. A page says so before a password is typed.

use axum::http::{
    HeaderMap,
    header::{FORWARDED, HOST, VIA},
};

use super::{
    client::Client,
    session_cookie::{is_behind_tls, is_loopback, text},
};

/// The header by which a proxy passes on the host that it was asked for.
pub(super) const FORWARDED_HOST: &str = "x-forwarded-host";

/// What is wrong with the way of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It came without TLS from another machine.
    Plain,
    /// A proxy put another name in the place of the host that the browser asked for, with which the origin of forms is
    /// compared.
    HiddenHost,
}

/// Returns what is wrong with the way of a request, as far as it shows.
pub fn way(headers: &HeaderMap, client: Client) -> Option<Way> {
    let host = text(headers, HOST.as_str()).unwrap_or_default();
    let is_local = is_loopback(host);
    // Only a trusted proxy's header is left here (`Client::identify`).
    let asked_for = text(headers, FORWARDED_HOST);
    let is_hidden = asked_for.is_some_and(|asked_for| !asked_for.eq_ignore_ascii_case(host));
    // No browser on this machine sends these, nor comes from another address.
    let by_proxy = !client.address.is_loopback() || [FORWARDED, VIA].iter().any(|name| headers.contains_key(name));
    if is_hidden || (is_local && by_proxy && asked_for.is_none()) {
        return Some(Way::HiddenHost);
    }
    // Browsers send `Sec-Fetch-Site` only over TLS or to their own machine: there is TLS although no proxy says so.
    let is_plain = !is_local && !is_behind_tls(headers) && !headers.contains_key("sec-fetch-site");
    is_plain.then_some(Way::Plain)
}
