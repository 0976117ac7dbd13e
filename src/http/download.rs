//! A stored file as an answer: whole, in part (`Range`), or not at all where the client has it (`ETag`).

use std::{marker::PhantomData, ops::Range};

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
            ETAG, IF_NONE_MATCH, IF_RANGE, RANGE,
        },
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use room::{FileKind, UserId};
use utoipa::openapi::{Content, path::ParameterIn};

use super::{
    caller::{self, Caller},
    describe::{Answers, Takes},
    percent::percent,
    route_doc::{Kind, RouteDoc},
};
use crate::{
    app::{self, App},
    db::files::StoredFile,
    error::{Error, Result},
    files::Opened,
    shares::Seat,
};
use futures_util::StreamExt;
use report::Format;

/// What a client says of the file it wants.
#[derive(Debug)]
pub struct Download {
    head: bool,
    headers: HeaderMap,
    /// Whose place the file takes on its way; everybody without an account has one and the same.
    account: Option<UserId>,
}

/// What is to be sent of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Send {
    /// Nothing: the client has it.
    NotModified,
    /// Its headers only.
    Head,
    /// All of it.
    Whole,
    /// These bytes of it.
    Part(Range<u64>),
}

impl Download {
    /// Answers with a file of this name and kind. What is sent of it is logged first, with the range
    /// of bytes where it is not all.
    pub async fn answer<K: Kinds>(
        self,
        app: &App,
        file: StoredFile,
        (name, kind): (String, K),
        log: impl AsyncFnOnce(Option<String>) -> Result<()>,
    ) -> Result<FileAnswer<K>> {
        let etag = format!("\"{}\"", hex::encode(file.sha256));
        let size = file.size.unsigned_abs();
        let send = self.of(&etag, size)?;
        let range = if let Send::Part(range) = &send { Some(range.clone()) } else { None };
        let mut content = None;
        if matches!(send, Send::Whole | Send::Part(_)) {
            let place = app::place(&app.downloads, self.account).await?;
            content = Some((app.files.get(&file.file_url, range.clone()).await?, place));
            log(range.map(|range| format!("{}-{}", range.start, range.end - 1))).await?;
        }
        Ok(FileAnswer { name, media_type: kind.media_type(), etag, size, send, content, kinds: PhantomData })
    }

    /// Whether only the head of the answer is asked for.
    pub fn is_head(&self) -> bool {
        self.head
    }

    /// Decides what to send of a file of this tag and size.
    fn of(&self, etag: &str, size: u64) -> Result<Send> {
        if is_known(&self.headers, etag) {
            return Ok(Send::NotModified);
        }
        if self.head {
            return Ok(Send::Head);
        }
        let text = |name| text(&self.headers, name);
        let range = text(RANGE).filter(|_| text(IF_RANGE).is_none_or(|tag| tag == etag));
        match range.and_then(|range| part(range, size)) {
            None => Ok(Send::Whole),
            Some(part) if part.is_empty() => Err(Error::RangeNotSatisfiable { size }),
            Some(part) => Ok(Send::Part(part)),
        }
    }
}

/// Whether a client has what is known by this tag.
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    text(headers, IF_NONE_MATCH)
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*"))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The bytes that a `Range` asks for (RFC 9110 §14.1.2), none of them where it lies outside the file.
/// What is no single range of bytes is no range to us: it may be ignored (§14.2).
fn part(range: &str, size: u64) -> Option<Range<u64>> {
    let (unit, range) = range.split_once('=')?;
    let (first, last) = range.trim_matches([' ', '\t']).split_once('-')?;
    if !unit.eq_ignore_ascii_case("bytes") || !(first.to_owned() + last).bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number too large for us lies beyond any file.
    let number = |digits: &str| (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX));
    match (number(first), number(last)) {
        (None, None) => None,
        (None, Some(suffix)) => Some(size.saturating_sub(suffix)..size),
        (Some(first), Some(last)) if last < first => None,
        (Some(first), last) => Some(first..last.map_or(size, |last| last.saturating_add(1).min(size))),
    }
}

