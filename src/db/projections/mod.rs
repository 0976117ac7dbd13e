//! The rows that repeat what the logs of rooms and of the platform tell: which tables they are in, how they follow from
//! the fold of a log, and how they are read and written.
//!
//! `tables.rs` describes the tables once. `of_room.rs` and `of_platform.rs` make rows from a state, `read.rs` reads the
//! stored ones so that any value can be held against the log, also one that makes no sense, `compare.rs` finds those
//! that differ, and `write.rs` stores and removes them. `anew.rs` puts rows right that are not what the log tells, and
//! `in_the_way.rs` has operations write past them. `search.rs` has the one table that follows from the others. Nothing here
//! decides anything.

pub mod anew;
mod compare;
mod in_the_way;
mod of_platform;
mod of_room;
mod read;
pub mod search;
mod tables;
mod value;
mod write;

use std::collections::{BTreeMap, HashMap};

pub use compare::{Differing, differing};
pub use in_the_way::{Obstacles, write_platform, write_room};
pub use read::{rows, rows_of_platform};
pub use tables::{Kind, PLATFORM_TABLES, TABLES, Table, adoptable};
pub use value::Value;
pub use write::{delete, put};

/// A row: the value of each column, in the order of [`Table::columns`].
pub type Values = Vec<Value>;

/// The rows of one table by their ids, which are in the first column.
pub type Rows = BTreeMap<String, Values>;

/// The texts behind the salted hashes of a log, by hash.
pub type PrivateTexts = HashMap<String, String>;

pub use of_platform::rows as platform_rows_told;
pub use of_room::{hashes_of_hold, private_hashes, rows as room_rows_told};

fn keyed(rows: impl IntoIterator<Item = Values>) -> Rows {
    rows.into_iter().map(|row| (id_of(&row), row)).collect()
}

/// Returns the id by which a row is found.
pub fn id_of(row: &Values) -> String {
    row.first().map(ToString::to_string).unwrap_or_default()
}
