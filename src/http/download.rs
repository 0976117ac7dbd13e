//! An answer with a stored file: the whole file, a part of it (`Range`), or only that the client has it already
//! (`ETag`).

use std::{borrow::Cow, marker::PhantomData, ops::Range};

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
use room::{FileKind, UserId, visible::is_mark};
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

/// The part of a request that decides how much of a file is sent: its method and its conditional headers.
#[derive(Debug)]
pub struct Download {
    head: bool,
    headers: HeaderMap,
    /// The account whose share of the downloads it takes; all callers without an account share one.
    account: Option<UserId>,
}

/// How much of a file is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Extent {
    /// Nothing, since the client has the file.
    NotModified,
    /// Only the headers of the answer.
    Head,
    /// All of the file.
    Whole,
    /// These bytes of the file, at least one.
    Part(Range<u64>),
}

impl Download {
    /// Returns the answer with a file of this name and kind. If something of its content is sent, `log` is called
    /// first, with the range of bytes if that is not the whole file.
    pub async fn answer<K: Kinds>(
        self,
        app: &App,
        file: StoredFile,
        (name, kind): (String, K),
        log: impl AsyncFnOnce(Option<String>) -> Result<()>,
    ) -> Result<FileAnswer<K>> {
        let etag = format!("\"{}\"", hex::encode(file.sha256));
        let size = file.size.unsigned_abs();
        let extent = self.extent(&etag, size)?;
        let range = if let Extent::Part(range) = &extent { Some(range.clone()) } else { None };
        let mut content = None;
        if matches!(extent, Extent::Whole | Extent::Part(_)) {
            let seat = app::place(&app.downloads, self.account).await?;
            // Open the file before logging, log before sending: the log must not claim a download of a file that is
            // gone, and nothing is sent that it does not know of.
            content = Some((app.files.get(&file.file_url, range.clone()).await?, seat));
            log(range.map(|range| format!("{}-{}", range.start, range.end - 1))).await?;
        }
        Ok(FileAnswer { name, media_type: kind.media_type(), etag, size, extent, content, kinds: PhantomData })
    }

    /// Returns whether only the head of the answer was requested.
    pub fn is_head(&self) -> bool {
        self.head
    }

    /// Decides how much to send of a file of this tag and size.
    fn extent(&self, etag: &str, size: u64) -> Result<Extent> {
        // In the order of RFC 9110 §13.2.2: what the client has already comes before the range.
        if is_known(&self.headers, etag) {
            return Ok(Extent::NotModified);
        }
        if self.head {
            return Ok(Extent::Head);
        }
        // `If-Range`: the client completes a copy of another content. The rest of this one would spoil it, so that it
        // gets the whole file.
        let text = |name| text(&self.headers, name);
        let range = text(RANGE).filter(|_| text(IF_RANGE).is_none_or(|tag| tag == etag));
        match range.and_then(|range| part(range, size)) {
            None => Ok(Extent::Whole),
            Some(part) if part.is_empty() => Err(Error::RangeNotSatisfiable { size }),
            Some(part) => Ok(Extent::Part(part)),
        }
    }
}

/// Returns whether the client has a copy with this tag (`If-None-Match`, RFC 9110 §13.1.2).
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    text(headers, IF_NONE_MATCH)
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*"))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Returns the bytes that a `Range` asks for (RFC 9110 §14.1.2): an empty range if they lie outside the file, and
/// `None` if the header is not a single range of bytes, in which case it may be ignored (§14.2).
fn part(range: &str, size: u64) -> Option<Range<u64>> {
    let (unit, range) = range.split_once('=')?;
    let (first, last) = range.trim_matches([' ', '\t']).split_once('-')?;
    if !unit.eq_ignore_ascii_case("bytes") || !(first.to_owned() + last).bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number that does not fit into 64 bits lies beyond the end of any file.
    let number = |digits: &str| (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX));
    match (number(first), number(last)) {
        (None, None) => None,
        (None, Some(suffix)) => Some(size.saturating_sub(suffix)..size),
        (Some(first), Some(last)) if last < first => None,
        // `last` is inclusive, and may lie beyond the end of the file. If `first` does too, the range is empty or runs
        // backwards, which `is_empty` covers both.
        (Some(first), last) => Some(first..last.map_or(size, |last| last.saturating_add(1).min(size))),
    }
}

