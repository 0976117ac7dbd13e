//! Whether PostgreSQL lives: a server that is stopped or hangs keeps its connections open, and answers on none of them.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::time::timeout;
use tokio_postgres::{Config, NoTls};

use crate::error::{Error, Result};

/// How long a statement may go unanswered before it is asked whether the server lives. Statements may take longer: a lock
/// is waited for, an index is made.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the server has to show that it lives. A busy machine takes its time to start a process for a connection.
const LONGEST: Duration = Duration::from_secs(4);

/// Asks the server for a connection, to see whether it lives.
#[derive(Clone)]
pub(super) struct Pulse(Arc<Config>);

impl Pulse {
    pub(super) fn of(config: Arc<Config>) -> Self {
        Self(config)
    }

    /// Waits for the answer to a statement, for as long as the server shows that it lives.
    pub(super) async fn answered<T>(
        &self,
        mut statement: Pin<&mut impl Future<Output = Result<T, tokio_postgres::Error>>>,
    ) -> Result<T> {
        loop {
            // The time limit does not cancel the statement: it is over a reference, and the next round waits for it again.
            match timeout(PATIENCE, statement.as_mut()).await {
                Ok(answer) => return Ok(answer?),
                // In a box, since it is rare and large, and every operation holds a statement.
                Err(_) => Box::pin(self.feel()).await?,
            }
        }
    }

    /// Returns an error if the server does not answer, be it with a refusal.
    async fn feel(&self) -> Result<()> {
        match timeout(LONGEST, self.0.connect(NoTls)).await {
            Ok(Ok(_)) => Ok(()),
            // A refusal, for want of connections for instance, is a sign of life.
            Ok(Err(error)) if error.as_db_error().is_some() => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Error::Silent { seconds: (PATIENCE + LONGEST).as_secs() }),
        }
    }
}
