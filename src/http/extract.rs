//! The extractors: typed arguments that handlers take from a request. Each refusal is one of our errors, and names the
//! field or parameter.

use std::{collections::HashMap, str::FromStr, time::Duration};

use axum::{
    body::HttpBody as _,
    extract::{
        FromRequest, FromRequestParts, OptionalFromRequest, OptionalFromRequestParts, RawPathParams, Request,
        rejection::BytesRejection,
    },
    http::{
        HeaderMap, Method, Uri,
        header::{CONTENT_TYPE, USER_AGENT},
        request::Parts,
    },
};
use bytes::Bytes;
use room::{NotAnId, bounds::LONGEST_LINE};
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use utoipa::{
    ToSchema,
    openapi::{Required, path::ParameterIn},
};

use super::{
    describe::Takes,
    percent::percent,
    route_doc::{Bounds, Kind, RouteDoc},
};
use crate::{
    app::App,
    db::{
        Page,
        seek::{Anchor, Seek},
    },
    domain::{
        input::{Fields, read_object, unacceptable},
        log::Once,
    },
    error::{Error, Result},
};

impl FromRequestParts<Self> for App {
    type Rejection = Error;

    async fn from_request_parts(_: &mut Parts, app: &Self) -> Result<Self> {
        Ok(app.clone())
    }
}

impl Takes for App {
    fn describe(_: &mut RouteDoc) {}
}

/// How long a body that is held as a whole may take to arrive. It is less than the deadline of the request, so that a
/// slow client is told that its body was too slow and that nothing was changed.
const WHOLE_BODY: Duration = Duration::from_secs(30);
/// How many characters of an unknown parameter's name a refusal repeats.
const NAME_SHOWN: usize = 100;

/// The mark that some programs put before a text in UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A JSON body of a request or of an answer.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        // A form on another site can send `text/plain`, but not `application/json` without the server's consent (CORS).
        if !has_media_type(request.headers(), "application/json") {
            return Err(Error::Http(
                415,
                "the body must be JSON, with the header `Content-Type: application/json`".into(),
            ));
        }
        let body = whole_body(request, app).await?;
        // Some programs write a byte order mark, which a reader may ignore (RFC 8259 §8.1).
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&body);
        let mut json = serde_json::Deserializer::from_slice(body);
        let value = read_object(&mut json).map_err(|refused| {
            if refused.inner().is_data() {
                unacceptable(&refused)
            } else {
                Error::Malformed(format!("the body is not valid JSON: {}", refused.inner()))
            }
        })?;
        // What follows the value, such as a second one, is refused: another reader might take that for the body.
        json.end().map_err(|error| Error::Malformed(format!("the body is not valid JSON: {error}")))?;
        Ok(Self(value))
    }
}

impl<T: ToSchema> Takes for Json<T> {
    fn describe(doc: &mut RouteDoc) {
        doc.takes_json::<T>(Required::True);
    }
}

/// A JSON body that may be left out, together with its media type.
impl<T: DeserializeOwned> OptionalFromRequest<App> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Option<Self>> {
        // A body without a media type is not taken for a missing one: its reason, say, would be lost without a word.
        if !request.headers().contains_key(CONTENT_TYPE) && request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<App>>::from_request(request, app).await.map(Some)
    }
}

impl<T: ToSchema> Takes for Option<Json<T>> {
    fn describe(doc: &mut RouteDoc) {
        doc.takes_json::<T>(Required::False);
    }
}

/// Returns whether the body of a request has this media type, with or without parameters.
pub(super) fn has_media_type(headers: &HeaderMap, media_type: &str) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media_type))
}

/// Reads a body as a whole, of at most the size that the router allows and within [`WHOLE_BODY`].
pub(crate) async fn whole_body(request: Request, app: &App) -> Result<Bytes> {
    let late = |_| {
        let seconds = WHOLE_BODY.as_secs();
        Error::Http(408, format!("the body did not come to its end within {seconds} seconds; nothing was changed"))
    };
    timeout(WHOLE_BODY, Bytes::from_request(request, app)).await.map_err(late)?.map_err(|refused| unread(&refused))
}

fn unread(refused: &BytesRejection) -> Error {
    match refused.status().as_u16() {
        413 => Error::Http(413, "the body is larger than the 1 MiB that a request may have".into()),
        _ => Error::Malformed("the body could not be read to its end".into()),
    }
}

/// The last id of the path. Ids are those of the route's path, in its order; the room's has its own extractor.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T: FromStr<Err = NotAnId> + Send> FromRequestParts<App> for Id<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Error::NotFound("path"))?;
        parse_id(params.iter().last()).map(Self)
    }
}

