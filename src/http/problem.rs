//! Errors as problem details (RFC 9457). An error travels to the outermost layer as a response without a body. That
//! layer, `web::request_log`, knows the request's id and who reads the answer; it writes the body, and logs the error
//! once.

use std::sync::Arc;

use axum::{
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONNECTION, CONTENT_RANGE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use room::Time;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ChangedField, Error};

/// A problem, as it is sent to the client (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// A stable name of the kind of problem, `urn:sts-clearance:problem:…`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What happened and what helps, in a sentence.
    pub detail: String,
    /// The faults of the request's fields; left out if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// What has another value now than when it was seen, with `412`; left out if nothing is told of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<ChangedProblem>,
    /// The roles that are allowed to do this, if the caller's role is not; left out otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_roles: Vec<&'static str>,
    /// The ticket to send with the next attempt to sign in, if there were too many; see `POST /auth/login`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The request's id, which is also in the server's log.
    pub request_id: String,
}

/// A fault of one field of the request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldProblem {
    /// The name of the field. The last of more than twenty faults has an empty one, and says how many more there are.
    pub field: String,
    /// What is wrong with the field.
    pub message: String,
}

/// A field that somebody else has changed meanwhile.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChangedProblem {
    /// The name of the field.
    pub field: String,
    /// The value of the field now.
    pub now: serde_json::Value,
    /// The address of who changed it last, or `system` or `operator`; left out if that was long ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it was changed last; left out if that was long ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub at: Option<Time>,
}

impl From<&ChangedField> for ChangedProblem {
    fn from(changed: &ChangedField) -> Self {
        let ChangedField { field, now, last } = changed.clone();
        let (by, at) = last.unzip();
        Self { field, now, by, at }
    }
}

/// An error on its way to the outermost layer, with what only the log is told.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The problem that the client is sent.
    pub problem: Problem,
    /// The error in full, for the log. Empty if the problem says everything.
    pub inside: String,
    /// The error itself, for which each door may have a hint.
    pub error: Arc<Error>,
}

impl Failure {
    /// Returns the last part of the problem's kind, such as `not_found`.
    pub fn code(&self) -> &str {
        self.problem.code()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (status, code) = error.status();
        let errors = match &error {
            Error::Invalid(fields) => fields
                .iter()
                .map(|fault| FieldProblem { field: fault.field.clone(), message: fault.message.clone() })
                .collect(),
            _ => Vec::new(),
        };
        let allowed_roles = if let Error::RoleForbids { roles, .. } = &error { roles.clone() } else { Vec::new() };
        let ticket = if let Error::TooManyAttempts { ticket, .. } = &error { ticket.clone() } else { None };
        let changed = match &error {
            Error::ChangedMeanwhile(meanwhile) => meanwhile.fields.iter().map(ChangedProblem::from).collect(),
            _ => Vec::new(),
        };
        let problem = Problem { errors, changed, allowed_roles, ticket, ..Problem::new(status, code, &error.detail()) };
        // A fault of the server may name paths, addresses or SQL. Only the log gets it; `Error::detail` has kept it out
        // of the problem.
        let inside = if status >= 500 { error.to_string() } else { String::new() };
        Self { problem, inside, error: Arc::new(error) }
    }
}

impl Problem {
    /// Returns the last part of the kind, such as `not_found`.
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
            changed: Vec::new(),
            allowed_roles: Vec::new(),
            ticket: None,
            request_id: String::new(),
        }
    }
}

/// Returns the words of an error, which are written to follow others, as a sentence that stands alone.
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
            Self::TooManyAttempts { seconds, .. } | Self::QuotaReached { seconds, .. } => Some(*seconds),
            // Until the clocks are compared again.
            Self::ClockOff { .. } => Some(30),
            other if other.status().0 == 503 => Some(1),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        match &self {
            // The rest of the body may still come. Without this, the server would read it as the next request.
            Self::Http(408, _) => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Self::Unauthenticated => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::WrongOffset { offset } => {
                headers.insert(HeaderName::from_static("upload-offset"), (*offset).into());
            }
            Self::RangeNotSatisfiable { size } => {
                if let Ok(range) = HeaderValue::from_str(&format!("bytes */{size}")) {
                    headers.insert(CONTENT_RANGE, range);
                }
            }
            _ => {}
        }
        // No body yet: whoever asked may want a page, and the request's id is known only to the outermost layer.
        response.extensions_mut().insert(Failure::from(self));
        response
    }
}
