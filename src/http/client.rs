//! The client that a request came from: the peer of its connection, or the address that a trusted proxy names.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderName, Version, header::HOST, request::Parts, uri::Authority},
};

use super::{describe::Takes, insecure::FORWARDED_HOST, route_doc::RouteDoc};
use crate::{
    error::{Error, Result},
    network::{Network, TrustedProxies},
};

/// The header with the addresses that a request came through; each proxy appends the one that it was reached from.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// Headers about the client's own connection. Only a proxy can know them, so that only a trusted one is believed.
const FROM_PROXIES: [HeaderName; 4] = [
    HeaderName::from_static(FORWARDED_FOR),
    HeaderName::from_static(FORWARDED_HOST),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-request-id"),
];

/// The address at the other end of a connection, which the listener adds to each request. A request without a
/// connection, as tests make it, has none and counts as one from the server's own machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The client that a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The client's address, as far back as trusted proxies name it.
    pub address: IpAddr,
}

impl Default for Client {
    /// Returns a client on the server's own machine.
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST.into() }
    }
}

impl Client {
    /// Returns the network that limits count the client under.
    pub fn network(&self) -> Network {
        self.address.into()
    }

    /// Adds the client to a request, and removes the headers that only a proxy can know if the peer is not a trusted
    /// one.
    pub(crate) fn identify(request: &mut Request, trusted: &TrustedProxies) {
        let peer = request.extensions().get::<Peer>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |Peer(peer)| peer.ip());
        let client = Self::of(peer, request.headers(), trusted);
        // Removed here, once, so that no later reader has to ask whether such a header can be believed. A forged
        // `X-Forwarded-Proto`, for one, would decide over the cookie's name.
        if !trusted.contain(peer) {
            for name in FROM_PROXIES {
                request.headers_mut().remove(name);
            }
        }
        request.extensions_mut().insert(client);
    }

    /// Returns the client on whose behalf this peer sends the request: the peer itself, unless it is a trusted proxy.
    pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let peer = peer.to_canonical();
        Self { address: if trusted.contain(peer) { forwarded_for(peer, headers, trusted) } else { peer } }
    }
}

/// Returns the first address, from the last proxy backwards, that is not a trusted proxy's own. `Forwarded` (RFC 7239)
/// is not read: a proxy that does not know the header passes it on as the client wrote it.
fn forwarded_for(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    // From the right: each proxy appends, so that whatever a client has written itself stands to the left of the first
    // address that a trusted proxy vouches for, and is never reached.
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let addresses = values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    let mut last = peer;
    for address in addresses.map(parse_address) {
        // A trusted proxy writes addresses. If this is none, somebody else wrote it, and all that stands left of it.
        let Some(address) = address else { return last };
        last = address;
        if !trusted.contain(address) {
            return last;
        }
    }
    last
}

/// Reads an address with or without a port, and with or without the brackets of IPv6.
fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = plain.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// Refuses a request on a connection if it does not name exactly one host (RFC 9112 §3.2).
pub(crate) fn check_host(request: &Request) -> Result<()> {
    // `Host` decides what counts as our own origin (`session_cookie`), so that it must not be open to two readings.
    // Tests call the router without a connection, and need not send it.
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
    // `Authority` allows `user@host`; the header does not (RFC 9110 §7.2).
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
