//! The PostgreSQL side: a pool of connections, with one transaction at a time on each.

pub(crate) mod connection;
pub(in crate::db) mod dump;
mod pulse;
pub(crate) mod relay;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{
    Config, NoTls,
    config::Host,
    error::{DbError, Severity, SqlState},
};

use self::pulse::Pulse;
use super::{commits::Commits, tx::Tx};
use crate::{
    db::engine::postgres::connection::PgConnection,
    error::{Error, Result},
};

/// How long to wait for a free connection, and for a new one, before the caller is refused.
const WAIT: Duration = Duration::from_secs(7);
/// After this long without traffic, TCP checks whether the other end is still there, and then so often.
const IDLE: Duration = Duration::from_secs(30);
/// How long what was sent may go without an acknowledgement before the connection counts as broken.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// How many times a transaction is repeated if the database asks for it.
const REPEATS: u32 = 5;

/// Has the server give up a statement before the request behind it is given up, and a transaction whose client is silent:
/// both may hold locks for which others wait. Whoever has set times of their own keeps them.
const TIMES: &str = "SELECT set_config(name, value, false)
    FROM (VALUES ('statement_timeout', '50s'), ('idle_in_transaction_session_timeout', '60s')) AS ours (name, value)
    WHERE current_setting(name) = '0'";

/// Makes a commit return only once it is on the server's disk. Settings that also wait for a standby are left as they
/// are.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// The pool of connections. A clone is another handle to the same one.
#[derive(Clone)]
pub(in crate::db) struct Postgres {
    pool: Pool,
    config: Arc<Config>,
    commits: Commits,
}

impl Postgres {
    /// Makes the pool. The first connection is made at first use.
    pub(in crate::db) fn open(url: &str, connections: usize, commits: Commits) -> Result<Self> {
        let mut config = read_url(url)?;
        if config.get_application_name().is_none() {
            config.application_name("sts-clearance");
        }
        config.keepalives_idle(IDLE).keepalives_interval(IDLE / 3).keepalives_retries(3);
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED);
        }
        let far =
            |host: &Host| matches!(host, Host::Tcp(name) if !["localhost", "127.0.0.1", "::1"].contains(&&**name));
        let to_be_told = AtomicBool::new(config.get_hosts().iter().any(far));
        // `Fast` only looks whether a connection is closed. It needs no query, since one in an unknown state never
        // comes back to the pool (see `PgConnection`).
        let manager =
            Manager::from_config(config.clone(), NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        // Whatever the server's default is, a commit that is acknowledged is at least on its disk.
        let settings = Hook::async_fn(|client, _| {
            Box::pin(async move {
                let set = format!("{DURABLE}; {TIMES}");
                client.batch_execute(&set).await.map_err(HookError::Backend)
            })
        });
        let warn_once = Hook::sync_fn(move |_, _| {
            if to_be_told.swap(false, Ordering::Relaxed) {
                tracing::warn!("the connection to PostgreSQL is not encrypted; use a private network or a tunnel");
            }
            Ok(())
        });
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .post_create(settings)
            .post_create(warn_once)
            .build()
            .map_err(|error| Error::setup(format!("the connection pool cannot be made: {error}")))?;
        Ok(Self { pool, config: Arc::new(config), commits })
    }

    /// Returns how to connect to the same database outside of the pool.
    pub(in crate::db) fn config(&self) -> Config {
        Config::clone(&self.config)
    }

    pub(in crate::db) async fn write<T>(&self, body: impl AsyncFnOnce(&mut Tx) -> Result<T> + Clone) -> Result<T> {
        let mut repeats = 0;
        loop {
            // The whole body runs again, and reads again: what it read before may be what the other transaction
            // changed. Only errors with which PostgreSQL says that it rolled back are repeated. A connection that
            // breaks during COMMIT is not among them: the transaction may have been committed.
            match self.run("BEGIN", body.clone()).await {
                Err(error) if asks_to_repeat(&error) && repeats < REPEATS => repeats += 1,
                outcome => {
                    if outcome.is_ok() {
                        self.commits.note(1);
                    }
                    return outcome;
                }
            }
        }
    }

    /// Returns an error if the server takes no changes.
    pub(in crate::db) async fn check_writable(&self) -> Result<()> {
        let takes_none = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'";
        let takes_none: bool = self.read(async |tx| tx.one(takes_none, &[]).await?.get(0)).await?;
        if takes_none { Err(Error::internal("it is a standby, or was set to be read only")) } else { Ok(()) }
    }

    pub(in crate::db) async fn read<T>(&self, body: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        // At the default level, each statement would see another instant.
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body).await
    }

    async fn run<T>(&self, begin: &str, body: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        let pulse = Pulse::of(Arc::clone(&self.config));
        let mut tx = Tx::Postgres(PgConnection::begin(self.pool.get().await?, pulse));
        tx.batch(begin).await?;
        let mut outcome = body(&mut tx).await;
        let Tx::Postgres(connection) = &mut tx else { return outcome };
        // PostgreSQL replies to the COMMIT of a failed transaction with a rollback, and no error. Without this check, a
        // body that ignored an error would look as if it were committed.
        if connection.has_failed() && outcome.is_ok() {
            outcome = Err(Error::internal("a statement failed, and its error was passed over"));
        }
        if outcome.is_ok() {
            connection.batch("COMMIT").await.map_err(of_commit)?;
        } else if connection.is_spoiled() || connection.batch("ROLLBACK").await.is_err() {
            // The connection leaves the pool with its transaction, of which nothing stays: no COMMIT was sent.
            return outcome;
        }
        // Only now may the connection return to the pool. A future that is dropped at any await above leaves it marked
        // as in a transaction.
        connection.ended();
        if outcome.is_ok() {
            connection.after_commit.run();
        }
        outcome
    }
}

/// Reads the URL of a database.
pub(in crate::db) fn read_url(url: &str) -> Result<Config> {
    url.parse().map_err(|error| Error::setup(format!("the database URL cannot be read: {error}")))
}

/// Returns what an error at the COMMIT means. One that the server reports as such has rolled the transaction back. Of all
/// others, such as the end of the connection or of the server, it is not known whether they came before the commit was
/// done or after it.
fn of_commit(error: Error) -> Error {
    match &error {
        Error::Postgres(refused)
            if refused.as_db_error().and_then(DbError::parsed_severity) == Some(Severity::Error) =>
        {
            error
        }
        _ => {
            tracing::error!(%error, "a commit was not confirmed; it is not known whether it was made");
            Error::NotKnown
        }
    }
}

fn asks_to_repeat(error: &Error) -> bool {
    matches!(error, Error::Postgres(error)
        if [Some(&SqlState::T_R_SERIALIZATION_FAILURE), Some(&SqlState::T_R_DEADLOCK_DETECTED)].contains(&error.code()))
}
