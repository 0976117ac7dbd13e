//! How the two databases are spoken to: one transaction type, [`tx::Tx`], over both drivers.
//!
//! Only `db` uses this folder, and it knows no table. Four rules hold everywhere above it:
//!
//! - Inside a transaction nothing but the database is awaited. On SQLite such a future never suspends, and this layer
//!   refuses one that does.
//! - The body of a write may run again, because PostgreSQL asks for it, or because SQLite rolled back the transaction
//!   that it shared with others. So it changes nothing but the database.
//! - On SQLite, writes that wait share one commit, each with a savepoint of its own.
//! - A write is over when its commit is on the disk. A commit that the disk refused ends all writing until a restart.

mod after_commit;
pub(super) mod column;
pub(super) mod commits;
pub(super) mod dialect;
pub(super) mod postgres;
pub(super) mod sqlite;
pub(super) mod tx;
