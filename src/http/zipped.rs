//! Many stored files as one zip that is made while it is sent.

use std::io;

use axum::{
    body::Body,
    http::{
        HeaderValue,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use utoipa::openapi::Content;

use super::{
    describe::Answers,
    download::attachment,
    route_doc::{Kind, RouteDoc},
};

/// A zip: its name for people, and its bytes; none where only its head is asked for.
pub struct Zipped {
    /// Name, with its extension.
    pub name: String,
    /// The bytes.
    pub content: Option<BoxStream<'static, io::Result<Bytes>>>,
}

impl IntoResponse for Zipped {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.content.map_or_else(Body::empty, Body::from_stream));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
        if let Ok(name) = HeaderValue::from_str(&attachment(&self.name)) {
            headers.insert(CONTENT_DISPOSITION, name);
        }
        response
    }
}

impl Answers for Zipped {
    fn describe(doc: &mut RouteDoc) {
        doc.answers(
            "200",
            "The zip, as it is made; it breaks off where a file cannot be read",
            [("application/zip", Content::default())],
        );
        doc.header("200", "Content-Disposition", Kind::Text, "The name to save the file under (RFC 6266)");
    }
}
