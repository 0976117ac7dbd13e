//! Conditional changes (RFC 9110 §13.1.1): the tag of what can be edited goes with each answer that shows it, and comes
//! back in `If-Match`.

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderValue,
        header::{ETAG, IF_MATCH},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::{ToSchema, openapi::path::ParameterIn};

use super::{
    Json, Kind,
    describe::{Answers, Takes},
    route_doc::RouteDoc,
};
use crate::{
    app::App,
    domain::input::{Basis, Tag},
    error::{Error, Result},
};

/// The pattern of `If-Match`: `*`, or tags between quotation marks, with commas between them.
const TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*)$"#;

/// The header `If-Match`: what the caller has seen of what they change. Without it, and with `*`, whatever there is.
#[derive(Debug)]
pub struct IfMatch(pub Basis);

impl FromRequestParts<App> for IfMatch {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        let given = parts.headers.get_all(IF_MATCH).iter().map(HeaderValue::to_str);
        let given: Vec<_> = given.collect::<std::result::Result<_, _>>().map_err(|_| unreadable())?;
        if given.is_empty() || given == ["*"] {
            return Ok(Self(Basis::Anything));
        }
        strong_tags(&given.join(",")).map(Basis::Tags).map(Self).ok_or_else(unreadable)
    }
}

fn unreadable() -> Error {
    Error::field("If-Match", "must be `*` or an `ETag` as it came, such as `\"d41d8cd98f00b204e9800998ecf8427e\"`")
}

/// Returns the strong tags of a list. A weak one is passed over: it never matches (RFC 9110 §13.1.1).
fn strong_tags(list: &str) -> Option<Vec<Tag>> {
    let (mut tags, mut rest) = (Vec::new(), list);
    loop {
        rest = rest.trim_matches([' ', '\t']);
        let quoted = rest.strip_prefix("W/").unwrap_or(rest);
        let (tag, after) = quoted.strip_prefix('"')?.split_once('"')?;
        if !tag.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        if quoted.len() == rest.len() {
            tags.push(Tag::named(tag));
        }
        let after = after.trim_start_matches([' ', '\t']);
        if after.is_empty() {
            return Some(tags);
        }
        rest = after.strip_prefix(',')?;
    }
}

impl Takes for IfMatch {
    fn describe(doc: &mut RouteDoc) {
        let says = "The `ETag` of what is changed, as it was seen: refused with `412` if somebody has edited it since";
        doc.parameter(ParameterIn::Header, "If-Match", Kind::Pattern(TAGS), says);
        doc.refuses(&["412", "422"]);
    }
}

/// A JSON body with the tag of what can be edited in it.
#[derive(Debug)]
pub struct Tagged<T>(pub Tag, pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let Self(tag, body) = self;
        let mut response = Json(body).into_response();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", tag.text())) {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }
}

impl<T: ToSchema> Answers for Tagged<T> {
    fn describe(doc: &mut RouteDoc) {
        doc.answers_json::<T>("200", "As asked");
        let says = "Names the state of what can be edited, for `If-Match`; nothing else changes it";
        doc.header("200", "ETag", Kind::Text, says);
    }
}
