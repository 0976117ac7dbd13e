//! The differences between the two databases' SQL.

/// Which of the two databases is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, embedded in the server.
    Sqlite,
    /// PostgreSQL, as a server of its own.
    Postgres,
}

impl Dialect {
    /// Replaces the placeholders for column types in the SQL of a migration.
    pub fn column_types(self, sql: &str) -> String {
        let (time, bytes) = match self {
            Self::Sqlite => ("TEXT", "BLOB"),
            Self::Postgres => ("TIMESTAMPTZ", "BYTEA"),
        };
        sql.replace("{{time}}", time).replace("{{bytes}}", bytes)
    }

    /// Returns the end of a sub-select that picks a row to claim, so that two claimers never wait for each other.
    pub fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// Writes numbered parameters as the database expects them: `?1` or `$1`.
    pub(in crate::db) fn parameters(self, sql: &str) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Sqlite => sql.into(),
            // Safe as long as no statement has a `?` in a literal or uses PostgreSQL's JSON operators, and none does.
            Self::Postgres => sql.replace('?', "$").into(),
        }
    }
}