impl<T> Takes for Id<T> {
    fn describe(_: &mut RouteDoc) {}
}

/// The last two ids of the path, in its order.
#[derive(Debug, Clone, Copy)]
pub struct Ids<A, B>(pub A, pub B);

impl<A, B> FromRequestParts<App> for Ids<A, B>
where
    A: FromStr<Err = NotAnId> + Send,
    B: FromStr<Err = NotAnId> + Send,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Error::NotFound("path"))?;
        let before_last = params.iter().count().saturating_sub(2);
        Ok(Self(parse_id(params.iter().nth(before_last))?, parse_id(params.iter().last())?))
    }
}

impl<A, B> Takes for Ids<A, B> {
    fn describe(_: &mut RouteDoc) {}
}

/// Parses an id of the path. A text that is no UUID gets the answer of an id that does not exist.
fn parse_id<T: FromStr<Err = NotAnId>>(param: Option<(&str, &str)>) -> Result<T> {
    param.map_or("", |(_, id)| id).parse().map_err(|_| Error::NotFound("id: ids are UUIDs"))
}

/// The parameters of a query or the fields of a form: names with values, as they came. Faults are collected, so that a
/// client is told all of them at once.
pub struct Given {
    pairs: HashMap<String, String>,
    fields: Fields,
}

impl Given {
    /// Returns these pairs, with no fault found yet.
    pub(crate) fn new(pairs: HashMap<String, String>) -> Self {
        Self { pairs, fields: Fields::default() }
    }

    /// Reads the pairs as a `T`. Refuses names that it does not know, besides the faults that it finds.
    pub(crate) fn read<T: FromPairs>(mut self) -> Result<T> {
        let value = T::read(&mut self);
        // Each reading takes its pair away. What is left has a name that `T` does not know; a misspelt filter that was
        // passed over would return rows that nobody asked for.
        let Self { pairs, mut fields } = self;
        let known: Vec<_> = T::PARAMETERS.iter().map(|(name, ..)| format!("`{name}`")).collect();
        let mut unknown: Vec<_> = pairs.into_keys().collect();
        // Sorted, because the order of a map changes from run to run.
        unknown.sort();
        let expected = match known.as_slice() {
            [] => "no parameter is".to_owned(),
            known => format!("expected one of {}", known.join(", ")),
        };
        for name in unknown {
            let shown: String = name.chars().take(NAME_SHOWN).collect();
            fields.fault(&shown, format!("is not known; {expected}"));
        }
        fields.done()?;
        Ok(value)
    }

    /// Returns a text as it came, if it was given. The operation that takes it checks its characters and its length.
    pub fn unchecked(&mut self, name: &str) -> Option<String> {
        self.pairs.remove(name)
    }

