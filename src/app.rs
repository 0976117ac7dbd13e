//! What requests and jobs may touch: database, files, clock, ids, randomness, fonts, settings.
//!
//! Time, ids and random bytes come from here and nowhere else (`clippy.toml` bans the sources), so
//! that a test can hold the clock.

use std::{
    hash::Hash,
    sync::{Arc, OnceLock},
    time::Duration,
};

use room::{Time, UserId};
use seal::Identity;
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    children::Children,
    clock::Clock,
    config::Config,
    db::Db,
    error::{Error, Result},
    evidence::LogKey,
    files::{self, Files},
    hashing::Hashing,
    keys,
    live::Places,
    random,
    refusals::Refusals,
    shares::{Seat, Shares},
};

/// Archives packed at once: each holds a thread for as long as its client takes.
const PACKING_PLACES: usize = 32;

/// Files sent at once: each holds a file descriptor for as long as its client takes.
const DOWNLOAD_PLACES: usize = 256;

/// The part of places that one account may have.
const QUARTER: usize = 4;

/// The longest wait for a place among those that are shared out.
const PATIENCE: Duration = Duration::from_secs(5);

/// The application; a clone is another handle to the same one.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

/// The parts of an [`App`].
pub struct Shared {
    /// The database.
    pub db: Db,
    /// The file store.
    pub files: Files,
    /// The settings.
    pub config: Config,
    /// The key that signs the checkpoints of logs.
    pub log_key: Arc<LogKey>,
    seal_identity: Arc<OnceLock<Arc<Identity>>>,
    /// When this process began.
    pub started_at: Time,
    /// The fonts of reports.
    pub fonts: Arc<report::Fonts>,
    /// Rung when a job was enqueued in this process.
    pub job_enqueued: Notify,
    /// Rung when a job was finished in this process.
    pub job_finished: Notify,
    /// The work on passwords.
    pub hashing: Hashing,
    /// What was refused and is not in the logs yet.
    pub refusals: Arc<Refusals>,
    /// Places for the packing of archives, shared out by account.
    pub packing: Shares<UserId>,
    /// Places for files on their way to clients, shared out by account.
    pub downloads: Shares<Option<UserId>>,
    /// The processes that read and draw what could end this one.
    pub children: Children,
    /// Places for those who follow a room.
    pub streams: Arc<Places>,
    /// Cancelled when the process is to stop: nobody waits for a job then.
    pub stopping: CancellationToken,
    clock: Clock,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl App {
    /// Opens database and file store as the settings say; the schema is the caller's business.
    pub fn open(config: Config, clock: Clock) -> Result<Self> {
        files::make_private_dir(config.data_dir())?;
        let key = keys::log_key(&config, random::new_secret)?;
        Self::with_key(config, clock, key)
    }

    /// Opens what there is already, to look at it or to mend it; makes neither database nor key.
    ///
    /// Where there is no key, the one that the application has then is of this process only, and signs
    /// nothing that lasts.
    pub fn open_existing(config: Config, clock: Clock) -> Result<Self> {
        Db::find(&config.database_url())?;
        let key = match keys::log_key_in_force(&config)? {
            Some(key) => key,
            None => LogKey::new("none", random::new_secret()).map_err(|error| Error::internal(error.to_string()))?,
        };
        Self::with_key(config, clock, key)
    }

    fn with_key(config: Config, clock: Clock, key: LogKey) -> Result<Self> {
        let shared = Shared {
            db: Db::open(&config.database_url())?,
            files: Files::open(&config.files_url())?,
            log_key: Arc::new(key),
            seal_identity: Arc::new(OnceLock::new()),
            started_at: clock.now(),
            fonts: Arc::new(config.fonts()?),
            job_enqueued: Notify::new(),
            job_finished: Notify::new(),
            hashing: Hashing::default(),
            refusals: Arc::default(),
            packing: Shares::new(PACKING_PLACES, PACKING_PLACES / QUARTER),
            downloads: Shares::new(DOWNLOAD_PLACES, DOWNLOAD_PLACES / QUARTER),
            children: Children::of_this_program(config.font_dir())?,
            streams: Arc::default(),
            stopping: CancellationToken::new(),
            config,
            clock,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The same database and files under another clock, for a story that is told afterwards.
    #[must_use]
    pub fn with_clock(&self, clock: Clock) -> Self {
        self.like(clock, self.children.clone())
    }

    /// The same application with other children.
    #[must_use]
    pub fn with_children(&self, children: Children) -> Self {
        self.like(self.clock.clone(), children)
    }

    fn like(&self, clock: Clock, children: Children) -> Self {
        let shared = Shared {
            db: self.db.clone(),
            files: self.files.clone(),
            config: self.config.clone(),
            log_key: Arc::clone(&self.log_key),
            seal_identity: Arc::clone(&self.seal_identity),
            started_at: self.started_at,
            fonts: Arc::clone(&self.fonts),
            job_enqueued: Notify::new(),
            job_finished: Notify::new(),
            hashing: self.hashing.clone(),
            refusals: Arc::clone(&self.refusals),
            packing: Shares::new(PACKING_PLACES, PACKING_PLACES / QUARTER),
            downloads: Shares::new(DOWNLOAD_PLACES, DOWNLOAD_PLACES / QUARTER),
            children,
            streams: Arc::clone(&self.streams),
            stopping: self.stopping.clone(),
            clock,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// A new id for a row; later ids sort after earlier ones.
    pub fn new_id(&self) -> Uuid {
        random::new_uuid()
    }

    /// What PDFs are sealed with; read, or made, when it is first asked for.
    pub fn seal_identity(&self) -> Result<Arc<Identity>> {
        if let Some(identity) = self.seal_identity.get() {
            return Ok(Arc::clone(identity));
        }
        let read = keys::seal_identity(&self.config, self.log_key.name(), self.now(), random::new_secret())?;
        Ok(Arc::clone(self.seal_identity.get_or_init(|| Arc::new(read))))
    }

    /// 64 bits that are not used twice.
    pub fn nonce(&self) -> u64 {
        random::new_secret().into_iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(byte))
    }

    /// 256 bits that nobody can guess.
    pub fn secret(&self) -> [u8; 32] {
        random::new_secret()
    }
}

/// Takes a shared place, after a wait of a few seconds at most: who gets none is asked to come again.
pub async fn place<K: Eq + Hash + Clone>(places: &Shares<K>, key: K) -> Result<Seat<K>> {
    timeout(PATIENCE, places.take(key)).await.map_err(|_| Error::Busy)
}
