//! A preview as an answer: a picture, or nothing if the client has it already (`ETag`).

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG},
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
    route_doc::{Kind, RouteDoc},
};
use crate::{
    app::App,
    domain::downloads::previews::Previewable,
    error::{Error, Result},
};

/// The part of a request that decides how a preview is answered: its method and its conditional headers.
#[derive(Debug)]
pub struct Preview {
    head: bool,
    headers: HeaderMap,
}

impl Preview {
    /// Returns the answer with the preview of this file for this account, logged by `log` if it is sent.
    pub async fn answer(
        self,
        app: &App,
        (file, account): (Previewable, UserId),
        log: impl AsyncFnOnce() -> Result<()>,
    ) -> Result<PreviewAnswer> {
        let etag = format!("\"{}\"", file.tag());
        if is_known(&self.headers, &etag) {
            return Ok(PreviewAnswer { etag, picture: None });
        }
        // Draw before logging, log before sending: a file that cannot be drawn shows nothing and has no entry, and
        // nothing is shown that has none. A `HEAD` shows nothing either.
        let picture = file.draw(app, account).await?;
        if !self.head {
            log().await?;
        }
        Ok(PreviewAnswer { etag, picture: Some(picture) })
    }
}

impl FromRequestParts<App> for Preview {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        // A preview is logged in the name of the caller: another site must not cause it with an `<img>`.
        caller::refuse_foreign_links(&parts.headers)?;
        Ok(Self { head: parts.method == Method::HEAD, headers: parts.headers.clone() })
    }
}

impl Takes for Preview {
    fn describe(doc: &mut RouteDoc) {
        doc.parameter(ParameterIn::Header, "If-None-Match", Kind::Text, "The `ETag` of a copy one has");
    }
}

/// A picture, or `304` if the client has it already.
pub struct PreviewAnswer {
    etag: String,
    picture: Option<Vec<u8>>,
}

impl IntoResponse for PreviewAnswer {
    fn into_response(self) -> Response {
        let mut response = match self.picture {
            Some(picture) => ([(CONTENT_TYPE, "image/png")], picture).into_response(),
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
        doc.answers("200", "The first page, as a picture", [("image/png", Content::default())]);
        doc.answers("304", "The client has it", []);
        for status in ["200", "304"] {
            doc.header(status, "ETag", Kind::Text, "What the preview is known by, in quotes");
        }
        doc.refuses(&["409", "429"]);
    }
}
