//! Verification of a snapshot's file, for anyone who has one, signed in or not.

use crate::{
    app::App,
    domain::snapshots::verifying::{self, VerifyRequest},
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

async fn verify(app: App, request: VerifyRequest) -> Result<Json<Report>> {
    verifying::verify(&app, request).await.map(Json)
}
