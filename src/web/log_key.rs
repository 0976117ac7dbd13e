//! `/.well-known/sts-clearance/`: the public keys by which the signatures of the logs are checked, and the certificate
//! with which PDFs are sealed.

use axum::extract::State;

use crate::{
    app::App,
    domain::log,
    error::Result,
    evidence::PublishedKeys,
    http::{Json, PlainText},
};

/// Returns the public keys, one a line: the one in force first, then its predecessors, which have signed older
/// checkpoints.
pub(super) async fn public_keys(State(app): State<App>) -> Result<PlainText> {
    Ok(PlainText(log::keys::public(&app).await?.join("\n") + "\n"))
}

/// Returns the keys with the notes that lead from one to another, for those who trust one of them.
pub(super) async fn published(State(app): State<App>) -> Result<Json<PublishedKeys>> {
    let keys = log::keys::public(&app).await?;
    let (server, notes) = (app.log_key().name().to_owned(), app.key_notes().to_vec());
    Ok(Json(PublishedKeys { server, keys, notes, as_of: app.now().into() }))
}

/// Returns the certificate with which PDFs are sealed, as PEM. `verify` prints the SHA-256 of the one in a file.
pub(super) async fn seal_certificate(State(app): State<App>) -> Result<PlainText> {
    Ok(PlainText(app.seal_identity()?.certificate_pem().to_owned()))
}