    /// Whether one of these parameters was given, and not read yet.
    pub fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.pairs.contains_key(*name))
    }

    /// Removes the parameters without a value: a page's form sends all of its fields, also those left blank.
    pub fn forget_blank(&mut self) {
        self.pairs.retain(|_, value| !value.trim().is_empty());
    }

    /// Removes this parameter if it has no value.
    pub fn forget_if_blank(&mut self, name: &str) {
        if self.pairs.get(name).is_some_and(|value| value.trim().is_empty()) {
            self.pairs.remove(name);
        }
    }

    /// Notes that something is wrong with a parameter.
    pub fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.fields.fault(name, message);
    }

    /// Returns a word of a vocabulary, if one was given.
    pub fn word<T: FromStr>(&mut self, name: &str, words: &[&str]) -> Option<T> {
        let text = self.text(name)?;
        let word = text.parse().ok();
        if word.is_none() {
            self.fields.fault(name, format!("must be one of {}", words.join(", ")));
        }
        word
    }

    /// Returns an id, if one was given.
    pub fn id<T: FromStr<Err = NotAnId>>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        let id = text.parse().ok();
        if id.is_none() {
            self.fields.fault(name, "must be a UUID");
        }
        id
    }

    /// Returns a parameter's text, if it was given, of as many characters as a title may have.
    pub fn line(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        if text.chars().count() > LONGEST_LINE {
            self.fields.fault(name, format!("must be at most {LONGEST_LINE} characters long"));
            return None;
        }
        Some(text)
    }

    /// Returns a parameter's text, if it was given: one line without control characters.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let text = self.pairs.remove(name)?;
        // PostgreSQL stores no NUL in a text, and no name, code or address of ours has any of the others.
        if text.chars().any(char::is_control) {
            self.fields.fault(name, "must not contain control characters");
            return None;
        }
        Some(text)
    }

    /// Returns a whole number within its bounds, or its default, or else its least, if it is not given.
    pub fn number(&mut self, name: &str, bounds: Bounds) -> i64 {
        self.optional_number(name, bounds).unwrap_or(bounds.default.unwrap_or(bounds.least))
    }

    /// Returns a whole number within its bounds, if it was given.
    pub fn optional_number(&mut self, name: &str, bounds: Bounds) -> Option<i64> {
        let text = self.text(name)?;
        bounds.parse(&text).map_err(|fault| self.fields.fault(name, fault)).ok()
    }

    /// Returns the position of an entry in a log, if one was given.
    pub fn position(&mut self, name: &str) -> Option<u64> {
        self.optional_number(name, Bounds { least: 0, most: None, default: None }).map(i64::unsigned_abs)
    }

    /// Returns a flag, which is written as `true` or `false`; `false` if it is not given.
    pub fn flag(&mut self, name: &str) -> bool {
        self.text(name).is_some_and(|text| {
            text.parse().unwrap_or_else(|_| {
                self.fields.fault(name, "must be `true` or `false`");
                false
            })
        })
    }

    /// Returns the query as it came without some of its parameters: `?name=value…`, or an empty text.
    pub fn query_without(&self, names: &[&str]) -> String {
        let kept = self.pairs.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        let mut kept: Vec<_> = kept.map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
        kept.sort();
        if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) }
    }

    /// Returns an instant, if one was given.
    pub fn time(&mut self, name: &str) -> Option<room::Time> {
        let text = self.text(name)?;
        self.fields.time(name, &text)
    }

    /// Returns an instant, if one was given, that a field of type `datetime-local` may have sent without an offset: then
    /// it was typed as UTC.
    pub fn time_in_utc(&mut self, name: &str) -> Option<room::Time> {
        let mut text = self.text(name)?;
        if !text.ends_with('Z') && !text.contains('+') {
            text.push('Z');
        }
        self.fields.time(name, &text)
    }
}

/// A value that is read from the parameters of a query, or from the fields of a form.
pub trait FromPairs: Sized {
    /// The names of the parameters, each with its kind and its description.
    const PARAMETERS: &[(&str, Kind, &str)];
    /// The names of the parameters that have to be given.
    const REQUIRED: &[&str] = &[];

    /// Reads the value. Faults are noted in `given`, and make the request fail whatever is returned here.
    fn read(given: &mut Given) -> Self;
}

/// The query of a request. A parameter that the route does not know is refused.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: FromPairs> FromRequestParts<App> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        #[expect(clippy::disallowed_types, reason = "this is the wrapper around it")]
        let given = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| Error::Malformed("the query cannot be read: it is not form-encoded".into()))?
            .0;
        let mut pairs = HashMap::new();
        let mut fields = Fields::default();
        // Of a parameter that is given twice, some readers take the first and some the last.
        for (name, value) in given {
            if pairs.insert(name.clone(), value).is_some() {
                fields.fault(&name, "is given twice");
            }
        }
        fields.done()?;
        Given::new(pairs).read().map(Self)
    }
}

impl<T: FromPairs> Takes for Query<T> {
    fn describe(doc: &mut RouteDoc) {
        for (name, kind, says) in T::PARAMETERS {
            if T::REQUIRED.contains(name) {
                doc.required_parameter(ParameterIn::Query, name, *kind, says);
            } else {
                doc.parameter(ParameterIn::Query, name, *kind, says);
            }
        }
        doc.refuses(&["400", "422"]);
    }
}

/// The name that the client gives itself (`User-Agent`).
#[derive(Debug, Clone)]
pub struct UserAgent(pub Option<String>);

impl FromRequestParts<App> for UserAgent {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        let name = parts.headers.get(USER_AGENT);
        Ok(Self(name.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned())))
    }
}

impl Takes for UserAgent {
    fn describe(_: &mut RouteDoc) {}
}

/// The part of a list that is requested, by `limit` and `offset`.
#[derive(Debug, Clone, Copy)]
pub struct Paging(pub Page);

impl Paging {
    const LIMIT: Bounds = Bounds { least: 1, most: Some(100), default: Some(20) };
    const OFFSET: Bounds = Bounds { least: 0, most: None, default: Some(0) };
}

impl FromPairs for Paging {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("limit", Kind::Number(Self::LIMIT), "Rows at most"),
        ("offset", Kind::Number(Self::OFFSET), "Rows to pass over"),
    ];

    fn read(given: &mut Given) -> Self {
        Self(Page { limit: given.number("limit", Self::LIMIT), offset: given.number("offset", Self::OFFSET) })
    }
}

