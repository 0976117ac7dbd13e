//! An answer of Server-Sent Events (HTML standard), and the position from which a client wants them.

use std::convert::Infallible;

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, header::CONTENT_TYPE, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream::BoxStream};
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::{Content, path::ParameterIn};

use super::{
    FromPairs, Given, Kind, Query,
    describe::{Answers, Takes},
    problem::sentence,
    route_doc::{Bounds, RouteDoc},
};
use crate::{
    app::App,
    error::{Error, Result},
};

const LAST_EVENT_ID: &str = "Last-Event-ID";
/// The bounds of an entry's position; -1 is before the first entry.
const POSITION: Bounds = Bounds { least: -1, most: None, default: None };
/// How long a client is to wait before it connects again, in milliseconds.
const RETRY_MS: u32 = 3_000;

/// A comment, which clients ignore. By sending it, the server sees that the client is still there, and the other way
/// round.
pub const HEARTBEAT: &str = ":\n\n";

/// Returns what a client is sent first: when to connect again, and the position from which it goes on then.
pub fn greeting(position: i64) -> String {
    // The id comes at once, before any event: a client that is cut off now would otherwise come back without a
    // position, and miss what happens in between.
    format!(": connected\nretry: {RETRY_MS}\nid: {position}\n\n")
}

/// Returns an event. The position of the last event that had one is where a client goes on when it connects again.
pub fn event(name: &str, position: Option<i64>, data: &impl Serialize) -> Result<String> {
    // One `data:` line is enough: JSON that is not pretty-printed has no line breaks, since those in texts are escaped.
    let data = serde_json::to_string(data).map_err(|error| Error::internal(format!("an event: {error}")))?;
    let id = position.map(|position| format!("id: {position}\n")).unwrap_or_default();
    Ok(format!("event: {name}\n{id}data: {data}\n\n"))
}

/// Returns the last event, which says why there are no more, in the words of a problem. A client must not connect
/// again.
pub fn end(why: &Error) -> Result<String> {
    event("end", None, &json!({ "code": why.status().1, "detail": sentence(&why.detail()) }))
}

/// The position after which a client wants events: that of the last event that it has seen, or the one in its query.
/// `None` if it wants what happens from now on.
#[derive(Debug, Clone, Copy)]
pub struct After(pub Option<i64>);

/// The query of a stream of events.
struct AfterQuery(Option<i64>);

impl FromPairs for AfterQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[(
        "after",
        Kind::Number(POSITION),
        "Begin with the entry after this position, -1 for the first; without it, and without `Last-Event-ID`, with \
         what happens from now on",
    )];

    fn read(given: &mut Given) -> Self {
        Self(given.optional_number("after", POSITION))
    }
}

impl FromRequestParts<App> for After {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let Query(AfterQuery(after)) = Query::from_request_parts(parts, app).await?;
        // The header counts before the query: a browser connects again to the same URL, whose `after` is outdated by
        // then.
        let Some(seen) = parts.headers.get(LAST_EVENT_ID) else { return Ok(Self(after)) };
        let seen = POSITION.parse(seen.to_str().unwrap_or_default());
        Ok(Self(Some(seen.map_err(|fault| Error::field(LAST_EVENT_ID, fault))?)))
    }
}

impl Takes for After {
    fn describe(doc: &mut RouteDoc) {
        Query::<AfterQuery>::describe(doc);
        let says = "Go on after this event; it counts before `after`. One beyond the log's end is taken for its end";
        doc.parameter(ParameterIn::Header, LAST_EVENT_ID, Kind::Number(POSITION), says);
    }
}

/// Events in the text form of the standard, sent as they come.
pub struct EventStream(pub BoxStream<'static, String>);

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from_stream(self.0.map(Ok::<_, Infallible>)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        // nginx and others collect an answer before they pass it on; this header asks them not to.
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        response
    }
}

impl Answers for EventStream {
    fn describe(doc: &mut RouteDoc) {
        let says = "`entry`: an entry of the log, as `activities` lists it, with its position as id. `progress`: how far \
                    a snapshot's file is (`snapshot_id`, `status`, `progress` in percent), without an id. `end`: the \
                    session or the room is closed to the client (`code`, `detail`), who does not come again; after \
                    any other end it does, with `Last-Event-ID`. A comment comes every 15 seconds";
        doc.answers("200", says, [("text/event-stream", Content::default())]);
        doc.header("200", "X-Accel-Buffering", Kind::Text, "`no`");
    }
}
