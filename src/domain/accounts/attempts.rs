//! Attempts to sign in: which are examined at once, and which have to wait, and for how long.
//!
//! Guessing is slowed down by address, since many networks may guess one password together, and by network, since one
//! client may try one password at many addresses. This locks no account:
//!
//! - An attempt from a device with which the account was signed in before has a count of its own (OWASP, "Slow Down
//!   Online Guessing Attacks with Device Cookies").
//! - Any other attempt, once there were too many, gets a turn and a ticket for it. The turn is that of its network at
//!   this address, and attempts of others do not move it. Only an attempt with the ticket uses the turn up: an attack
//!   that never reads an answer does not take the turns of the people in its network.

use std::time::Duration;

use room::{Time, UserId, address};
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    db::{self, Tx, sign_in::Turn},
    domain::input::is_email,
    error::{Error, Result},
    evidence::Hash,
    network::Network,
};

/// How long attempts are counted together.
pub const WINDOW: Duration = Duration::from_mins(15);
/// How long a device stays known after it was used.
pub const DEVICE_KNOWN: Duration = Duration::from_hours(180 * 24);
/// The most known devices of an account.
const MOST_DEVICES: i64 = 20;

/// How many attempts at one address within [`WINDOW`] are examined at once.
const FREE_BY_ADDRESS: i64 = 10;
/// How many attempts of one network, at any addresses, are examined at once. Those that succeed do not count.
const FREE_BY_NETWORK: i64 = 30;
/// How many mails with a link go to an address that has forgotten its password, within [`WINDOW`].
const MAILS_BY_ADDRESS: i64 = 3;
/// How many attempts are examined in one turn.
const ATTEMPTS_IN_A_TURN: i64 = 2;
/// The shortest and the longest wait for a turn, other turns aside.
const WAITS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));
/// The time between the turns at one address, of all networks together.
const APART_BY_ADDRESS: Duration = Duration::from_secs(2);
/// The time between the turns of one network that tries too many addresses.
const APART_BY_NETWORK: Duration = Duration::from_secs(5);

/// An attempt to sign in.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The address that is tried, in the form by which accounts are found.
    pub address: String,
    /// The network that it comes from.
    pub network: Network,
    /// The token of a device with which an account was signed in before.
    pub device: Option<String>,
    /// The ticket for the turn, if the client had to wait for one.
    pub ticket: Option<String>,
}

/// An attempt that is examined, with the counts to take back if it succeeds.
#[derive(Debug, Clone)]
pub enum Admitted {
    /// From a known device; the key under which the device is counted.
    Device(Hash),
    /// From a device that is not known.
    Elsewhere {
        /// The key under which the address is counted.
        address: Hash,
        /// The key under which the network is counted.
        network: Hash,
    },
}

enum Answer {
    Admitted(Admitted),
    Wait { seconds: u64, ticket: Option<String> },
}

/// Counts an attempt, and returns it if its password may be examined now. Otherwise the error says how long to wait.
pub async fn admit(app: &App, attempt: Attempt) -> Result<Admitted> {
    let (now, ticket) = (app.now(), hex::encode(&app.secret()[..16]));
    // Counted before the password is examined, and committed: of a thousand attempts that arrive at once, each sees the
    // counts of those before it. If failures were counted afterwards, all of them would be examined first.
    match app.db.write(async move |tx| answer(tx, &attempt, now, ticket).await).await? {
        Answer::Admitted(admitted) => Ok(admitted),
        Answer::Wait { seconds, ticket } => Err(Error::TooManyAttempts { seconds, ticket }),
    }
}

