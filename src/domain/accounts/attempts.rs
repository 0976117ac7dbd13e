//! Attempts to sign in: who is heard at once, and who has to wait, for how long.
//!
//! Guessing is slowed down by the address that is tried, so that many networks do not guess one password together, and
//! by the network, so that one client does not try one password at many addresses. Nobody is locked out by that:
//!
//! - A device that the account was signed in with before is let past, and counted by itself
//!   (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
//! - Whoever else comes when there were too many attempts is told when their turn is, and gets a ticket for it. The
//!   turn is that of their network at this address: what others do does not move it. Only who shows the ticket uses it
//!   up, so that an attack that never reads an answer does not take the turns of its own network.

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
/// How long a device is known after it was used.
pub const DEVICE_KNOWN: Duration = Duration::from_hours(180 * 24);
/// Devices that an account is known by.
const MOST_DEVICES: i64 = 20;

/// Attempts at one address within [`WINDOW`] that are heard at once.
const FREE_BY_ADDRESS: i64 = 10;
/// Attempts of one network, at whatever addresses. Those that succeed do not count.
const FREE_BY_NETWORK: i64 = 30;
/// Attempts in one turn.
const HEARD_IN_A_TURN: i64 = 2;
/// The shortest and the longest that anybody waits for their own sake.
const WAITS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));
/// Between the turns at one address, of whatever networks.
const APART_BY_ADDRESS: Duration = Duration::from_secs(2);
/// Between the turns of one network that tries too many addresses.
const APART_BY_NETWORK: Duration = Duration::from_secs(5);

/// An attempt to sign in.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The address that is tried, in the form that accounts are found by.
    pub address: String,
    /// Where it comes from.
    pub network: Network,
    /// The token of a device that has been signed in with before.
    pub device: Option<String>,
    /// What shows that it is one's turn.
    pub ticket: Option<String>,
}

/// An attempt that is heard; its counts are taken back when it succeeds.
#[derive(Debug, Clone)]
pub enum Heard {
    /// From a device that is known, by its count.
    Device(Hash),
    /// From elsewhere, by the counts of the address and the network.
    Elsewhere {
        /// The key under which the address is counted.
        address: Hash,
        /// The key under which the network is counted.
        network: Hash,
    },
}

enum Answer {
    Heard(Heard),
    Wait { seconds: u64, ticket: Option<String> },
}

/// Counts an attempt before it is examined, so that many at once are not all heard.
pub async fn hear(app: &App, attempt: Attempt) -> Result<Heard> {
    let (now, ticket) = (app.now(), hex::encode(&app.secret()[..16]));
    match app.db.write(async move |tx| answer(tx, &attempt, now, ticket).await).await? {
        Answer::Heard(heard) => Ok(heard),
        Answer::Wait { seconds, ticket } => Err(Error::TooManyAttempts { seconds, ticket }),
    }
}

async fn answer(tx: &mut Tx, attempt: &Attempt, now: Time, ticket: String) -> Result<Answer> {
    if let Some(heard) = as_device(tx, attempt, now).await? {
        return Ok(Answer::Heard(heard));
    }
    let (address, network) = (address_key(&attempt.address), key("network", &attempt.network.to_string()));
    let by_address = db::sign_in::count_attempt(tx, &address, now, now.before(WINDOW)).await? - FREE_BY_ADDRESS;
    let by_network = db::sign_in::count_attempt(tx, &network, now, now.before(WINDOW)).await? - FREE_BY_NETWORK;
    let heard = Answer::Heard(Heard::Elsewhere { address, network });
    if by_address <= 0 && by_network <= 0 {
        return Ok(heard);
    }

    let from = attempt.network.to_string();
    let turn = db::sign_in::turn(tx, &address, &from).await?;
    // One from long ago, or of a clock that was put back since, is none.
    let turn = turn.filter(|turn| turn.heard < HEARD_IN_A_TURN && turn.due_at.apart(now) <= 2 * WINDOW);
    if let Some(turn) = &turn
        && turn.due_at <= now
        && attempt.ticket.as_ref().is_some_and(|shown| is_same(shown, &turn.ticket))
    {
        let used = Turn { heard: turn.heard + 1, ..turn.clone() };
        db::sign_in::set_turn(tx, &address, &from, &used).await?;
        return Ok(heard);
    }
    db::sign_in::uncount_attempt(tx, &address).await?;
    db::sign_in::uncount_attempt(tx, &network).await?;
    if let Some(Turn { due_at, ticket, .. }) = turn {
        return Ok(Answer::Wait { seconds: seconds_until(due_at, now), ticket: Some(ticket) });
    }
    let (last_here, last_of_network) = db::sign_in::last_turns(tx, &address, &from).await?;
    let behind = |last: Option<Time>, apart: Duration| {
        last.filter(|last| last.apart(now) <= 2 * WINDOW).map_or(now, |last| last.after(apart))
    };
    let line = if by_network > 0 { behind(last_of_network, APART_BY_NETWORK) } else { now };
    let due_at = now.after(wait(by_address.max(by_network))).max(line).max(behind(last_here, APART_BY_ADDRESS));
    if line > now.after(WINDOW) {
        // More turns are not kept for one network; it is told when it may ask for the next.
        return Ok(Answer::Wait { seconds: seconds_until(line.before(WINDOW), now), ticket: None });
    }
    db::sign_in::set_turn(tx, &address, &from, &Turn { ticket: ticket.clone(), due_at, heard: 0 }).await?;
    Ok(Answer::Wait { seconds: seconds_until(due_at, now), ticket: Some(ticket) })
}

