//! What requests and jobs may touch: database, files, clock, ids, randomness, fonts, settings.
//!
//! Time, ids and random bytes come from here and nowhere else (`clippy.toml` bans the sources), so
//! that a test can hold the clock.

use std::{
    hash,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use room::{Time, UserId};
use seal::Identity;
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    at_hand::AtHand,
    backups::Backups,
    children::Children,
    clock::{Clock, ClockOffset},
    config::Config,
    db::Db,
    error::{Error, Result},
    evidence::{Hash, LogKey},
    files::{self, Files, LeftOvers, Partials},
    hashing::Hashing,
    heads::Heads,
    in_place::Trouble,
    keys,
    live::StreamSeats,
    random,
    refusals::Refusals,
    shares::{Seat, Shares},
};

/// Archives packed at once: each holds a thread for as long as its client takes.
const PACKING_PLACES: usize = 32;

/// Files sent at once: each holds a file descriptor for as long as its client takes.
const DOWNLOAD_PLACES: usize = 256;

/// One account may have this part of the places, as a divisor.
const QUARTER: usize = 4;

/// The longest wait for a place among those that are shared out.
const PATIENCE: Duration = Duration::from_secs(5);

/// The application: what every request, job and command works with.
///
/// A clone is another handle to the same application, and costs a few reference counts. It is a plain struct that is passed
/// as an argument, and the state of the router: a handler's signature shows that it may touch the database, and a test makes
/// as many applications as it likes in one process. A dependency-injection container or global statics would hide both.
///
/// Clock and children are fields of the handle, so that [`App::with_clock`] and [`App::with_children`] give another view of
/// the same database, files and limits.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
    clock: Clock,
    /// The processes that read and draw what could end this one.
    pub children: Children,
}

