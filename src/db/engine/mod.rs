//! How the two databases are spoken to: one transaction type over both drivers.
//!
//! Only `db` uses it. It knows no table.

pub(super) mod column;
pub(super) mod dialect;
pub(super) mod postgres;
pub(super) mod sqlite;
pub(super) mod tx;
