//! The outermost layer: it gives the request its id, writes its one line of the log and the body of an error, and adds
//! the headers that every answer carries.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use room::RoomId;

use crate::{
    app::App,
    domain::log::refusals,
    http::{Client, Requester, caller::brings_token, client::check_host, problem::Failure, session_cookie},
    random,
    refusals::{Kind, Reason},
    web::errors,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// With a proxy that does TLS in front, browsers are told never to come without it again (ASVS 5.0, 3.4.1).
const ALWAYS_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// When to come again, in seconds, if whoever refused did not say so.
const SOON: HeaderValue = HeaderValue::from_static("1");

/// The headers of every answer (OWASP ASVS 5.0, 3.4): nothing may be framed, sniffed, cached, or used by another site.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ),
];

/// Passes a request on, and logs it with its answer.
pub(super) async fn log(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    // Before anything else reads a header: this removes those that only a trusted proxy may set, `X-Request-Id` among
    // them.
    Client::identify(&mut request, app.config.trusted_proxies());
    let request_id = given_id(&request).unwrap_or_else(|| random::new_uuid().to_string());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let reader = errors::Reader::of(&request);
    let behind_tls = session_cookie::is_behind_tls(request.headers());
    let client = request.extensions().get::<Client>().copied().unwrap_or_default();
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let has_token = brings_token(request.headers());
    let requester = Requester::from(client);
    request.extensions_mut().insert(requester.clone());
    let response = match check_host(&request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };

    let (mut response, failure) = errors::with_body(response, &request_id, &reader);
    for (name, value) in HEADERS {
        // Pages and files have set a `Content-Security-Policy` of their own, which stays.
        response.headers_mut().entry(name).or_insert(value);
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(SOON);
    }
    if behind_tls {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, ALWAYS_TLS);
    }
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if let Some(failure) = &failure
        && let Some(reason) = reason(failure, has_token)
    {
        let (network, account) = (client.network(), requester.user().map(|(_, email)| email.clone()));
        refusals::note(&app, Kind::AtDoor { reason, network, account, room: room(&path) }).await;
    }
    let status = response.status().as_u16();
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    let (client, user) = (client.address, requester.user().map_or(String::new(), |(id, _)| id.to_string()));
    // One line for each request. The path is logged without its query, which may hold what people typed.
    if let Some(error) = failure.map(|failure| failure.inside).filter(|inside| !inside.is_empty()) {
        tracing::error!(request_id, %client, user, %method, route, path, status, duration_ms, error, "request failed");
    } else {
        tracing::info!(request_id, %client, user, %method, route, path, status, duration_ms, "request");
    }
    response
}

/// Returns why a request was refused, if that belongs into the log of the platform.
fn reason(failure: &Failure, has_token: bool) -> Option<Reason> {
    match failure.code() {
        // Without any token it is only somebody who has not signed in yet; with one that does not hold, it may be a
        // theft.
        "unauthenticated" => has_token.then_some(Reason::Token),
        "foreign_origin" => Some(Reason::ForeignOrigin),
        "not_a_party" => Some(Reason::NotAParty),
        "quota_reached" => Some(Reason::QuotaReached),
        _ => None,
    }
}

/// Returns the room that a path is about, if it is about one.
fn room(path: &str) -> Option<RoomId> {
    path.split("/rooms/").nth(1)?.split('/').next()?.parse().ok()
}

/// Returns the id that a trusted proxy gave the request, if it is short and plain.
fn given_id(request: &Request) -> Option<String> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    // It goes into the log and into a header as it is.
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (plain && (1..=64).contains(&id.len())).then(|| id.to_owned())
}