async fn answer(tx: &mut Tx, attempt: &Attempt, now: Time, ticket: String) -> Result<Answer> {
    if let Some(admitted) = as_device(tx, attempt, now).await? {
        return Ok(Answer::Admitted(admitted));
    }
    let (address, network) = (address_key(&attempt.address), key("network", &attempt.network.to_string()));
    let by_address = db::sign_in::count_attempt(tx, &address, now, now.before(WINDOW)).await? - FREE_BY_ADDRESS;
    let by_network = db::sign_in::count_attempt(tx, &network, now, now.before(WINDOW)).await? - FREE_BY_NETWORK;
    let admitted = Answer::Admitted(Admitted::Elsewhere { address, network });
    if by_address <= 0 && by_network <= 0 {
        return Ok(admitted);
    }

    // Whether the address has an account is not looked at: an address without one is counted, and has to wait, in the
    // same way, so the waits do not show which addresses have accounts.
    let from = attempt.network.to_string();
    let turn = db::sign_in::turn(tx, &address, &from).await?;
    // A turn that is used up does not count, nor one of long ago, or far ahead because the clock was set back since.
    let turn = turn.filter(|turn| turn.heard < ATTEMPTS_IN_A_TURN && turn.due_at.apart(now) <= 2 * WINDOW);
    if let Some(turn) = &turn
        && turn.due_at <= now
        && attempt.ticket.as_ref().is_some_and(|shown| is_same(shown, &turn.ticket))
    {
        let used = Turn { heard: turn.heard + 1, ..turn.clone() };
        db::sign_in::set_turn(tx, &address, &from, &used).await?;
        return Ok(admitted);
    }
    // An attempt that has to wait examines nothing, so it is not counted: an attack that goes on asking would otherwise
    // make everybody's next wait longer.
    db::sign_in::uncount_attempt(tx, &address).await?;
    db::sign_in::uncount_attempt(tx, &network).await?;
    // The turn that the network has here stays where it is. All its people get the same ticket, and the first of them
    // to come when it is due are examined.
    if let Some(Turn { due_at, ticket, .. }) = turn {
        return Ok(Answer::Wait { seconds: seconds_until(due_at, now), ticket: Some(ticket) });
    }
    // A new turn comes behind the last one at this address, and behind the last one of its network if that tries too
    // many addresses.
    let (last_here, last_of_network) = db::sign_in::last_turns(tx, &address, &from).await?;
    let behind = |last: Option<Time>, apart: Duration| {
        last.filter(|last| last.apart(now) <= 2 * WINDOW).map_or(now, |last| last.after(apart))
    };
    let line = if by_network > 0 { behind(last_of_network, APART_BY_NETWORK) } else { now };
    let due_at = now.after(wait(by_address.max(by_network))).max(line).max(behind(last_here, APART_BY_ADDRESS));
    if line > now.after(WINDOW) {
        // A network's turns fill the window: no more rows are written for it, however many addresses it tries. It is
        // given the time at which it can ask for the next turn.
        return Ok(Answer::Wait { seconds: seconds_until(line.before(WINDOW), now), ticket: None });
    }
    db::sign_in::set_turn(tx, &address, &from, &Turn { ticket: ticket.clone(), due_at, heard: 0 }).await?;
    Ok(Answer::Wait { seconds: seconds_until(due_at, now), ticket: Some(ticket) })
}

/// Admits an attempt from a known device of the account, as long as the device itself does not try too often.
async fn as_device(tx: &mut Tx, Attempt { address, device, .. }: &Attempt, now: Time) -> Result<Option<Admitted>> {
    let Some(device) = device.as_deref().map(device_key).filter(|_| is_email(address)) else { return Ok(None) };
    let Some((user, _)) = db::users::by_email(tx, address).await? else { return Ok(None) };
    if !db::sign_in::is_known(tx, &device, user.id, now.before(DEVICE_KNOWN)).await? {
        return Ok(None);
    }
    let key = key("device", &hex::encode(device));
    let attempts = db::sign_in::count_attempt(tx, &key, now, now.before(WINDOW)).await?;
    // Beyond that it is treated like any other: a stolen token of a device gives ten more guesses in a window.
    Ok((attempts <= FREE_BY_ADDRESS).then_some(Admitted::Device(key)))
}

/// Takes back the counts of an attempt that succeeded.
pub async fn succeeded(tx: &mut Tx, admitted: &Admitted) -> Result<()> {
    match admitted {
        Admitted::Device(device) => db::sign_in::forget_attempts(tx, device).await,
        Admitted::Elsewhere { address, network } => {
            db::sign_in::forget_attempts(tx, address).await?;
            // Only this attempt of the network: otherwise one could wipe out all one's guesses by signing in to an
            // account of one's own.
            db::sign_in::uncount_attempt(tx, network).await
        }
    }
}

/// Forgets the attempts at the address of an account whose password somebody else replaced.
pub async fn forget(tx: &mut Tx, address: &str) -> Result<()> {
    db::sign_in::forget_attempts(tx, &address_key(address)).await
}

