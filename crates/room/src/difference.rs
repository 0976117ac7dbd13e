//! What differed between a log and the rows of the tables when an operator had the log adopted again.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a row differs from what the log tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowFault {
    /// One of its columns has another value.
    Changed,
    /// The log tells of it, and there is no such row.
    Missing,
    /// There is such a row, and the log does not tell of it.
    Added,
}

/// One difference: a column of a row, or a whole row.
///
/// Words that not every reader of the log may read are named by their hashes, and passwords by the SHA-256 of theirs.
/// What a missing row said follows from the entries before this one; what an added row says, from the state after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The name of the table.
    pub table: String,
    /// The id of the row.
    pub id: String,
    /// How the row differs.
    pub fault: RowFault,
    /// The name of the column. `None` for a whole row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The value of the column that the log told. `None` for NULL, and for a whole row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The value that the row had instead. `None` for NULL, and for a whole row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
}

/// Writes the difference in one sentence.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, id, fault, column, log, row } = self;
        let value =
            |value: &Option<String>| value.as_ref().map_or_else(|| "nothing".to_owned(), |it| format!("`{it}`"));
        match fault {
            RowFault::Changed => {
                let column = column.as_deref().unwrap_or("a column");
                write!(f, "{table}.{column} of {id}: the log said {}, the row said {}", value(log), value(row))
            }
            RowFault::Missing => write!(f, "{table} of {id}: the log told of it, and its row was missing"),
            RowFault::Added => write!(f, "{table} of {id}: the log did not tell of this row"),
        }
    }
}
