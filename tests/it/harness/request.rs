//! Requests that go straight to the router, and their replies.

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Request as HttpRequest},
};
use futures_util::StreamExt;
use serde_json::Value;
use sts_clearance::pages;
use tower::ServiceExt;

use super::Events;

/// Builds a request, and sends it to the application's router.
pub(crate) struct Request<'a> {
    router: &'a Router,
    builder: axum::http::request::Builder,
    body: Body,
}

impl<'a> Request<'a> {
    /// Starts a request. The path is relative to `/api/v1`, unless it begins with `//`.
    pub(super) fn new(router: &'a Router, method: &str, path: &str, token: &str) -> Self {
        let uri = path
            .strip_prefix('/')
            .filter(|rest| rest.starts_with('/'))
            .map_or_else(|| format!("{}{path}", sts_clearance::http::BASE), ToOwned::to_owned);
        let mut builder = HttpRequest::builder().method(method).uri(uri);
        if !token.is_empty() {
            builder = builder.header("authorization", format!("Bearer {token}"));
        }
        Self { router, builder, body: Body::empty() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write bodies where they send them")]
    pub(crate) fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Sets the fields of a page's form as the body, URL-encoded.
    pub(crate) fn fields(self, fields: &[(&str, &str)]) -> Self {
        let encoded = serde_html_form::to_string(fields).unwrap();
        self.header("content-type", "application/x-www-form-urlencoded").body(encoded)
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Reply {
        let request = self.builder.body(self.body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = if parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            // An event stream does not end, so the reply holds only its first part.
            body.into_data_stream().next().await.unwrap().unwrap()
        } else {
            to_bytes(body, usize::MAX).await.unwrap()
        };
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Sends the request and returns the event stream; fails if it is refused.
    pub(crate) async fn follow(self) -> Events {
        let request = self.builder.body(self.body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200, "the events are refused");
        Events::of(response.into_body().into_data_stream().map(Result::unwrap))
    }

    /// Sends the request and returns the body unread.
    pub(crate) async fn follow_bytes(self) -> Body {
        let request = self.builder.body(self.body).unwrap();
        self.router.clone().oneshot(request).await.unwrap().into_body()
    }

    /// Sends the request; returns the bytes that were received, and whether the body was complete.
    pub(crate) async fn receive(self) -> (Vec<u8>, bool) {
        let request = self.builder.body(self.body).unwrap();
        let mut body = self.router.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
        let mut received = Vec::new();
        while let Some(bytes) = body.next().await {
            let Ok(bytes) = bytes else { return (received, false) };
            received.extend_from_slice(&bytes);
        }
        (received, true)
    }
}

/// The reply to a request.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// Returns the body as JSON, and fails if the status is another one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    pub(crate) fn json(&self) -> Value {
        if self.body.is_empty() { Value::Null } else { serde_json::from_slice(&self.body).unwrap() }
    }

    /// Returns the page, and fails if it lacks the Content-Security-Policy. The hashes in asset names are left out,
    /// since they change with the assets.
    #[track_caller]
    pub(crate) fn html(&self) -> String {
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8", "{self:?}");
        assert_eq!(self.header("content-security-policy"), pages::POLICY);
        let page = std::str::from_utf8(&self.body).unwrap();
        let mut parts = page.split("/assets/");
        let mut named = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (stem, rest) = part.split_once('-').unwrap();
            named.extend(["/assets/", stem, rest.trim_start_matches(|c: char| c.is_ascii_hexdigit())]);
        }
        named
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns every value of a header.
    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap())
    }

    /// Returns the name of the problem: the last part of its `type`.
    #[track_caller]
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert_eq!(problem["status"], self.status);
        problem["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
    }

    /// Returns the fields that a `422` names, in order.
    #[track_caller]
    pub(crate) fn fields(&self) -> Vec<String> {
        let problem = self.expect(422);
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }
}
