//! Which keys count for the logs of this server, whatever the database says.

use crate::{
    app::App,
    db::{self, Tx},
    error::Result,
    evidence,
};

/// Returns the key in force, and the keys that the setting `trusted_log_keys` names.
pub fn roots(app: &App) -> Vec<String> {
    let named = app.config.trusted_log_keys.split([' ', ',', '\n']).filter(|key| !key.is_empty());
    std::iter::once(app.log_key().public()).chain(named).map(str::to_owned).collect()
}

/// Returns the [roots](roots()), each with the keys that it vouches for after it.
///
/// A key that an entry of the log only names is none of them: whoever can write into the database could have added it.
pub async fn trusted(tx: &mut Tx, app: &App) -> Result<Vec<String>> {
    let successions = db::logs::successions(tx).await?;
    let mut keys: Vec<String> = Vec::new();
    for root in roots(app) {
        let vouched = evidence::vouched(&root, &successions);
        for key in std::iter::once(root).chain(vouched) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}
