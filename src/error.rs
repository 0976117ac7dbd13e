//! The one error type of the server: each variant with its code, its HTTP status and its message.
//!
//! Doors add no variants of their own: `http::problem` renders these as problem details (RFC 9457), the command line
//! prints the same messages. Of an internal fault the client gets a general message only; the full one is logged once.

use std::{fmt, io};

use room::{Time, visible::cut};
use rustix::io::Errno;
use tokio::time::error::Elapsed;

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The longest `detail` of a problem, in characters.
const LONGEST_DETAIL: usize = 8_000;

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no session, or it is unknown, expired or revoked, or its user is disabled.
    #[error("sign in first: the request carries no valid session token")]
    Unauthenticated,
    /// A sign-in failed. Deliberately the same for an unknown address and a wrong password (ASVS 5.0 6.3.8).
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// There were too many failed attempts to sign in.
    #[error("there were too many failed attempts; try again in {}", in_words(*.seconds))]
    TooManyAttempts {
        /// Seconds until the next attempt is accepted.
        seconds: u64,
        /// What the next attempt has to present, if it is one to sign in.
        ticket: Option<String>,
    },
    /// A party has added as much to a room as they may in a day.
    #[error("{}", beyond_quota(*.quota, *.most, *.until))]
    QuotaReached {
        /// Which quota it is.
        quota: Quota,
        /// How much it allows in a day: entries, or bytes.
        most: u64,
        /// When the next day begins.
        until: Time,
        /// Seconds until then.
        seconds: u64,
    },
    /// The password is right, but an admin chose it, and its owner did not replace it in time.
    #[error(
        "the password that you were given has run out, since you did not replace it within a week; ask an admin for \
         another"
    )]
    GivenPasswordRanOut,
    /// The action cannot be undone, and the password was not given in this session within the last few minutes.
    #[error("this cannot be undone: give your password again first; it counts for five minutes")]
    PasswordRequired,
    /// A request that would change something came from another site's page, or from one that hides its origin.
    #[error("the request was not made by a page of this server; open the page here and send it again")]
    ForeignOrigin,
    /// The caller is not a party of the room.
    #[error("you are not a party of this room")]
    NotAParty,
    /// The role does not allow the action.
    #[error("{action} is not open to {}; it is open to {}", roles_had(.has), .roles.join(", "))]
    RoleForbids {
        /// The action, as `resource:verb`.
        action: &'static str,
        /// The roles that the caller has here, mostly one.
        has: Vec<&'static str>,
        /// The roles that are allowed to do it.
        roles: Vec<&'static str>,
    },
    /// The role would allow the action, but it concerns the caller's own document or side.
    #[error("{0}")]
    OwnInterest(&'static str),
    /// The caller's password was chosen by an admin, and has to be replaced first.
    #[error("somebody else chose your password; choose one of your own first")]
    PasswordChangeRequired,
    /// The thing does not exist, or not in this room.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The request cannot be parsed at all.
    #[error("{0}")]
    Malformed(String),
    /// The request can be parsed, but some of its fields are not acceptable.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// The present state does not allow the action.
    #[error("{detail}")]
    Conflict {
        /// What stands in the way, and what helps.
        detail: String,
        /// Seconds after which it may succeed.
        retry_after: Option<u64>,
    },
    /// Somebody else has changed what was to be changed, since it was seen.
    #[error("{0}")]
    ChangedMeanwhile(Box<Meanwhile>),
    /// The room holds snapshots or documents, and its deletion was not forced.
    #[error(
        "the room holds {snapshots} snapshots and {papers} papers; it is deleted only by force and with a reason, its \
         snapshots for good, its papers out of sight"
    )]
    RoomNotEmpty {
        /// How many snapshots it holds.
        snapshots: usize,
        /// How many uploaded documents it holds.
        papers: usize,
    },
    /// The file of the snapshot was given up, for this reason.
    #[error("the file could not be rendered: {0}")]
    NotRendered(String),
    /// An admin gave a password to their own account, as if it were somebody else's.
    #[error("you cannot give your own account a password; replace the one that you have")]
    OwnPassword,
    /// The party has an approval of this vessel already.
    #[error("you have replied on this vessel before")]
    RepliedBefore,
    /// The requested range lies outside the file.
    #[error("the range lies outside the file of {size} bytes")]
    RangeNotSatisfiable {
        /// The size of the file, in bytes.
        size: u64,
    },
    /// A part of an upload does not begin where the parts before it end.
    #[error("the upload goes on at byte {offset}, where the part has to begin")]
    WrongOffset {
        /// The number of bytes that are here.
        offset: u64,
    },
    /// No preview of this file can be drawn, as these words say.
    #[error("{0}; download it")]
    NoPreview(&'static str),
    /// A status that the HTTP layer determined by itself, such as 405.
    #[error("{1}")]
    Http(u16, String),
    /// More work is waiting than the server can take.
    #[error("the server is busy; try again in a moment")]
    Busy,
    /// The transaction was not committed, and has left no trace.
    #[error("the change could not be written to disk; nothing was changed")]
    WriteFailed,
    /// The directory of the file store is gone, or is another one than was opened.
    #[error(
        "the file store is not where it was, so that no file can be stored or read; the operator has to bring it back"
    )]
    FilesGone,
    /// The transaction was not committed, since there is no room for it, and has left no trace.
    #[error("{}", no_room("database"))]
    DatabaseFull,
    /// An upload that is larger than what is left of the disk; nothing of it was stored.
    #[error("{}", no_room("files"))]
    StoreFull,
    /// The database was told to commit the transaction, and did not confirm that it has.
    #[error(
        "it is not known whether the change was made, since the database did not confirm it; look before you repeat it"
    )]
    NotKnown,
    /// PostgreSQL does not answer, neither on a connection that is open nor on a new one.
    #[error("PostgreSQL does not answer; it was given up after {seconds} seconds")]
    Silent {
        /// How long it was waited for, in seconds.
        seconds: u64,
    },
    /// The clock of this server is too far from the database's for its times to be written down.
    #[error(
        "the clock of this server is {seconds} seconds {} the database's, so it writes nothing; have NTP set it right",
        if *.is_ahead { "ahead of" } else { "behind" }
    )]
    ClockOff {
        /// How far the clocks are apart, in seconds, rounded up.
        seconds: u64,
        /// Whether this server's clock is ahead, and not behind.
        is_ahead: bool,
    },
    /// The log is not what was signed, or cannot be folded, and takes no entries.
    #[error("the log takes no entries, since it is not sound: {0}; `sts-clearance fsck` tells more")]
    LogNotSound(String),
    /// The server cannot start with these settings.
    #[error("{0}")]
    Setup(String),
    /// A command that would destroy something was not confirmed.
    #[error("{0}")]
    Refused(String),
    /// An error of SQLite that callers cannot handle.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// An error of PostgreSQL, or of the connection to it.
    #[error("PostgreSQL: {}", postgres_words(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The pool has no connection to PostgreSQL to give.
    #[error("PostgreSQL cannot be reached: {}", chain(.0))]
    Pool(#[from] deadpool_postgres::PoolError),
    /// An error of the file store.
    #[error("the file store: {0}")]
    Store(#[from] object_store::Error),
    /// The child process that did the work ended early, or did not finish in time.
    #[error("the process that was doing this ended before it was done: {0}")]
    ChildDied(String),
    /// A defect of the program, or stored data that contradicts itself.
    #[error("{0}")]
    Internal(String),
}

/// What a party may add to a room in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// Entries of its log.
    Entries,
    /// Bytes of uploaded files.
    Uploads,
}

