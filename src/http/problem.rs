//! Errors as problem details (RFC 9457), or as a page where a browser asks. An error travels to the outermost layer as a response
//! without a body; that layer knows the request's id, writes the body, and logs it once.

use std::any::Any;

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderValue, StatusCode, Uri,
        header::{
            ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER,
            WWW_AUTHENTICATE,
        },
    },
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::percent;
use crate::{error::Error, pages};

/// What went wrong, for the client.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// A stable name of the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, in a sentence.
    pub detail: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// The roles that may, where the caller's may not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_roles: Vec<&'static str>,
    /// What has to come with the next attempt to sign in, where there were too many; see `POST /auth/login`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The request's id, as in the server's log.
    pub request_id: String,
}

/// What is wrong with one field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldProblem {
    /// The field's name; empty in the last of more than twenty, which says how many more faults there are.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// An error on its way to the outermost layer, with its full words for the log.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    problem: Problem,
    /// Empty where the client has been told everything.
    pub(super) inside: String,
}

impl Failure {
    /// The last word of the problem's kind.
    pub(super) fn code(&self) -> &str {
        self.problem.code()
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let (status, code) = error.status();
        let errors = match error {
            Error::Invalid(fields) => fields
                .iter()
                .map(|fault| FieldProblem { field: fault.field.clone(), message: fault.message.clone() })
                .collect(),
            _ => Vec::new(),
        };
        let allowed_roles = if let Error::RoleForbids { roles, .. } = error { roles.clone() } else { Vec::new() };
        let ticket = if let Error::TooManyAttempts { ticket, .. } = error { ticket.clone() } else { None };
        let problem = Problem { errors, allowed_roles, ticket, ..Problem::new(status, code, &error.detail()) };
        Self { problem, inside: if status >= 500 { error.to_string() } else { String::new() } }
    }
}

impl Problem {
    /// The last word of its kind.
    pub fn code(&self) -> &str {
        self.kind.rsplit(':').next().unwrap_or_default()
    }

    fn new(status: u16, code: &str, detail: &str) -> Self {
        let title = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        Self {
            kind: format!("urn:sts-clearance:problem:{code}"),
            title: title.unwrap_or("Problem").to_owned(),
            status,
            detail: sentence(detail),
            errors: Vec::new(),
            allowed_roles: Vec::new(),
            ticket: None,
            request_id: String::new(),
        }
    }
}

/// Errors are written to follow other words; a problem's detail stands alone.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if words.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, _) = self.status();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        let headers = response.headers_mut();
        let retry_after = match &self {
            Self::Conflict { retry_after, .. } => *retry_after,
            Self::TooManyAttempts { seconds, .. } => Some(*seconds),
            other if other.status().0 == 503 => Some(1),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        match &self {
            // What comes late of the body is not to be read as a request.
            Self::Http(408, _) => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Self::Unauthenticated => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::RangeNotSatisfiable { size } => {
                if let Ok(range) = HeaderValue::from_str(&format!("bytes */{size}")) {
                    headers.insert(CONTENT_RANGE, range);
                }
            }
            _ => {}
        }
        response.extensions_mut().insert(Failure::from(&self));
        response
    }
}

/// Who reads an answer.
pub(super) struct Reader {
    /// Somebody in front of a browser, who is shown a page; programs are sent problem details.
    is_person: bool,
    /// Whether they only wanted to look.
    reads: bool,
    /// What they asked for, with its query.
    path: String,
}

impl Reader {
    /// Of the answer to this request.
    pub(super) fn of(request: &Request) -> Self {
        let accepts = request.headers().get(ACCEPT).and_then(|accepts| accepts.to_str().ok()).unwrap_or_default();
        Self {
            is_person: accepts.contains("text/html"),
            reads: request.method().is_safe(),
            path: request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        }
    }
}

/// Writes the body of an error response, whoever made it.
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
            Failure::from(&Error::Http(status.as_u16(), words))
        }
        None => return (response, None),
    };
    let problem = Problem { request_id: request_id.to_owned(), ..failure.problem.clone() };
    if reader.is_person {
        return (as_page(response, &problem, reader), Some(failure));
    }
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    write(&mut response, body, "application/problem+json");
    (response, Some(failure))
}

/// A problem for somebody in front of a browser: whoever is not signed in is led to where that is done.
fn as_page(mut response: Response, problem: &Problem, reader: &Reader) -> Response {
    let elsewhere = match problem.code() {
        "unauthenticated" if reader.reads => Some(format!("/sign-in?next={}", percent(&reader.path))),
        "password_change_required" if reader.reads => Some("/account/password".to_owned()),
        _ => None,
    };
    if let Some(to) = elsewhere {
        return Redirect::to(&to).into_response();
    }
    // A step that another site's link was refused, for the person to take by themselves.
    let step = (problem.code() == "foreign_origin" && reader.reads).then_some(&*reader.path);
    let page = pages::of_problem(problem, step).into_string();
    write(&mut response, page.into_bytes(), "text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, pages::POLICY);
    response
}

fn write(response: &mut Response, body: Vec<u8>, media_type: &'static str) {
    *response.body_mut() = Body::from(body);
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
}

/// Whether a handler has written a body of its own, as `/readyz` and the pages do.
fn has_body(response: &Response) -> bool {
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|media_type| media_type.to_str().ok());
    media_type.is_some_and(|media_type| media_type == "application/json" || media_type.starts_with("text/html"))
}

/// The answer where a handler panicked.
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
