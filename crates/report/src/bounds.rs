//! How much is read of a file, and the scan of JSON that comes before anything is built from it.
//!
//! JSON takes many times its own size as values, and compression many times less than what it unpacks to. So
//! each part has a bound in bytes, and JSON in depth and number of values too.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// How much is read of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How large the record may be, in bytes, unpacked.
    pub record: usize,
    /// How many values it may hold: objects, arrays, texts, numbers and the like.
    pub values: usize,
    /// How many objects and arrays may stand in one another.
    pub depth: usize,
}

impl Bounds {
    /// What is read of anybody's file.
    pub const STRANGER: Self = Self { record: 4 * MIB, values: 100_000, depth: 32 };

    /// What is read of a file that a server of ours has signed.
    ///
    /// A record holds 50,000 entries with 16 MiB of details at the most, and as much again of what parties
    /// said of documents. An entry takes some 400 bytes and eight values beside its details, and these have
    /// at least eight bytes for each of their values.
    pub const OWN: Self = Self { record: 64 * MIB, values: 4_000_000, depth: 64 };

    /// What is read of a proof, and of whatever else stands beside a record, in bytes: a proof holds one
    /// entry and a path.
    pub const BESIDE: usize = 128 * KIB;

    /// Goes through JSON and builds nothing of it, and stops where there is more than these bounds allow.
    ///
    /// Whether it is JSON at all is not said here: what cannot be read ends the scan without a word, and whoever
    /// reads it next says why.
    pub fn scan(&self, json: &[u8]) -> Result<(), Exceeded> {
        let mut scan = Scan { bounds: *self, values: 0, exceeded: None };
        if json.len() > self.record {
            return Err(Exceeded::Bytes(self.record));
        }
        let mut reader = serde_json::Deserializer::from_slice(json);
        // An error is either that of the bounds, or one that the reader of these bytes meets too.
        let _ = Nested { scan: &mut scan, depth: 0 }.deserialize(&mut reader);
        scan.exceeded.map_or(Ok(()), Err)
    }
}

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// It has more bytes than this.
    #[error("it is larger than the {0} bytes that are read")]
    Bytes(usize),
    /// It holds more values than this.
    #[error("it holds more than the {0} values that are read")]
    Values(usize),
    /// More objects and arrays than this stand in one another.
    #[error("its values are nested more than the {0} deep that are read")]
    Depth(usize),
}

struct Scan {
    bounds: Bounds,
    values: usize,
    exceeded: Option<Exceeded>,
}

/// The values at some depth.
struct Nested<'a> {
    scan: &'a mut Scan,
    depth: usize,
}

impl Nested<'_> {
    /// Counts a value, before what is in it.
    fn one<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.scan.values += 1;
        let Bounds { values, depth, .. } = self.scan.bounds;
        if self.scan.values > values {
            self.scan.exceeded = Some(Exceeded::Values(values));
        } else if self.depth > depth {
            self.scan.exceeded = Some(Exceeded::Depth(depth));
        }
        if self.scan.exceeded.is_some() { Err(E::custom("too much")) } else { Ok(()) }
    }

    fn next(&mut self) -> Nested<'_> {
        Nested { scan: self.scan, depth: self.depth + 1 }
    }
}

impl<'de> DeserializeSeed<'de> for Nested<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: serde::de::Error>(mut self) -> Result<(), E> {
        self.one()
    }

    fn visit_bool<E: serde::de::Error>(mut self, _: bool) -> Result<(), E> {
        self.one()
    }

    fn visit_i64<E: serde::de::Error>(mut self, _: i64) -> Result<(), E> {
        self.one()
    }

    fn visit_u64<E: serde::de::Error>(mut self, _: u64) -> Result<(), E> {
        self.one()
    }

    fn visit_f64<E: serde::de::Error>(mut self, _: f64) -> Result<(), E> {
        self.one()
    }

    fn visit_str<E: serde::de::Error>(mut self, _: &str) -> Result<(), E> {
        self.one()
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.one()?;
        while items.next_element_seed(self.next())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        self.one()?;
        while entries.next_key_seed(Key)?.is_some() {
            entries.next_value_seed(self.next())?;
        }
        Ok(())
    }
}

/// A key, which is read and forgotten.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(Self)
    }
}

impl Visitor<'_> for Key {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_within_the_bounds_passes_and_one_value_or_level_more_does_not() {
        let bounds = Bounds { record: 100, values: 4, depth: 2 };
        assert_eq!(bounds.scan(br#"[1,"two",{}]"#), Ok(()));
        assert_eq!(bounds.scan(br#"[1,"two",{},null]"#), Err(Exceeded::Values(4)));
        assert_eq!(bounds.scan(br#"{"a":[1]}"#), Ok(()));
        assert_eq!(bounds.scan(br#"{"a":[[1]]}"#), Err(Exceeded::Depth(2)));
        assert_eq!(bounds.scan(&[b' '; 101]), Err(Exceeded::Bytes(100)));
        assert_eq!(bounds.scan(b"[1, nonsense"), Ok(()), "who reads it says that it is no JSON");
        assert_eq!(Bounds::OWN.scan("[".repeat(1_000_000).as_bytes()), Err(Exceeded::Depth(64)));
    }
}
