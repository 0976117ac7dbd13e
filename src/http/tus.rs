//! Uploads in parts, as tus 1.0 has them (<https://tus.io/protocols/resumable-upload>): the core, and its extensions
//! `creation`, `expiration` and `termination`. `docs/decisions/0042-uploads-in-parts.md` says why this protocol.

use std::{collections::HashMap, future::poll_fn, task::Poll};

use axum::{
    body::BodyDataStream,
    extract::{FromRequest, FromRequestParts, Request},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_LENGTH, LOCATION},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Serialize;
use utoipa::{ToSchema, openapi::path::ParameterIn};

use super::{
    Json, Kind, Patience,
    describe::{Answers, Takes},
    extract::has_media_type,
    pace::Pace,
    route_doc::{Bounds, RouteDoc},
    upload::too_large,
};
use crate::{
    app::App,
    db::partial_uploads::PartialUpload,
    domain::{
        documents::{
            uploads::{NewUpload, Part},
            versions::Said,
        },
        input::Fields,
    },
    error::{Error, Result},
    evidence::Hash,
};

/// The version of the protocol.
const VERSION: &str = "1.0.0";
/// The media type of a part.
const PART: &str = "application/offset+octet-stream";

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

/// What clients of the protocol say besides, and nothing depends on here.
const PASSED_OVER: [&str; 4] = ["filetype", "name", "relativePath", "type"];
/// The pattern of `Upload-Metadata`: names, each with a value in base64, with commas between them.
const METADATA: &str = "^(expires_on|filename|filetype|name|notes|relativePath|sha256|type)( [A-Za-z0-9+/]*={0,2})?\
    (, ?(expires_on|filename|filetype|name|notes|relativePath|sha256|type)( [A-Za-z0-9+/]*={0,2})?)*$";

/// The sizes of a file. The limit is a setting, and refuses otherwise.
const SIZE: Bounds = Bounds { least: 1, most: None, default: None };
const OFFSET: Bounds = Bounds { least: 0, most: None, default: None };

/// Adds to each answer, refusals too, which version of the protocol it speaks.
pub(super) async fn name_version(mut response: Response) -> Response {
    response.headers_mut().insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    response.headers_mut().insert(TUS_VERSION, HeaderValue::from_static(VERSION));
    response
}

/// Returns whether a request brings a part of an upload.
pub(super) fn is_part(headers: &HeaderMap) -> bool {
    has_media_type(headers, PART)
}

/// A request that speaks the version of the protocol that this server has, or names none.
#[derive(Debug, Clone, Copy)]
pub struct Tus;

impl Tus {
    fn of(headers: &HeaderMap) -> Result<Self> {
        match headers.get(TUS_RESUMABLE) {
            Some(version) if version != VERSION => {
                Err(Error::Http(412, format!("`Tus-Resumable` has to be `{VERSION}`, the version that there is here")))
            }
            _ => Ok(Self),
        }
    }
}

impl FromRequestParts<App> for Tus {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        Self::of(&parts.headers)
    }
}

impl Takes for Tus {
    fn describe(doc: &mut RouteDoc) {
        let says = "The version of tus that the client speaks; this one where it is left out";
        doc.parameter(ParameterIn::Header, "Tus-Resumable", Kind::Word(&[VERSION]), says);
        doc.refuses(&["412"]);
    }
}

/// A request to begin an upload, whose headers say what is to come.
#[derive(Debug)]
pub struct BeginUpload(pub NewUpload);

impl FromRequestParts<App> for BeginUpload {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        Tus::of(&parts.headers)?;
        let mut fields = Fields::default();
        let size = number(&mut fields, &parts.headers, ("Upload-Length", SIZE));
        let mut said = metadata(&mut fields, &parts.headers);
        let sha256 = said.remove("sha256").and_then(|given| {
            let sha256: Option<Hash> = hex::decode(&given).ok().and_then(|bytes| bytes.try_into().ok());
            if sha256.is_none() {
                fields.fault("sha256", "must be the SHA-256 of the file in 64 hexadecimal digits");
            }
            sha256
        });
        let file_name = said.remove("filename").unwrap_or_else(|| {
            fields.fault("file", "must be named, by `filename` in `Upload-Metadata`");
            String::new()
        });
        fields.done()?;
        let limit = app.config.upload_limit();
        if size > limit {
            return Err(too_large(limit));
        }
        let said = Said { expires_on: said.remove("expires_on"), notes: said.remove("notes") };
        Ok(Self(NewUpload { file_name, size, sha256, said }))
    }
}

