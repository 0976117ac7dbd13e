//! What a change starts from: the state that whoever makes it has seen, by its tag or by the values of its fields.
//!
//! A tag is the hash of the fields that can be edited. It is the same on every node and on both databases, costs no
//! query, and does not change with anything else. Not taken: the position of the entry that changed a thing last, which
//! would have to be kept beside each row.

use std::collections::BTreeMap;

use room::changes::fields_of;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The name of one state of what people edit: an entity tag (RFC 9110 §8.8.3), without its quotation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// Returns the tag of these fields.
    pub fn of(fields: &Map<String, Value>) -> Self {
        // A field without a value is left out by some, and is `null` with others.
        let given = fields.iter().filter(|(_, value)| !value.is_null());
        let plain: BTreeMap<&String, Value> = given.map(|(field, value)| (field, plain(value))).collect();
        let hash = Sha256::digest(serde_json::to_vec(&plain).unwrap_or_default());
        Self(hex::encode(&hash[..16]))
    }

    /// Returns the tag of what is edited, by its fields.
    pub fn of_edited(edited: &impl Serialize) -> Self {
        Self::of(&fields_of(edited))
    }

    /// Returns the tag with this text, which may be none of ours.
    pub fn named(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns the text between the quotation marks.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// What a change starts from.
#[derive(Debug, Clone, Default)]
pub enum Basis {
    /// Whatever there is when the change is made.
    #[default]
    Anything,
    /// One of the states with these tags.
    Tags(Vec<Tag>),
    /// These values of the fields that are changed. What else has changed meanwhile does not matter.
    Fields(Map<String, Value>),
}

/// Returns whether two values of a field are the same to whoever edits it.
pub fn are_same(one: &Value, other: &Value) -> bool {
    plain(one) == plain(other)
}

/// Returns a value in a form in which a log, the API and a page's form have the same: numbers as text, one kind of line
/// end, and lists, which are all of words without an order, sorted.
fn plain(value: &Value) -> Value {
    match value {
        // The log has lengths as text that a float writes, such as `20` for 20.0.
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (None, Some(float)) => Value::String(float.to_string()),
            _ => Value::String(number.to_string()),
        },
        Value::String(text) => Value::String(text.replace("\r\n", "\n").replace('\r', "\n")),
        Value::Array(words) => {
            let mut words: Vec<_> = words.iter().map(|word| plain(word).to_string()).collect();
            words.sort();
            Value::from(words)
        }
        other => other.clone(),
    }
}
