//! The fold of a log: everything that the log tells of its room, or of the platform, entry by entry.
//!
//! [`Fold::apply`] takes the entries in their order and keeps the [`State`] or the [`PlatformState`] that they lead to.
//! It is the one place that knows what an event means. It is deterministic: no clock, no randomness, no floats, no maps
//! without an order. Whatever depends on the present time, such as whether a certificate has expired, is no part of it.
//!
//! A log from before events had versions does not tell everything. Its entries are passed over until `room_adopted` or
//! `platform_adopted`, which has the state as the rows of the tables had it then; from there on the log tells
//! everything. It does so until `adoption_ended`, with which the database is given back to an earlier version of the
//! program: what follows is again passed over, until the log is adopted anew.
//!
//! A log that tells everything is adopted again only by an operator: `adopted_again` lists what the rows said otherwise
//! than the entries before it, and the parts of an adoption follow.
//!
//! From time to time an entry [marks](Mark) the state, so that a later fold can start there.

mod adoption;
mod apply;
mod content;
mod kept;
mod mark;
mod papers;
mod part;
mod platform;
mod state;
mod subject;

use std::fmt;

use uuid::Uuid;

pub use adoption::{Adoption, AdoptionPart, EntryOutline, LastAdoption, PART_BYTES};
pub use mark::{MARKED_EACH, Mark};
pub use part::{Part, PlatformPart};
pub use platform::{Account, ListedType, PlatformState, SigningKey};
pub use state::{Body, Hold, Lifted, Request, Seal, Seen, Slot, Snapshot, SnapshotFile, State, Upload};
pub use subject::Subject;

use self::adoption::Progress;
use crate::{
    Event, LeafRef, Log, RoomId, Time,
    event::{Envelope, Unreadable},
};

/// The fold of a log, up to some entry. It is that of a room's log, if not said otherwise.
#[derive(Debug, Clone)]
pub struct Fold<S = State> {
    log: Log,
    size: u64,
    last: Option<Time>,
    stage: Stage<S>,
    /// The number of entries up to the last mark, and the size of the state there as JSON, in bytes. 0 if there is none.
    marked: (u64, usize),
}

/// The fold of the platform's log.
pub type PlatformFold = Fold<PlatformState>;

/// What is known of that which the log is about.
#[derive(Debug, Clone)]
enum Stage<S> {
    /// Nothing: there are no entries, or only such from before events had versions, or the last adoption has ended.
    Unknown,
    /// So many parts of what differs between the log and the rows, from which it is going to be adopted again.
    Differing(u64),
    /// Some parts of the state that is adopted.
    Adopting(Adoption),
    /// Everything that the log tells.
    Known(Box<S>),
}

/// An entry that cannot follow the entries before it, or that this program does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The position of the entry in its log.
    pub seq: u64,
    /// The action of the entry.
    pub action: String,
    /// What is wrong with it.
    pub why: Why,
}

/// Why an entry cannot follow the entries before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its event is of a version that this program does not know.
    UnknownVersion(u64),
    /// Its event is not one of its version, with serde's words.
    Malformed(String),
    /// It says something else than the entries before it lead to.
    Against(String),
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, action, why } = self;
        write!(f, "entry {seq} (`{action}`) ")?;
        match why {
            Why::UnknownVersion(version) => {
                write!(f, "is of version {version}; this program knows versions up to {}", Event::VERSION)
            }
            Why::Malformed(words) => write!(f, "is not readable: {words}"),
            Why::Against(words) => write!(f, "does not follow: {words}"),
        }
    }
}

impl std::error::Error for Contradiction {}

impl From<Unreadable> for Why {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::UnknownVersion(version) => Self::UnknownVersion(version),
            Unreadable::Malformed(words) => Self::Malformed(words),
        }
    }
}

impl Fold {
    /// Returns the fold of the empty log of a room.
    pub fn new(room: RoomId) -> Self {
        Self::of_empty(Log::Room(room))
    }
}

impl PlatformFold {
    /// Returns the fold of the empty log of the platform.
    pub fn of_platform() -> Self {
        Self::of_empty(Log::Platform)
    }
}

impl<S: Subject> Fold<S> {
    fn of_empty(log: Log) -> Self {
        Self { log, size: 0, last: None, stage: Stage::Unknown, marked: (0, 0) }
    }

    /// Returns the number of entries that were folded.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the time of the last entry. `None` if there is none.
    pub fn last(&self) -> Option<Time> {
        self.last
    }

    /// Returns the room, or the platform, as the log tells it. `None` as long as the log does not tell everything,
    /// because it is empty or from before events had versions, and has not been adopted.
    pub fn state(&self) -> Option<&S> {
        match &self.stage {
            Stage::Known(state) => Some(state),
            Stage::Unknown | Stage::Differing(_) | Stage::Adopting(_) => None,
        }
    }

    /// Returns whether the log may be adopted: nothing is known of what it is about, and no part of an adoption has
    /// been read.
    pub fn may_be_adopted(&self) -> bool {
        matches!(self.stage, Stage::Unknown)
    }

    /// Returns the state, without the fold.
    pub fn into_state(self) -> Option<S> {
        match self.stage {
            Stage::Known(state) => Some(*state),
            Stage::Unknown | Stage::Differing(_) | Stage::Adopting(_) => None,
        }
    }

