//! Errors as problem details (RFC 9457). An error travels to the outermost layer as a response without a body; that layer
//! knows the request's id, writes the body, and logs it once.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CONNECTION, CONTENT_RANGE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;

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
pub struct Failure {
    /// What the client is told.
    pub problem: Problem,
    /// Empty where the client has been told everything.
    pub inside: String,
}

impl Failure {
    /// The last word of the problem's kind.
    pub fn code(&self) -> &str {
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
