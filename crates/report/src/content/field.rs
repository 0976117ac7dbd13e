//! What a CSV file is made of: named values of a row.

use super::cell::Value;

/// A column of a CSV file, or a row of one that holds facts.
pub(crate) struct Field<R> {
    /// Its name: the same as in the record.
    pub(super) name: &'static str,
    /// Its value.
    pub(super) value: fn(&R) -> Value,
}