    /// Applies the next entry of the log. Returns the parts of the state that it has changed, each once: those that are
    /// gone too, and none for the state that a log is adopted with, which is that of the rows.
    ///
    /// # Errors
    ///
    /// Fails if the entry cannot follow the entries before it. What is folded then is of no use: the entry may have
    /// been applied in part.
    pub fn apply<'a>(&mut self, entry: impl Into<LeafRef<'a>>) -> Result<Vec<S::Part>, Contradiction> {
        let entry = entry.into();
        self.applied(entry).map_err(|why| Contradiction { seq: entry.seq, action: entry.action.to_owned(), why })
    }

    fn applied(&mut self, entry: LeafRef<'_>) -> Result<Vec<S::Part>, Why> {
        if entry.seq != self.size {
            return Err(Why::Against(format!("the entry after {} entries is missing", self.size)));
        }
        let mut room = Uuid::encode_buffer();
        let room = self.log.room().map(|RoomId(id)| &*id.hyphenated().encode_lower(&mut room));
        if entry.room_id != room {
            return Err(Why::Against("it is of another log".to_owned()));
        }
        let at = Time::from(entry.timestamp);
        let mut changed = Vec::new();
        if Event::version_of(entry.meta) == 1 {
            // Times could run backwards in these, and nothing is made of them.
            match self.stage {
                Stage::Unknown => {}
                Stage::Differing(_) | Stage::Adopting(_) | Stage::Known(_) => {
                    return Err(Why::Against("it is of version 1, after entries of version 2".to_owned()));
                }
            }
        } else {
            let (event, envelope) = Event::from_entry(entry.action, entry.meta)?;
            self.check_time(at, envelope)?;
            changed = self.apply_event(event, entry.actor, at)?;
            changed.sort_unstable();
            changed.dedup();
        }
        self.size += 1;
        self.last = Some(at);
        Ok(changed)
    }

    /// Checks that times do not run backwards, and that an operation has one time.
    fn check_time(&self, at: Time, envelope: Envelope) -> Result<(), Why> {
        let Some(last) = self.last else { return Ok(()) };
        if at < last {
            return Err(Why::Against(format!("its time, {at}, is before that of the entry before it, {last}")));
        }
        if envelope.continues && at != last {
            return Err(Why::Against("it continues an operation of another time".to_owned()));
        }
        if envelope.clock.is_some_and(|clock| clock >= at || at != last) {
            return Err(Why::Against("its clock is not behind the entry before it".to_owned()));
        }
        Ok(())
    }

    fn apply_event(&mut self, event: Event, actor: &str, at: Time) -> Result<Vec<S::Part>, Why> {
        match (&mut self.stage, event) {
            (stage @ (Stage::Known(_) | Stage::Differing(_)), Event::AdoptedAgain { part, of, .. }) => {
                let before = if let Stage::Differing(parts) = stage { *parts } else { 0 };
                if part != before + 1 || part > of {
                    return Err(Why::Against(format!("part {part} of {of} comes after part {before}")));
                }
                *stage = if part < of { Stage::Differing(part) } else { Stage::Adopting(Adoption::default()) };
                Ok(Vec::new())
            }
            (Stage::Differing(_), _) => {
                Err(Why::Against("the list before it of what the rows say otherwise is not at its end".to_owned()))
            }
            (stage @ Stage::Known(_), Event::AdoptionEnded {}) => {
                *stage = Stage::Unknown;
                Ok(Vec::new())
            }
            (Stage::Known(state), Event::StateMarked { state_sha256 }) => {
                self.marked = (self.size + 1, mark::check(&**state, &state_sha256)?);
                Ok(Vec::new())
            }
            // Of any log: what it tells is what it told before.
            (Stage::Known(_), Event::LogContinued { .. }) => Ok(Vec::new()),
            (Stage::Unknown, Event::LogContinued { .. }) if self.size > 0 => Ok(Vec::new()),
            (Stage::Known(state), event) => state.apply(event, actor, at),
            (stage @ (Stage::Unknown | Stage::Adopting(_)), event) => {
                let Some(part) = S::part_in(&event) else {
                    if self.size > 0 {
                        if matches!(stage, Stage::Unknown) && S::needs_no_state(&event) {
                            return Ok(Vec::new());
                        }
                        return Err(Why::Against("the log does not tell everything before it".to_owned()));
                    }
                    let begun = S::begin(self.log, event, actor, at)?;
                    let changed = begun.parts();
                    *stage = Stage::Known(Box::new(begun));
                    return Ok(changed);
                };
                let adoption = match stage {
                    Stage::Adopting(adoption) => std::mem::take(adoption),
                    Stage::Unknown | Stage::Differing(_) | Stage::Known(_) => Adoption::default(),
                };
                *stage = match adoption.with::<S>(part)? {
                    Progress::Parts(adoption) => Stage::Adopting(adoption),
                    Progress::Whole(whole) if whole.is_of(self.log) => Stage::Known(whole),
                    Progress::Whole(_) => return Err(Why::Against("it is the state of another log".into())),
                };
                Ok(Vec::new())
            }
        }
    }
}
