//! Canonical JSON (RFC 8785): the bytes that are hashed.

use serde::Serialize;
use serde_json::{Error, Value};

/// The greatest whole number up to which RFC 8785 writes all digits of all whole numbers.
const MOST_EXACT: u64 = 1 << 53;

/// Returns the canonical JSON of what is written as an object.
///
/// # Errors
///
/// If it cannot be written as JSON.
pub fn of_object(object: &impl Serialize) -> Result<Vec<u8>, Error> {
    // As a value its fields are sorted by their names.
    let value = serde_json::to_value(object)?;
    if is_plain(&value) { serde_json::to_vec(&value) } else { serde_json_canonicalizer::to_vec(object) }
}

/// Returns whether `serde_json` writes this value in canonical form already. That takes it a tenth of the time that
/// `serde_json_canonicalizer` takes, which keeps every field of every object in buffers of its own.
///
/// So it is unless there are fractions, numbers that a double does not hold, or fields that are not in the order of their
/// names. RFC 8785 compares these as UTF-16, which for ASCII is the order of their bytes. Both escape the same characters
/// of a text in the same way.
pub(crate) fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.as_i64().is_some_and(|number| number.unsigned_abs() <= MOST_EXACT),
        Value::Array(values) => values.iter().all(is_plain),
        Value::Object(fields) => {
            fields.keys().is_sorted() && fields.iter().all(|(name, value)| name.is_ascii() && is_plain(value))
        }
    }
}
