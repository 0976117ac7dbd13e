//! An operation: one transaction that locks its log first, confirms its actor, and then appends entries, from which the
//! rows follow.

use std::sync::Arc;

use room::{
    EntryId, Envelope, Event, Log, Role, Time,
    fold::{Mark, PlatformState, State},
};

use super::{actor::Actor, heads, state};
use crate::{
    app::App,
    at_hand::{Held, User},
    db::{self, Tx, activity::Entry, logs::Head},
    error::{Error, Result},
    evidence::{Checkpoint, CompactRange, LogProof},
    random,
};

/// How many entries an operation folds while it has the log locked. Where more are new to this process, they are read
/// before, so that nobody waits for it.
const MOST_FOLDED: u64 = 1_000;

/// How often an operation is begun anew because the log has grown too much since its state was brought up to date.
const TRIES: u32 = 8;

/// How an operation ended.
enum Attempt<T> {
    Done(T),
    /// Nothing was done: the state of the log has to be brought up to date first.
    Behind,
}

/// Runs the body in one transaction, which commits the body's changes and entries together or not at all.
///
/// Before the body runs, the log is locked and the actor is confirmed: a party that was removed, a user that was
/// disabled or a session that ended while the request was on its way changes nothing any more. The body is `Clone`
/// because a database may ask for the transaction to be repeated.
pub async fn operation<T, F>(app: &App, log: Log, by: &Actor, body: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFnOnce(&mut Tx, &mut OpenLog) -> Result<T> + Clone + Send + 'static,
{
    for _ in 0..TRIES {
        let (in_tx, by, body) = (app.clone(), by.clone(), body.clone());
        let attempt = app
            .db
            .write(async move |tx| {
                // The lock first: what is read before it may have changed by the time the entry is appended, and an
                // operation that changed rows before it asks for the lock could deadlock with one that has it.
                let Some(mut log) = OpenLog::lock_within(tx, &in_tx, log, &by, MOST_FOLDED).await? else {
                    return Ok(Attempt::Behind);
                };
                log.confirm(tx).await?;
                let done = body(tx, &mut log).await?;
                log.mark_if_due(tx).await?;
                Ok(Attempt::Done(done))
            })
            .await?;
        match attempt {
            Attempt::Done(done) => return Ok(done),
            Attempt::Behind => state::catch_up(app, (log, User::Operation)).await?,
        }
    }
    Err(Error::Busy)
}

/// Refuses an actor whose session has ended, or whose account or role is not what it was when the request was admitted.
pub async fn confirm(tx: &mut Tx, log: Log, by: &Actor, now: Time) -> Result<()> {
    // Admission was checked before the body of the request was read. An upload may take minutes, in which its user can
    // be signed out, disabled or removed from the room. A removal takes the same lock: it is either seen here, or comes
    // after this operation.
    let Actor::User { email, .. } = by else { return Ok(()) };
    let role_in_room = match log {
        Log::Room(room) => db::parties::role(tx, room, email).await?,
        Log::Platform => None,
    };
    confirm_with(tx, (log, role_in_room), by, now).await
}

async fn confirm_with(tx: &mut Tx, (log, role_in_room): (Log, Option<Role>), by: &Actor, now: Time) -> Result<()> {
    let Actor::User { email, role, session, .. } = by else { return Ok(()) };
    let account = match session {
        Some(session) => db::sessions::signed_in(tx, session, now).await?.map(|held| held.user),
        None => db::users::by_email(tx, email).await?.map(|(user, _)| user).filter(|user| !user.disabled),
    };
    let account = account.filter(|account| account.email == *email).ok_or(Error::Unauthenticated)?;
    let present_role = match log {
        Log::Room(_) => Role::in_room(account.role, role_in_room),
        Log::Platform => Some(account.role),
    };
    // Any other role is refused, also one that may do more: the policy was asked about the old one, and rows such as
    // decisions would keep the old one.
    match present_role {
        Some(present) if present == *role => Ok(()),
        Some(_) => Err(Error::conflict("your role has been changed meanwhile; try again")),
        None => Err(Error::NotAParty),
    }
}

/// A log that is locked for the rest of the transaction, and the only way to append to it.
///
/// An operation gets one before it reads or changes anything else. The lock is the log's row in `room_logs`, which
/// SQLite's single writer holds anyway and PostgreSQL holds until the commit: nothing else changes the room between two
/// queries of the operation, entries stand in the order in which things happened, and the instant `now` is read after
/// the lock, so times do not run against that order. On PostgreSQL, rooms do not wait for each other.
///
/// It keeps the state that the log leads to while it is open, and the tree over its entries. Several entries of one
/// operation continue one tree, each with a signed head of its own, without reading the row again. The fields are
/// private and only [`OpenLog::lock`] makes one, so a function that is given an `OpenLog` can rely on the lock.
///
/// Not taken: a queue that a single task appends from, since an entry would then commit apart from the change that it
/// tells of; an optimistic check of the log's size at the commit, since busy rooms would repeat whole operations; and
/// serializable transactions, since they abort under load what a lock lets wait.
pub struct OpenLog {
    log: Log,
    /// The log up to its head.
    held: Held,
    /// Whether an entry could not follow the others, after which the state is of no use.
    is_spoilt: bool,
    /// The clock, if it is behind the log's last entry, whose time the operation then has.
    clock: Option<Time>,
    /// Whether this operation has appended an entry already.
    has_appended: bool,
    origin: String,
    by: Actor,
    app: App,
    /// The instant of the operation, in all its rows and entries. It is never before that of the log's last entry, also
    /// if the clock was set back.
    pub now: Time,
}

impl Drop for OpenLog {
    /// Gives the state back for the next operation. If this one is rolled back, the state is that of a log that nobody
    /// will see, and is dropped when it is found to be.
    fn drop(&mut self) {
        if !self.is_spoilt {
            let held = std::mem::replace(&mut self.held, Held::of_empty(self.log));
            self.app.at_hand.give(self.log, held);
        }
    }
}

impl OpenLog {
    /// Locks the log's row in `room_logs`, brings its state up to date, and reads the clock. Refused if that is known to
    /// be wrong.
    ///
    /// # Errors
    ///
    /// Fails if the log's entries are not those that its head was made of, or one does not follow the others; if its head
    /// was not signed, or is behind what was signed of the log.
    pub async fn lock(tx: &mut Tx, app: &App, log: Log, by: &Actor) -> Result<Self> {
        let locked = Self::lock_within(tx, app, log, by, u64::MAX).await?;
        locked.ok_or_else(|| Error::internal("a log that grows without end"))
    }

    /// Does the same as [`OpenLog::lock`]. Returns `None` if more than `most` entries would have to be folded.
    async fn lock_within(tx: &mut Tx, app: &App, log: Log, by: &Actor, most: u64) -> Result<Option<Self>> {
        app.clock_offset.check()?;
        let head = db::logs::lock_head(tx, log, &log.origin(app.log_key.name())).await?;
        heads::check(tx, app, log, &head).await?;
        Self::at_head(tx, app, (log, head), by, most).await
    }

    /// Locks a log that takes no entries, because its head is not what was signed, and gives it a new origin. Returns it
    /// with the largest head that is known to have been signed, or the one that it has if none is.
    ///
    /// # Errors
    ///
    /// Fails if nothing keeps the log from taking entries, or if its entries cannot be folded.
    pub(super) async fn lock_to_continue(tx: &mut Tx, app: &App, log: Log, by: &Actor) -> Result<(Self, Checkpoint)> {
        app.clock_offset.check()?;
        let mut head = db::logs::lock_head(tx, log, &log.origin(app.log_key.name())).await?;
        if heads::fault(tx, app, log, &head).await?.is_none() {
            return Err(Error::Refused("nothing keeps it from taking entries".into()));
        }
        let present = heads::present(app, log, Some(&head));
        let lost = app.heads.signed(log).unwrap_or_else(|| present.clone());
        let origin = heads::next_origin(log, &present, &lost);
        db::logs::set_origin(tx, log, &origin).await?;
        head.origin = Some(origin);
        let open = Self::at_head(tx, app, (log, head), by, u64::MAX).await?;
        open.map(|open| (open, lost)).ok_or_else(|| Error::internal("a log that grows without end"))
    }

    /// Brings the state of a locked log up to date.
    async fn at_head(tx: &mut Tx, app: &App, (log, head): (Log, Head), by: &Actor, most: u64) -> Result<Option<Self>> {
        let origin = head.origin.ok_or_else(|| Error::internal("a log without a name"))?;
        let Some(known) = state::at(tx, app, (log, User::Operation), &head.range, most).await? else { return Ok(None) };
        // The clock is read under the lock: an operation that had to wait would otherwise carry an earlier time than
        // the entry before its own. A clock may still be set back, and several nodes have several clocks.
        let clock = app.now();
        let now = known.last().map_or(clock, |last| clock.max(last));
        let clock = (clock < now).then_some(clock);
        let (by, app) = (by.clone(), app.clone());
        Ok(Some(Self { log, held: known, is_spoilt: false, clock, has_appended: false, origin, by, app, now }))
    }

    /// Refuses an actor whose session has ended, or whose account or role is not what it was when the request was
    /// admitted. Who is a party of the room is what its log tells.
    async fn confirm(&self, tx: &mut Tx) -> Result<()> {
        let state = self.held.room();
        let is_of_user = matches!(self.by, Actor::User { .. });
        if is_of_user && self.log != Log::Platform && state.is_none() && self.head().size() > 0 {
            return Err(not_adopted());
        }
        let role = state.and_then(|state| state.parties.values().find(|party| party.email == self.by.word()));
        confirm_with(tx, (self.log, role.map(|party| party.role)), &self.by, self.now).await
    }

    /// Returns which log it is.
    pub fn log(&self) -> Log {
        self.log
    }

    /// Returns the head of the log, with the entries that this operation has appended.
    pub fn head(&self) -> &CompactRange {
        self.held.range()
    }

    /// Returns the room as its log tells it, with the entries that this operation has appended.
    ///
    /// # Errors
    ///
    /// Fails if the log is not a room's, if it is empty, or if it does not tell everything: it could not be adopted.
    pub fn room(&self) -> Result<&State> {
        // A room without entries is one that does not exist.
        let missing = || if self.head().size() == 0 { Error::NotFound("room") } else { not_adopted() };
        self.held.room().ok_or_else(missing)
    }

    /// Returns the platform as its log tells it, with the entries that this operation has appended.
    ///
    /// # Errors
    ///
    /// Fails if the log is a room's, or does not tell everything: it could not be adopted.
    pub fn platform(&self) -> Result<&PlatformState> {
        self.held.platform().ok_or_else(not_adopted)
    }

    /// Returns the log's name in its checkpoints.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the public key of the key that signs the log's checkpoints now.
    pub fn public_key(&self) -> &str {
        self.app.log_key.public()
    }

    /// Returns the actor of the operation.
    pub fn by(&self) -> &Actor {
        &self.by
    }

    /// Appends an entry, and signs the new head of the log.
    pub async fn append(&mut self, tx: &mut Tx, event: &Event) -> Result<()> {
        self.append_proving(tx, event).await.map(drop)
    }

    /// Appends an entry like [`OpenLog::append`], and returns the proof that the log has it.
    pub async fn append_proving(&mut self, tx: &mut Tx, event: &Event) -> Result<LogProof> {
        let by = self.by.word().to_owned();
        self.append_by(tx, by, event).await
    }

    /// Marks the state of the log, if so many entries have come since the last mark.
    async fn mark_if_due(&mut self, tx: &mut Tx) -> Result<()> {
        let due = self.held.due_mark().map_err(|error| Error::internal(format!("a state: {error}")))?;
        let Some(Mark { event, state }) = due else { return Ok(()) };
        let seq = self.head().size();
        self.append_by(tx, Actor::System.word().to_owned(), &event).await?;
        db::marks::set(tx, self.log, &db::marks::Mark { seq, state }).await
    }

    async fn append_by(&mut self, tx: &mut Tx, actor: String, event: &Event) -> Result<LogProof> {
        let envelope = Envelope { continues: self.has_appended, clock: self.clock };
        let (action, meta) = event.to_entry(envelope).map_err(|error| Error::internal(format!("an event: {error}")))?;
        // The path has to be taken before the push: it is made of the roots that the push merges.
        let (index, path) = (self.head().size(), self.head().path_of_next());
        let entry = Entry {
            id: EntryId(random::new_uuid()),
            log: self.log,
            seq: index.try_into().map_err(|_| Error::internal("a log is full"))?,
            actor,
            action,
            at: self.now,
            meta,
        };
        let fields = entry.leaf();
        let leaf = fields.canonical().map_err(|error| Error::internal(format!("an entry: {error}")))?;
        if self.is_spoilt {
            return Err(Error::internal("an operation went on after an entry that could not follow"));
        }
        let told_everything = self.held.tells_everything() || index == 0;
        let (changed, hash, completed) = self.held.apply(&fields, &leaf).map_err(|contradiction| {
            self.is_spoilt = true;
            if told_everything { Error::internal(contradiction.to_string()) } else { not_adopted() }
        })?;
        // Signed for each entry, not for each commit: the path above leads to the root of just this size, also if the
        // operation appends more entries.
        let head = Checkpoint { origin: self.origin.clone(), size: self.head().size(), root: self.head().root() };
        let checkpoint = head
            .signed(&self.app.log_key)
            .map_err(|error| Error::internal(format!("a checkpoint cannot be signed: {error}")))?;
        // All of these are seen or none: an entry beyond the head would look like tampering, a head without its nodes
        // could prove nothing, and rows say what the entry does. They come first, since an entry names its room.
        state::write_rows(tx, &self.held, changed).await?;
        db::activity::insert(tx, &entry, &hash).await?;
        db::logs::insert_nodes(tx, self.log, &completed).await?;
        db::logs::set_head(tx, self.log, self.head(), &checkpoint).await?;
        self.has_appended = true;
        // The next operation may come before the commit. If this is rolled back, the database never has this head.
        self.app.heads.note_checked(self.log, &checkpoint, head.clone());
        let (heads, log) = (Arc::clone(&self.app.heads), self.log);
        tx.after_commit(move || heads.remember(log, head));
        Ok(LogProof { leaf, index, path, checkpoint })
    }
}

fn not_adopted() -> Error {
    Error::LogNotSound("it is from an earlier version and could not be adopted, so it does not tell everything".into())
}
