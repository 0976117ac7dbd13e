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
const CONNECTION: &str = include_str!("../../../assets/connection.js");
const MODULE: &str = include_str!("../../../assets/pages.js");
const DRAFTS: &str = include_str!("../../../assets/drafts.js");
const DECIDING: &str = include_str!("../../../assets/deciding.js");
const MATCHING: &str = include_str!("../../../assets/matching.js");
const VIEWER: &str = include_str!("../../../assets/viewer.js");
const UPLOADS: &str = include_str!("../../../assets/uploads.js");
const TABS: &str = include_str!("../../../assets/tabs.js");
const DOCUMENTS: &str = include_str!("../../../assets/documents.js");
const ICON: &str = include_str!("../../../assets/icon.svg");

/// The path of the stylesheet.
pub(crate) static STYLE_PATH: LazyLock<String> = LazyLock::new(|| hashed_path(STYLE, "pages", "css"));

/// A script with its path. Imports in it name the hashed paths of the others.
pub(crate) struct Script {
    content: String,
    /// The path of the script.
    pub(crate) path: String,
}

impl Script {
    fn new(name: &str, content: &str, imports: &[(&str, &Self)]) -> Self {
        let named =
            |content: String, (name, script): &(&str, &Self)| content.replace(&format!("./{name}.js"), &script.path);
        let content = imports.iter().fold(content.to_owned(), named);
        Self { path: hashed_path(&content, name, "js"), content }
    }
}

/// The script of lost connections.
static CONNECTION_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new("connection", CONNECTION, &[]));
/// The script that every page loads.
pub(crate) static MODULE_SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::new("pages", MODULE, &[("connection", &CONNECTION_SCRIPT)]));
/// The script that keeps what is typed.
pub(crate) static DRAFTS_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new("drafts", DRAFTS, &[]));
/// The script of the sheet that matches files.
static MATCHING_SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::new("matching", MATCHING, &[("pages", &MODULE_SCRIPT)]));
/// The script of the queue of uploads.
static UPLOADS_SCRIPT: LazyLock<Script> =
    LazyLock::new(|| Script::new("uploads", UPLOADS, &[("connection", &CONNECTION_SCRIPT), ("pages", &MODULE_SCRIPT)]));
/// The script by which a change of tabs ends no upload.
static TABS_SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    let imports: [(&str, &Script); 4] = [
        ("connection", &CONNECTION_SCRIPT),
        ("drafts", &DRAFTS_SCRIPT),
        ("pages", &MODULE_SCRIPT),
        ("uploads", &UPLOADS_SCRIPT),
    ];
    Script::new("tabs", TABS, &imports)
});
/// The script of deciding by keys.
static DECIDING_SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    let imports: [(&str, &Script); 3] = [("drafts", &DRAFTS_SCRIPT), ("pages", &MODULE_SCRIPT), ("tabs", &TABS_SCRIPT)];
    Script::new("deciding", DECIDING, &imports)
});
/// The script that shows pages of files.
static VIEWER_SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new("viewer", VIEWER, &[]));
/// The script of a room's documents.
pub(crate) static DOCUMENTS_SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    let imports: [(&str, &Script); 8] = [
        ("connection", &CONNECTION_SCRIPT),
        ("deciding", &DECIDING_SCRIPT),
        ("drafts", &DRAFTS_SCRIPT),
        ("matching", &MATCHING_SCRIPT),
        ("pages", &MODULE_SCRIPT),
        ("tabs", &TABS_SCRIPT),
        ("uploads", &UPLOADS_SCRIPT),
        ("viewer", &VIEWER_SCRIPT),
    ];
    Script::new("documents", DOCUMENTS, &imports)
});
/// The path of the icon.
pub(crate) static ICON_PATH: LazyLock<String> = LazyLock::new(|| hashed_path(ICON, "icon", "svg"));

pub(crate) fn router() -> Router<App> {
    let scripts: [&'static LazyLock<Script>; 9] = [
        &CONNECTION_SCRIPT,
        &MODULE_SCRIPT,
        &DRAFTS_SCRIPT,
        &DECIDING_SCRIPT,
        &VIEWER_SCRIPT,
        &MATCHING_SCRIPT,
        &UPLOADS_SCRIPT,
        &TABS_SCRIPT,
        &DOCUMENTS_SCRIPT,
    ];
    let router = Router::new()
        .route(&STYLE_PATH, get(async || kept("text/css; charset=utf-8", STYLE)))
        .route(&ICON_PATH, get(async || kept("image/svg+xml", ICON)));
    scripts.into_iter().fold(router, |router, script| {
        router.route(&script.path, get(async || kept("text/javascript; charset=utf-8", &script.content)))
    })
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