/// The part of a list that is requested by the last row that was seen, or by `offset`.
#[derive(Debug, Clone)]
pub struct Seeking(pub Seek);

impl Seeking {
    /// The parameters that say which part, and no filter.
    pub const PART: &[&str] = &["limit", "offset", "after", "before"];

    /// Reads the part, and returns it with the other parameters as they came, for the links to the list's other parts.
    pub fn read_with_filter(given: &mut Given) -> (Seek, String) {
        // The filter first, since reading a parameter takes it away.
        let filter_query = given.query_without(Self::PART);
        let Self(seek) = Self::read(given);
        (seek, filter_query)
    }

    /// Reads the row to read on from, for a list whose `page` is read by itself.
    pub fn read_from(given: &mut Given, page: Page) -> Seek {
        let after = given.id("after").map(|id: room::EntryId| Anchor::After(id.to_string()));
        let before = given.id("before").map(|id: room::EntryId| Anchor::Before(id.to_string()));
        if after.is_some() && (before.is_some() || page.offset > 0) {
            given.fault("after", "must not be given together with `before` or `offset`");
        } else if before.is_some() && page.offset > 0 {
            given.fault("before", "must not be given together with `offset`");
        }
        Seek { page, from: after.or(before) }
    }
}

impl FromPairs for Seeking {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Paging::PARAMETERS[0],
        Paging::PARAMETERS[1],
        ("after", Kind::Id, "Only rows that follow the one with this id, whatever came or went meanwhile"),
        ("before", Kind::Id, "Only rows right before the one with this id"),
    ];

    fn read(given: &mut Given) -> Self {
        let Paging(page) = Paging::read(given);
        Self(Self::read_from(given, page))
    }
}

/// The most characters of an `Idempotency-Key`.
const LONGEST_KEY: usize = 255;
/// The pattern of an `Idempotency-Key`. It begins and ends with a visible character, since blanks around the value of a
/// header are not part of it.
const KEY: &str = "^[!-~]([ -~]{0,253}[!-~])?$";

/// Returns whether a text can be an idempotency key.
pub(super) fn is_key(text: &str) -> bool {
    (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Returns the method and path of a request, for which alone a key counts: the same key at another route is another
/// request, not a repetition.
pub(super) fn target_of(method: &Method, uri: &Uri) -> String {
    format!("{method} {}", uri.path())
}

/// The header `Idempotency-Key`, with the method and path that it is bound to.
impl OptionalFromRequestParts<App> for Once {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Option<Self>> {
        let Some(key) = parts.headers.get("idempotency-key") else { return Ok(None) };
        let key = key.to_str().ok().filter(|key| is_key(key));
        let key = key.ok_or_else(|| {
            Error::field("Idempotency-Key", format!("must be 1 to {LONGEST_KEY} printable ASCII characters"))
        })?;
        Ok(Some(Self { key: key.to_owned(), target: target_of(&parts.method, &parts.uri) }))
    }
}

impl Takes for Option<Once> {
    fn describe(doc: &mut RouteDoc) {
        let says = "The same key and body within a day make nothing new and give the same answer";
        doc.parameter(ParameterIn::Header, "Idempotency-Key", Kind::Pattern(KEY), says);
        doc.refuses(&["409", "422"]);
    }
}

/// `Prefer: wait=N` (RFC 7240 §4.3): how long the answer may wait for the work to be done.
#[derive(Debug, Clone, Copy)]
pub struct Wait(pub Option<Duration>);

impl Wait {
    /// The longest wait, in seconds: half of the deadline of a request.
    pub const MOST: u64 = 30;
}

impl FromRequestParts<App> for Wait {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        // A preference that cannot be understood is ignored, not refused (RFC 7240 §2).
        let preferences = parts.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        let wait = preferences.flat_map(|value| value.split([',', ';'])).find_map(|preference| {
            let (name, seconds) = preference.split_once('=')?;
            if name.trim().eq_ignore_ascii_case("wait") {
                seconds.trim().trim_matches('"').parse::<u64>().ok()
            } else {
                None
            }
        });
        Ok(Self(wait.map(|seconds| Duration::from_secs(seconds.min(Self::MOST)))))
    }
}

impl Takes for Wait {
    fn describe(doc: &mut RouteDoc) {
        let says = "`wait=N`: wait up to N seconds, 30 at most, for the file (RFC 7240)";
        doc.parameter(ParameterIn::Header, "Prefer", Kind::Text, says);
        doc.header("201", "Preference-Applied", Kind::Text, "The preference that was followed: `wait=N`");
    }
}
