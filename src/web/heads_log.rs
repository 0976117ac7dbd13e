//! The log of heads as static tiles (C2SP `tlog-tiles`), for anybody: it holds hashes alone.

use axum::{
    extract::{RawPathParams, State},
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};

use crate::{
    app::App,
    domain::heads_log::{self, Tile},
    error::{Error, Result},
    http::PlainText,
};

/// A whole tile never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// A part of a tile is wanted until the next head.
const FOR_NOW: &str = "public, max-age=60";

/// Returns the newest signed head, with the cosignatures of witnesses that have come.
pub(super) async fn checkpoint(State(app): State<App>) -> Result<PlainText> {
    heads_log::checkpoint(&app).await.map(PlainText)
}

/// Returns a tile of hashes or of entries.
pub(super) async fn tile(State(app): State<App>, params: RawPathParams) -> Result<Response> {
    let name = params.iter().next().map(|(_, name)| name);
    let tile = name.and_then(Tile::read).ok_or(Error::NotFound("tile"))?;
    let bytes = heads_log::tile(&app, tile).await?;
    let lasts = if tile.is_whole() { FOR_EVER } else { FOR_NOW };
    Ok(([(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, lasts)], bytes).into_response())
}
