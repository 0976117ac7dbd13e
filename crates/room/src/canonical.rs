//! Canonical JSON (RFC 8785): the bytes that are hashed.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::{Error, Map, Value};

/// The greatest whole number up to which RFC 8785 writes all digits of all whole numbers.
const MOST_EXACT: u64 = 1 << 53;

/// Whether objects keep their fields in the order of the names, as they do unless some crate asks `serde_json` for another
/// order.
static SORTS: LazyLock<bool> =
    LazyLock::new(|| Map::from_iter(["b", "a"].map(|name| (name.to_owned(), Value::Null))).keys().is_sorted());

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

/// Writes an entry of a log in canonical JSON: an object with its fields in the order of their names. `is_plain` says
/// whether its values are, as [`is_plain_entry`] tells.
///
/// # Errors
///
/// If `meta` holds a number that JSON cannot express.
pub fn write_entry(bytes: &mut Vec<u8>, entry: &impl Serialize, is_plain: bool) -> Result<(), Error> {
    if is_plain {
        return serde_json::to_writer(bytes, entry);
    }
    bytes.append(&mut serde_json_canonicalizer::to_vec(entry)?);
    Ok(())
}

/// Returns whether `serde_json` writes these values of an entry in canonical form already.
pub fn is_plain_entry(meta: &Value, seq: u64) -> bool {
    is_plain(meta) && is_plain_number(seq)
}

/// Returns whether `serde_json` writes this number in canonical form already, if it is a whole one.
pub fn is_plain_number(number: u64) -> bool {
    number <= MOST_EXACT
}

/// Returns whether `serde_json` writes the fields of an object in the order of their names here, whatever order they were
/// read in.
pub fn sorts_fields() -> bool {
    *SORTS
}

/// Returns whether `serde_json` writes this value in canonical form already. That takes it a tenth of the time that
/// `serde_json_canonicalizer` takes, which keeps every field of every object in buffers of its own.
///
/// So it is unless there are fractions, numbers that a double does not hold, or fields that are not in the order of their
/// names. RFC 8785 compares these as UTF-16, which for ASCII is the order of their bytes. Both escape the same characters
/// of a text in the same way.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.as_i64().is_some_and(|number| is_plain_number(number.unsigned_abs())),
        Value::Array(values) => values.iter().all(is_plain),
        Value::Object(fields) => {
            (*SORTS || fields.keys().is_sorted())
                && fields.iter().all(|(name, value)| name.is_ascii() && is_plain(value))
        }
    }
}
