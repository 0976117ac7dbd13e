//! What was refused, in the logs, folded by the minute: nobody can flood a log by being refused.
//!
//! The first of a kind in a minute is told at once. What more of it comes in that minute is counted, and told in one entry
//! when the minute is over. Only so many kinds are told apart in a minute; what is beyond them is counted together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use room::{Event, Log, Repeated, Role, RoomId, Time};

use super::{Actor, OpenLog};
use crate::{
    app::App,
    error::{Error, Result},
    network::Network,
};

/// Of each reason, so many kinds are told apart in a minute.
const KINDS: usize = 32;
/// Of refusals by role, which have people and rooms that exist.
const KINDS_BY_ROLE: usize = 1024;
/// Networks that are told apart where kinds are not.
const NETWORKS: usize = 1000;
/// Entries that wait to be written; what is beyond them is added to the last.
const WAITING: usize = 4096;

/// Why somebody who wanted in, or wanted something, was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Address or password were wrong.
    WrongCredentials,
    /// There were too many attempts to sign in.
    TooManyAttempts,
    /// The password was right, and had run out.
    GivenPasswordRanOut,
    /// In an open session, the present password was wrong, or given wrongly too often.
    PresentPassword,
    /// A session token that opens nothing.
    Token,
    /// What another site's page sent.
    ForeignOrigin,
    /// Somebody who is no party of the room.
    NotAParty,
}

impl Reason {
    fn word(self) -> &'static str {
        match self {
            Self::WrongCredentials => "wrong_credentials",
            Self::TooManyAttempts => "too_many_attempts",
            Self::GivenPasswordRanOut => "given_password_ran_out",
            Self::PresentPassword => "present_password",
            Self::Token => "token",
            Self::ForeignOrigin => "foreign_origin",
            Self::NotAParty => "not_a_party",
        }
    }

    /// Whether it was about signing in.
    fn is_of_sign_in(self) -> bool {
        matches!(self, Self::WrongCredentials | Self::TooManyAttempts | Self::GivenPasswordRanOut)
    }
}

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// At the door: told in the platform's log.
    AtDoor {
        /// Why.
        reason: Reason,
        /// Where it came from.
        network: Network,
        /// Address of the account that it was about, where there is such an account. What was typed and is none is not
        /// kept: it may be a password.
        account: Option<String>,
        /// The room that it was about.
        room: Option<RoomId>,
    },
    /// By the role: told in the log of the room, or in the platform's.
    ByRole {
        /// That log's room.
        room: Option<RoomId>,
        /// Address of whom it was refused to.
        email: String,
        /// Their name.
        name: String,
        /// Their role.
        role: Role,
        /// What they wanted.
        permission: &'static str,
    },
    /// Whatever else was refused for this reason: too many kinds to tell apart.
    Others(Reason),
    /// Whatever else was refused by roles; from where is not kept.
    OthersByRole,
}

impl Kind {
    /// What it is counted under where there are too many kinds, and how many there may be.
    fn beyond(&self) -> (Self, usize) {
        match self {
            Self::AtDoor { reason, .. } | Self::Others(reason) => (Self::Others(*reason), KINDS),
            Self::ByRole { .. } | Self::OthersByRole => (Self::OthersByRole, KINDS_BY_ROLE),
        }
    }
}

/// How often, from when to when.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Count {
    times: u64,
    from: Time,
    to: Time,
    networks: BTreeSet<Network>,
}

impl Count {
    fn none(now: Time) -> Self {
        Self { times: 0, from: now, to: now, networks: BTreeSet::new() }
    }

    fn add(&mut self, now: Time) {
        (self.from, self.to) = if self.times == 0 { (now, now) } else { (self.from.min(now), self.to.max(now)) };
        self.times += 1;
    }

    fn merge(&mut self, other: Self) {
        self.times += other.times;
        (self.from, self.to) = (self.from.min(other.from), self.to.max(other.to));
        self.networks.extend(other.networks);
    }
}

