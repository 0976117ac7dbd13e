//! The first admin of a new system, made in a browser by who can read what the server prints: a code, which counts once,
//! and only as long as there is no account.

use room::{Log, Role, UserId};

use super::{
    addresses, attempts, requests,
    sessions::hash_token,
    users::{NewUser, checked},
};
use crate::{
    app::App,
    db::{self, users::User},
    domain::log::{Actor, operation},
    error::{Error, Result},
    hashing,
    network::Network,
};

/// Returns a new code if there is no account yet. One that was given out before counts no more.
pub async fn offer(app: &App) -> Result<Option<String>> {
    if has_accounts(app).await? {
        return Ok(None);
    }
    let code = hex::encode(app.secret());
    app.keep_set_up_code(Some(hash_token(&code)));
    Ok(Some(code))
}

/// Returns whether the first admin can be made with a code of this server.
pub async fn is_open(app: &App) -> Result<bool> {
    if app.set_up_code().is_none() {
        return Ok(false);
    }
    let has_accounts = has_accounts(app).await?;
    if has_accounts {
        app.keep_set_up_code(None);
    }
    Ok(!has_accounts)
}

async fn has_accounts(app: &App) -> Result<bool> {
    Ok(!app.db.read(async |tx| db::users::list(tx).await).await?.is_empty())
}

/// Makes the first admin for who gives the code. Of several who do so at once, one is made.
pub async fn make_first_admin(app: &App, network: Network, code: &str, new: &NewUser) -> Result<()> {
    let is_over = || Error::conflict("there is an account already, so that no code counts any more; sign in");
    // Before anything is counted: a stranger has nothing written by a server that is long set up.
    if !is_open(app).await? {
        return Err(is_over());
    }
    attempts::admit_to_set_up(app, network).await?;
    // By their hashes: how long a comparison of the codes takes would give the right one away piece by piece.
    if app.set_up_code() != Some(hash_token(code.trim())) {
        return Err(Error::field("code", "is not the one that this server printed at its last start"));
    }
    let (email, name) = checked(new)?;
    // Before the operation: hashing takes long, and the platform's log would be locked for everybody meanwhile.
    let password = new.password.clone().ok_or_else(|| Error::field("password", "is missing"))?;
    let password_hash = hashing::hash(&app.hashing, password).await?;
    let id = UserId(app.new_id());
    // Whoever has the code reads what the server prints, as an operator does.
    operation(app, Log::Platform, &Actor::Operator, async move |tx, log| {
        if !log.platform()?.users.is_empty() {
            return Err(is_over());
        }
        let user = User {
            id,
            email: addresses::of_party(tx, email).await?,
            name,
            role: Role::Admin,
            disabled: false,
            created_at: log.now,
            must_change_password: false,
            password_given_at: None,
        };
        requests::add(tx, log, &user, &password_hash, None).await
    })
    .await?;
    app.keep_set_up_code(None);
    Ok(())
}