/// What others have changed of something since it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meanwhile {
    /// What was changed, such as `vessel`.
    pub what: &'static str,
    /// The fields that have another value now. None if the state that was seen is not among the last ones.
    pub fields: Vec<ChangedField>,
}

/// A field that has another value now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedField {
    /// The name of the field.
    pub field: String,
    /// Its value now.
    pub now: serde_json::Value,
    /// Who changed it last, and when. `None` if that was long ago.
    pub last: Option<(String, Time)>,
}

impl fmt::Display for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, fields } = self;
        write!(f, "the {what} has been changed since you saw it")?;
        for (at, ChangedField { field, last, .. }) in fields.iter().enumerate() {
            write!(f, "{} `{field}`", if at == 0 { ":" } else { "," })?;
            if let Some((by, at)) = last {
                write!(f, " by {by} on {}", at.to_the_minute())?;
            }
        }
        f.write_str("; nothing of yours was changed")
    }
}

/// One field of a request and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name, with a path into lists: `parties[1].email`. Empty in the last of many, which states how many
    /// more there are.
    pub field: String,
    /// What is wrong, to be read after the name: "must not be blank".
    pub message: String,
}

impl FieldError {
    /// The longest name of a field, and the longest message, in characters. Both may quote what was sent, which may be
    /// a mebibyte.
    const LONGEST: (usize, usize) = (100, 1_000);

    /// A fault of this field. Name and message are cut if they are too long to be read.
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        let (longest_name, longest_message) = Self::LONGEST;
        Self { field: cut(field, longest_name), message: cut(&message.into(), longest_message) }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() { f.write_str(&self.message) } else { write!(f, "`{}` {}", self.field, self.message) }
    }
}

