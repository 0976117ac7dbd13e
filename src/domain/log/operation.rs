//! An operation: one transaction that locks its log first, confirms its actor, and then appends entries, from which the
//! rows follow.

use std::sync::Arc;

use room::{
    EntryId, Envelope, Event, Log, Role, RoomId, Time,
    fold::{Account, Mark, PlatformState, State},
};

use super::{
    actor::Actor,
    confirming, heads,
    quota::{self, Earlier},
    state,
};
use crate::{
    app::App,
    at_hand::{Added, Held, User},
    db::{self, Tx, activity::Entry, logs::Head, projections::Obstacles},
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
    /// Nothing was done: this state of the log has to be brought up to date first.
    Behind(Log, User),
    /// Nothing was done: what was added with the first so many entries of the log has to be counted first.
    Uncounted(Log, u64),
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
    let (in_tx, by) = (app.clone(), by.clone());
    let attempt = async move |tx: &mut Tx, obstacles: Obstacles| {
        // The lock first: what is read before it may have changed by the time the entry is appended, and an operation
        // that changed rows before it asks for the lock could deadlock with one that has it.
        let Some(mut log) = OpenLog::lock_within(tx, &in_tx, log, &by, MOST_FOLDED).await? else {
            return Ok(Attempt::Behind(log, User::Operation));
        };
        log.obstacles = obstacles;
        if !log.confirm(tx).await? {
            return Ok(Attempt::Behind(Log::Platform, User::Reader));
        }
        if let Some(size) = log.keep_to_quota() {
            return Ok(Attempt::Uncounted(log.log, size));
        }
        let done = body(tx, &mut log).await?;
        log.mark_if_due(tx).await?;
        Ok(Attempt::Done(done))
    };
    // Boxed, since what calls an operation would have all of this in its own future.
    Box::pin(attempts(app, attempt)).await
}

