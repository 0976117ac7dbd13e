//! A preview as an answer: a picture of a page, or nothing if the client has it already (`ETag`).

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use room::UserId;
use utoipa::openapi::{Content, path::ParameterIn};

use super::{
    caller,
    describe::{Answers, Takes},
    download::{SANDBOX, is_known},
    extract::{FromPairs, Given, Query},
    route_doc::{Bounds, Kind, RouteDoc},
};
use crate::{
    app::App,
    domain::downloads::previews::{Drawn, Previewable, View},
    error::{Error, Result},
};

/// How many pages the file has that one of them is shown of.
const PAGES: HeaderName = HeaderName::from_static("x-page-count");

/// The part of a request that decides how a preview is answered: the view, the method and the conditional headers.
#[derive(Debug)]
pub struct Preview {
    view: View,
    head: bool,
    headers: HeaderMap,
}

impl Preview {
    /// Returns the answer with the preview of this file for this account, logged by `log` if it is sent.
    pub async fn answer(
        self,
        app: &App,
        (file, account): (Previewable, UserId),
        log: impl AsyncFnOnce(View) -> Result<()>,
    ) -> Result<PreviewAnswer> {
        let etag = format!("\"{}\"", file.tag(self.view));
        if is_known(&self.headers, &etag) {
            return Ok(PreviewAnswer { etag, drawn: None });
        }
        // Draw before logging, log before sending: a file that cannot be drawn shows nothing and has no entry, and
        // nothing is shown that has none. A `HEAD` shows nothing either.
        let drawn = file.draw(app, account, self.view).await?;
        if !self.head {
            log(self.view).await?;
        }
        Ok(PreviewAnswer { etag, drawn: Some(drawn) })
    }
}

impl FromRequestParts<App> for Preview {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        // A preview is logged in the name of the caller: another site must not cause it with an `<img>`.
        caller::refuse_foreign_links(&parts.headers)?;
        let Query(ViewQuery(view)) = Query::from_request_parts(parts, app).await?;
        Ok(Self { view, head: parts.method == Method::HEAD, headers: parts.headers.clone() })
    }
}

impl Takes for Preview {
    fn describe(doc: &mut RouteDoc) {
        <Query<ViewQuery> as Takes>::describe(doc);
        doc.parameter(ParameterIn::Header, "If-None-Match", Kind::Text, "The `ETag` of a copy one has");
    }
}

/// The query that says which page is shown, and how large.
struct ViewQuery(View);

impl ViewQuery {
    const PAGE: Bounds = Bounds { least: 1, most: Some(100_000), default: Some(1) };
    const ZOOM: Bounds = Bounds { least: 1, most: Some(View::CLOSEST as i64), default: Some(1) };
}

impl FromPairs for ViewQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("page", Kind::Number(Self::PAGE), "The page, counted from 1"),
        ("zoom", Kind::Number(Self::ZOOM), "How large: 1, or 2 to read what is small"),
    ];

    fn read(given: &mut Given) -> Self {
        let (page, zoom) = (given.number("page", Self::PAGE), given.number("zoom", Self::ZOOM));
        Self(View { page: u32::try_from(page).unwrap_or(1), zoom: u16::try_from(zoom).unwrap_or(1) })
    }
}

/// A picture, or `304` if the client has it already.
pub struct PreviewAnswer {
    etag: String,
    drawn: Option<Drawn>,
}

impl IntoResponse for PreviewAnswer {
    fn into_response(self) -> Response {
        let mut response = match self.drawn {
            Some(Drawn { png, pages }) => {
                ([(CONTENT_TYPE, HeaderValue::from_static("image/png")), (PAGES, pages.into())], png).into_response()
            }
            None => StatusCode::NOT_MODIFIED.into_response(),
        };
        let headers = response.headers_mut();
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            headers.insert(ETAG, etag);
        }
        // No `Cache-Control` here: the `no-store` of every answer holds, so that a browser does not keep a picture that
        // its user may no longer see. A client that keeps it all the same can ask with its `ETag`.
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
        response
    }
}

impl Answers for PreviewAnswer {
    fn describe(doc: &mut RouteDoc) {
        doc.answers("200", "The page, as a picture", [("image/png", Content::default())]);
        doc.header("200", "X-Page-Count", Kind::COUNT, "How many pages the file has");
        doc.answers("304", "The client has it", []);
        for status in ["200", "304"] {
            doc.header(status, "ETag", Kind::Text, "What the preview is known by, in quotes");
        }
        doc.refuses(&["409", "429"]);
    }
}