impl Error {
    /// A defect of the program, described for the log.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::Internal(what.into())
    }

    /// A reason why the server or the command cannot start.
    pub fn setup(why: impl Into<String>) -> Self {
        Self::Setup(why.into())
    }

    /// A request with one unacceptable field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// The same error, with the names of the fields at fault after this prefix.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        if let Self::Invalid(faults) = &mut self {
            // The last of many has no name: it states how many more there are.
            for fault in faults.iter_mut().filter(|fault| !fault.field.is_empty()) {
                fault.field.insert_str(0, prefix);
            }
        }
        self
    }

    /// A conflict with the present state that waiting does not resolve.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::Conflict { detail: detail.into(), retry_after: None }
    }

    /// Returns the HTTP status and the stable code.
    pub fn status(&self) -> (u16, &'static str) {
        match self {
            Self::Malformed(_) => (400, "malformed"),
            Self::Unauthenticated => (401, "unauthenticated"),
            Self::WrongCredentials => (401, "wrong_credentials"),
            Self::ForeignOrigin => (403, "foreign_origin"),
            Self::NotAParty => (403, "not_a_party"),
            Self::RoleForbids { .. } => (403, "role_forbids"),
            Self::OwnInterest(_) => (403, "own_interest"),
            Self::PasswordChangeRequired => (403, "password_change_required"),
            Self::GivenPasswordRanOut => (403, "given_password_ran_out"),
            Self::PasswordRequired => (403, "password_required"),
            Self::NotFound(_) => (404, "not_found"),
            Self::Conflict { .. }
            | Self::RoomNotEmpty { .. }
            | Self::NotRendered(_)
            | Self::OwnPassword
            | Self::RepliedBefore => (409, "conflict"),
            Self::WrongOffset { .. } => (409, "wrong_offset"),
            Self::NoPreview(_) => (409, "no_preview"),
            Self::ChangedMeanwhile(_) => (412, "changed_meanwhile"),
            Self::RangeNotSatisfiable { .. } => (416, "range_not_satisfiable"),
            Self::Invalid(_) => (422, "invalid"),
            Self::TooManyAttempts { .. } => (429, "too_many_attempts"),
            Self::QuotaReached { .. } => (429, "quota_reached"),
            Self::Http(status, _) => (*status, "http"),
            Self::Busy => (503, "busy"),
            Self::Store(error) if is_out_of_descriptors(error) => (503, "busy"),
            Self::Store(error) if is_no_answer(error) => (503, "store_silent"),
            Self::WriteFailed => (503, "write_failed"),
            Self::FilesGone => (503, "files_gone"),
            Self::NotKnown => (503, "not_known"),
            Self::DatabaseFull | Self::StoreFull => (503, "disk_full"),
            _ if self.is_full() => (503, "disk_full"),
            Self::ClockOff { .. } => (503, "clock_off"),
            Self::LogNotSound(_) => (503, "log_not_sound"),
            Self::Pool(_) | Self::Silent { .. } => (503, "database_unavailable"),
            Self::Postgres(error) if trouble(error).is_some() => (503, "database_unavailable"),
            Self::Sqlite(_)
            | Self::Postgres(_)
            | Self::Store(_)
            | Self::Setup(_)
            | Self::Refused(_)
            | Self::ChildDied(_)
            | Self::Internal(_) => (500, "internal"),
        }
    }

    /// Returns whether the database refused a row because of another one: by a key, a reference or a trigger.
    pub fn is_refused_row(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation),
            // Class 23 is a constraint, P0001 what a trigger raises (PostgreSQL, appendix A).
            Self::Postgres(error) => {
                error.code().is_some_and(|code| code.code().starts_with("23") || code.code() == "P0001")
            }
            _ => false,
        }
    }

    /// Returns whether a disk or a quota has no room left.
    fn is_full(&self) -> bool {
        match self {
            Self::DatabaseFull | Self::StoreFull => true,
            Self::Sqlite(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Self::Postgres(error) => trouble(error) == Some(Trouble::Full),
            Self::Store(error) => has_no_room(error),
            _ => false,
        }
    }

    /// Returns whether this says nothing of what was asked for: anything else would meet the same at this moment, and
    /// the same may succeed later.
    pub fn is_of_the_moment(&self) -> bool {
        self.status().0 == 503 && !matches!(self, Self::LogNotSound(_))
    }

    /// Returns whether the connection to PostgreSQL is not to be used again after this, whatever state it is in.
    pub fn spoils_connection(&self) -> bool {
        match self {
            Self::Silent { .. } | Self::NotKnown => true,
            Self::Postgres(error) => trouble(error).is_some_and(|trouble| trouble != Trouble::Contended),
            _ => false,
        }
    }

    /// Returns the message for the client. For an internal fault it says nothing about the server's inside.
    pub fn detail(&self) -> String {
        match (self.status(), self) {
            ((500, _), _) => "the server failed to do this; its log says why under this request id".into(),
            (_, Self::Postgres(error)) => trouble(error).unwrap_or(Trouble::Gone).words(),
            ((_, "busy"), _) => Self::Busy.to_string(),
            ((_, "store_silent"), _) => {
                "the file store does not answer; look whether your change was made before you repeat it".into()
            }
            (_, Self::Pool(_) | Self::Silent { .. }) => Trouble::Gone.words(),
            (_, Self::Sqlite(_)) => no_room("database"),
            (_, Self::Store(_)) => no_room("files"),
            _ => cut(&self.to_string(), LONGEST_DETAIL),
        }
    }
}

