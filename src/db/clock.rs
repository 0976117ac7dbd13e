//! The database's own clock.

use room::Time;

use super::{Dialect, Tx};
use crate::error::Result;

/// Reads the clock of the database server. `None` on SQLite, which has no other clock than this process.
pub async fn now(tx: &mut Tx) -> Result<Option<Time>> {
    match tx.dialect() {
        Dialect::Sqlite => Ok(None),
        // Not `now()`, which is when the transaction began.
        Dialect::Postgres => tx.one("SELECT clock_timestamp()", &[]).await?.get(0).map(Some),
    }
}
