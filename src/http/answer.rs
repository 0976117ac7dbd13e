//! The answers that handlers give, as types that describe themselves: JSON, a new resource, a part of a list, nothing.

use axum::{
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, LINK, LOCATION},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Json, Kind, describe::Answers, route_doc::RouteDoc};
use crate::{
    db::{
        Page,
        seek::{Found, Seek},
    },
    error::Error,
    portion::MOST_BYTES,
};

/// The header with the number of rows that a list has in all.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: ToSchema> Answers for Json<T> {
    fn describe(doc: &mut RouteDoc) {
        doc.answers_json::<T>("200", "As asked");
    }
}

/// `201` with a new resource, and its path in `Location`.
pub struct Created<T> {
    location: String,
    body: T,
    preference_applied: Option<String>,
}

impl<T> Created<T> {
    /// Returns the answer for a resource that was made at this path under the API's base.
    pub fn at(path: &str, body: T) -> Self {
        Self { location: format!("{}{path}", super::access::BASE), body, preference_applied: None }
    }

    /// Adds the preference of the request that was followed (RFC 7240 §3).
    #[must_use]
    pub fn preferring(mut self, preference: Option<String>) -> Self {
        self.preference_applied = preference;
        self
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.body)).into_response();
        set(&mut response, LOCATION, &self.location);
        if let Some(preference) = self.preference_applied {
            set(&mut response, HeaderName::from_static("preference-applied"), &preference);
        }
        response
    }
}

impl<T: ToSchema> Answers for Created<T> {
    fn describe(doc: &mut RouteDoc) {
        doc.answers_json::<T>("201", "Made");
        doc.header("201", "Location", Kind::Text, "Where it is");
    }
}

/// A part of a list, with the list's total and with links to the parts beside it (RFC 8288).
///
/// It has fewer rows than were requested if these would be larger than [`MOST_BYTES`] together, since people can write
/// thousands of characters into a row. The link to the next part begins where this one was cut.
pub struct Listed<T> {
    rows: Vec<T>,
    total: i64,
    page: Page,
    path: String,
    /// The ids of the rows, and the most rows that were asked for, if the links lead on from rows.
    ids: Option<(Vec<String>, i64)>,
}

impl<T> Listed<T> {
    /// Makes a part of rows that the database has cut already. `path` is that of the request, with its query except for
    /// `limit` and `offset`.
    pub fn new(rows: Vec<T>, total: i64, page: Page, path: String) -> Self {
        Self { rows, total, page, path, ids: None }
    }

    /// Makes a part of a list that may grow or shrink while it is read: the links lead on from its first and last row, and
    /// not by a number of rows. `id` returns the id of a row, `view` what is sent of it.
    pub fn found<R>(
        (rows, total, page): Found<R>,
        seek: &Seek,
        path: String,
        id: impl Fn(&R) -> String,
        view: impl FnMut(R) -> T,
    ) -> Self {
        let ids = Some((rows.iter().map(id).collect(), seek.page.limit));
        Self { rows: rows.into_iter().map(view).collect(), total, page, path, ids }
    }

    /// Cuts a part out of rows of which all are at hand.
    pub fn part_of(rows: Vec<T>, page: Page, path: String) -> Self {
        let count = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let rows = rows.into_iter().skip(count(page.offset)).take(count(page.limit)).collect();
        Self::new(rows, total, page, path)
    }

