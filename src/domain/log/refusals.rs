//! Writes what was refused into the logs: the first of a kind in a minute at once, the others when the minute is over.

use room::{Event, Log, Repeated, RoomId, Time};

use super::{actor::Actor, operation::OpenLog};
use crate::{
    app::App,
    error::{Error, Result},
    refusals::{Count, Kind, Reason},
};

/// Counts a refusal, and logs it if it is the first of its kind in this minute. If it cannot be logged it stays
/// counted, and is logged later: the client is refused either way, and is not to see another error.
pub async fn note(app: &App, kind: Kind) {
    let now = app.now();
    if app.refusals.count(&kind, now) {
        // In a task of its own: a client that closes the connection cancels the request, and must not thereby cancel
        // the entry about its refusal.
        let _ = tokio::spawn(log_first(app.clone(), kind, now)).await;
    }
}

async fn log_first(app: App, kind: Kind, now: Time) {
    if let Err(error) = append(&app, &kind, &Count::one(now)).await {
        tracing::warn!(%error, "a refusal could not be logged; it is told with the next ones");
        app.refusals.count_again(kind, now);
    }
}

/// Logs what was counted in the minutes that are over; also in the present minute if the server is stopping.
pub async fn tell_all(app: &App, is_stopping: bool) -> Result<()> {
    let mut waiting = app.refusals.take(app.now(), is_stopping).into_iter();
    while let Some((kind, count)) = waiting.next() {
        if let Err(error) = append(app, &kind, &count).await {
            // What is logged already is not given back: each count is logged once.
            app.refusals.give_back(std::iter::once((kind, count)).chain(waiting));
            return Err(error);
        }
    }
    Ok(())
}

async fn append(app: &App, kind: &Kind, count: &Count) -> Result<()> {
    let (log, by, event) = to_event(kind, count);
    let in_tx = app.clone();
    app.db
        .write(async move |tx| {
            // Not an `operation`, which confirms its actor: a refusal is logged also if the user is disabled by now.
            let mut log = OpenLog::lock(tx, &in_tx, log, &by).await?;
            log.append(tx, &event).await
        })
        .await
}

/// Returns the event for a count of refusals, the log that it belongs to, and the actor of the entry.
fn to_event(kind: &Kind, Count { times, from, to, networks }: &Count) -> (Log, Actor, Event) {
    let (times, from, to) = (*times, *from, *to);
    let door = |reason: Reason, network: Option<String>, account: Option<String>, room_id: Option<RoomId>| {
        let networks = network.is_none().then_some(networks.len());
        let reason_word = reason.word();
        let event = if reason.is_of_sign_in() {
            Event::SignInRefused { reason: reason_word.into(), network, networks, account, times, from, to }
        } else {
            Event::RequestRefused { reason: reason_word.into(), network, networks, account, room_id, times, from, to }
        };
        (Log::Platform, Actor::System, event)
    };
    match kind {
        Kind::AtDoor { reason, network, account, room } => {
            door(*reason, Some(network.to_string()), account.clone(), *room)
        }
        Kind::Others(reason) => door(*reason, None, None, None),
        Kind::ByRole { room, email, name, roles, permission } => {
            let log = room.map_or(Log::Platform, Log::Room);
            let (role, roles) = (roles.first(), *roles);
            let by = Actor::User { email: email.clone(), name: name.clone(), role, roles, session: None };
            let repeated = (times > 1).then_some(Repeated { times, from, to });
            (log, by, Event::AccessDenied { permission: (*permission).into(), role, repeated })
        }
        Kind::OthersByRole => {
            let (network, networks, account, room_id) = (None, None, None, None);
            let event =
                Event::RequestRefused { reason: "role".into(), network, networks, account, room_id, times, from, to };
            (Log::Platform, Actor::System, event)
        }
    }
}

/// Returns the reason for which a sign-in was refused, or `None` if the error is not a refusal.
pub fn of_sign_in(refused: &Error) -> Option<Reason> {
    match refused {
        Error::WrongCredentials => Some(Reason::WrongCredentials),
        Error::TooManyAttempts { .. } => Some(Reason::TooManyAttempts),
        Error::GivenPasswordRanOut => Some(Reason::GivenPasswordRanOut),
        _ => None,
    }
}
