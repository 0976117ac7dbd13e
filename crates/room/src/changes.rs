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

/// Returns the value with these changes, each of which has to start from what the value is; otherwise why they cannot
/// be made.
pub(crate) fn changed<T: Serialize + DeserializeOwned>(value: &T, changes: &Map<String, Value>) -> Result<T, String> {
    let mut fields = fields_of(value);
    for (field, change) in changes {
        let present = fields.get_mut(field).ok_or_else(|| format!("there is no field `{field}`"))?;
        let (Some(from), Some(to)) = (change.get("from"), change.get("to")) else {
            return Err(format!("the change of `{field}` lacks `from` or `to`"));
        };
        if present != from {
            return Err(format!("`{field}` changes from {from}, and was {present}"));
        }
        present.clone_from(to);
    }
    serde_json::from_value(fields.into()).map_err(|error| error.to_string())
}

fn fields_of<T: Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