impl FromRequestParts<App> for Download {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        // A download is logged in the name of the caller: another site must not cause it with a link.
        caller::refuse_foreign_links(&parts.headers)?;
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

/// The kinds of files with which a route can answer.
pub trait Kinds {
    /// Returns the media type of this kind.
    fn media_type(&self) -> &'static str;
    /// Returns the media types of all kinds.
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

/// The answer with a file of one of these kinds, or with as much of it as is sent.
pub struct FileAnswer<K> {
    name: String,
    media_type: &'static str,
    etag: String,
    size: u64,
    extent: Extent,
    content: Option<(Opened, Seat<Option<UserId>>)>,
    kinds: PhantomData<K>,
}

impl<K> IntoResponse for FileAnswer<K> {
    fn into_response(self) -> Response {
        let (status, length) = match &self.extent {
            Extent::NotModified => (StatusCode::NOT_MODIFIED, None),
            Extent::Head | Extent::Whole => (StatusCode::OK, Some(self.size)),
            Extent::Part(range) => (StatusCode::PARTIAL_CONTENT, Some(range.end - range.start)),
        };
        let mut response = match self.content {
            Some((opened, seat)) => Response::new(Body::from_stream(opened.bytes.inspect(move |_| {
                // Captured by the stream, the seat is given back when the stream is dropped: at its end, or when the
                // client leaves.
                let _ = &seat;
            }))),
            None => Response::new(Body::empty()),
        };
        *response.status_mut() = status;
        let mut headers = vec![
            (ETAG, self.etag),
            (ACCEPT_RANGES, "bytes".into()),
            (CONTENT_TYPE, self.media_type.into()),
            (CONTENT_DISPOSITION, attachment(&self.name)),
            (CONTENT_SECURITY_POLICY, SANDBOX.into()),
        ];
        headers.extend(length.map(|length| (CONTENT_LENGTH, length.to_string())));
        if let Extent::Part(range) = &self.extent {
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

/// The longest name under which a file is to be saved, in bytes: some file systems take 255, and browsers add to it.
const LONGEST_NAME: usize = 150;
/// What stands for the part of a name that is left out.
const CUT: &str = "…";

/// The policy for content that is a stranger's: even if a browser opens it in spite of `attachment`, it runs nothing
/// and reaches nothing of this site.
pub(super) const SANDBOX: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// Returns an answer with a body that is to be saved under this name.
pub(super) fn to_be_saved(name: &str, media_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    insert(&mut response, CONTENT_DISPOSITION, &attachment(name));
    response
}

/// Describes the header of an answer that is to be saved.
pub(super) fn describe_name(doc: &mut RouteDoc, status: &'static str) {
    doc.header(status, "Content-Disposition", Kind::Text, "The name to save the file under (RFC 6266)");
}

/// Returns `Content-Disposition` (RFC 6266) for a file that is to be saved: with an ASCII name for old clients, and the
/// exact one (RFC 8187) for the others.
fn attachment(name: &str) -> String {
    let name = &*shortened(name);
    // No quote, backslash or line break gets into the quoted name, whatever the client called the file.
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || " -_.,()".contains(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent(name))
}

/// Returns the name, or its beginning and its end where it is longer than [`LONGEST_NAME`]: a name often begins with what
/// it is about, and ends with which one it is.
fn shortened(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST_NAME {
        return name.into();
    }
    let head = name[..name.floor_char_boundary(LONGEST_NAME * 2 / 3)].trim_end();
    let tail = &name[name.ceil_char_boundary(name.len() - (LONGEST_NAME - LONGEST_NAME * 2 / 3 - CUT.len()))..];
    // A mark belongs to the letter before it, which is gone.
    format!("{head}{CUT}{}", tail.trim_start_matches(|c: char| is_mark(c) || c.is_whitespace())).into()
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
            describe_name(doc, status);
        }
        doc.refuses(&["409", "416", "429"]);
    }
}
