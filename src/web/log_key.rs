//! `/.well-known/sts-clearance/`: the public keys by which the signatures of the logs are checked, and the certificate
//! with which PDFs are sealed.

use axum::extract::State;

use crate::{app::App, domain::log, error::Result, http::PlainText};

/// Returns the public keys, one a line: the one in force first, then its predecessors, which have signed older
/// checkpoints.
pub(super) async fn public_keys(State(app): State<App>) -> Result<PlainText> {
    Ok(PlainText(log::keys::public(&app).await?.join("\n") + "\n"))
}

/// Returns the certificate with which PDFs are sealed, as PEM. `verify` prints the SHA-256 of the one in a file.
pub(super) async fn seal_certificate(State(app): State<App>) -> Result<PlainText> {
    Ok(PlainText(app.seal_identity()?.certificate_pem().to_owned()))
}