/// Hears a device that is known, as long as it does not guess itself.
async fn as_device(tx: &mut Tx, Attempt { address, device, .. }: &Attempt, now: Time) -> Result<Option<Heard>> {
    let Some(device) = device.as_deref().map(device_key).filter(|_| is_email(address)) else { return Ok(None) };
    let Some((user, _)) = db::users::by_email(tx, address).await? else { return Ok(None) };
    if !db::sign_in::is_known(tx, &device, user.id, now.before(DEVICE_KNOWN)).await? {
        return Ok(None);
    }
    let key = key("device", &hex::encode(device));
    let attempts = db::sign_in::count_attempt(tx, &key, now, now.before(WINDOW)).await?;
    Ok((attempts <= FREE_BY_ADDRESS).then_some(Heard::Device(key)))
}

/// Takes the counts of an attempt back that succeeded.
pub async fn succeeded(tx: &mut Tx, heard: &Heard) -> Result<()> {
    match heard {
        Heard::Device(device) => db::sign_in::forget_attempts(tx, device).await,
        Heard::Elsewhere { address, network } => {
            db::sign_in::forget_attempts(tx, address).await?;
            db::sign_in::uncount_attempt(tx, network).await
        }
    }
}

/// Forgets the attempts at the address of an account whose password was replaced.
pub async fn forget(tx: &mut Tx, address: &str) -> Result<()> {
    db::sign_in::forget_attempts(tx, &address_key(address)).await
}

/// Knows a device from now on, and forgets those that were not used for the longest time.
pub async fn know_device(tx: &mut Tx, user: UserId, device: &str, now: Time) -> Result<()> {
    db::sign_in::keep_device(tx, &device_key(device), user, now).await?;
    db::sign_in::forget_devices(tx, user, MOST_DEVICES).await
}

/// Whether this is a device of the account.
pub async fn is_known(tx: &mut Tx, user: UserId, device: &str, now: Time) -> Result<bool> {
    db::sign_in::is_known(tx, &device_key(device), user, now.before(DEVICE_KNOWN)).await
}

/// Counts an attempt to give one's present password in an open session: apart from those to sign in, which are anybody's.
pub async fn hear_in_session(app: &App, user: UserId) -> Result<()> {
    let (key, now) = (key("password", &user.to_string()), app.now());
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

/// The wait after so many attempts more than are free: twice as long after every five.
fn wait(beyond: i64) -> Duration {
    let doubled = u32::try_from(beyond / 5).unwrap_or(u32::MAX).min(8);
    (WAITS.0 * 2_u32.pow(doubled)).min(WAITS.1)
}

/// Whole seconds until then, one at least.
fn seconds_until(then: Time, now: Time) -> u64 {
    let left = then.since(now);
    left.as_secs() + u64::from(left.subsec_nanos() > 0 || left.is_zero())
}

/// The same for every spelling that finds one account.
fn address_key(address: &str) -> Hash {
    key("address", &address::key(address))
}

/// What attempts are counted by: of a size of its own, whatever was typed.
fn key(kind: &str, of: &str) -> Hash {
    Sha256::new().chain_update(kind).chain_update([0]).chain_update(of).finalize().into()
}

/// What the database knows a device by.
fn device_key(token: &str) -> Hash {
    Sha256::digest(token).into()
}

/// Compared by their hashes, so that the time it takes tells nothing of either.
fn is_same(shown: &str, kept: &str) -> bool {
    Sha256::digest(shown) == Sha256::digest(kept)
}
