//! The type and the fields of an event as one value to deserialize, without a copy of the fields.

use serde::{
    Deserializer,
    de::{
        IntoDeserializer, Visitor,
        value::{BorrowedStrDeserializer, MapDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};

/// Returns what deserializes as `{"action": …, "meta": …}`.
pub(crate) fn tagged<'a>(action: &'a str, meta: &'a Value) -> impl Deserializer<'a, Error = Error> {
    MapDeserializer::new([("action", Part::Action(action)), ("meta", Part::Meta(meta))].into_iter())
}

enum Part<'a> {
    Action(&'a str),
    Meta(&'a Value),
}

impl<'a> IntoDeserializer<'a, Error> for Part<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Part<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Action(action) => BorrowedStrDeserializer::new(action).deserialize_any(visitor),
            Self::Meta(meta) => meta.deserialize_any(visitor),
        }
    }

    /// The type of an event is the name of its variant.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Action(action) => BorrowedStrDeserializer::new(action).deserialize_enum(name, variants, visitor),
            Self::Meta(meta) => meta.deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