/// The parts of an [`App`] that all of its handles have in common.
pub struct Shared {
    /// The database, which alone knows SQL.
    pub db: Db,
    /// The store of uploaded files and of reports.
    pub files: Files,
    /// The files of uploads of which not all bytes have come yet.
    pub partials: Partials,
    /// What housekeeping has found in the store that seems left over.
    pub left_overs: LeftOvers,
    /// The settings in force.
    pub config: Config,
    log_key: RwLock<Arc<LogKey>>,
    /// What keeps the key from signing, if anything does.
    pub key_trouble: Trouble,
    key_notes: RwLock<(u64, Arc<[String]>)>,
    seal_identity: RwLock<Option<Arc<Identity>>>,
    set_up_code: RwLock<Option<Hash>>,
    /// When this process began.
    pub started_at: Time,
    /// How far the clock of the machine is from the database's.
    pub clock_offset: ClockOffset,
    /// The fonts of reports.
    pub fonts: Arc<report::Fonts>,
    /// Notified when a job was enqueued in this process.
    pub job_enqueued: Notify,
    /// Notified when a job was finished in this process.
    pub job_finished: Notify,
    /// Notified when a mail was written in this process.
    pub mail_written: Notify,
    /// The places and the memory for hashing passwords.
    pub hashing: Hashing,
    /// The states of the logs that are in use.
    pub at_hand: AtHand,
    /// The largest head that was signed of each log.
    pub heads: Arc<Heads>,
    /// What is known of the backups that this server makes by itself.
    pub backups: Backups,
    /// What was refused and is not in the logs yet.
    pub refusals: Refusals,
    /// Places for the packing of archives, shared out by account.
    pub packing: Shares<UserId>,
    /// Places for files on their way to clients, shared out by account.
    pub downloads: Shares<Option<UserId>>,
    /// Places for those who follow a room.
    pub streams: StreamSeats,
    /// Cancelled when the process is to stop; then no request waits for a job any more.
    pub stopping: CancellationToken,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl App {
    /// Opens database and file store as the settings say. Bringing the schema up to date is left to the caller.
    pub fn open(config: Config, clock: Clock) -> Result<Self> {
        files::make_private_dir(config.data_dir())?;
        let key = keys::log_key(&config, random::new_secret)?;
        let files = Files::open(&config.files_url())?;
        Self::with_key(config, clock, key, files)
    }

    /// Opens a system that exists, to look at it, to change or to repair it; makes neither directory, database nor key.
    ///
    /// If there is no key, the application gets one that lives as long as this process, so that it signs nothing that lasts.
    pub fn open_existing(config: Config, clock: Clock) -> Result<Self> {
        let url = config.database_url();
        if let Some(file) = Db::file_of(&url).filter(|file| !file.exists()) {
            return Err(config.nothing_at("database", file));
        }
        let key = keys::log_key_in_force(&config)?.map_or_else(passing_key, Ok)?;
        let files = Files::open_existing(&config.files_url())?;
        Self::with_key(config, clock, key, files)
    }

    /// Opens an installation for those who read, since its logs are signed with another key than the one in force. If there
    /// is none, it gets one that lives as long as this process, so that it signs nothing that lasts.
    pub fn open_to_read(config: Config, clock: Clock) -> Result<Self> {
        files::make_private_dir(config.data_dir())?;
        let key = keys::log_key_in_force(&config)?.map_or_else(passing_key, Ok)?;
        let files = Files::open(&config.files_url())?;
        Self::with_key(config, clock, key, files)
    }

    fn with_key(config: Config, clock: Clock, key: LogKey, files: Files) -> Result<Self> {
        let children = Children::of_this_program(config.font_dir())?;
        let shared = Shared {
            db: Db::open(&config.database_url())?,
            files,
            partials: Partials::beside(config.data_dir()),
            left_overs: LeftOvers::default(),
            log_key: RwLock::new(Arc::new(key)),
            key_trouble: Trouble::new("key"),
            key_notes: RwLock::default(),
            seal_identity: RwLock::default(),
            set_up_code: RwLock::default(),
            started_at: clock.now(),
            clock_offset: ClockOffset::default(),
            fonts: Arc::new(config.fonts()?),
            job_enqueued: Notify::new(),
            job_finished: Notify::new(),
            mail_written: Notify::new(),
            hashing: Hashing::default(),
            at_hand: AtHand::new(config.state_memory()),
            heads: Arc::new(Heads::open(config.data_dir())?),
            backups: Backups::default(),
            refusals: Refusals::default(),
            packing: Shares::new(PACKING_PLACES, PACKING_PLACES / QUARTER),
            downloads: Shares::new(DOWNLOAD_PLACES, DOWNLOAD_PLACES / QUARTER),
            streams: StreamSeats::default(),
            stopping: CancellationToken::new(),
            config,
        };
        Ok(Self { shared: Arc::new(shared), clock, children })
    }

    /// Returns a handle to the same application that runs by another clock, such as that of the demo's story.
    #[must_use]
    pub fn with_clock(&self, clock: Clock) -> Self {
        Self { clock, ..self.clone() }
    }

    /// Returns a handle to the same application that starts other children.
    #[must_use]
    pub fn with_children(&self, children: Children) -> Self {
        Self { children, ..self.clone() }
    }

    /// Returns the key that signs the checkpoints of logs.
    pub fn log_key(&self) -> Arc<LogKey> {
        Arc::clone(&self.log_key.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs with another key from now on. Whether it follows the one before is for the caller to know.
    pub fn take_up_log_key(&self, key: LogKey) {
        *self.log_key.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
    }

    /// Returns the notes about keys of this server, the oldest first, as its log told them when it was last read.
    pub fn key_notes(&self) -> Arc<[String]> {
        Arc::clone(&self.key_notes.read().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// Returns up to which entry the platform's log was read for notes about keys.
    pub fn key_notes_up_to(&self) -> u64 {
        self.key_notes.read().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Adds notes about keys that the platform's log tells of between these entries. Somebody else may have added them
    /// meanwhile.
    pub fn add_key_notes(&self, from: u64, to: u64, notes: Vec<String>) {
        let mut known = self.key_notes.write().unwrap_or_else(PoisonError::into_inner);
        if known.0 == from {
            *known = (to, known.1.iter().cloned().chain(notes).collect());
        }
    }

    /// Returns the hash of the code with which the first admin can be made. `None` if none was given out.
    pub fn set_up_code(&self) -> Option<Hash> {
        *self.set_up_code.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the hash of the code with which the first admin can be made, or forgets it.
    pub fn keep_set_up_code(&self, code: Option<Hash>) {
        *self.set_up_code.write().unwrap_or_else(PoisonError::into_inner) = code;
    }

    /// Returns the present instant.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Returns a new id for a row; later ids sort after earlier ones.
    pub fn new_id(&self) -> Uuid {
        random::new_uuid()
    }

    /// Returns what PDFs are sealed with; it is read, or made, on the first call.
    pub fn seal_identity(&self) -> Result<Arc<Identity>> {
        let known = self.seal_identity.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(identity) = known {
            return Ok(identity);
        }
        // Read under the lock: of two who come first, both get the same.
        let mut known = self.seal_identity.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = &*known {
            return Ok(Arc::clone(identity));
        }
        let read = keys::seal_identity(&self.config, self.log_key().name(), self.now(), random::new_secret())?;
        Ok(Arc::clone(known.insert(Arc::new(read))))
    }

    /// Reads again what PDFs are sealed with. Another certificate is taken up if it is valid, or if the one in force is not
    /// either. Returns whether one was.
    pub fn renew_seal_identity(&self) -> Result<bool> {
        let (known, now) = (self.seal_identity()?, self.now());
        let read = keys::seal_identity(&self.config, self.log_key().name(), now, random::new_secret())?;
        let is_better = keys::why_unfit(&read, now).is_none() || keys::why_unfit(&known, now).is_some();
        if read.certificate_sha256() == known.certificate_sha256() || !is_better {
            return Ok(false);
        }
        *self.seal_identity.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(read));
        Ok(true)
    }

    /// Returns 64 random bits that are not used twice.
    pub fn nonce(&self) -> u64 {
        random::new_secret().into_iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(byte))
    }

    /// Returns 256 random bits.
    pub fn secret(&self) -> [u8; 32] {
        random::new_secret()
    }
}

/// Returns a key that is kept nowhere.
pub fn passing_key() -> Result<LogKey> {
    LogKey::new("none", random::new_secret()).map_err(|error| Error::internal(error.to_string()))
}

/// Takes a shared place after a wait of `PATIENCE` at most; the client is asked to come again if none is free then.
pub async fn place<K: Eq + hash::Hash + Clone>(places: &Shares<K>, key: K) -> Result<Seat<K>> {
    timeout(PATIENCE, places.take(key)).await.map_err(|_| Error::Busy)
}
