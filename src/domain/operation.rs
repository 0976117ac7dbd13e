//! An operation: one transaction, with its log held from the start and its actor looked at again.

use serde_json::json;

use super::{Actor, EntryId, Event, Log, Role, Time};
use crate::{
    app::{self, App},
    db::{self, Tx, activity::Entry},
    error::{Error, Result},
    evidence::{self, CompactRange},
};

/// Runs the body in one transaction that commits with the entries it appends, or not at all.
///
/// Before the body runs, the log is locked, and the actor must still be who the caller was let in
/// as: a party removed, or a user disabled, while a request was on its way changes nothing any more.
pub async fn operation<T, F>(app: &App, log: Log, by: &Actor, body: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFnOnce(&mut Tx, &mut OpenLog) -> Result<T> + Clone + Send + 'static,
{
    let (in_tx, by) = (app.clone(), by.clone());
    app.db
        .write(async move |tx| {
            let mut log = OpenLog::lock(tx, &in_tx, log, &by).await?;
            confirm(tx, log.log, &by).await?;
            body(tx, &mut log).await
        })
        .await
}

/// Refuses an actor whose account or place in the room is not what it was.
pub async fn confirm(tx: &mut Tx, log: Log, by: &Actor) -> Result<()> {
    let Actor::User { email, role, .. } = by else { return Ok(()) };
    let account = db::users::by_email(tx, email).await?.map(|(user, _)| user).filter(|user| !user.disabled);
    let account = account.ok_or(Error::Unauthenticated)?;
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
    by: Actor,
    /// The instant of the operation.
    pub now: Time,
}

impl OpenLog {
    /// Takes the log's row in `room_logs`, and then looks at the clock.
    pub async fn lock(tx: &mut Tx, app: &App, log: Log, by: &Actor) -> Result<Self> {
        let (size, frontier) = db::activity::lock_head(tx, log).await?;
        let head = CompactRange::from_parts(size, &frontier)
            .ok_or_else(|| Error::internal(format!("the head of the log of {} is damaged", log.key())))?;
        Ok(Self { log, head, by: by.clone(), now: app.now() })
    }

    /// Where the log stands.
    pub fn head(&self) -> &CompactRange {
        &self.head
    }

    /// Who acts.
    pub fn by(&self) -> &Actor {
        &self.by
    }

    /// Appends an entry.
    pub async fn append(&mut self, tx: &mut Tx, event: &Event) -> Result<()> {
        let told = serde_json::to_value(event).map_err(|error| Error::internal(format!("an event: {error}")))?;
        let entry = Entry {
            id: EntryId(app::new_uuid()),
            log: self.log,
            seq: self.head.size().try_into().map_err(|_| Error::internal("a log is full"))?,
            actor: self.by.word().to_owned(),
            action: told["action"].as_str().unwrap_or_default().to_owned(),
            at: self.now,
            meta: told["meta"].clone(),
        };
        let leaf = evidence::leaf_hash(&canonical_leaf(&entry)?);
        self.head.push(leaf);
        db::activity::insert(tx, &entry, &leaf).await?;
        db::activity::set_head(tx, self.log, &self.head).await
    }
}

/// The bytes of an entry that its leaf hash covers: canonical JSON (RFC 8785).
fn canonical_leaf(entry: &Entry) -> Result<Vec<u8>> {
    let leaf = json!({
        "id": entry.id, "room_id": entry.log.room(), "seq": entry.seq, "actor": entry.actor,
        "action": entry.action, "meta": entry.meta, "timestamp": entry.at,
    });
    serde_json_canonicalizer::to_vec(&leaf).map_err(|error| Error::internal(format!("an entry: {error}")))
}