impl Takes for BeginUpload {
    fn describe(doc: &mut RouteDoc) {
        Tus::describe(doc);
        let says = "How many bytes the file has";
        doc.required_parameter(ParameterIn::Header, "Upload-Length", Kind::Number(SIZE), says);
        let says = "Names with values in base64: `filename`, and where they are known `expires_on` (a day), `notes`, `sha256` \
                    (in hexadecimal digits)";
        doc.required_parameter(ParameterIn::Header, "Upload-Metadata", Kind::Pattern(METADATA), says);
        doc.refuses(&["409", "413", "422"]);
    }
}

/// Reads a whole number from a header that has to be there. Returns 0 with a fault.
fn number(fields: &mut Fields, headers: &HeaderMap, (name, bounds): (&str, Bounds)) -> u64 {
    let Some(given) = headers.get(name) else {
        fields.fault(name, "is missing");
        return 0;
    };
    match bounds.parse(given.to_str().unwrap_or_default()) {
        Ok(number) => number.unsigned_abs(),
        Err(fault) => {
            fields.fault(name, fault);
            0
        }
    }
}

/// Reads what is said of the file.
fn metadata(fields: &mut Fields, headers: &HeaderMap) -> HashMap<String, String> {
    const NAME: &str = "Upload-Metadata";
    let mut said = HashMap::new();
    let given = headers.get(UPLOAD_METADATA).map(|given| given.to_str().unwrap_or("?"));
    for pair in given.unwrap_or_default().split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = BASE64_STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match (name, value) {
            (name, _) if PASSED_OVER.contains(&name) => {}
            (name @ ("expires_on" | "filename" | "notes" | "sha256"), Some(value)) => {
                if said.insert(name.to_owned(), value).is_some() {
                    fields.fault(NAME, format!("has `{name}` twice"));
                }
            }
            ("expires_on" | "filename" | "notes" | "sha256", None) => {
                fields.fault(NAME, format!("has a value of `{name}` that is not UTF-8 in base64"));
            }
            _ => {
                fields
                    .fault(NAME, "has a name that is not known: expected `filename`, `expires_on`, `notes`, `sha256`");
            }
        }
    }
    said
}

/// A part of a file.
pub struct UploadPart {
    offset: u64,
    announced: Option<u64>,
    body: BodyDataStream,
}

impl UploadPart {
    /// Returns the part with its bytes as they come from the client, which has to keep up its pace.
    pub fn into_part(self) -> Part<impl Stream<Item = Result<Bytes>> + Send + 'static> {
        let Self { offset, announced, body } = self;
        let bytes = stream::unfold((body, Pace::new(Patience::SENDING)), async |(mut body, mut pace)| {
            let piece = poll_fn(|context| match body.poll_next_unpin(context) {
                Poll::Pending => pace.poll_too_long(context).map(|()| Some(Err(too_slow()))),
                Poll::Ready(Some(Ok(piece))) if !pace.moves(piece.len()) => Poll::Ready(Some(Err(too_slow()))),
                Poll::Ready(piece) => Poll::Ready(piece.map(|piece| piece.map_err(|_| broke_off()))),
            });
            Some((piece.await?, (body, pace)))
        });
        Part { offset, announced, bytes }
    }
}

fn too_slow() -> Error {
    let words = "the part came too slowly, or nothing of it for a minute; what has come of it stays, and the upload goes on there";
    Error::Http(408, words.into())
}

fn broke_off() -> Error {
    Error::Malformed("the part broke off; what has come of it stays, and the upload goes on there".into())
}

impl FromRequest<App> for UploadPart {
    type Rejection = Error;

    async fn from_request(request: Request, _: &App) -> Result<Self> {
        let headers = request.headers();
        Tus::of(headers)?;
        if !has_media_type(headers, PART) {
            return Err(Error::Http(
                415,
                format!("the body must be a part of a file, with the header `Content-Type: {PART}`"),
            ));
        }
        let mut fields = Fields::default();
        let offset = number(&mut fields, headers, ("Upload-Offset", OFFSET));
        fields.done()?;
        let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        Ok(Self { offset, announced, body: request.into_body().into_data_stream() })
    }
}