/// What was refused and is not told yet.
#[derive(Debug, Default)]
pub struct Refusals {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// The minute that is counted, since 1970.
    minute: i64,
    open: BTreeMap<Kind, Count>,
    /// Of minutes that are over.
    waiting: Vec<(Kind, Count)>,
}

impl Table {
    /// Counts a refusal; returns whether it is the first of its kind in this minute, which is told at once.
    fn count(&mut self, kind: &Kind, now: Time) -> bool {
        let minute = now.as_microsecond().div_euclid(60_000_000);
        if minute != self.minute {
            self.minute = minute;
            self.close();
        }
        if let Some(count) = self.open.get_mut(kind) {
            count.add(now);
            return false;
        }
        let (beyond, most) = kind.beyond();
        if self.open.keys().filter(|open| open.beyond().0 == beyond).count() < most {
            self.open.insert(kind.clone(), Count::none(now));
            return true;
        }
        let count = self.open.entry(beyond).or_insert_with(|| Count::none(now));
        count.add(now);
        if let Kind::AtDoor { network, .. } = kind
            && count.networks.len() < NETWORKS
        {
            count.networks.insert(*network);
        }
        false
    }

    /// Ends the minute.
    fn close(&mut self) {
        let over = std::mem::take(&mut self.open).into_iter().filter(|(_, count)| count.times > 0);
        for (kind, count) in over {
            self.wait(kind, count);
        }
    }

    fn wait(&mut self, kind: Kind, count: Count) {
        let (beyond, is_full) = (kind.beyond().0, self.waiting.len() >= WAITING);
        match self.waiting.iter_mut().find(|(waiting, _)| is_full && *waiting == beyond) {
            Some((_, waiting)) => waiting.merge(count),
            None => self.waiting.push((if is_full { beyond } else { kind }, count)),
        }
    }
}

impl Refusals {
    fn count(&self, kind: &Kind, now: Time) -> bool {
        self.lock().count(kind, now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Table> {
        // Every change of the table is complete before anything in it can panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes a refusal. That it cannot be written is no fault of whoever was refused: it stays counted, and is told later.
pub async fn note(app: &App, kind: Kind) {
    let now = app.now();
    if app.refusals.count(&kind, now) {
        // In a task of its own: whoever was refused may be gone before it is written.
        let _ = tokio::spawn(tell_first(app.clone(), kind, now)).await;
    }
}

async fn tell_first(app: App, kind: Kind, now: Time) {
    if let Err(error) = tell(&app, &kind, &Count { times: 1, from: now, to: now, networks: BTreeSet::new() }).await {
        tracing::warn!(%error, "a refusal could not be logged; it is told with the next ones");
        app.refusals.lock().open.entry(kind).or_insert_with(|| Count::none(now)).add(now);
    }
}

/// Tells what was counted in the minutes that are over; or all, where the server stops.
pub async fn tell_all(app: &App, is_stopping: bool) -> Result<()> {
    let minute = app.now().as_microsecond().div_euclid(60_000_000);
    let waiting = {
        let mut table = app.refusals.lock();
        if is_stopping || table.minute != minute {
            table.close();
        }
        std::mem::take(&mut table.waiting)
    };
    let mut waiting = waiting.into_iter();
    while let Some((kind, count)) = waiting.next() {
        if let Err(error) = tell(app, &kind, &count).await {
            let mut table = app.refusals.lock();
            table.wait(kind, count);
            waiting.for_each(|(kind, count)| table.wait(kind, count));
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
pub(super) fn of_sign_in(refused: &Error) -> Option<Reason> {
    match refused {
        Error::WrongCredentials => Some(Reason::WrongCredentials),
        Error::TooManyAttempts { .. } => Some(Reason::TooManyAttempts),
        Error::GivenPasswordRanOut => Some(Reason::GivenPasswordRanOut),
        _ => None,
    }
}