/// Makes a device known, and forgets those that were not used for the longest time if there are too many.
pub async fn know_device(tx: &mut Tx, user: UserId, device: &str, now: Time) -> Result<()> {
    db::sign_in::keep_device(tx, &device_key(device), user, now).await?;
    db::sign_in::forget_devices(tx, user, MOST_DEVICES).await
}

/// Returns whether this is a known device of the account.
pub async fn is_known(tx: &mut Tx, user: UserId, device: &str, now: Time) -> Result<bool> {
    db::sign_in::is_known(tx, &device_key(device), user, now.before(DEVICE_KNOWN)).await
}

/// Counts an attempt to give one's present password in an open session. Refused if there were too many.
pub async fn admit_in_session(app: &App, user: UserId) -> Result<()> {
    // Apart from attempts to sign in, which anybody can make: a stranger must not keep a user from their own settings.
    admit_within_window(app, key("password", &user.to_string())).await
}

/// Counts an attempt of a network to give the code that makes the first admin. Refused if there were too many.
pub async fn admit_to_set_up(app: &App, network: Network) -> Result<()> {
    admit_within_window(app, key("set-up", &network.to_string())).await
}

/// Counts an attempt of a network to open a link that is not known. Refused if there were too many.
pub async fn admit_by_link(app: &App, network: Network) -> Result<()> {
    admit_within_window(app, key("link", &network.to_string())).await
}

/// Counts that somebody of a network has forgotten a password. Refused if there were too many.
pub async fn admit_to_ask(app: &App, network: Network) -> Result<()> {
    admit_within_window(app, key("forgotten by", &network.to_string())).await
}

/// Counts that the password of an address is forgotten. Returns whether that was too often to write another mail.
pub async fn is_asked_too_often(app: &App, address: &str) -> Result<bool> {
    let (key, now) = (key("forgotten", &address::key(address)), app.now());
    let asked = app.db.write(async move |tx| db::sign_in::count_attempt(tx, &key, now, now.before(WINDOW)).await);
    Ok(asked.await? > MAILS_BY_ADDRESS)
}

async fn admit_within_window(app: &App, key: Hash) -> Result<()> {
    let now = app.now();
    let (attempts, since) = app
        .db
        .write(async move |tx| {
            let attempts = db::sign_in::count_attempt(tx, &key, now, now.before(WINDOW)).await?;
            Ok((attempts, db::sign_in::counted_since(tx, &key).await?.unwrap_or(now)))
        })
        .await?;
    if attempts <= FREE_BY_ADDRESS {
        return Ok(());
    }
    Err(Error::TooManyAttempts { seconds: seconds_until(since.after(WINDOW), now), ticket: None })
}

/// Forgets the attempts to give one's present password.
pub async fn succeeded_in_session(tx: &mut Tx, user: UserId) -> Result<()> {
    db::sign_in::forget_attempts(tx, &key("password", &user.to_string())).await
}

/// Returns the wait after so many attempts beyond the free ones. It doubles with every five of them.
fn wait(beyond: i64) -> Duration {
    let doubled = u32::try_from(beyond / 5).unwrap_or(u32::MAX).min(8);
    (WAITS.0 * 2_u32.pow(doubled)).min(WAITS.1)
}

/// Returns the whole seconds until `then`, rounded up, and at least one.
fn seconds_until(then: Time, now: Time) -> u64 {
    let left = then.since(now);
    left.as_secs() + u64::from(left.subsec_nanos() > 0 || left.is_zero())
}

/// Returns the key under which an address is counted, the same for every spelling that finds one account.
fn address_key(address: &str) -> Hash {
    key("address", &address::key(address))
}

/// Returns a key under which attempts are counted. It is a hash: rows have one size whatever was typed, and do not keep
/// a password that was typed in place of the address.
fn key(kind: &str, of: &str) -> Hash {
    Sha256::new().chain_update(kind).chain_update([0]).chain_update(of).finalize().into()
}

/// Returns the key under which a device is stored. The token itself is a secret of the device.
fn device_key(token: &str) -> Hash {
    Sha256::digest(token).into()
}

/// Returns whether two tickets are the same.
fn is_same(shown: &str, kept: &str) -> bool {
    // By their hashes: how long a comparison of the texts takes depends on how much of a guess is right, and would give
    // the ticket away piece by piece.
    Sha256::digest(shown) == Sha256::digest(kept)
}
