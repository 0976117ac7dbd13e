//! A preview as an answer: a picture, or nothing where the client has it (`ETag`).

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
    download::is_known,
    route_doc::{Kind, RouteDoc},
};
use crate::{
    app::App,
    domain::downloads::previews::Previewable,
    error::{Error, Result},
};

/// What a client says of the preview it wants.
#[derive(Debug)]
pub struct Preview {
    head: bool,
    headers: HeaderMap,
}

impl Preview {
    /// Answers with the preview of this file. What is sent is drawn first, then logged; a preview that cannot be drawn
    /// shows nothing, and has no entry.
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
        caller::refuse_links_elsewhere(&parts.headers)?;
        Ok(Self { head: parts.method == Method::HEAD, headers: parts.headers.clone() })
    }
}

impl Takes for Preview {
    fn describe(doc: &mut RouteDoc) {
        doc.parameter(ParameterIn::Header, "If-None-Match", Kind::Text, "The `ETag` of a copy one has");
    }
}

/// A picture; none where the client has it.
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
        // A browser is not to keep what its user may not see any more: `no-store` holds, as for every answer.
        let policy = "sandbox; default-src 'none'; frame-ancestors 'none'";
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
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
        doc.refuses(&["409"]);
    }
}
