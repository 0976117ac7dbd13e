//! The catalogue of document types.

use room::DocumentType;

use crate::{
    app::App,
    db,
    domain::{
        input::Change,
        log::Once,
        rooms::catalogue::{self, Code},
    },
    error::Result,
    http::{Access::May, Caller, Created, Id, IfMatch, Json, Listed, Paging, Query, Routes, Tagged},
    policy::Action::{ConfigManageDocumentTypes, ConfigView},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/config/document-types", May(ConfigView), list, "The catalogue of documents that operations need")
        .post(
            "/config/document-types",
            May(ConfigManageDocumentTypes),
            add,
            "Adds a type; vessels named and rooms opened from then on are asked for it",
        )
        .refusing(&["409"])
        .get("/config/document-types/{code}", May(ConfigView), get, "A type of document")
        .patch(
            "/config/document-types/{code}",
            May(ConfigManageDocumentTypes),
            change,
            "Changes a type, or disables it; documents that are asked for already stay as they are",
        )
        .refusing(&["409"])
}

async fn list(app: App, Query(Paging(page)): Query<Paging>) -> Result<Listed<DocumentType>> {
    let types = app.db.read(async |tx| db::document_types::all(tx).await).await?;
    Ok(Listed::part_of(types, page, "/config/document-types".into()))
}

async fn add(
    app: App,
    caller: Caller,
    once: Option<Once>,
    Json(body): Json<DocumentType>,
) -> Result<Created<DocumentType>> {
    let kind = catalogue::add(&app, &caller.actor(), body, once).await?;
    Ok(Created::at(&format!("/config/document-types/{}", kind.code), kind))
}

async fn get(app: App, Id(Code(code)): Id<Code>) -> Result<Tagged<DocumentType>> {
    let kind = app.db.read(async |tx| catalogue::find(tx, &code).await).await?;
    Ok(Tagged(catalogue::tag(&kind), kind))
}

async fn change(
    app: App,
    caller: Caller,
    Id(Code(code)): Id<Code>,
    IfMatch(basis): IfMatch,
    Json(body): Json<Change<DocumentType>>,
) -> Result<Tagged<DocumentType>> {
    let kind = catalogue::change(&app, &caller.actor(), code, body.starting_from(basis)).await?;
    Ok(Tagged(catalogue::tag(&kind), kind))
}
