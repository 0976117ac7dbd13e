//! Where the two databases differ in words.

/// Which database is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// Fills the column types of a migration in.
    pub fn column_types(self, sql: &str) -> String {
        let (time, bytes) = match self {
            Self::Sqlite => ("TEXT", "BLOB"),
            Self::Postgres => ("TIMESTAMPTZ", "BYTEA"),
        };
        sql.replace("{{time}}", time).replace("{{bytes}}", bytes)
    }

    /// Ends a sub-select that picks a row to claim, so that two claimers never wait for each other.
    pub fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// Numbered parameters as the database writes them: `?1` or `$1`.
    pub(super) fn parameters(self, sql: &str) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Sqlite => sql.into(),
            Self::Postgres => sql.replace('?', "$").into(),
        }
    }
}
