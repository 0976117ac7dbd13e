//! Changes of fields, as events have them: `{field: {from, to}}`.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// Returns the fields in which two values differ, each with what it was and what it is.
pub fn differences<T: Serialize>(before: &T, after: &T) -> Map<String, Value> {
    let (before, after) = (fields_of(before), fields_of(after));
    let changed = after.into_iter().filter(|(field, to)| before.get(field) != Some(to));
    changed
        .map(|(field, to)| {
            let from = before.get(&field).cloned().unwrap_or(Value::Null);
            (field, json!({ "from": from, "to": to }))
        })
        .collect()
}

/// The change of one field.
pub(crate) struct Change<'a> {
    pub(crate) field: &'a str,
    from: &'a Value,
    to: &'a Value,
}

impl<'a> Change<'a> {
    /// Returns these changes one by one, or why one of them is none.
    pub(crate) fn each(changes: &'a Map<String, Value>) -> impl Iterator<Item = Result<Self, String>> {
        changes.iter().map(|(field, change)| match (change.get("from"), change.get("to")) {
            (Some(from), Some(to)) => Ok(Self { field, from, to }),
            _ => Err(format!("the change of `{field}` lacks `from` or `to`")),
        })
    }

    /// Makes the change of a value, which has to be what it starts from.
    pub(crate) fn of<T: Serialize + DeserializeOwned>(&self, value: &mut T) -> Result<(), String> {
        let Self { field, from, to } = self;
        let present = serde_json::to_value(&*value).map_err(|error| error.to_string())?;
        if present != **from {
            return Err(format!("`{field}` changes from {from}, and was {present}"));
        }
        *value = T::deserialize(*to).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Returns why it cannot be made: nothing has such a field.
    pub(crate) fn of_none(&self) -> String {
        format!("there is no field `{}`", self.field)
    }
}

/// Returns the value with these changes, each of which has to start from what the value is; otherwise why they cannot
/// be made.
pub(crate) fn changed<T: Serialize + DeserializeOwned>(value: &T, changes: &Map<String, Value>) -> Result<T, String> {
    let mut fields = fields_of(value);
    for change in Change::each(changes) {
        let change = change?;
        let present = fields.get_mut(change.field).ok_or_else(|| change.of_none())?;
        change.of(present)?;
    }
    serde_json::from_value(fields.into()).map_err(|error| error.to_string())
}

/// Returns the fields of what is written as an object.
pub fn fields_of(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
