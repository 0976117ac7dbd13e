//! Signing in.

use std::time::Duration;

use room::{Event, Log, SessionId, Time, address::fold_email, bounds::LONGEST_LINE};

use super::{
    attempts::{self, Attempt, Heard},
    sessions::{self, hash_token},
};
use crate::{
    app::App,
    db::{self, Tx, users::User},
    domain::{
        input::{is_email, is_legible},
        log::{operation, refusals},
    },
    error::{Error, Result},
    evidence::Hash,
    hashing,
    network::Network,
    refusals::Kind,
};

/// How long a password holds that somebody else chose.
pub const GIVEN_PASSWORD_HOLDS: Duration = Duration::from_hours(7 * 24);

/// What somebody signs in with.
#[derive(Clone)]
pub struct SignIn {
    /// Address.
    pub email: String,
    /// Password.
    pub password: String,
    /// Where they come from.
    pub network: Network,
    /// The token of the device, where this account was signed in with it before.
    pub device: Option<String>,
    /// What shows that it is their turn, where they had to wait for one.
    pub ticket: Option<String>,
    /// What their program calls itself.
    pub user_agent: Option<String>,
    /// The session that the new one takes the place of.
    pub replaces: Option<Hash>,
}

/// A new session: the only time its token is seen.
pub struct Session {
    /// To be sent with every request.
    pub token: String,
    /// When it ends in any case.
    pub expires_at: Time,
    /// What the device is known by the next time.
    pub device: String,
    /// Who is signed in.
    pub user: User,
}

/// Signs in. Unknown address, disabled account and wrong password get the same answer after the same work. That it was
/// refused is told in the platform's log.
pub async fn sign_in(app: &App, asked: SignIn) -> Result<Session> {
    let (address, network) = (fold_email(&asked.email), asked.network);
    let answer = examine(app, asked).await;
    if let Some(reason) = answer.as_ref().err().and_then(refusals::of_sign_in) {
        let account = app.db.read(async |tx| account(tx, &address).await).await?.map(|(user, _)| user.email);
        refusals::note(app, Kind::AtDoor { reason, network, account, room: None }).await;
    }
    answer
}

/// The account of an address. What cannot be one is not looked up.
async fn account(tx: &mut Tx, address: &str) -> Result<Option<(User, String)>> {
    if is_email(address) { db::users::by_email(tx, address).await } else { Ok(None) }
}

async fn examine(app: &App, asked: SignIn) -> Result<Session> {
    let address = fold_email(&asked.email);
    let attempt = Attempt {
        address: address.clone(),
        network: asked.network,
        device: asked.device.clone(),
        ticket: asked.ticket.clone(),
    };
    let heard = attempts::hear(app, attempt).await?;
    let account = app.db.read(async |tx| account(tx, &address).await).await?;
    let (user, hash) = account.filter(|(user, _)| !user.disabled).unzip();
    let fits = hashing::verify(&app.hashing, asked.password.clone(), hash.clone()).await?;
    let user = user.filter(|_| fits).ok_or(Error::WrongCredentials)?;
    if user.must_change_password
        && user.password_given_at.is_some_and(|given| given.after(GIVEN_PASSWORD_HOLDS) < app.now())
    {
        return Err(Error::GivenPasswordRanOut);
    }
    open(app, user, hash, heard, asked).await
}

/// Opens a session for whoever has given the password that this is the hash of.
async fn open(app: &App, user: User, hash: Option<String>, heard: Heard, asked: SignIn) -> Result<Session> {
    let (token, new_device) = (hex::encode(app.secret()), hex::encode(app.secret()));
    let token_hash = hash_token(&token);
    let now = app.now();
    let expires_at = now.after(app.config.session_duration());
    let session = db::sessions::Session {
        id: SessionId(app.new_id()),
        user: user.id,
        user_agent: asked.user_agent.as_deref().and_then(legible_part),
        created_at: now,
        last_seen_at: now,
        password_at: now,
        idle_at: sessions::idle_at(app, now),
        expires_at,
    };
    let signed_in = user.clone();
    let device = operation(app, Log::Platform, &sessions::actor(&user, None), async move |tx, log| {
        // The account may have changed while the password was examined.
        let account = db::users::by_email(tx, &signed_in.email).await?;
        if account.map(|(_, hash)| hash) != hash {
            return Err(Error::WrongCredentials);
        }
        attempts::succeeded(tx, &heard).await?;
        let device = match asked.device {
            Some(device) if attempts::is_known(tx, signed_in.id, &device, log.now).await? => device,
            _ => new_device,
        };
        attempts::know_device(tx, signed_in.id, &device, log.now).await?;
        if let Some(replaced) = asked.replaces
            && let Some(session_id) = db::sessions::replace(tx, &replaced, log.now).await?
        {
            log.append(tx, &Event::SessionEnded { session_id }).await?;
        }
        db::sessions::insert(tx, &token_hash, &session).await?;
        log.append(tx, &Event::SignedIn {}).await?;
        Ok(device)
    })
    .await
    .map_err(|error| if matches!(error, Error::Unauthenticated) { Error::WrongCredentials } else { error })?;
    Ok(Session { token, expires_at, device, user })
}

/// What of a program's name for itself is kept.
fn legible_part(name: &str) -> Option<String> {
    let legible: String = name.trim().chars().filter(|letter| is_legible(*letter)).take(LONGEST_LINE).collect();
    (!legible.is_empty()).then_some(legible)
}
