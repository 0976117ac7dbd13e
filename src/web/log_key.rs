//! `/.well-known/sts-clearance/`: the public keys that the logs are signed with, and the certificate that PDFs
//! are sealed with.

use axum::extract::State;

use crate::{app::App, domain::log, error::Result, http::PlainText};

/// The keys, one a line: the one in force first, then those that it follows.
pub(super) async fn public_keys(State(app): State<App>) -> Result<PlainText> {
    Ok(PlainText(log::keys::public(&app).await?.join("\n") + "\n"))
}

/// The certificate that PDFs are sealed with, as PEM: `verify` tells the SHA-256 of the one in a file.
pub(super) async fn seal_certificate(State(app): State<App>) -> Result<PlainText> {
    Ok(PlainText(app.seal_identity()?.certificate_pem().to_owned()))
}
