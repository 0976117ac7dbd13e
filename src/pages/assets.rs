//! The stylesheet and the modules, under names that change with their content, so that a browser keeps them.

use std::sync::LazyLock;

use axum::{
    Router,
    http::{
        HeaderName,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::IntoResponse,
    routing::get,
};
use sha2::{Digest, Sha256};

use crate::app::App;

const STYLE: &str = include_str!("../../assets/pages.css");
const MODULE: &str = include_str!("../../assets/pages.js");
const DOCUMENTS: &str = include_str!("../../assets/documents.js");
const ICON: &str = include_str!("../../assets/icon.svg");

/// Where the stylesheet is.
pub(super) static STYLE_PATH: LazyLock<String> = LazyLock::new(|| path(STYLE, "pages", "css"));
/// Where the module is.
pub(super) static MODULE_PATH: LazyLock<String> = LazyLock::new(|| path(MODULE, "pages", "js"));
/// The module of a room's documents, which names the other by where that is.
static DOCUMENTS_MODULE: LazyLock<String> = LazyLock::new(|| DOCUMENTS.replace("./pages.js", &MODULE_PATH));
/// Where it is.
pub(super) static DOCUMENTS_PATH: LazyLock<String> = LazyLock::new(|| path(&DOCUMENTS_MODULE, "documents", "js"));
/// Where the icon is.
pub(super) static ICON_PATH: LazyLock<String> = LazyLock::new(|| path(ICON, "icon", "svg"));

pub(super) fn router() -> Router<App> {
    Router::new()
        .route(&STYLE_PATH, get(async || kept("text/css; charset=utf-8", STYLE)))
        .route(&MODULE_PATH, get(async || kept("text/javascript; charset=utf-8", MODULE)))
        .route(&DOCUMENTS_PATH, get(async || kept("text/javascript; charset=utf-8", &DOCUMENTS_MODULE)))
        .route(&ICON_PATH, get(async || kept("image/svg+xml", ICON)))
}

fn path(content: &str, name: &str, extension: &str) -> String {
    format!("/assets/{name}-{}.{extension}", hex::encode(&Sha256::digest(content)[..6]))
}

fn kept(media_type: &'static str, content: &'static str) -> impl IntoResponse {
    let headers: [(HeaderName, &str); 2] =
        [(CONTENT_TYPE, media_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, content)
}