/// Returns in words which roles somebody has.
fn roles_had(roles: &[&str]) -> String {
    match roles {
        [one] => format!("the role `{one}`"),
        several => format!("the roles `{}`", several.join("`, `")),
    }
}

/// A trouble of PostgreSQL that passes, or that only its operator can end. None of them is the fault of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The connection broke, or the database is starting, shutting down, or has no place for another connection.
    Gone,
    /// It takes no changes: a standby, or one that was set so.
    ReadOnly,
    /// It was told to give the statement up, or a time-out was over.
    GivenUp,
    /// Others changed the same, each time that it was repeated.
    Contended,
    /// Its disk is full.
    Full,
}

impl Trouble {
    fn words(self) -> String {
        match self {
            Self::Gone => "the database cannot be reached; try again in a moment".into(),
            Self::ReadOnly => "the database takes no changes at present; nothing was changed; try again later".into(),
            Self::GivenUp => "the database gave this up; nothing was changed; try again in a moment".into(),
            Self::Contended => "others were changing the same; nothing was changed; try again in a moment".into(),
            Self::Full => no_room("database"),
        }
    }
}

/// Returns which trouble an error of PostgreSQL tells of, by its class (PostgreSQL, appendix A). `None` if it is an answer
/// to the statement itself.
fn trouble(error: &tokio_postgres::Error) -> Option<Trouble> {
    if error.is_closed() {
        return Some(Trouble::Gone);
    }
    let Some(code) = error.code() else {
        // An error of the socket has no code, and is known by its cause alone.
        let cause = std::error::Error::source(error)?;
        return cause.is::<std::io::Error>().then_some(Trouble::Gone);
    };
    match code.code() {
        "25006" => Some(Trouble::ReadOnly),
        "57014" | "55P03" | "25P03" | "25P04" => Some(Trouble::GivenUp),
        "40001" | "40P01" => Some(Trouble::Contended),
        "53100" => Some(Trouble::Full),
        // A connection exception; want of memory or of connections; shutdown, crash and start.
        other => ["08", "53", "57P"].iter().any(|class| other.starts_with(class)).then_some(Trouble::Gone),
    }
}

/// Returns whether the system refused to store something because a disk or a quota is full.
fn has_no_room(error: &object_store::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return is_no_room(error);
        }
        cause = error.source();
    }
    false
}

/// Returns whether an error of the system says that a disk or a quota is full.
pub fn is_no_room(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

fn no_room(of: &str) -> String {
    format!("the disk that the server keeps its {of} on is full; nothing was changed; tell who runs the server")
}

fn beyond_quota(quota: Quota, most: u64, until: Time) -> String {
    let until = until.to_the_minute();
    match quota {
        Quota::Entries => format!(
            "you have added as many entries to the log of this room as a party may in a day, {most}, downloads included; \
             more are taken from {until} on, and an admin can act before"
        ),
        Quota::Uploads => format!(
            "with this file you would have uploaded more to this room than a party may in a day, {} MiB; more is taken \
             from {until} on, and an admin can act before",
            most / 1024 / 1024
        ),
    }
}

/// Returns whether the process, or the machine, had no file descriptor left. It has one again when a connection closes.
pub(crate) fn is_out_of_descriptors(error: &(dyn std::error::Error + 'static)) -> bool {
    let out = [Errno::MFILE, Errno::NFILE].map(|errno| Some(errno.raw_os_error()));
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| out.contains(&error.raw_os_error())) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Returns whether the file store was given up, since it did not answer.
fn is_no_answer(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::Generic { source, .. } if source.is::<Elapsed>())
}

/// Writes a wait as people do, in seconds or in minutes.
fn in_words(seconds: u64) -> String {
    match seconds {
        1 => "1 second".into(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn postgres_words(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| chain(error), |refused| refused.message().to_owned())
}

fn chain(error: &dyn std::error::Error) -> String {
    // Some errors include their cause in their own message, others only name it as their source.
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.ends_with(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words
}
