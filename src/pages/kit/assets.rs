//! The stylesheet, the scripts and the icon. Their names contain a hash of their content, so a browser may keep them
//! for ever.

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

const STYLE: &str = include_str!("../../../assets/pages.css");
const MODULE: &str = include_str!("../../../assets/pages.js");
const DRAFTS: &str = include_str!("../../../assets/drafts.js");
const DECIDING: &str = include_str!("../../../assets/deciding.js");
const MATCHING: &str = include_str!("../../../assets/matching.js");
const VIEWER: &str = include_str!("../../../assets/viewer.js");
const DOCUMENTS: &str = include_str!("../../../assets/documents.js");
const ICON: &str = include_str!("../../../assets/icon.svg");

/// The path of the stylesheet.
pub(crate) static STYLE_PATH: LazyLock<String> = LazyLock::new(|| hashed_path(STYLE, "pages", "css"));
/// The path of the script that every page loads.
pub(crate) static MODULE_PATH: LazyLock<String> = LazyLock::new(|| hashed_path(MODULE, "pages", "js"));
/// The path of the script that keeps what is typed.
pub(crate) static DRAFTS_PATH: LazyLock<String> = LazyLock::new(|| hashed_path(DRAFTS, "drafts", "js"));
/// The script of the sheet that matches files. Imports of a script have to name the hashed paths of the others.
static MATCHING_MODULE: LazyLock<String> = LazyLock::new(|| MATCHING.replace("./pages.js", &MODULE_PATH));
/// The path of the script of the sheet that matches files.
static MATCHING_PATH: LazyLock<String> = LazyLock::new(|| hashed_path(&MATCHING_MODULE, "matching", "js"));
/// The script of deciding by keys.
static DECIDING_MODULE: LazyLock<String> =
    LazyLock::new(|| DECIDING.replace("./pages.js", &MODULE_PATH).replace("./drafts.js", &DRAFTS_PATH));
/// The path of the script of deciding by keys.
static DECIDING_PATH: LazyLock<String> = LazyLock::new(|| hashed_path(&DECIDING_MODULE, "deciding", "js"));
/// The path of the script that shows pages of files.
static VIEWER_PATH: LazyLock<String> = LazyLock::new(|| hashed_path(VIEWER, "viewer", "js"));
/// The script of a room's documents.
static DOCUMENTS_MODULE: LazyLock<String> = LazyLock::new(|| {
    let paths = [
        ("./pages.js", &MODULE_PATH),
        ("./drafts.js", &DRAFTS_PATH),
        ("./matching.js", &MATCHING_PATH),
        ("./deciding.js", &DECIDING_PATH),
        ("./viewer.js", &VIEWER_PATH),
    ];
    paths.iter().fold(DOCUMENTS.to_owned(), |module, (name, path)| module.replace(name, path))
});
/// The path of the script of a room's documents.
pub(crate) static DOCUMENTS_PATH: LazyLock<String> =
    LazyLock::new(|| hashed_path(&DOCUMENTS_MODULE, "documents", "js"));
/// The path of the icon.
pub(crate) static ICON_PATH: LazyLock<String> = LazyLock::new(|| hashed_path(ICON, "icon", "svg"));

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route(&STYLE_PATH, get(async || kept("text/css; charset=utf-8", STYLE)))
        .route(&MODULE_PATH, get(async || kept("text/javascript; charset=utf-8", MODULE)))
        .route(&DRAFTS_PATH, get(async || kept("text/javascript; charset=utf-8", DRAFTS)))
        .route(&VIEWER_PATH, get(async || kept("text/javascript; charset=utf-8", VIEWER)))
        .route(&DECIDING_PATH, get(async || kept("text/javascript; charset=utf-8", &DECIDING_MODULE)))
        .route(&MATCHING_PATH, get(async || kept("text/javascript; charset=utf-8", &MATCHING_MODULE)))
        .route(&DOCUMENTS_PATH, get(async || kept("text/javascript; charset=utf-8", &DOCUMENTS_MODULE)))
        .route(&ICON_PATH, get(async || kept("image/svg+xml", ICON)))
}

fn hashed_path(content: &str, name: &str, extension: &str) -> String {
    format!("/assets/{name}-{}.{extension}", hex::encode(&Sha256::digest(content)[..6]))
}

fn kept(media_type: &'static str, content: &'static str) -> impl IntoResponse {
    // The name changes with the content, so a copy can never be out of date.
    let headers: [(HeaderName, &str); 2] =
        [(CONTENT_TYPE, media_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, content)
}
