//! Which keys count for the logs of this server, whatever the database says.

use crate::{
    app::App,
    config::Config,
    db::{self, Tx},
    error::Result,
    evidence,
};

/// Returns the key in force, and the keys that the setting `trusted_log_keys` names.
pub fn roots(app: &App) -> Vec<String> {
    roots_with(&app.config, Some(app.log_key().public()))
}

/// Returns this key, if there is one, and the keys that the setting `trusted_log_keys` names.
pub fn roots_with(config: &Config, key: Option<&str>) -> Vec<String> {
    let named = config.trusted_log_keys.split([' ', ',', '\n']).filter(|key| !key.is_empty());
    key.into_iter().chain(named).map(str::to_owned).collect()
}

/// Returns the [roots](roots()), each with the keys that it vouches for after it.
///
/// A key that an entry of the log only names is none of them: whoever can write into the database could have added it.
pub async fn trusted(tx: &mut Tx, app: &App) -> Result<Vec<String>> {
    vouched_for(tx, roots(app)).await
}

/// Returns these keys, each with the keys that it vouches for after it.
pub async fn vouched_for(tx: &mut Tx, roots: Vec<String>) -> Result<Vec<String>> {
    let successions = db::logs::successions(tx).await?;
    let mut keys: Vec<String> = Vec::new();
    for root in roots {
        let vouched = evidence::vouched(&root, &successions);
        for key in std::iter::once(root).chain(vouched) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}
