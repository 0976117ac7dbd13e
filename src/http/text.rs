//! Text as an answer: as it is, or line by line while it is made.

use std::io;

use axum::{
    body::Body,
    http::{
        HeaderValue,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream::BoxStream};
use utoipa::openapi::Content;

use super::{
    describe::Answers,
    download::attachment,
    route_doc::{Kind, RouteDoc},
};
use crate::error::Result;

/// Text, to be read by people and programs.
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

/// Lines of JSON, to be saved under this name; none where only the head is asked for.
pub struct JsonLines {
    /// Name, with its extension.
    pub name: String,
    /// The lines.
    pub content: Option<BoxStream<'static, Result<Vec<u8>>>>,
}

impl IntoResponse for JsonLines {
    fn into_response(self) -> Response {
        let body = self.content.map_or_else(Body::empty, |lines| {
            Body::from_stream(lines.map(|line| {
                line.map_err(|error| {
                    tracing::error!(%error, "an answer broke off");
                    io::Error::other(error)
                })
            }))
        });
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        if let Ok(name) = HeaderValue::from_str(&attachment(&self.name)) {
            headers.insert(CONTENT_DISPOSITION, name);
        }
        response
    }
}

impl Answers for JsonLines {
    fn describe(doc: &mut RouteDoc) {
        let says = "One JSON value a line; it breaks off where the database cannot be read";
        doc.answers("200", says, [("application/x-ndjson", Content::default())]);
        doc.header("200", "Content-Disposition", Kind::Text, "The name to save the file under (RFC 6266)");
    }
}