impl FromRequestParts<App> for Download {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        caller::refuse_links_elsewhere(&parts.headers)?;
        let account = parts.extensions.get::<Caller>().map(|caller| caller.user.id);
        Ok(Self { head: parts.method == Method::HEAD, headers: parts.headers.clone(), account })
    }
}

impl Takes for Download {
    fn describe(doc: &mut RouteDoc) {
        doc.parameter(ParameterIn::Header, "Range", Kind::Text, "`bytes=…`: one part of the file");
        doc.parameter(
            ParameterIn::Header,
            "If-Range",
            Kind::Text,
            "The `ETag` of the copy that the part is to complete",
        );
        doc.parameter(ParameterIn::Header, "If-None-Match", Kind::Text, "The `ETag` of a copy one has");
    }
}

/// The kinds of files that a route answers with.
pub trait Kinds {
    /// The media type of this one.
    fn media_type(&self) -> &'static str;
    /// The media types of all.
    fn media_types() -> Vec<&'static str>;
}

impl Kinds for Format {
    fn media_type(&self) -> &'static str {
        Self::media_type(*self)
    }

    fn media_types() -> Vec<&'static str> {
        [Self::Pdf, Self::Json, Self::Csv].map(Self::media_type).to_vec()
    }
}

impl Kinds for FileKind {
    fn media_type(&self) -> &'static str {
        Self::media_type(*self)
    }

    fn media_types() -> Vec<&'static str> {
        Self::ALL.map(Self::media_type).to_vec()
    }
}

/// A file of one of these kinds, or what is to be sent of it.
pub struct FileAnswer<K> {
    name: String,
    media_type: &'static str,
    etag: String,
    size: u64,
    send: Send,
    content: Option<(Opened, Seat<Option<UserId>>)>,
    kinds: PhantomData<K>,
}

impl<K> IntoResponse for FileAnswer<K> {
    fn into_response(self) -> Response {
        let (status, length) = match &self.send {
            Send::NotModified => (StatusCode::NOT_MODIFIED, None),
            Send::Head | Send::Whole => (StatusCode::OK, Some(self.size)),
            Send::Part(range) => (StatusCode::PARTIAL_CONTENT, Some(range.end - range.start)),
        };
        let mut response = match self.content {
            Some((opened, place)) => Response::new(Body::from_stream(opened.bytes.inspect(move |_| {
                // The place is the stream's, and is given back with it.
                let _ = &place;
            }))),
            None => Response::new(Body::empty()),
        };
        *response.status_mut() = status;
        let mut headers = vec![
            (ETAG, self.etag),
            (ACCEPT_RANGES, "bytes".into()),
            (CONTENT_TYPE, self.media_type.into()),
            (CONTENT_DISPOSITION, attachment(&self.name)),
            (CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; frame-ancestors 'none'".into()),
        ];
        headers.extend(length.map(|length| (CONTENT_LENGTH, length.to_string())));
        if let Send::Part(range) = &self.send {
            headers.push((CONTENT_RANGE, format!("bytes {}-{}/{}", range.start, range.end - 1, self.size)));
        }
        for (name, value) in headers {
            insert(&mut response, name, &value);
        }
        response
    }
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// `Content-Disposition` (RFC 6266): to be saved, under an ASCII name for old clients and the exact
/// one (RFC 8187) for the others.
pub(crate) fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || " -_.,()".contains(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent(name))
}

impl<K: Kinds> Answers for FileAnswer<K> {
    fn describe(doc: &mut RouteDoc) {
        let forms = || K::media_types().into_iter().map(|media_type| (media_type, Content::default()));
        doc.answers("200", "The file", forms());
        doc.header("200", "Accept-Ranges", Kind::Text, "`bytes`");
        doc.answers("206", "The part of the file that `Range` asks for", forms());
        doc.header("206", "Content-Range", Kind::Text, "`bytes`, the first and last byte, and the file's size");
        doc.answers("304", "The client has the file", []);
        for status in ["200", "206", "304"] {
            doc.header(status, "ETag", Kind::Text, "The file's SHA-256, in quotes");
        }
        for status in ["200", "206"] {
            doc.header(status, "Content-Disposition", Kind::Text, "The name to save the file under (RFC 6266)");
        }
        doc.refuses(&["409", "416"]);
    }
}
