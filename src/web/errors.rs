//! The bodies of errors: problem details for programs, a page for somebody in front of a browser.

use std::any::Any;

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderValue, Uri,
        header::{ACCEPT, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERER},
    },
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    api,
    error::Error,
    http::{Failure, Problem, percent},
    pages::{self, Step},
};

/// The reader of an answer, as far as it matters for the body of an error.
pub(super) struct Reader {
    /// Whether it is a person in front of a browser, who is shown a page. Programs are sent problem details.
    is_person: bool,
    /// Whether the request was one that only reads.
    only_reads: bool,
    /// The path of the request, with its query.
    path: String,
    /// The path of the page of ours from which it was made, with its query.
    from: Option<String>,
}

impl Reader {
    /// Returns the reader of the answer to this request.
    pub(super) fn of(request: &Request) -> Self {
        let accepts = request.headers().get(ACCEPT).and_then(|accepts| accepts.to_str().ok()).unwrap_or_default();
        Self {
            is_person: accepts.contains("text/html"),
            only_reads: request.method().is_safe(),
            path: request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            from: page_of_ours(request),
        }
    }
}

/// Returns the path of the page from which a request was made, if that is one of this server.
fn page_of_ours(request: &Request) -> Option<String> {
    let referer: Uri = request.headers().get(REFERER)?.to_str().ok()?.parse().ok()?;
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let is_ours = referer.authority().is_some_and(|authority| authority.as_str() == host);
    referer.path_and_query().filter(|_| is_ours).map(ToString::to_string)
}

/// Writes the body of a response that is an error, and returns the error for the log. It may come from a handler, or
/// from a layer that knows only a status, such as the one with the deadline.
pub(super) fn with_body(mut response: Response, request_id: &str, reader: &Reader) -> (Response, Option<Failure>) {
    let status = response.status();
    let failure = match response.extensions_mut().remove::<Failure>() {
        Some(failure) => failure,
        None if (status.is_client_error() || status.is_server_error()) && !has_body(&response) => {
            let words = match status.as_u16() {
                503 => {
                    "the request took too long and was given up; what it was to change may or may not have been changed"
                        .to_owned()
                }
                _ => status.canonical_reason().unwrap_or("the request failed").to_owned(),
            };
            Failure::from(Error::Http(status.as_u16(), words))
        }
        None => return (response, None),
    };
    let mut problem = Problem { request_id: request_id.to_owned(), ..failure.problem.clone() };
    if reader.is_person {
        return (as_page(response, &problem, reader), Some(failure));
    }
    // Each door words its own hint: a program is told the route that helps, a person sees what the page offers.
    if let Some(hint) = api::hint(&failure.error) {
        problem.detail = format!("{}; {hint}.", problem.detail.trim_end_matches('.'));
    }
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    write(&mut response, body, "application/problem+json");
    (response, Some(failure))
}

/// Turns a problem into a page, or into a redirect to the page where the person can sign in or replace a given
/// password.
fn as_page(mut response: Response, problem: &Problem, reader: &Reader) -> Response {
    // Only a request that reads is led elsewhere: a form that was sent would be lost, and its fields with it.
    let elsewhere = match problem.code() {
        "unauthenticated" if reader.only_reads => Some(format!("/sign-in?next={}", percent(&reader.path))),
        "password_change_required" if reader.only_reads => Some("/account/password".to_owned()),
        _ => None,
    };
    if let Some(to) = elsewhere {
        return Redirect::to(&to).into_response();
    }
    // A link on another site was refused because following it would be logged. The page shows where it leads, and the
    // person can take that step themselves: from our page it is a request of our own.
    let step = match problem.code() {
        "foreign_origin" if reader.only_reads => Step::Open(&reader.path),
        // To the page that has the form, where what was typed is put back.
        "unauthenticated" => Step::SignIn(reader.from.as_deref().unwrap_or("/")),
        _ => Step::Rooms,
    };
    let page = pages::of_problem(problem, step).into_string();
    write(&mut response, page.into_bytes(), "text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, pages::POLICY);
    response
}

/// Replaces the body of a response.
fn write(response: &mut Response, body: Vec<u8>, media_type: &'static str) {
    *response.body_mut() = Body::from(body);
    // axum has set the length of the empty body already.
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
}

/// Returns whether a handler has written a body of its own, as `/readyz` and the pages do.
fn has_body(response: &Response) -> bool {
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|media_type| media_type.to_str().ok());
    media_type.is_some_and(|media_type| media_type == "application/json" || media_type.starts_with("text/html"))
}

/// Returns the answer for a request whose handler panicked. The message goes to the log, not to the client.
#[expect(clippy::needless_pass_by_value, reason = "the layer gives it so")]
pub(super) fn from_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message");
    Error::internal(format!("a handler panicked: {words}")).into_response()
}

pub(super) async fn no_such_path(uri: Uri) -> Error {
    Error::Http(404, format!("there is nothing at `{}`; `/docs` lists what there is", uri.path()))
}

pub(super) async fn no_such_method() -> Error {
    Error::Http(405, "this path does not know that method".into())
}
