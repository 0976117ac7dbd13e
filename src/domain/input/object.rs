//! Reading structs from JSON objects, with errors that name the field, and changes of them (RFC 7396).
//!
//! serde's own structs also accept an array of the fields in their order. No client of ours means that, and it would
//! change its meaning with the order of the fields, so [`Object`] refuses it.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, OneOfBuilder, SchemaType, Type},
    },
};

use super::basis::Basis;
use crate::error::{Error, Result};

/// A struct that was read from a JSON object; anything else is refused.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        given.deserialize_map(FieldsOf(PhantomData)).map(Self)
    }
}

/// Reads a list of structs, each from an object; for `#[serde(deserialize_with = "objects")]`.
pub fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(given: D) -> Result<Vec<T>, D::Error> {
    Ok(Vec::<Object<T>>::deserialize(given)?.into_iter().map(|Object(value)| value).collect())
}

struct FieldsOf<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldsOf<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields))
    }
}

/// Reads a struct from an object. The error names the field that is not acceptable: one that is unknown, missing, or of
/// another type.
pub fn read_object<'de, T: Deserialize<'de>>(
    given: impl Deserializer<'de, Error = serde_json::Error>,
) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    serde_path_to_error::deserialize(given).map(|Object(value)| value)
}

/// Turns an error of [`read_object`] into one of ours, which names the field and says what is wrong with it.
pub fn unacceptable(refused: &serde_path_to_error::Error<impl fmt::Display>) -> Error {
    // serde's errors have no kinds, so its words are read. If they ever change, the caller still gets them as they are.
    let (path, words) = (refused.path().to_string(), refused.inner().to_string());
    let words = words.rsplit_once(" at line ").map_or(&*words, |(words, _)| words);
    let quoted = words.split('`').nth(1).unwrap_or_default();
    let join = |field: &str| if path == "." { field.to_owned() } else { format!("{path}.{field}") };
    if words.starts_with("unknown field") {
        // The path ends with the unknown field itself.
        return Error::field(&path, format!("is not known; {}", words.split_once(", ").map_or("", |(_, rest)| rest)));
    }
    if words.starts_with("missing field") {
        return Error::field(&join(quoted), "is missing");
    }
    if words.starts_with("duplicate field") {
        // The path may end with the field, or with what it is part of.
        let within = path.strip_suffix(quoted).map_or(&*path, |rest| rest.trim_end_matches('.'));
        let field = if matches!(within, "" | ".") { quoted.to_owned() } else { format!("{within}.{quoted}") };
        return Error::field(&field, "is given twice");
    }
    Error::field(if path == "." { "body" } else { &path }, format!("cannot be read: {words}"))
}

/// A change of a `T` (RFC 7396): fields that are given replace those of the stored value, and `null` removes one.
///
/// It is kept as JSON until it is applied, within the operation: a struct of `Option`s could not tell a field that is
/// left out from one that is `null`.
#[derive(Debug, Clone)]
pub struct Change<T> {
    given: Map<String, Value>,
    basis: Basis,
    of: PhantomData<fn() -> T>,
}

impl<'de, T> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        given.deserialize_map(ChangeOf(PhantomData))
    }
}

/// Reads the fields of a change. A field that is given twice is refused, as it is by serde's own structs.
struct ChangeOf<T>(PhantomData<fn() -> T>);

impl<'de, T> Visitor<'de> for ChangeOf<T> {
    type Value = Change<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Change<T>, A::Error> {
        let mut given = Map::new();
        while let Some(field) = fields.next_key::<String>()? {
            if given.contains_key(&field) {
                return Err(A::Error::custom(format_args!("duplicate field `{field}`")));
            }
            given.insert(field, fields.next_value()?);
        }
        Ok(Change { given, basis: Basis::Anything, of: PhantomData })
    }
}

impl<T, const N: usize> From<[(&str, Value); N]> for Change<T> {
    fn from(given: [(&str, Value); N]) -> Self {
        let given = given.into_iter().map(|(field, value)| (field.to_owned(), value)).collect();
        Self { given, basis: Basis::Anything, of: PhantomData }
    }
}

impl<T> Change<T> {
    /// Sets what the change starts from.
    #[must_use]
    pub fn starting_from(self, basis: Basis) -> Self {
        Self { basis, ..self }
    }

    /// Returns the same change of a value that has the fields of a `T` and more.
    #[must_use]
    pub fn of_whole<U>(self) -> Change<U> {
        Change { given: self.given, basis: self.basis, of: PhantomData }
    }

    /// Returns what the change starts from.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }

    /// Returns the fields that are given, with `null` for those that are removed.
    pub fn given(&self) -> &Map<String, Value> {
        &self.given
    }

    /// Returns the change of only those fields that fit.
    #[must_use]
    pub fn only(mut self, fits: impl Fn(&str) -> bool) -> Self {
        self.given.retain(|field, _| fits(field));
        self
    }
}

impl<T: Serialize + DeserializeOwned> Change<T> {
    /// Returns the change after which the value is this one, whatever it was before.
    pub fn to(whole: &T) -> Result<Self> {
        match serde_json::to_value(whole) {
            Ok(Value::Object(given)) => Ok(Self { given, basis: Basis::Anything, of: PhantomData }),
            _ => Err(Error::internal("a change to what is no object")),
        }
    }

    /// Returns the value after the change of `before`, or an error that names the field that is not acceptable.
    pub fn apply_to(&self, before: &T) -> Result<T> {
        let value = serde_json::to_value(before).map_err(|error| Error::internal(format!("a change: {error}")))?;
        let Value::Object(mut after) = value else { return Err(Error::internal("a change of what is no object")) };
        for (field, value) in self.given.clone() {
            // An unknown field is kept, also with `null`: reading the result then refuses it by name.
            match value {
                Value::Null if after.contains_key(&field) => drop(after.remove(&field)),
                value => drop(after.insert(field, value)),
            }
        }
        read_object(Value::Object(after)).map_err(|refused| unacceptable(&refused))
    }
}

impl<T: ToSchema> PartialSchema for Change<T> {
    /// Returns the schema of `T` with no field required, and with `null` for each field that `T` can be without.
    fn schema() -> RefOr<Schema> {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            let required = std::mem::take(&mut object.required);
            let removable = object.properties.iter_mut().filter(|(name, _)| !required.contains(name));
            removable.for_each(|(_, property)| *property = or_null(property.clone()));
            object.description = Some("What to change: a field left out stays, `null` removes it (RFC 7396).".into());
        }
        schema
    }
}

impl<T: ToSchema> ToSchema for Change<T> {
    fn name() -> Cow<'static, str> {
        format!("ChangeOf{}", T::name().trim_start_matches("New")).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

/// Returns a schema that allows `null` too. A default is dropped: it is that of a new value, not of a change.
fn or_null(mut schema: RefOr<Schema>) -> RefOr<Schema> {
    let null = || ObjectBuilder::new().schema_type(Type::Null);
    match &mut schema {
        RefOr::T(Schema::Object(object)) => {
            object.default = None;
            if let SchemaType::Type(one) = object.schema_type.clone() {
                object.schema_type = SchemaType::from_iter([one, Type::Null]);
            }
            schema
        }
        // utoipa writes an `Option` of a named type as `oneOf` with `null` in it.
        RefOr::T(Schema::OneOf(_)) => schema,
        _ => OneOfBuilder::new().item(null()).item(schema).into(),
    }
}
