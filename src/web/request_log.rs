//! The outermost layer: the request's id, its one line in the log, the body of a problem, and the
//! headers that every answer carries.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use room::RoomId;

use crate::{
    app::App,
    domain::log::refusals,
    http::{Asker, Client, caller::brings_token, client::check_host, problem::Failure, session_cookie},
    random,
    refusals::{Kind, Reason},
    web::errors,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where a proxy with TLS is in front, browsers never come without it again (ASVS 3.4.1).
const ALWAYS_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// On every answer (OWASP ASVS 5.0, 3.4): nothing is to be framed, sniffed, cached, or used by another site.
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

pub(super) async fn log(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    Client::introduce(&mut request, app.config.trusted_proxies());
    let request_id = given_id(&request).unwrap_or_else(|| random::new_uuid().to_string());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let reader = errors::Reader::of(&request);
    let behind_tls = session_cookie::is_behind_tls(request.headers());
    let client = request.extensions().get::<Client>().copied().unwrap_or_default();
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let has_token = brings_token(request.headers());
    let asker = Asker::from(client);
    request.extensions_mut().insert(asker.clone());
    let response = match check_host(&request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };

    let (mut response, failure) = errors::with_body(response, &request_id, &reader);
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
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
        let (network, account) = (client.network(), asker.who().map(|(_, email)| email.clone()));
        refusals::note(&app, Kind::AtDoor { reason, network, account, room: room(&path) }).await;
    }
    let status = response.status().as_u16();
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    let (client, user) = (client.address, asker.who().map_or(String::new(), |(id, _)| id.to_string()));
    if let Some(error) = failure.map(|failure| failure.inside).filter(|inside| !inside.is_empty()) {
        tracing::error!(request_id, %client, user, %method, route, path, status, duration_ms, error, "request failed");
    } else {
        tracing::info!(request_id, %client, user, %method, route, path, status, duration_ms, "request");
    }
    response
}

/// Why a request was refused, where the log of the platform tells that. Whoever brings no token has only to sign in.
fn reason(failure: &Failure, has_token: bool) -> Option<Reason> {
    match failure.code() {
        "unauthenticated" => has_token.then_some(Reason::Token),
        "foreign_origin" => Some(Reason::ForeignOrigin),
        "not_a_party" => Some(Reason::NotAParty),
        _ => None,
    }
}

/// The room that a path is about.
fn room(path: &str) -> Option<RoomId> {
    path.split("/rooms/").nth(1)?.split('/').next()?.parse().ok()
}

/// The id that a trusted proxy gave, if it is short and plain.
fn given_id(request: &Request) -> Option<String> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (plain && (1..=64).contains(&id.len())).then(|| id.to_owned())
}
