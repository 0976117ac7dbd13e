//! The PostgreSQL side: a pool of connections, one transaction each.

pub(crate) mod connection;
pub(crate) mod relay;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Config, NoTls, config::Host, error::SqlState};

use super::tx::Tx;
use crate::{
    db::engine::postgres::connection::PgConnection,
    error::{Error, Result},
};

/// How long to wait for a free connection before the caller is told to come back.
const WAIT: Duration = Duration::from_secs(10);
/// How often a transaction is repeated when the database asks for it.
const REPEATS: u32 = 5;

const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// The pool.
#[derive(Clone)]
pub(in crate::db) struct Postgres {
    pool: Pool,
    config: Arc<Config>,
}

impl Postgres {
    /// Makes the pool; connects at first use.
    pub(in crate::db) fn open(url: &str, connections: usize) -> Result<Self> {
        let mut config: Config =
            url.parse().map_err(|error| Error::setup(format!("the database URL cannot be read: {error}")))?;
        if config.get_application_name().is_none() {
            config.application_name("sts-clearance");
        }
        let far =
            |host: &Host| matches!(host, Host::Tcp(name) if !["localhost", "127.0.0.1", "::1"].contains(&&**name));
        let to_be_told = AtomicBool::new(config.get_hosts().iter().any(far));
        let manager =
            Manager::from_config(config.clone(), NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        // Whatever the server's default is, an acknowledged commit is on its disk at least.
        let durable = Hook::async_fn(|client, _| {
            Box::pin(async move { client.batch_execute(DURABLE).await.map_err(HookError::Backend) })
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
            .post_create(durable)
            .post_create(warn_once)
            .build()
            .map_err(|error| Error::setup(format!("the connection pool cannot be made: {error}")))?;
        Ok(Self { pool, config: Arc::new(config) })
    }

    /// How it is connected to.
    pub(in crate::db) fn config(&self) -> Config {
        Config::clone(&self.config)
    }

    pub(in crate::db) async fn write<T>(&self, body: impl AsyncFnOnce(&mut Tx) -> Result<T> + Clone) -> Result<T> {
        let mut repeats = 0;
        loop {
            match self.run("BEGIN", body.clone()).await {
                Err(error) if asks_to_repeat(&error) && repeats < REPEATS => repeats += 1,
                outcome => return outcome,
            }
        }
    }

    pub(in crate::db) async fn read<T>(&self, body: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body).await
    }

    async fn run<T>(&self, begin: &str, body: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        let mut tx = Tx::Postgres(PgConnection::begin(self.pool.get().await?));
        tx.batch(begin).await?;
        let mut outcome = body(&mut tx).await;
        let Tx::Postgres(session) = &mut tx else { return outcome };
        // PostgreSQL answers the COMMIT of a failed transaction with a rollback, and no error.
        if session.has_failed() && outcome.is_ok() {
            outcome = Err(Error::internal("a statement failed, and its error was passed over"));
        }
        session.batch(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        session.ended();
        outcome
    }
}

fn asks_to_repeat(error: &Error) -> bool {
    matches!(error, Error::Postgres(error)
        if [Some(&SqlState::T_R_SERIALIZATION_FAILURE), Some(&SqlState::T_R_DEADLOCK_DETECTED)].contains(&error.code()))
}
