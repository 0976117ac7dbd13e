//! One transaction type over both drivers: `exec`, `rows`, `opt` and `one`.

use room::RoomId;

use super::{
    column::{Column, Param, Received},
    dialect::Dialect,
    postgres::connection::{NOTIFY, PgConnection},
    sqlite::connection::SqliteConnection,
};
use crate::error::{Error, Result};

/// An open transaction on either database, which the body of [`Db::write`] or [`Db::read`] gets.
///
/// Both databases take the same SQL, with parameters written as `?1`; [`Dialect`] has the few differences. The methods
/// are async because PostgreSQL needs it. On SQLite a statement runs to its end on the thread that polls it, so none of
/// these futures ever suspends, and a whole body can be run by one poll.
///
/// There is no `commit` here: [`Db`] ends the transaction by the body's result, so a body can neither forget
/// to commit nor go on after an end. Rows are read whole and not streamed, because SQLite's cursor borrows its
/// statement; queries have a limit or are bounded by one room. A common trait over two transaction types was not taken:
/// it would make every function of `db` generic, and compile twice.
///
/// [`Db`]: crate::db::Db
/// [`Db::write`]: crate::db::Db::write
/// [`Db::read`]: crate::db::Db::read
pub enum Tx {
    /// A transaction on the embedded database.
    Sqlite(SqliteConnection),
    /// A transaction on PostgreSQL.
    Postgres(PgConnection),
}

impl Tx {
    /// Returns which database this is.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement and returns how many rows it touched.
    pub async fn exec(&mut self, sql: &str, params: &[&dyn Param]) -> Result<u64> {
        match self {
            Self::Sqlite(sqlite) => {
                let mut statement = sqlite.connection.prepare_cached(sql)?;
                Ok(statement.execute(rusqlite::params_from_iter(for_sqlite(params)?))? as u64)
            }
            Self::Postgres(postgres) => postgres.exec(sql, params).await,
        }
    }

    /// Runs a query, or a statement with `RETURNING`, and reads all its rows.
    pub async fn rows(&mut self, sql: &str, params: &[&dyn Param]) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(sqlite) => {
                let mut statement = sqlite.connection.prepare_cached(sql)?;
                let columns = statement.column_count();
                let mut cursor = statement.query(rusqlite::params_from_iter(for_sqlite(params)?))?;
                let mut rows = Vec::new();
                while let Some(row) = cursor.next()? {
                    rows.push(Row::Sqlite((0..columns).map(|i| row.get(i)).collect::<rusqlite::Result<_>>()?));
                }
                Ok(rows)
            }
            Self::Postgres(postgres) => Ok(postgres.rows(sql, params).await?.into_iter().map(Row::Postgres).collect()),
        }
    }

    /// Runs a query that has at most one row.
    pub async fn opt(&mut self, sql: &str, params: &[&dyn Param]) -> Result<Option<Row>> {
        Ok(self.rows(sql, params).await?.into_iter().next())
    }

    /// Runs a query that always has exactly one row, such as a count.
    pub async fn one(&mut self, sql: &str, params: &[&dyn Param]) -> Result<Row> {
        self.opt(sql, params).await?.ok_or_else(|| Error::internal(format!("no row from: {sql}")))
    }

    /// Runs several statements without parameters.
    pub async fn batch(&mut self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => Ok(sqlite.connection.execute_batch(sql)?),
            Self::Postgres(postgres) => postgres.batch(sql).await,
        }
    }

    /// Has something done once this transaction is committed, before its caller is answered; not at all if it is not, or
    /// if that is not known.
    ///
    /// It is not waited for, and must not block: other writes are.
    pub fn after_commit(&mut self, act: impl FnOnce() + Send + 'static) {
        match self {
            Self::Sqlite(sqlite) => sqlite.after_commit.push(Box::new(act)),
            Self::Postgres(postgres) => postgres.after_commit.push(Box::new(act)),
        }
    }

    /// Notifies those who follow this room, once this transaction is committed; not at all if it is not.
    pub async fn notify(&mut self, room: RoomId) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.notified.push(room),
            Self::Postgres(postgres) => drop(postgres.rows(NOTIFY, &[&room.to_string()]).await?),
        }
        Ok(())
    }
}

fn for_sqlite<'a>(params: &[&'a dyn Param]) -> rusqlite::Result<Vec<rusqlite::types::ToSqlOutput<'a>>> {
    params.iter().map(|param| param.to_sqlite()).collect()
}

/// One row of a query's result.
pub enum Row {
    /// The values, read at once, since SQLite's cursor does not outlive its statement.
    Sqlite(Vec<rusqlite::types::Value>),
    /// The row as the driver holds it.
    Postgres(tokio_postgres::Row),
}

impl Row {
    /// Reads the column at this position, counted from 0.
    pub fn get<T: Column>(&self, column: usize) -> Result<T> {
        match self {
            Self::Sqlite(values) => {
                let value = values.get(column).ok_or_else(|| Error::internal(format!("no column {column}")))?;
                T::from_sqlite(value.into()).map_err(|error| Error::internal(format!("column {column}: {error}")))
            }
            Self::Postgres(row) => Ok(row.try_get::<_, Received<T>>(column)?.0),
        }
    }
}
