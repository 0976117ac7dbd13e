//! Answers of text: as a whole, or line by line while the lines are made.

use std::io;

use axum::{
    body::Body,
    http::{
        HeaderValue,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream::BoxStream};
use utoipa::openapi::Content;

use super::{
    describe::Answers,
    download::{SANDBOX, describe_name, to_be_saved},
    route_doc::RouteDoc,
};
use crate::error::Result;

/// A text that people and programs read, in UTF-8.
pub struct PlainText(pub String);

impl IntoResponse for PlainText {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "text/plain; charset=utf-8")], self.0).into_response()
    }
}

impl Answers for PlainText {
    fn describe(doc: &mut RouteDoc) {
        doc.answers("200", "The text", [("text/plain", Content::default())]);
    }
}

/// A page that is to be saved, and opened from there; not one of this site.
pub struct SavedPage {
    /// The name to save it under, with its extension.
    pub name: &'static str,
    /// The HTML of the page.
    pub html: &'static str,
}

impl IntoResponse for SavedPage {
    fn into_response(self) -> Response {
        let mut response = to_be_saved(self.name, "text/html; charset=utf-8", Body::from(self.html));
        // If a browser opens it here in spite of `attachment`, its scripts do not run on this site.
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
        response
    }
}

/// Lines of JSON to be saved (JSON Lines).
pub struct JsonLines {
    /// The name to save them under, with its extension.
    pub name: String,
    /// The lines, or `None` if only the head of the answer was requested.
    pub content: Option<BoxStream<'static, Result<Vec<u8>>>>,
}

impl IntoResponse for JsonLines {
    fn into_response(self) -> Response {
        let body = self.content.map_or_else(Body::empty, |lines| {
            Body::from_stream(lines.map(|line| {
                line.map_err(|error| {
                    // The status is sent already. An error in the stream closes the connection before the last chunk,
                    // by which a client sees that the lines are not complete.
                    tracing::error!(%error, "an answer broke off");
                    io::Error::other(error)
                })
            }))
        });
        to_be_saved(&self.name, "application/x-ndjson", body)
    }
}

impl Answers for JsonLines {
    fn describe(doc: &mut RouteDoc) {
        let says = "One JSON value a line; it breaks off where the database cannot be read";
        doc.answers("200", says, [("application/x-ndjson", Content::default())]);
        describe_name(doc, "200");
    }
}
