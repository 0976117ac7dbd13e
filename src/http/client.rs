//! Whom a request came from: the peer of its connection, or whom a trusted proxy names.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderName, Version, header::HOST, request::Parts, uri::Authority},
};

use super::{describe::Takes, route_doc::RouteDoc};
use crate::{
    error::{Error, Result},
    network::{Network, TrustedProxies},
};

/// The addresses that proxies have heard from, each added by the next.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// Headers that say something of the client's own connection, and that only a proxy knows.
const FROM_PROXIES: [HeaderName; 3] = [
    HeaderName::from_static(FORWARDED_FOR),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-request-id"),
];

/// The address at the other end of a connection. The listener tells it; a request without a connection, as tests
/// make it, has none and counts as one of the server's own machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The client that a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Its address, as far as trusted proxies tell it.
    pub address: IpAddr,
}

impl Default for Client {
    /// One of the server's own machine.
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST.into() }
    }
}

impl Client {
    /// Returns the network that limits count the client under.
    pub fn network(&self) -> Network {
        self.address.into()
    }

    /// Finds out whose request this is, and notes it with the request. Whatever only a proxy may say is struck out
    /// where none that is trusted has said it, so that nothing behind this has to ask.
    pub(crate) fn introduce(request: &mut Request, trusted: &TrustedProxies) {
        let peer = request.extensions().get::<Peer>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |Peer(peer)| peer.ip());
        let client = Self::of(peer, request.headers(), trusted);
        if !trusted.contain(peer) {
            for name in FROM_PROXIES {
                request.headers_mut().remove(name);
            }
        }
        request.extensions_mut().insert(client);
    }

    /// Returns the client for whom this peer speaks: itself, unless it is a trusted proxy.
    pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let peer = peer.to_canonical();
        Self { address: if trusted.contain(peer) { forwarded_for(peer, headers, trusted) } else { peer } }
    }
}

/// Follows the proxies back from the last one, as far as they are trusted. `Forwarded` (RFC 7239) is not read: a
/// proxy that does not know it passes it on as the client wrote it.
fn forwarded_for(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let said = headers.get_all(FORWARDED_FOR).iter().rev();
    let said = said.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    let mut last = peer;
    for address in said.map(address) {
        // What cannot be read was not written by a proxy that knows its client.
        let Some(address) = address else { return last };
        last = address;
        if !trusted.contain(address) {
            return last;
        }
    }
    last
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = plain.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// Refuses a request on a connection that names no host, or several (RFC 9112 §3.2).
pub(crate) fn check_host(request: &Request) -> Result<()> {
    if request.extensions().get::<Peer>().is_none() {
        return Ok(());
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    if another.is_some() {
        return Err(Error::Malformed("the request has more than one header `Host`".into()));
    }
    let Some(host) = host else {
        if request.version() == Version::HTTP_10 {
            return Ok(());
        }
        return Err(Error::Malformed("the request has no header `Host`".into()));
    };
    let host: Option<Authority> = host.to_str().ok().and_then(|host| host.parse().ok());
    // A name of a user has no place in `Host` (RFC 9110 §7.2).
    let Some(host) = host.filter(|host| !host.as_str().contains('@')) else {
        return Err(Error::Malformed("the header `Host` is not a host".into()));
    };
    match request.uri().authority() {
        Some(target) if !target.as_str().eq_ignore_ascii_case(host.as_str()) => {
            Err(Error::Malformed("the header `Host` and the request's target name different hosts".into()))
        }
        _ => Ok(()),
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or_default())
    }
}

impl Takes for Client {
    fn describe(_: &mut RouteDoc) {}
}
