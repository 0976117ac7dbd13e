//! The outermost layer: the request's id, its one line in the log, the body of a problem, and the
//! headers that every answer carries.

use std::time::Instant;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Client, client::check_host, problem, session_cookie};
use crate::app::{self, App};

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
    let request_id = given_id(&request).unwrap_or_else(|| app::new_uuid().to_string());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let reader = problem::Reader::of(&request);
    let behind_tls = session_cookie::is_behind_tls(request.headers());
    let response = match check_host(&request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };

    let (mut response, failure) = problem::with_body(response, &request_id, &reader);
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    if behind_tls {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, ALWAYS_TLS);
    }
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let status = response.status().as_u16();
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    if let Some(error) = failure.map(|failure| failure.inside).filter(|inside| !inside.is_empty()) {
        tracing::error!(request_id, %method, path, status, duration_ms, error, "request failed");
    } else {
        tracing::info!(request_id, %method, path, status, duration_ms, "request");
    }
    response
}

/// The id that a trusted proxy gave, if it is short and plain.
fn given_id(request: &Request) -> Option<String> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (plain && (1..=64).contains(&id.len())).then(|| id.to_owned())
}