    /// Returns the links to the parts before and after these rows, of which the first `shown` are sent.
    fn links(&self, shown: usize) -> String {
        let Page { limit, offset } = self.page;
        let limit = self.ids.as_ref().map_or(limit, |(_, asked)| *asked);
        let joint = if self.path.contains('?') { '&' } else { '?' };
        let link_to = |part: &str, relation: &str| {
            format!("<{}{}{joint}limit={limit}&{part}>; rel=\"{relation}\"", super::access::BASE, self.path)
        };
        if let Some((ids, _)) = self.ids.as_ref().filter(|(ids, _)| !ids.is_empty()) {
            let previous = ids.first().filter(|_| offset > 0).map(|id| link_to(&format!("before={id}"), "prev"));
            let reached = offset.saturating_add(i64::try_from(shown).unwrap_or(i64::MAX));
            let last = shown.checked_sub(1).and_then(|last| ids.get(last)).filter(|_| reached < self.total);
            let next = last.map(|id| link_to(&format!("after={id}"), "next"));
            return previous.into_iter().chain(next).collect::<Vec<_>>().join(", ");
        }
        let link = |offset: i64, relation| link_to(&format!("offset={offset}"), relation);
        let previous = (offset > 0).then(|| link((offset - limit).max(0), "prev"));
        // If rows were cut for their size, the next part begins with the first of those, not a whole `limit` further
        // on.
        let shown = if shown < self.rows.len() { i64::try_from(shown).unwrap_or(limit) } else { limit };
        let next = (offset.saturating_add(shown) < self.total).then(|| link(offset + shown, "next"));
        previous.into_iter().chain(next).collect::<Vec<_>>().join(", ")
    }
}

/// Writes as many of the first rows as an answer may hold, and at least one. Returns the body and the number of rows.
fn write_rows(rows: &[impl Serialize]) -> serde_json::Result<(Vec<u8>, usize)> {
    let mut body = b"[".to_vec();
    for (shown, row) in rows.iter().enumerate() {
        let before = body.len();
        if shown > 0 {
            body.push(b',');
        }
        serde_json::to_writer(&mut body, row)?;
        // The first row is sent however large it is: a part without rows would link to itself as the next one.
        if shown > 0 && body.len() > MOST_BYTES {
            body.truncate(before);
            body.push(b']');
            return Ok((body, shown));
        }
    }
    body.push(b']');
    Ok((body, rows.len()))
}

impl<T: Serialize> IntoResponse for Listed<T> {
    fn into_response(self) -> Response {
        let (body, shown) = match write_rows(&self.rows) {
            Ok(written) => written,
            Err(error) => return Error::internal(format!("a list cannot be written: {error}")).into_response(),
        };
        let links = self.links(shown);
        let mut response = ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response();
        set(&mut response, TOTAL, &self.total.to_string());
        if !links.is_empty() {
            set(&mut response, LINK, &links);
        }
        response
    }
}

impl<T: ToSchema> Answers for Listed<T> {
    fn describe(doc: &mut RouteDoc) {
        doc.answers_list::<T>("A part of the list: fewer rows than asked for where they would be too large together");
        doc.header("200", "X-Total-Count", Kind::COUNT, "How many rows the list has in all");
        doc.header("200", "Link", Kind::Text, "The parts before and after this one: `prev`, `next` (RFC 8288)");
    }
}

/// `200` if it was done; `202` if it was only requested, and another admin has still to confirm it.
pub enum DoneOrRequested<D, R> {
    /// It was done, with this answer.
    Done(D),
    /// It was requested, with this answer.
    Requested(R),
}

impl<D: IntoResponse, R: Serialize> IntoResponse for DoneOrRequested<D, R> {
    fn into_response(self) -> Response {
        match self {
            Self::Done(done) => done.into_response(),
            Self::Requested(request) => (StatusCode::ACCEPTED, Json(request)).into_response(),
        }
    }
}

impl<D: Answers, R: ToSchema> Answers for DoneOrRequested<D, R> {
    fn describe(doc: &mut RouteDoc) {
        D::describe(doc);
        doc.answers_json::<R>("202", "Asked for: another admin has to confirm it within a day");
    }
}

/// `204`, an answer without a body.
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl Answers for NoContent {
    fn describe(doc: &mut RouteDoc) {
        doc.answers("204", "Done", []);
    }
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    // A link or a total that is left out would look like the end of the list: the request fails instead.
    match HeaderValue::from_str(value) {
        Ok(value) => {
            response.headers_mut().insert(name, value);
        }
        Err(_) => *response = Error::internal(format!("a header that cannot be sent: {name}")).into_response(),
    }
}
