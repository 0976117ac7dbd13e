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
        "Checks a snapshot's file: record, log, seal, by drawing it again, and against this server's log; it is not stored",
    )
}

async fn verify(app: App, request: VerifyRequest) -> Result<Json<Report>> {
    verifying::verify(&app, request).await.map(Json)
}