impl Takes for UploadPart {
    fn describe(doc: &mut RouteDoc) {
        Tus::describe(doc);
        let says = "How many bytes are there already: where the part begins";
        doc.required_parameter(ParameterIn::Header, "Upload-Offset", Kind::Number(OFFSET), says);
        doc.takes_bytes(PART);
        doc.refuses(&["409"]);
    }
}

/// The headers that say how far an upload has come.
fn progress(upload: &PartialUpload) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(UPLOAD_OFFSET, upload.offset().into());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let until = DateTimePrinter::new().timestamp_to_rfc9110_string(&upload.kept_until.into());
    if let Some(until) = until.ok().and_then(|until| HeaderValue::from_str(&until).ok()) {
        headers.insert(UPLOAD_EXPIRES, until);
    }
    headers
}

fn describe_progress(doc: &mut RouteDoc, status: &'static str) {
    doc.header(status, "Upload-Offset", Kind::COUNT, "How many bytes are there, and where the next part begins");
    doc.header(status, "Upload-Expires", Kind::Text, "Until when it is kept, if nothing more comes");
}

/// `201` with an upload of which no byte has come, at the path in `Location`.
pub struct Begun<T> {
    location: String,
    headers: HeaderMap,
    body: T,
}

impl<T> Begun<T> {
    /// Returns the answer for an upload that is at this path under the API's base.
    pub fn at(path: &str, upload: &PartialUpload, body: T) -> Self {
        Self { location: format!("{}{path}", super::access::BASE), headers: progress(upload), body }
    }
}

impl<T: Serialize> IntoResponse for Begun<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, [(LOCATION, self.location)], self.headers, Json(self.body)).into_response()
    }
}

impl<T: ToSchema> Answers for Begun<T> {
    fn describe(doc: &mut RouteDoc) {
        doc.answers_json::<T>("201", "Begun");
        doc.header("201", "Location", Kind::Text, "Where its parts are sent to");
        describe_progress(doc, "201");
    }
}

/// `200` with how far an upload has come, and with what it came to.
pub struct UploadShown<T> {
    headers: HeaderMap,
    body: T,
}

impl<T> UploadShown<T> {
    /// Returns the answer for an upload.
    pub fn of(upload: &PartialUpload, body: T) -> Self {
        let mut headers = progress(upload);
        headers.insert(UPLOAD_LENGTH, upload.size.unsigned_abs().into());
        // Not the notes: some proxies take no answer with headers as long as those may be.
        let day = upload.expires_on.map(|day| format!(",expires_on {}", BASE64_STANDARD.encode(day.to_string())));
        let said = format!("filename {}{}", BASE64_STANDARD.encode(&upload.file_name), day.unwrap_or_default());
        if let Ok(said) = HeaderValue::from_str(&said) {
            headers.insert(UPLOAD_METADATA, said);
        }
        Self { headers, body }
    }
}

impl<T: Serialize> IntoResponse for UploadShown<T> {
    fn into_response(self) -> Response {
        (self.headers, Json(self.body)).into_response()
    }
}

impl<T: ToSchema> Answers for UploadShown<T> {
    fn describe(doc: &mut RouteDoc) {
        doc.answers_json::<T>("200", "As asked");
        describe_progress(doc, "200");
        doc.header("200", "Upload-Length", Kind::COUNT, "How many bytes the file has");
        doc.header("200", "Upload-Metadata", Kind::Text, "The name of the file, and its last day, as they were given");
    }
}

/// `204`: the part was taken, and with the last one the version was added.
pub struct PartTaken(pub PartialUpload);

impl IntoResponse for PartTaken {
    fn into_response(self) -> Response {
        (StatusCode::NO_CONTENT, progress(&self.0)).into_response()
    }
}

impl Answers for PartTaken {
    fn describe(doc: &mut RouteDoc) {
        doc.answers("204", "The part is here; with all bytes, the version is", []);
        describe_progress(doc, "204");
    }
}
