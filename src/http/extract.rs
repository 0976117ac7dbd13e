//! What handlers take from a request; each refusal is one of our errors and names the field.

use std::{collections::HashMap, str::FromStr, time::Duration};

use axum::{
    body::HttpBody as _,
    extract::{
        FromRequest, FromRequestParts, OptionalFromRequest, OptionalFromRequestParts, RawPathParams, Request,
        rejection::BytesRejection,
    },
    http::{
        HeaderMap,
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
    db::Page,
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

/// A body that is held in whole has come by then. It is less than the time that the whole request has, so that who is
/// slow is told so, and that nothing was done.
const IN_WHOLE: Duration = Duration::from_secs(30);
/// The characters that a refusal repeats of a parameter's name.
const NAME_SHOWN: usize = 100;

/// A JSON body: of a request, or of an answer.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        if !is_json(request.headers()) {
            return Err(Error::Http(
                415,
                "the body must be JSON, with the header `Content-Type: application/json`".into(),
            ));
        }
        let body = whole_body(request, app).await?;
        let mut json = serde_json::Deserializer::from_slice(&body);
        let value = read_object(&mut json).map_err(|refused| {
            if refused.inner().is_data() {
                unacceptable(&refused)
            } else {
                Error::Malformed(format!("the body is not valid JSON: {}", refused.inner()))
            }
        })?;
        json.end().map_err(|error| Error::Malformed(format!("the body is not valid JSON: {error}")))?;
        Ok(Self(value))
    }
}

impl<T: ToSchema> Takes for Json<T> {
    fn describe(doc: &mut RouteDoc) {
        doc.takes_json::<T>(Required::True);
    }
}

/// A body that may be left out, with its media type.
impl<T: DeserializeOwned> OptionalFromRequest<App> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Option<Self>> {
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

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads a body that is small enough to be held.
pub(crate) async fn whole_body(request: Request, app: &App) -> Result<Bytes> {
    let late = |_| {
        let seconds = IN_WHOLE.as_secs();
        Error::Http(408, format!("the body did not come to its end within {seconds} seconds; nothing was changed"))
    };
    timeout(IN_WHOLE, Bytes::from_request(request, app)).await.map_err(late)?.map_err(|refused| unread(&refused))
}

fn unread(refused: &BytesRejection) -> Error {
    match refused.status().as_u16() {
        413 => Error::Http(413, "the body is larger than the 1 MiB that a request may have".into()),
        _ => Error::Malformed("the body could not be read to its end".into()),
    }
}

/// The last id of the path.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T: FromStr<Err = NotAnId> + Send> FromRequestParts<App> for Id<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Error::NotFound("path"))?;
        id(params.iter().last()).map(Self)
    }
}

impl<T> Takes for Id<T> {
    fn describe(_: &mut RouteDoc) {}
}

/// The last two ids of the path.
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
        Ok(Self(id(params.iter().nth(before_last))?, id(params.iter().last())?))
    }
}

impl<A, B> Takes for Ids<A, B> {
    fn describe(_: &mut RouteDoc) {}
}

fn id<T: FromStr<Err = NotAnId>>(param: Option<(&str, &str)>) -> Result<T> {
    param.map_or("", |(_, id)| id).parse().map_err(|_| Error::NotFound("id: ids are UUIDs"))
}

/// Names with values, as they came: of a query, or of a form.
pub struct Given {
    pairs: HashMap<String, String>,
    fields: Fields,
}

impl Given {
    /// These pairs.
    pub(crate) fn new(pairs: HashMap<String, String>) -> Self {
        Self { pairs, fields: Fields::default() }
    }

    /// Reads them as a `T`; a name that it does not know is refused.
    pub(crate) fn read<T: FromPairs>(mut self) -> Result<T> {
        let value = T::read(&mut self);
        let Self { pairs, mut fields } = self;
        let known: Vec<_> = T::PARAMETERS.iter().map(|(name, ..)| format!("`{name}`")).collect();
        let mut unknown: Vec<_> = pairs.into_keys().collect();
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

    /// A text of any characters, if it was given: whoever takes it checks it.
    pub fn unchecked(&mut self, name: &str) -> Option<String> {
        self.pairs.remove(name)
    }

    /// Forgets the parameters without a value: a page's form sends each of its fields, whether it was filled or not.
    pub fn forget_blank(&mut self) {
        self.pairs.retain(|_, value| !value.trim().is_empty());
    }

    /// Forgets a parameter without a value.
    pub fn forget_if_blank(&mut self, name: &str) {
        if self.pairs.get(name).is_some_and(|value| value.trim().is_empty()) {
            self.pairs.remove(name);
        }
    }

    /// Notes what is wrong with a parameter.
    pub fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.fields.fault(name, message);
    }

