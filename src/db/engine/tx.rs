//! One transaction type over both drivers: `exec`, `rows`, `opt`.

use room::RoomId;

use super::{
    column::{Column, Param, Received},
    dialect::Dialect,
    postgres::connection::{NOTIFY, PgConnection},
    sqlite::connection::SqliteConnection,
};
use crate::error::{Error, Result};

/// An open transaction. On SQLite none of its futures ever suspends.
pub enum Tx {
    /// On the embedded database.
    Sqlite(SqliteConnection),
    /// On PostgreSQL.
    Postgres(PgConnection),
}

impl Tx {
    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement; answers how many rows it touched.
    pub async fn exec(&mut self, sql: &str, params: &[&dyn Param]) -> Result<u64> {
        match self {
            Self::Sqlite(session) => {
                let mut statement = session.connection.prepare_cached(sql)?;
                Ok(statement.execute(rusqlite::params_from_iter(for_sqlite(params)?))? as u64)
            }
            Self::Postgres(session) => session.exec(sql, params).await,
        }
    }

    /// Runs a query, or a statement with `RETURNING`, and reads all its rows.
    pub async fn rows(&mut self, sql: &str, params: &[&dyn Param]) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(session) => {
                let mut statement = session.connection.prepare_cached(sql)?;
                let columns = statement.column_count();
                let mut cursor = statement.query(rusqlite::params_from_iter(for_sqlite(params)?))?;
                let mut rows = Vec::new();
                while let Some(row) = cursor.next()? {
                    rows.push(Row::Sqlite((0..columns).map(|i| row.get(i)).collect::<rusqlite::Result<_>>()?));
                }
                Ok(rows)
            }
            Self::Postgres(session) => Ok(session.rows(sql, params).await?.into_iter().map(Row::Postgres).collect()),
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
            Self::Sqlite(session) => Ok(session.connection.execute_batch(sql)?),
            Self::Postgres(session) => session.batch(sql).await,
        }
    }

    /// Something happens in this room: whoever listens to it is rung once this is committed.
    pub async fn ring(&mut self, room: RoomId) -> Result<()> {
        match self {
            Self::Sqlite(session) => session.rung.push(room),
            Self::Postgres(session) => drop(session.rows(NOTIFY, &[&room.to_string()]).await?),
        }
        Ok(())
    }
}

fn for_sqlite<'a>(params: &[&'a dyn Param]) -> rusqlite::Result<Vec<rusqlite::types::ToSqlOutput<'a>>> {
    params.iter().map(|param| param.to_sqlite()).collect()
}

/// One row of an answer.
pub enum Row {
    /// Read whole, since SQLite's cursor does not outlive its statement.
    Sqlite(Vec<rusqlite::types::Value>),
    /// As the driver holds it.
    Postgres(tokio_postgres::Row),
}

impl Row {
    /// The column at this position, from 0.
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
