//! An operation: one transaction, with its log held from the start and its actor looked at again.

use std::sync::Arc;

use room::{EntryId, Event, Log, Role, Time};

use super::actor::Actor;
use crate::{
    app::App,
    db::{self, Tx, activity::Entry},
    error::{Error, Result},
    evidence::{self, Checkpoint, CompactRange, LogKey, LogProof},
    random,
};

/// Runs the body in one transaction that commits with the entries it appends, or not at all.
///
/// Before the body runs, the log is locked, and the actor must still be who the caller was let in
/// as: a party removed, a user disabled, or a session ended while a request was on its way changes nothing any more.
pub async fn operation<T, F>(app: &App, log: Log, by: &Actor, body: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFnOnce(&mut Tx, &mut OpenLog) -> Result<T> + Clone + Send + 'static,
{
    let (in_tx, by) = (app.clone(), by.clone());
    app.db
        .write(async move |tx| {
            let mut log = OpenLog::lock(tx, &in_tx, log, &by).await?;
            confirm(tx, log.log, &by, log.now).await?;
            body(tx, &mut log).await
        })
        .await
}

/// Refuses an actor whose session has ended, or whose account or place in the room is not what it was: an upload may
/// be on its way for minutes, in which somebody signs out or is disabled.
pub async fn confirm(tx: &mut Tx, log: Log, by: &Actor, now: Time) -> Result<()> {
    let Actor::User { email, role, session, .. } = by else { return Ok(()) };
    let account = match session {
        Some(session) => db::sessions::signed_in(tx, session, now).await?.map(|held| held.user),
        None => db::users::by_email(tx, email).await?.map(|(user, _)| user).filter(|user| !user.disabled),
    };
    let account = account.filter(|account| account.email == *email).ok_or(Error::Unauthenticated)?;
    let now = match log {
        Log::Room(room) => Role::in_room(account.role, db::parties::role(tx, room, email).await?),
        Log::Platform => Some(account.role),
    };
    match now {
        Some(now) if now == *role => Ok(()),
        Some(_) => Err(Error::conflict("your role has been changed meanwhile; try again")),
        None => Err(Error::NotAParty),
    }
}

/// A log locked for the rest of the transaction: the only way to append.
///
/// It is locked before anything of the room is read or changed. So nobody else can change the room
/// between two queries of an operation, and entries stand in the order in which things happened.
pub struct OpenLog {
    log: Log,
    head: CompactRange,
    origin: String,
    by: Actor,
    key: Arc<LogKey>,
    /// The instant of the operation.
    pub now: Time,
}

impl OpenLog {
    /// Takes the log's row in `room_logs`, and then looks at the clock.
    pub async fn lock(tx: &mut Tx, app: &App, log: Log, by: &Actor) -> Result<Self> {
        let key = Arc::clone(&app.log_key);
        let head = db::logs::lock_head(tx, log, &log.origin(key.name())).await?;
        let origin = head.origin.ok_or_else(|| Error::internal("a log without a name"))?;
        Ok(Self { log, head: head.range, origin, by: by.clone(), key, now: app.now() })
    }

    /// Where the log stands.
    pub fn head(&self) -> &CompactRange {
        &self.head
    }

    /// The log's name in its checkpoints.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The public key that its checkpoints are signed with now.
    pub fn public_key(&self) -> &str {
        self.key.public()
    }

    /// Who acts.
    pub fn by(&self) -> &Actor {
        &self.by
    }

    /// Appends an entry, and signs where the log stands then.
    pub async fn append(&mut self, tx: &mut Tx, event: &Event) -> Result<()> {
        self.append_proving(tx, event).await.map(drop)
    }

    /// Appends an entry; answers the proof that the log holds it.
    pub async fn append_proving(&mut self, tx: &mut Tx, event: &Event) -> Result<LogProof> {
        let told = serde_json::to_value(event).map_err(|error| Error::internal(format!("an event: {error}")))?;
        let index = self.head.size();
        let entry = Entry {
            id: EntryId(random::new_uuid()),
            log: self.log,
            seq: index.try_into().map_err(|_| Error::internal("a log is full"))?,
            actor: self.by.word().to_owned(),
            action: told["action"].as_str().unwrap_or_default().to_owned(),
            at: self.now,
            meta: told["meta"].clone(),
        };
        let leaf = entry.leaf().canonical().map_err(|error| Error::internal(format!("an entry: {error}")))?;
        let hash = evidence::leaf_hash(&leaf);
        let path = self.head.path_of_next();
        let completed = self.head.push(hash);
        let checkpoint = Checkpoint { origin: self.origin.clone(), size: self.head.size(), root: self.head.root() }
            .signed(&self.key)
            .map_err(|error| Error::internal(format!("a checkpoint cannot be signed: {error}")))?;
        db::activity::insert(tx, &entry, &hash).await?;
        db::logs::insert_nodes(tx, self.log, &completed).await?;
        db::logs::set_head(tx, self.log, &self.head, &checkpoint).await?;
        Ok(LogProof { leaf, index, path, checkpoint })
    }
}