    /// A word of a vocabulary, if one was given.
    pub fn word<T: FromStr>(&mut self, name: &str, words: &[&str]) -> Option<T> {
        let text = self.text(name)?;
        let word = text.parse().ok();
        if word.is_none() {
            self.fields.fault(name, format!("must be one of {}", words.join(", ")));
        }
        word
    }

    /// An id, if one was given.
    pub fn id<T: FromStr<Err = NotAnId>>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        let id = text.parse().ok();
        if id.is_none() {
            self.fields.fault(name, "must be a UUID");
        }
        id
    }

    /// A parameter's text of as many characters as a title may have, if it was given.
    pub fn line(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        if text.chars().count() > LONGEST_LINE {
            self.fields.fault(name, format!("must be at most {LONGEST_LINE} characters long"));
            return None;
        }
        Some(text)
    }

    /// A parameter's text, if it was given: a line without control characters.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let text = self.pairs.remove(name)?;
        // PostgreSQL has no NUL in a text, and nothing of ours any of the others.
        if text.chars().any(char::is_control) {
            self.fields.fault(name, "must not contain control characters");
            return None;
        }
        Some(text)
    }

    /// A whole number within its bounds; its default, or the least, where it is not given.
    pub fn number(&mut self, name: &str, bounds: Bounds) -> i64 {
        self.optional_number(name, bounds).unwrap_or(bounds.default.unwrap_or(bounds.least))
    }

    /// A whole number within its bounds, if it was given.
    pub fn optional_number(&mut self, name: &str, bounds: Bounds) -> Option<i64> {
        let text = self.text(name)?;
        bounds.read(&text).map_err(|fault| self.fields.fault(name, fault)).ok()
    }

    /// `true` or `false`; false where it is not given.
    pub fn flag(&mut self, name: &str) -> bool {
        self.text(name).is_some_and(|text| {
            text.parse().unwrap_or_else(|_| {
                self.fields.fault(name, "must be `true` or `false`");
                false
            })
        })
    }

    /// The query as it came, less some parameters: `?name=value…`, or nothing.
    pub fn query_without(&self, names: &[&str]) -> String {
        let kept = self.pairs.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        let mut kept: Vec<_> = kept.map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
        kept.sort();
        if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) }
    }

    /// An instant.
    pub fn time(&mut self, name: &str) -> Option<room::Time> {
        let text = self.text(name)?;
        self.fields.time(name, &text)
    }
}

/// What names with values say, read and checked.
pub trait FromPairs: Sized {
    /// Names, kinds and meanings.
    const PARAMETERS: &[(&str, Kind, &str)];
    /// Those of them that have to be given.
    const REQUIRED: &[&str] = &[];

    /// Reads them; faults are noted in `given`.
    fn read(given: &mut Given) -> Self;
}

/// The query of a request; a parameter that the route does not know is refused.
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

/// What the client calls itself (`User-Agent`).
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

/// Which part of a list is asked for.
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

/// The longest that an `Idempotency-Key` may be.
const LONGEST_KEY: usize = 255;
/// What it may be; the blanks around a header's value are no part of it.
const KEY: &str = "^[!-~]([ -~]{0,253}[!-~])?$";

/// `Idempotency-Key`.
impl OptionalFromRequestParts<App> for Once {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Option<Self>> {
        let Some(key) = parts.headers.get("idempotency-key") else { return Ok(None) };
        let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY);
        let key = key.ok_or_else(|| {
            Error::field("Idempotency-Key", format!("must be 1 to {LONGEST_KEY} printable ASCII characters"))
        })?;
        Ok(Some(Self { key: key.to_owned(), target: format!("{} {}", parts.method, parts.uri.path()) }))
    }
}

impl Takes for Option<Once> {
    fn describe(doc: &mut RouteDoc) {
        let says = "The same key and body within a day make nothing new and give the same answer";
        doc.parameter(ParameterIn::Header, "Idempotency-Key", Kind::Pattern(KEY), says);
        doc.refuses(&["409", "422"]);
    }
}

/// `Prefer: wait=N` (RFC 7240): how long the answer may wait for the work to be done.
#[derive(Debug, Clone, Copy)]
pub struct Wait(pub Option<Duration>);

impl Wait {
    /// Nobody waits longer than this, in seconds.
    pub const MOST: u64 = 30;
}

impl FromRequestParts<App> for Wait {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
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
