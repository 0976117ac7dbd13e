//! A connection to PostgreSQL with a transaction on it.

use std::pin::pin;

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;

use super::pulse::Pulse;
use crate::{
    db::engine::{
        after_commit::AfterCommit,
        column::{Param, Sent},
        dialect::Dialect,
    },
    error::{Error, Result},
};

/// Notifies the listeners of a room at commit. Channels belong to a database, so other databases do not hear it.
pub(in crate::db) const NOTIFY: &str = "SELECT pg_notify('sts_room', ?1)";

/// A connection in a transaction. If the transaction did not end, because the request was cancelled or the connection
/// broke, the connection leaves the pool instead of returning to it.
pub struct PgConnection {
    connection: Option<Object>,
    pulse: Pulse,
    in_transaction: bool,
    /// Whether a statement failed, after which nothing of the transaction can be committed.
    failed: bool,
    /// Whether the failure was the server's or the connection's, so that nobody is to use the connection again.
    spoiled: bool,
    /// What is done after the commit.
    pub(in crate::db) after_commit: AfterCommit,
}

impl PgConnection {
    /// Takes a connection on which a transaction is about to begin.
    pub(super) fn begin(connection: Object, pulse: Pulse) -> Self {
        let (connection, after_commit) = (Some(connection), AfterCommit::default());
        Self { connection, pulse, in_transaction: true, failed: false, spoiled: false, after_commit }
    }

    /// Returns whether a statement has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Returns whether the connection is to leave the pool, whatever becomes of the transaction.
    pub(super) fn is_spoiled(&self) -> bool {
        self.spoiled
    }

    /// Marks the transaction as ended. From now on the connection returns to the pool when this is dropped.
    pub(super) fn ended(&mut self) {
        self.in_transaction = false;
    }

    pub(in crate::db) async fn exec(&mut self, sql: &str, params: &[&dyn Param]) -> Result<u64> {
        let run = async |connection: &Object| {
            let statement = connection.prepare_cached(&Dialect::Postgres.parameters(sql)).await?;
            connection.execute_raw(&statement, params.iter().map(|param| Sent(*param))).await
        };
        let outcome = self.pulse.answered(pin!(run(self.connection()))).await;
        self.note(outcome)
    }

    pub(in crate::db) async fn rows(&mut self, sql: &str, params: &[&dyn Param]) -> Result<Vec<tokio_postgres::Row>> {
        let run = async |connection: &Object| {
            let statement = connection.prepare_cached(&Dialect::Postgres.parameters(sql)).await?;
            let sent: Vec<_> = params.iter().map(|param| Sent(*param)).collect();
            let sent: Vec<_> = sent.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
            connection.query(&statement, &sent).await
        };
        let outcome = self.pulse.answered(pin!(run(self.connection()))).await;
        self.note(outcome)
    }

    pub(in crate::db) async fn batch(&mut self, sql: &str) -> Result<()> {
        let outcome = self.pulse.answered(pin!(self.connection().batch_execute(sql))).await;
        self.note(outcome)
    }

    fn connection(&self) -> &Object {
        self.connection.as_ref().expect("taken only in drop")
    }

    /// Remembers a failure, since a body may pass over the error.
    fn note<T>(&mut self, outcome: Result<T>) -> Result<T> {
        self.failed |= outcome.is_err();
        self.spoiled |= outcome.as_ref().is_err_and(Error::spoils_connection);
        outcome
    }
}

impl Drop for PgConnection {
    fn drop(&mut self) {
        if self.in_transaction
            && let Some(connection) = self.connection.take()
        {
            // Closing the connection makes PostgreSQL roll the transaction back. To send a ROLLBACK would need an
            // await, which a drop cannot do, and the next user of the connection would find the transaction open.
            drop(Object::take(connection));
        }
    }
}
