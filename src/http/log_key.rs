//! `/.well-known/sts-clearance/log-key`: the public keys that the logs are signed with.

use axum::extract::State;

use super::PlainText;
use crate::{app::App, db, error::Result};

/// The keys, one a line: the one in force first, then those that it follows, as the platform's log tells of
/// them.
pub(super) async fn public_keys(State(app): State<App>) -> Result<PlainText> {
    let known = app.db.read(async |tx| db::logs::told_keys(tx).await).await?;
    let current = app.log_key.public();
    let earlier = known.iter().map(String::as_str).filter(|key| *key != current);
    let keys: Vec<&str> = std::iter::once(current).chain(earlier).collect();
    Ok(PlainText(keys.join("\n") + "\n"))
}