/// Runs the body in one transaction like [`operation`], but with no log locked: for a user who opens a log that is not
/// there yet. The body gets their account as the platform's log tells it.
pub async fn unlocked<T, F>(app: &App, by: &Actor, body: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFnOnce(&mut Tx, &Account) -> Result<T> + Clone + Send + 'static,
{
    let (in_tx, by) = (app.clone(), by.clone());
    let attempt = async move |tx: &mut Tx, _: Obstacles| {
        let Some(held) = state::platform(tx, &in_tx, MOST_FOLDED).await? else {
            return Ok(Attempt::Behind(Log::Platform, User::Reader));
        };
        let platform = held.platform().ok_or_else(platform_not_adopted)?;
        let account = confirming::account(tx, platform, &by, in_tx.now()).await?;
        confirming::refuse_change(Some(account.role.into()), &by)?;
        body(tx, account).await.map(Attempt::Done)
    };
    Box::pin(attempts(app, attempt)).await
}

/// Confirms an actor in a room whose log is not locked, as [`operation`] does it.
///
/// # Errors
///
/// Fails if the session has ended, or account or role are not what they were when the request was admitted.
pub async fn confirm(tx: &mut Tx, app: &App, room: RoomId, by: &Actor) -> Result<()> {
    let seen = state::seen(tx, app, Log::Room(room), u64::MAX).await?.ok_or(Error::NotFound("room"))?;
    let state = seen.room().ok_or_else(not_adopted)?;
    let held = platform_whole(tx, app).await?;
    let platform = held.platform().ok_or_else(platform_not_adopted)?;
    let account = confirming::account(tx, platform, by, app.now()).await?;
    confirming::refuse_change_in_room(account, Some(state), by)
}

/// Reads something of a room as its log tells it, up to the head that the transaction sees.
///
/// # Errors
///
/// Fails if there is no such room, or if its log is not sound or does not tell everything.
pub async fn of_room<T>(tx: &mut Tx, app: &App, room: RoomId, read: impl FnOnce(&State) -> T) -> Result<T> {
    let held = state::seen(tx, app, Log::Room(room), u64::MAX).await?.ok_or(Error::NotFound("room"))?;
    held.room().map(read).ok_or_else(not_adopted)
}

/// Reads something of the platform as its log tells it, up to the head that the transaction sees.
///
/// # Errors
///
/// Fails if that log is not sound, or does not tell everything.
pub async fn of_platform<T>(tx: &mut Tx, app: &App, read: impl FnOnce(&PlatformState) -> T) -> Result<T> {
    platform_whole(tx, app).await?.platform().map(read).ok_or_else(platform_not_adopted)
}

async fn platform_whole(tx: &mut Tx, app: &App) -> Result<Arc<Held>> {
    let held = state::platform(tx, app, u64::MAX).await?;
    held.ok_or_else(|| Error::internal("a log that grows without end"))
}

/// Begins an operation as often as its states have to be brought up to date first, and once more if the database refuses
/// a row because of others, which then have to go.
async fn attempts<T, F>(app: &App, attempt: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFnOnce(&mut Tx, Obstacles) -> Result<Attempt<T>> + Clone + Send + 'static,
{
    let mut obstacles = Obstacles::Stay;
    for _ in 0..TRIES {
        let attempt = attempt.clone();
        match app.db.write(async move |tx: &mut Tx| attempt(tx, obstacles).await).await {
            Ok(Attempt::Done(done)) => return Ok(done),
            Ok(Attempt::Behind(log, user)) => state::catch_up(app, (log, user)).await?,
            Ok(Attempt::Uncounted(log, size)) => quota::count_earlier(app, log, size).await?,
            Err(error) if error.is_refused_row() && obstacles == Obstacles::Stay => {
                tracing::warn!(%error, "a row is refused; what the log does not tell of and stands in its way goes");
                obstacles = Obstacles::Go;
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::Busy)
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
    /// What becomes of rows that stand in the way of those that follow from this operation.
    obstacles: Obstacles,
    /// Whether an entry could not follow the others, after which the state is of no use.
    is_spoilt: bool,
    /// The clock, if it is behind the log's last entry, whose time the operation then has.
    clock: Option<Time>,
    /// Whether this operation has appended an entry already.
    has_appended: bool,
    /// What the actor had added on the day before the tally of the state began. `None` if there is no quota for them.
    earlier: Option<Added>,
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
        let head = db::logs::lock_head(tx, log, &log.origin(app.log_key().name())).await?;
        heads::check(tx, app, log, &head).await?;
        Self::at_head(tx, app, (log, head), by, most).await
    }

    /// Locks a log that is to go on without what was signed of it, and gives it a new origin. Returns it
    /// with the largest head that is known to have been signed, or the one that it has if none is.
    ///
    /// # Errors
    ///
    /// Fails if the log is sound although it goes on because it is not, or if its entries cannot be folded.
    pub(super) async fn lock_to_continue(
        tx: &mut Tx,
        app: &App,
        (log, ground): (Log, heads::Ground),
        by: &Actor,
    ) -> Result<(Self, Checkpoint)> {
        app.clock_offset.check()?;
        let mut head = db::logs::lock_head(tx, log, &log.origin(app.log_key().name())).await?;
        if ground == heads::Ground::NotSound && heads::fault(tx, app, log, &head).await?.is_none() {
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
        Ok(Some(Self {
            log,
            held: known,
            obstacles: Obstacles::Stay,
            is_spoilt: false,
            clock,
            has_appended: false,
            earlier: None,
            origin,
            by,
            app,
            now,
        }))
    }

    /// Returns the clock, by which everything is judged that stands in no log and ends by itself: sessions, jobs, files that
    /// are to go. [`OpenLog::now`] is later if the clock was ahead when the log's last entry was written.
    pub fn clock(&self) -> Time {
        self.clock.unwrap_or(self.now)
    }

    /// Refuses an actor whose session has ended, or whose account or role is not what it was when the request was
    /// admitted: as the logs tell it. Returns `false` if too many entries of the platform's log would have to be folded.
    async fn confirm(&self, tx: &mut Tx) -> Result<bool> {
        if !matches!(self.by, Actor::User { .. }) {
            return Ok(true);
        }
        if self.log == Log::Platform {
            let account = confirming::account(tx, self.platform()?, &self.by, self.clock()).await?;
            confirming::refuse_change(Some(account.role.into()), &self.by)?;
            return Ok(true);
        }
        let state = self.held.room();
        if state.is_none() && self.head().size() > 0 {
            return Err(not_adopted());
        }
        let Some(held) = state::platform(tx, &self.app, MOST_FOLDED).await? else { return Ok(false) };
        let platform = held.platform().ok_or_else(platform_not_adopted)?;
        let account = confirming::account(tx, platform, &self.by, self.clock()).await?;
        confirming::refuse_change_in_room(account, state, &self.by)?;
        Ok(true)
    }

    /// Has what the actor appends held against the quota of the room, if there is one for them. Returns the number of
    /// entries that have to be counted first, if any.
    fn keep_to_quota(&mut self) -> Option<u64> {
        match quota::earlier(&self.app, self.log, &self.by, (self.held.tally(), self.now.day()))? {
            Earlier::Uncounted(size) => Some(size),
            Earlier::Known(added) => {
                self.earlier = Some(added);
                None
            }
        }
    }

    /// Refuses an entry of the actor that would go beyond the quota of the room.
    fn refuse_beyond_quota(&self, event: &Event) -> Result<()> {
        let Some(mut added) = self.earlier else { return Ok(()) };
        added += self.held.tally().of(self.by.word(), self.now.day());
        quota::refuse_beyond(&self.app, added, quota::uploaded_by(event), (self.now, self.clock()))
    }

    /// Returns the application in which the operation runs, for its settings and ids.
    pub fn app(&self) -> &App {
        &self.app
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

    /// Reads something of the platform as its log tells it: the one that is open, or else as the transaction sees it.
    ///
    /// # Errors
    ///
    /// Fails if that log is not sound, or does not tell everything: it could not be adopted.
    pub async fn of_platform<T>(&self, tx: &mut Tx, read: impl FnOnce(&PlatformState) -> T) -> Result<T> {
        if self.log == Log::Platform {
            return self.platform().map(read);
        }
        of_platform(tx, &self.app, read).await
    }

    /// Returns the log's name in its checkpoints.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the public key of the key that signs the log's checkpoints now.
    pub fn public_key(&self) -> String {
        self.app.log_key().public().to_owned()
    }

    /// Returns the actor of the operation.
    pub fn by(&self) -> &Actor {
        &self.by
    }

    /// Has the entries that follow name this role of the actor: see [`Actor::user_in_role`].
    pub fn act_in(&mut self, used: Role) {
        if let Actor::User { role, .. } = &mut self.by {
            *role = used;
        }
    }

    /// Appends an entry, and signs the new head of the log.
    pub async fn append(&mut self, tx: &mut Tx, event: &Event) -> Result<()> {
        self.append_proving(tx, event).await.map(drop)
    }

    /// Appends an entry like [`OpenLog::append`], and returns the proof that the log has it.
    pub async fn append_proving(&mut self, tx: &mut Tx, event: &Event) -> Result<LogProof> {
        self.refuse_beyond_quota(event)?;
        let by = (self.by.word().to_owned(), self.by.role_to_name());
        self.append_by(tx, by, event).await
    }

    /// Marks the state of the log, if so many entries have come since the last mark.
    async fn mark_if_due(&mut self, tx: &mut Tx) -> Result<()> {
        let due = self.held.due_mark().map_err(|error| Error::internal(format!("a state: {error}")))?;
        let Some(Mark { event, state }) = due else { return Ok(()) };
        let seq = self.head().size();
        self.append_by(tx, (Actor::System.word().to_owned(), None), &event).await?;
        db::marks::set(tx, self.log, &db::marks::Mark { seq, state }).await
    }

    async fn append_by(
        &mut self,
        tx: &mut Tx,
        (actor, by_role): (String, Option<Role>),
        event: &Event,
    ) -> Result<LogProof> {
        let envelope = Envelope { continues: self.has_appended, clock: self.clock, by_role };
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
            .signed(&self.app.log_key())
            .map_err(|error| Error::internal(format!("a checkpoint cannot be signed: {error}")))?;
        // All of these are seen or none: an entry beyond the head would look like tampering, a head without its nodes
        // could prove nothing, and rows say what the entry does. They come first, since an entry names its room.
        state::write_rows(tx, &self.held, changed, self.obstacles).await?;
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

fn platform_not_adopted() -> Error {
    let why = "the platform's log, which tells who may write, is from an earlier version and could not be adopted";
    Error::LogNotSound(why.into())
}

fn not_adopted() -> Error {
    Error::LogNotSound("it is from an earlier version and could not be adopted, so it does not tell everything".into())
}
