//! What a CSV file is made of: named values of a row.

use super::cell::Value;

/// A column of a CSV file, or a row of a file that lists facts.
pub(crate) struct Field<R> {
    /// Name of the field, the same as in the record.
    pub(super) name: &'static str,
    /// Reads the value from a row.
    pub(super) value: fn(&R) -> Value,
}
