//! Checking a snapshot's file: open to anyone who has one.

use crate::{
    app::App,
    domain::snapshots::verifying::{self, Brought},
    error::Result,
    evidence::verify::Report,
    http::{Access::Public, Json, Routes},
};

pub(super) fn routes() -> Routes {
    Routes::new().upload(
        "/verify",
        Public,
        verify,
        "Checks a snapshot's file: seal, record, log entry, inclusion, checkpoint, and by drawing it again; nothing is stored",
    )
}

async fn verify(app: App, brought: Brought) -> Result<Json<Report>> {
    verifying::verify(&app, brought).await.map(Json)
}
