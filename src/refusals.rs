//! Refusals that are not in the logs yet, counted by the minute, so that no client can flood a log by being refused.
//!
//! The first refusal of a kind in a minute is logged at once. Further ones in that minute are counted, and logged in
//! one entry when the minute is over. The number of kinds that are told apart in a minute is limited; those beyond it
//! are counted together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use room::{Roles, RoomId, Time};

use crate::network::Network;

/// How many kinds are told apart in a minute, for each reason.
const KINDS: usize = 32;
/// The same for refusals by role. There can be more, since their people and rooms exist.
const KINDS_BY_ROLE: usize = 1024;
/// How many networks are remembered with refusals that are counted together.
const NETWORKS: usize = 1000;
/// How many counts can wait to be logged; later ones are merged.
const WAITING: usize = 4096;

/// Why a request was refused, other than for its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The address or the password was wrong.
    WrongCredentials,
    /// There were too many attempts to sign in.
    TooManyAttempts,
    /// The password was right, but was given by an admin and not replaced in time.
    GivenPasswordRanOut,
    /// In an open session, the present password was wrong, or was wrong too often.
    PresentPassword,
    /// The session token is unknown, expired or revoked.
    Token,
    /// The request came from a page of another site.
    ForeignOrigin,
    /// The caller is not a party of the room.
    NotAParty,
    /// The caller has added as much to the room as a party may in a day.
    QuotaReached,
}

impl Reason {
    /// Returns the reason as the log writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::WrongCredentials => "wrong_credentials",
            Self::TooManyAttempts => "too_many_attempts",
            Self::GivenPasswordRanOut => "given_password_ran_out",
            Self::PresentPassword => "present_password",
            Self::Token => "token",
            Self::ForeignOrigin => "foreign_origin",
            Self::NotAParty => "not_a_party",
            Self::QuotaReached => "quota_reached",
        }
    }

    /// Whether the refused request was an attempt to sign in.
    pub fn is_of_sign_in(self) -> bool {
        matches!(self, Self::WrongCredentials | Self::TooManyAttempts | Self::GivenPasswordRanOut)
    }
}

/// Refusals that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Refused before the caller was known or let in, or for a quota; logged in the platform's log.
    AtDoor {
        /// Why it was refused.
        reason: Reason,
        /// The network that the request came from.
        network: Network,
        /// Address of the account that it was about, if there is such an account. Any other text that was typed is not
        /// kept: it may be a password.
        account: Option<String>,
        /// The room that it was about, if any.
        room: Option<RoomId>,
    },
    /// Refused because of the caller's role; logged in the log of the room, or in the platform's.
    ByRole {
        /// The room whose log it is, or `None` for the platform's.
        room: Option<RoomId>,
        /// Address of the caller.
        email: String,
        /// Name of the caller.
        name: String,
        /// Roles of the caller, in the room or on the platform.
        roles: Roles,
        /// The action that was refused, as `resource:verb`.
        permission: &'static str,
    },
    /// All further refusals for this reason, once there are too many kinds to tell apart.
    Others(Reason),
    /// All further refusals by role; where they came from is not kept.
    OthersByRole,
}

impl Kind {
    /// Returns the kind that this one is counted under if there are too many kinds, and how many there can be.
    fn overflow(&self) -> (Self, usize) {
        match self {
            Self::AtDoor { reason, .. } | Self::Others(reason) => (Self::Others(*reason), KINDS),
            Self::ByRole { .. } | Self::OthersByRole => (Self::OthersByRole, KINDS_BY_ROLE),
        }
    }
}

/// How often refusals of one kind happened, from when to when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The number of refusals.
    pub times: u64,
    /// The instant of the first.
    pub from: Time,
    /// The instant of the last.
    pub to: Time,
    /// The networks they came from, if kinds are not told apart.
    pub networks: BTreeSet<Network>,
}

impl Count {
    /// Counts one refusal, at `now`.
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

/// The refusals that are not logged yet.
#[derive(Debug, Default)]
pub struct Refusals {
    table: Mutex<Table>,
    over_quota: AtomicU64,
}

#[derive(Debug, Default)]
struct Table {
    /// The minute that is being counted, since 1970.
    minute: i64,
    open: BTreeMap<Kind, Count>,
    /// The counts of minutes that are over.
    waiting: Vec<(Kind, Count)>,
}

impl Table {
    /// Counts a refusal. Returns whether it is the first of its kind in this minute, which the caller logs at once.
    fn count(&mut self, kind: &Kind, now: Time) -> bool {
        let minute = minute(now);
        // `!=`, not `>`: a clock that was set back begins a new minute as well.
        if minute != self.minute {
            self.minute = minute;
            self.close_minute();
        }
        if let Some(count) = self.open.get_mut(kind) {
            count.add(now);
            return false;
        }
        let (overflow, most) = kind.overflow();
        if self.open.keys().filter(|open| open.overflow().0 == overflow).count() < most {
            // With a count of zero: the caller logs this one, so only later ones are left to be logged.
            self.open.insert(kind.clone(), Count::none(now));
            return true;
        }
        let count = self.open.entry(overflow).or_insert_with(|| Count::none(now));
        count.add(now);
        if let Kind::AtDoor { network, .. } = kind
            && count.networks.len() < NETWORKS
        {
            count.networks.insert(*network);
        }
        false
    }

    /// Ends the minute: what was counted in it waits to be logged.
    fn close_minute(&mut self) {
        let over = std::mem::take(&mut self.open).into_iter().filter(|(_, count)| count.times > 0);
        for (kind, count) in over {
            self.enqueue(kind, count);
        }
    }

    fn enqueue(&mut self, kind: Kind, count: Count) {
        // The database may be away for long. A full queue grows by one merged count for each reason at most.
        let (overflow, is_full) = (kind.overflow().0, self.waiting.len() >= WAITING);
        match self.waiting.iter_mut().find(|(waiting, _)| is_full && *waiting == overflow) {
            Some((_, waiting)) => waiting.merge(count),
            None => self.waiting.push((if is_full { overflow } else { kind }, count)),
        }
    }
}

impl Refusals {
    /// Counts a refusal. Returns whether it is the first of its kind in this minute, which the caller logs at once.
    pub fn count(&self, kind: &Kind, now: Time) -> bool {
        if matches!(kind, Kind::AtDoor { reason: Reason::QuotaReached, .. }) {
            self.over_quota.fetch_add(1, Ordering::Relaxed);
        }
        self.lock().count(kind, now)
    }

    /// Returns how many requests were refused for a quota, since the start.
    pub fn over_quota(&self) -> u64 {
        self.over_quota.load(Ordering::Relaxed)
    }

    /// Counts a refusal that could not be logged at once.
    pub fn count_again(&self, kind: Kind, now: Time) {
        self.lock().open.entry(kind).or_insert_with(|| Count::none(now)).add(now);
    }

    /// Takes the counts of the minutes that are over at `now`; with `all`, those of the present minute too.
    pub fn take(&self, now: Time, all: bool) -> Vec<(Kind, Count)> {
        let mut table = self.lock();
        if all || table.minute != minute(now) {
            table.close_minute();
        }
        std::mem::take(&mut table.waiting)
    }

    /// Gives back counts that were taken and could not be logged.
    pub fn give_back(&self, counts: impl IntoIterator<Item = (Kind, Count)>) {
        let mut table = self.lock();
        for (kind, count) in counts {
            table.enqueue(kind, count);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Table> {
        // Every change of the table is complete before anything in it can panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the number of the minute of an instant, since 1970.
fn minute(now: Time) -> i64 {
    now.as_microsecond().div_euclid(60_000_000)
}
