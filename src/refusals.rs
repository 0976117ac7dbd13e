//! What was refused and is not in the logs yet, counted by the minute: nobody can flood a log by being refused.
//!
//! The first of a kind in a minute is told at once. What more of it comes in that minute is counted, and told in one entry
//! when the minute is over. Only so many kinds are told apart in a minute; what is beyond them is counted together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use room::{Role, RoomId, Time};

use crate::network::Network;

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
    /// The word in the log.
    pub fn word(self) -> &'static str {
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
    pub fn is_of_sign_in(self) -> bool {
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
pub struct Count {
    /// How often.
    pub times: u64,
    /// The first time.
    pub from: Time,
    /// The last time.
    pub to: Time,
    /// The networks it came from, where kinds are not told apart.
    pub networks: BTreeSet<Network>,
}

impl Count {
    /// One refusal, at `now`.
    pub fn one(now: Time) -> Self {
        Self { times: 1, ..Self::none(now) }
    }

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
        let minute = minute(now);
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
    /// Counts a refusal; returns whether it is the first of its kind in this minute, which is told at once.
    pub fn count(&self, kind: &Kind, now: Time) -> bool {
        self.lock().count(kind, now)
    }

    /// Counts a refusal that was to be told at once and could not be.
    pub fn count_again(&self, kind: Kind, now: Time) {
        self.lock().open.entry(kind).or_insert_with(|| Count::none(now)).add(now);
    }

    /// Takes what was counted in the minutes that are over at `now`; with `all`, in the present one too.
    pub fn take(&self, now: Time, all: bool) -> Vec<(Kind, Count)> {
        let mut table = self.lock();
        if all || table.minute != minute(now) {
            table.close();
        }
        std::mem::take(&mut table.waiting)
    }

    /// Gives back what was taken and could not be told.
    pub fn give_back(&self, untold: impl IntoIterator<Item = (Kind, Count)>) {
        let mut table = self.lock();
        for (kind, count) in untold {
            table.wait(kind, count);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Table> {
        // Every change of the table is complete before anything in it can panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The minute of an instant, since 1970.
fn minute(now: Time) -> i64 {
    now.as_microsecond().div_euclid(60_000_000)
}
