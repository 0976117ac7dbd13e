//! Every error meaning: its code, its HTTP status and its words.
//!
//! Doors do not invent errors: `http::problem` renders this table as problem details (RFC 9457), the
//! command line prints the same words. What a reader cannot mend is told in general terms and
//! logged in full, once.

use std::fmt;

use room::visible::cut;

/// What an operation answers with.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The longest detail of a problem, in characters.
const LONGEST_DETAIL: usize = 8_000;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No session, or one that is unknown, expired or revoked, or whose user is disabled.
    #[error("sign in first: the request carries no valid session token")]
    Unauthenticated,
    /// A sign-in that failed; deliberately the same for an unknown address and a wrong password.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// Too many failed sign-ins.
    #[error("there were too many failed attempts; try again in {}", in_words(*.seconds))]
    TooManyAttempts {
        /// Until the next attempt is heard.
        seconds: u64,
        /// What has to come with it, where it is for signing in.
        ticket: Option<String>,
    },
    /// The right password, which somebody else chose, and which its owner did not replace in time.
    #[error(
        "the password that you were given has run out, since you did not replace it within a week; ask an admin for \
         another"
    )]
    GivenPasswordRanOut,
    /// What cannot be undone, in a session where the password was not given just now.
    #[error(
        "this cannot be undone: give your password again first, with `POST /api/v1/auth/confirm`; it counts for five \
         minutes"
    )]
    PasswordRequired,
    /// A request that would change something was made by another site's page, or by one that hides where it is.
    #[error("the request was not made by a page of this server; open the page here and send it again")]
    ForeignOrigin,
    /// The caller is no party of the room.
    #[error("you are not a party of this room")]
    NotAParty,
    /// The role does not allow the action.
    #[error("{action} is not open to the role `{role}`; it is open to {}", .roles.join(", "))]
    RoleForbids {
        /// `resource:verb`.
        action: &'static str,
        /// The role the caller has here.
        role: &'static str,
        /// The roles that may.
        roles: Vec<&'static str>,
    },
    /// The role would allow it, but not to this person: it concerns their own paper or side.
    #[error("{0}")]
    OwnInterest(&'static str),
    /// Somebody else chose the caller's password.
    #[error(
        "somebody else chose your password; choose one of your own first, at `/account/password` or with \
         `POST /api/v1/auth/password`"
    )]
    PasswordChangeRequired,
    /// There is no such thing, or not here.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The request cannot be read at all.
    #[error("{0}")]
    Malformed(String),
    /// The request can be read, and a field of it is not acceptable.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// The state of things does not allow it now.
    #[error("{detail}")]
    Conflict {
        /// What stands in the way, and what helps.
        detail: String,
        /// Seconds after which it may work.
        retry_after: Option<u64>,
    },
    /// A `Range` that the file does not have.
    #[error("the range lies outside the file of {size} bytes")]
    RangeNotSatisfiable {
        /// Of the file.
        size: u64,
    },
    /// A file of which no preview can be drawn.
    #[error("this file cannot be previewed; download it")]
    NoPreview,
    /// A status the HTTP layer found by itself, such as `405`.
    #[error("{1}")]
    Http(u16, String),
    /// More waits for the database than it can take.
    #[error("the server is busy; try again in a moment")]
    Busy,
    /// The transaction was not committed; nothing of it stays.
    #[error("the change could not be written to disk; nothing was changed")]
    WriteFailed,
    /// The server cannot start as it is set up.
    #[error("{0}")]
    Setup(String),
    /// A command that would destroy something was not confirmed.
    #[error("{0}")]
    Refused(String),
    /// SQLite.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL.
    #[error("PostgreSQL: {}", postgres_words(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The pool of connections to PostgreSQL.
    #[error("PostgreSQL cannot be reached: {}", chain(.0))]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The file store.
    #[error("the file store: {0}")]
    Store(#[from] object_store::Error),
    /// The child process that was doing it has ended, or did not come to an end.
    #[error("the process that was doing this ended before it was done: {0}")]
    ChildDied(String),
    /// A defect of the program, or data that contradicts itself.
    #[error("{0}")]
    Internal(String),
}

/// One field of a request and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name, with a path into lists: `parties[1].email`. Empty in the last of many, which tells how many
    /// more there are.
    pub field: String,
    /// What is wrong, following the name: "must not be blank".
    pub message: String,
}

impl FieldError {
    /// The longest name of a field, and the longest message, in characters. Both may quote what was sent, which may be
    /// a mebibyte.
    const LONGEST: (usize, usize) = (100, 1_000);

    /// A fault of this field; what is too long to be read is cut.
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
    /// A defect.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::Internal(what.into())
    }

    /// A start that cannot be.
    pub fn setup(why: impl Into<String>) -> Self {
        Self::Setup(why.into())
    }

    /// One unacceptable field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// A state that does not allow it, and that waiting does not change.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::Conflict { detail: detail.into(), retry_after: None }
    }

    /// HTTP status and stable code.
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
            Self::Conflict { .. } => (409, "conflict"),
            Self::NoPreview => (409, "no_preview"),
            Self::RangeNotSatisfiable { .. } => (416, "range_not_satisfiable"),
            Self::Invalid(_) => (422, "invalid"),
            Self::TooManyAttempts { .. } => (429, "too_many_attempts"),
            Self::Http(status, _) => (*status, "http"),
            Self::Busy => (503, "busy"),
            Self::WriteFailed => (503, "write_failed"),
            Self::Pool(_) => (503, "database_unavailable"),
            Self::Postgres(error) if has_gone(error) => (503, "database_unavailable"),
            Self::Sqlite(_)
            | Self::Postgres(_)
            | Self::Store(_)
            | Self::Setup(_)
            | Self::Refused(_)
            | Self::ChildDied(_)
            | Self::Internal(_) => (500, "internal"),
        }
    }

    /// The words for whoever asked; nothing of the inside where the fault is ours.
    pub fn detail(&self) -> String {
        match self.status().0 {
            500 => "the server failed to do this; its log says why under this request id".into(),
            _ if self.status().1 == "database_unavailable" => {
                "the database cannot be reached; try again in a moment".into()
            }
            _ => cut(&self.to_string(), LONGEST_DETAIL),
        }
    }
}

/// Whether the connection broke, or the database is on its way down or up.
fn has_gone(error: &tokio_postgres::Error) -> bool {
    error.is_closed()
        || error.code().is_some_and(|code| code.code().starts_with("08") || code.code().starts_with("57P"))
}

/// A wait as people say it.
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
