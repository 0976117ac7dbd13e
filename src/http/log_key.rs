//! `/.well-known/sts-clearance/log-key`: the public keys that the logs are signed with.

use axum::extract::State;

use super::PlainText;
use crate::{app::App, domain::log_keys, error::Result};

/// The keys, one a line: the one in force first, then those that it follows.
pub(super) async fn public_keys(State(app): State<App>) -> Result<PlainText> {
    Ok(PlainText(log_keys::public(&app).await?.join("\n") + "\n"))
}
