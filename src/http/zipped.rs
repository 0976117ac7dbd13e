//! An answer with many stored files as one zip, which is made while it is sent.

use std::io;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use utoipa::openapi::Content;

use super::{
    describe::Answers,
    download::{describe_name, to_be_saved},
    route_doc::RouteDoc,
};

/// A zip to be saved.
pub struct Zipped {
    /// The name to save it under, with its extension.
    pub name: String,
    /// The bytes, or `None` if only the head of the answer was requested.
    pub content: Option<BoxStream<'static, io::Result<Bytes>>>,
}

impl IntoResponse for Zipped {
    fn into_response(self) -> Response {
        // There is no `Content-Length`: the size of the zip is not known before its end.
        let body = self.content.map_or_else(Body::empty, Body::from_stream);
        to_be_saved(&self.name, "application/zip", body)
    }
}

impl Answers for Zipped {
    fn describe(doc: &mut RouteDoc) {
        doc.answers(
            "200",
            "The zip, as it is made; it breaks off where a file cannot be read",
            [("application/zip", Content::default())],
        );
        describe_name(doc, "200");
    }
}
