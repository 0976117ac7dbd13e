//! Writes what was refused into the logs: the first of a kind in a minute at once, the others when the minute is over.

use room::{Event, Log, Repeated, RoomId, Time};

use super::{actor::Actor, operation::OpenLog};
use crate::{
    app::App,
    error::{Error, Result},
    refusals::{Count, Kind, Reason},
};

/// Notes a refusal. That it cannot be written is no fault of whoever was refused: it stays counted, and is told later.
pub async fn note(app: &App, kind: Kind) {
    let now = app.now();
    if app.refusals.count(&kind, now) {
        // In a task of its own: whoever was refused may be gone before it is written.
        let _ = tokio::spawn(tell_first(app.clone(), kind, now)).await;
    }
}

async fn tell_first(app: App, kind: Kind, now: Time) {
    if let Err(error) = tell(&app, &kind, &Count::one(now)).await {
        tracing::warn!(%error, "a refusal could not be logged; it is told with the next ones");
        app.refusals.count_again(kind, now);
    }
}

/// Tells what was counted in the minutes that are over; or all, where the server stops.
pub async fn tell_all(app: &App, is_stopping: bool) -> Result<()> {
    let mut waiting = app.refusals.take(app.now(), is_stopping).into_iter();
    while let Some((kind, count)) = waiting.next() {
        if let Err(error) = tell(app, &kind, &count).await {
            app.refusals.give_back(std::iter::once((kind, count)).chain(waiting));
            return Err(error);
        }
    }
    Ok(())
}

async fn tell(app: &App, kind: &Kind, count: &Count) -> Result<()> {
    let (log, by, event) = told(kind, count);
    let in_tx = app.clone();
    app.db
        .write(async move |tx| {
            let mut log = OpenLog::lock(tx, &in_tx, log, &by).await?;
            log.append(tx, &event).await
        })
        .await
}

/// The entry, whose log it is in, and in whose name.
fn told(kind: &Kind, Count { times, from, to, networks }: &Count) -> (Log, Actor, Event) {
    let (times, from, to) = (*times, *from, *to);
    let door = |reason: Reason, network: Option<String>, account: Option<String>, room_id: Option<RoomId>| {
        let networks = network.is_none().then_some(networks.len());
        let reason_word = reason.word();
        let event = if reason.is_of_sign_in() {
            Event::SignInRefused { reason: reason_word, network, networks, account, times, from, to }
        } else {
            Event::RequestRefused { reason: reason_word, network, networks, account, room_id, times, from, to }
        };
        (Log::Platform, Actor::System, event)
    };
    match kind {
        Kind::AtDoor { reason, network, account, room } => {
            door(*reason, Some(network.to_string()), account.clone(), *room)
        }
        Kind::Others(reason) => door(*reason, None, None, None),
        Kind::ByRole { room, email, name, role, permission } => {
            let log = room.map_or(Log::Platform, Log::Room);
            let by = Actor::User { email: email.clone(), name: name.clone(), role: *role, session: None };
            let repeated = (times > 1).then_some(Repeated { times, from, to });
            (log, by, Event::AccessDenied { permission, role: *role, repeated })
        }
        Kind::OthersByRole => {
            let (network, networks, account, room_id) = (None, None, None, None);
            let event = Event::RequestRefused { reason: "role", network, networks, account, room_id, times, from, to };
            (Log::Platform, Actor::System, event)
        }
    }
}

/// Why a sign-in was refused, where that is told.
pub fn of_sign_in(refused: &Error) -> Option<Reason> {
    match refused {
        Error::WrongCredentials => Some(Reason::WrongCredentials),
        Error::TooManyAttempts { .. } => Some(Reason::TooManyAttempts),
        Error::GivenPasswordRanOut => Some(Reason::GivenPasswordRanOut),
        _ => None,
    }
}
