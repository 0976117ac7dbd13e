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

    /// A column with the letters A to Z in lower case, and nothing else changed: what more PostgreSQL would fold hangs on
    /// how its database was made, and SQLite folds no more.
    pub fn folded(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("LOWER({column})"),
            Self::Postgres => format!("LOWER({column} COLLATE \"C\")"),
        }
    }

    /// Numbered parameters as the database writes them: `?1` or `$1`.
    pub(in crate::db) fn parameters(self, sql: &str) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Sqlite => sql.into(),
            Self::Postgres => sql.replace('?', "$").into(),
        }
    }
}
