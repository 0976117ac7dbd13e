//! Signing in: examining an attempt, and opening a session.

use std::time::Duration;

use room::{Event, Log, SessionId, Time, address::fold_email, bounds::LONGEST_LINE};

use super::{
    attempts::{self, Admitted, Attempt},
    sessions::{self, hash_token},
    told,
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

/// How long one can sign in with a password that somebody else chose.
pub const GIVEN_PASSWORD_HOLDS: Duration = Duration::from_hours(7 * 24);

/// What a user signs in with.
#[derive(Clone)]
pub struct SignIn {
    /// The address that was typed.
    pub email: String,
    /// The password that was typed.
    pub password: String,
    /// The network that the request comes from.
    pub network: Network,
    /// The token of the device, if an account was signed in with it before.
    pub device: Option<String>,
    /// The ticket for the turn, if the client had to wait for one.
    pub ticket: Option<String>,
    /// The `User-Agent` of the client.
    pub user_agent: Option<String>,
    /// The session that the new one replaces.
    pub replaces: Option<Hash>,
}

/// A new session. Its tokens are given out here only; the database has hashes of them.
pub struct Session {
    /// The session's token, which the client sends with every request.
    pub token: String,
    /// When the session ends at the latest.
    pub expires_at: Time,
    /// The token by which the device is known the next time.
    pub device: String,
    /// The user who is signed in.
    pub user: User,
}

/// Signs a user in, or logs in the platform's log that this was refused.
///
/// An unknown address, a disabled account and a wrong password get the same error after the same work (ASVS 5.0 6.3.8).
pub async fn sign_in(app: &App, request: SignIn) -> Result<Session> {
    let (address, network) = (fold_email(&request.email), request.network);
    let answer = examine(app, request).await;
    if let Some(reason) = answer.as_ref().err().and_then(refusals::of_sign_in) {
        let account = app.db.read(async |tx| account(tx, &address).await).await?.map(|(user, _)| user.email);
        refusals::note(app, Kind::AtDoor { reason, network, account, room: None }).await;
    }
    answer
}

/// Returns the account of an address, with the hash of its password. A text that cannot be an address is not looked up.
async fn account(tx: &mut Tx, address: &str) -> Result<Option<(User, String)>> {
    if is_email(address) { db::users::by_email(tx, address).await } else { Ok(None) }
}

async fn examine(app: &App, request: SignIn) -> Result<Session> {
    let address = fold_email(&request.email);
    let attempt = Attempt {
        address: address.clone(),
        network: request.network,
        device: request.device.clone(),
        ticket: request.ticket.clone(),
    };
    let admitted = attempts::admit(app, attempt).await?;
    let account = app.db.read(async |tx| account(tx, &address).await).await?;
    let (user, hash) = account.filter(|(user, _)| !user.disabled).unzip();
    // Without an account, a hash is computed all the same: an answer that comes at once would tell which addresses have
    // accounts. For the same reason there is one error for everything that can be wrong here.
    let fits = hashing::verify(&app.hashing, request.password.clone(), hash.clone()).await?;
    let user = user.filter(|_| fits).ok_or(Error::WrongCredentials)?;
    // Only after the password was right, since this error says that there is an account.
    refuse_run_out(&user, app.now())?;
    open(app, user, hash, admitted, request).await
}

/// Refuses a password that somebody else chose too long ago.
fn refuse_run_out(user: &User, now: Time) -> Result<()> {
    let given_at = user.password_given_at.filter(|_| user.must_change_password);
    let ran_out = given_at.is_some_and(|given| given.after(GIVEN_PASSWORD_HOLDS) < now);
    if ran_out { Err(Error::GivenPasswordRanOut) } else { Ok(()) }
}

/// Opens a session for a user who has given the password with the hash `hash`.
async fn open(app: &App, user: User, hash: Option<String>, admitted: Admitted, request: SignIn) -> Result<Session> {
    let (token, new_device) = (hex::encode(app.secret()), hex::encode(app.secret()));
    let token_hash = hash_token(&token);
    let now = app.now();
    let expires_at = now.after(app.config.session_duration());
    let session = db::sessions::Session {
        id: SessionId(app.new_id()),
        user: user.id,
        user_agent: request.user_agent.as_deref().and_then(legible_part),
        created_at: now,
        last_seen_at: now,
        password_at: now,
        idle_at: sessions::idle_at(app, now),
        expires_at,
    };
    let signed_in = user.clone();
    let (device, user) = operation(app, Log::Platform, &sessions::actor(&user, None), async move |tx, log| {
        // The password may have been replaced while it was examined, which takes a while: a session for the old one
        // would outlive the replacement, which ends all sessions.
        let account = db::users::by_email(tx, &signed_in.email).await?;
        if account.map(|(_, hash)| hash) != hash {
            return Err(Error::WrongCredentials);
        }
        // As the log tells it: the row may be another account's, have another's password, or say that it still holds.
        let account = log.platform()?.users.get(&signed_in.id);
        let account = account.filter(|account| {
            account.email == signed_in.email
                && hash.as_deref().map(hashing::sha256_of) == Some(account.password_sha256.clone())
        });
        let user = told::user(signed_in.id, account.ok_or(Error::WrongCredentials)?);
        refuse_run_out(&user, log.now)?;
        attempts::succeeded(tx, &admitted).await?;
        // A token that is not known here is not taken over: somebody could have planted it in this browser, and would
        // then have a known device of the account.
        let device = match request.device {
            Some(device) if attempts::is_known(tx, signed_in.id, &device, log.clock()).await? => device,
            _ => new_device,
        };
        attempts::know_device(tx, signed_in.id, &device, log.clock()).await?;
        if let Some(replaced) = request.replaces
            && let Some(session_id) = db::sessions::replace(tx, &replaced, log.clock()).await?
        {
            log.append(tx, &Event::SessionEnded { session_id }).await?;
        }
        db::sessions::insert(tx, &token_hash, &session).await?;
        log.append(tx, &Event::SignedIn {}).await?;
        Ok((device, user))
    })
    .await
    // An account that was disabled meanwhile: the operation's own error would ask the user to sign in first.
    .map_err(|error| if matches!(error, Error::Unauthenticated) { Error::WrongCredentials } else { error })?;
    Ok(Session { token, expires_at, device, user })
}

/// Returns the part of a client's `User-Agent` that is kept: legible characters, as many as a line may have.
fn legible_part(name: &str) -> Option<String> {
    let legible: String = name.trim().chars().filter(|letter| is_legible(*letter)).take(LONGEST_LINE).collect();
    (!legible.is_empty()).then_some(legible)
}
