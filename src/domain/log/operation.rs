//! An operation: one transaction that locks its log first, confirms its actor, and then changes rows and appends
//! entries.

use std::sync::Arc;

use room::{EntryId, Envelope, Event, Log, Role, Time};

use super::actor::Actor;
use crate::{
    app::App,
    db::{self, Tx, activity::Entry},
    error::{Error, Result},
    evidence::{self, Checkpoint, CompactRange, LogKey, LogProof},
    random,
};

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
    app.db
        .write(async move |tx| {
            // The lock first: what is read before it may have changed by the time the entry is appended, and an
            // operation that changed rows before it asks for the lock could deadlock with one that has it.
            let mut log = OpenLog::lock(tx, &in_tx, log, &by).await?;
            confirm(tx, log.log, &by, log.now).await?;
            body(tx, &mut log).await
        })
        .await
}

/// Refuses an actor whose session has ended, or whose account or role is not what it was when the request was admitted.
pub async fn confirm(tx: &mut Tx, log: Log, by: &Actor, now: Time) -> Result<()> {
    // Admission was checked before the body of the request was read. An upload may take minutes, in which its user can
    // be signed out, disabled or removed from the room. A removal takes the same lock: it is either seen here, or comes
    // after this operation.
    let Actor::User { email, role, session, .. } = by else { return Ok(()) };
    let account = match session {
        Some(session) => db::sessions::signed_in(tx, session, now).await?.map(|held| held.user),
        None => db::users::by_email(tx, email).await?.map(|(user, _)| user).filter(|user| !user.disabled),
    };
    let account = account.filter(|account| account.email == *email).ok_or(Error::Unauthenticated)?;
    let present_role = match log {
        Log::Room(room) => Role::in_room(account.role, db::parties::role(tx, room, email).await?),
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
/// It keeps the log's head while it is open. Several entries of one operation continue one tree, each with a signed
/// head of its own, without reading the row again. The fields are private and only [`OpenLog::lock`] makes one, so a
/// function that is given an `OpenLog` can rely on the lock.
///
/// Not taken: a queue that a single task appends from, since an entry would then commit apart from the change that it
/// tells of; an optimistic check of the log's size at the commit, since busy rooms would repeat whole operations; and
/// serializable transactions, since they abort under load what a lock lets wait.
pub struct OpenLog {
    log: Log,
    head: CompactRange,
    /// The clock, if it is behind the log's last entry, whose time the operation then has.
    clock: Option<Time>,
    /// Whether this operation has appended an entry already.
    has_appended: bool,
    origin: String,
    by: Actor,
    key: Arc<LogKey>,
    /// The instant of the operation, in all its rows and entries. It is never before that of the log's last entry, also
    /// if the clock was set back.
    pub now: Time,
}

impl OpenLog {
    /// Locks the log's row in `room_logs`, and then reads the clock. Refused if that is known to be wrong.
    pub async fn lock(tx: &mut Tx, app: &App, log: Log, by: &Actor) -> Result<Self> {
        app.clock_offset.check()?;
        let key = Arc::clone(&app.log_key);
        let head = db::logs::lock_head(tx, log, &log.origin(key.name())).await?;
        let origin = head.origin.ok_or_else(|| Error::internal("a log without a name"))?;
        // The clock is read under the lock: an operation that had to wait would otherwise carry an earlier time than
        // the entry before its own. A clock may still be set back, and several nodes have several clocks.
        let (clock, last) = (app.now(), db::activity::last_time(tx, log).await?);
        let now = last.map_or(clock, |last| clock.max(last));
        let clock = (clock < now).then_some(clock);
        Ok(Self { log, head: head.range, clock, has_appended: false, origin, by: by.clone(), key, now })
    }

    /// Returns which log it is.
    pub fn log(&self) -> Log {
        self.log
    }

    /// Returns the head of the log, with the entries that this operation has appended.
    pub fn head(&self) -> &CompactRange {
        &self.head
    }

    /// Returns the log's name in its checkpoints.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the public key of the key that signs the log's checkpoints now.
    pub fn public_key(&self) -> &str {
        self.key.public()
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
        let envelope = Envelope { continues: self.has_appended, clock: self.clock };
        let (action, meta) = event.to_entry(envelope).map_err(|error| Error::internal(format!("an event: {error}")))?;
        let index = self.head.size();
        let entry = Entry {
            id: EntryId(random::new_uuid()),
            log: self.log,
            seq: index.try_into().map_err(|_| Error::internal("a log is full"))?,
            actor: self.by.word().to_owned(),
            action,
            at: self.now,
            meta,
        };
        let leaf = entry.leaf().canonical().map_err(|error| Error::internal(format!("an entry: {error}")))?;
        let hash = evidence::leaf_hash(&leaf);
        // The path has to be taken before the push: it is made of the roots that the push merges.
        let path = self.head.path_of_next();
        let completed = self.head.push(hash);
        // Signed for each entry, not for each commit: the path above leads to the root of just this size, also if the
        // operation appends more entries.
        let checkpoint = Checkpoint { origin: self.origin.clone(), size: self.head.size(), root: self.head.root() }
            .signed(&self.key)
            .map_err(|error| Error::internal(format!("a checkpoint cannot be signed: {error}")))?;
        // All of these are seen or none: an entry beyond the head would look like tampering, and a head without its
        // nodes could prove nothing.
        db::activity::insert(tx, &entry, &hash).await?;
        db::logs::insert_nodes(tx, self.log, &completed).await?;
        db::logs::set_head(tx, self.log, &self.head, &checkpoint).await?;
        self.has_appended = true;
        Ok(LogProof { leaf, index, path, checkpoint })
    }
}
