//! How much is read of a file, and the scan of JSON that comes before anything is built from it.
//!
//! As values in memory, JSON takes many times its own size, and compressed data is small compared with what it unpacks
//! to. So each part has a bound in bytes, and JSON is bounded in depth and in its number of values too.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// How much is read of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Largest size of the record, in bytes, unpacked.
    pub record: usize,
    /// Largest number of values in it: objects, arrays, texts, numbers and the like.
    pub values: usize,
    /// Largest depth to which objects and arrays are nested in it.
    pub depth: usize,
}

impl Bounds {
    /// The bounds for a file that anybody may have made.
    pub const STRANGER: Self = Self { record: 4 * MIB, values: 100_000, depth: 32 };

    /// The bounds for a file that one of the caller's own servers has signed.
    ///
    /// A record holds at most 50,000 entries with 16 MiB of details, and as much again of what parties wrote about
    /// documents. An entry takes some 400 bytes and eight values beside its details, and these have at least eight
    /// bytes for each of their values.
    pub const OWN: Self = Self { record: 64 * MIB, values: 4_000_000, depth: 64 };

    /// The largest size of a proof, and of anything else beside a record, in bytes. A proof holds one entry and a path.
    pub const BESIDE: usize = 128 * KIB;

    /// The largest size of a receipt that is added to a file, in bytes.
    pub const RECEIPT: usize = 64 * KIB;

    /// Goes through JSON without building anything of it, and stops where there is more than these bounds allow.
    ///
    /// Bytes that are no JSON are no error here: they end the scan, and the reader that comes next reports them.
    ///
    /// # Errors
    ///
    /// What there is too much of.
    pub fn scan(&self, json: &[u8]) -> Result<(), Exceeded> {
        let mut scan = Scan { bounds: *self, values: 0, exceeded: None };
        if json.len() > self.record {
            return Err(Exceeded::Bytes(self.record));
        }
        let mut reader = serde_json::Deserializer::from_slice(json);
        // The error is not needed: it is either that of the bounds, which `scan` holds, or one that the next reader
        // meets too.
        let _ = Nested { scan: &mut scan, depth: 0 }.deserialize(&mut reader);
        scan.exceeded.map_or(Ok(()), Err)
    }
}

/// Whether a text can be a receipt. A line feed is the only control character in one: it ends its lines.
pub(crate) fn is_receipt(text: &str) -> bool {
    let is_plain = |c: char| c == '\n' || !c.is_control();
    !text.is_empty() && text.len() <= Bounds::RECEIPT && text.chars().all(is_plain)
}

/// What a file has too much of.
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

/// What a scan has counted so far.
struct Scan {
    bounds: Bounds,
    values: usize,
    exceeded: Option<Exceeded>,
}

/// The values at one depth.
struct Nested<'a> {
    scan: &'a mut Scan,
    depth: usize,
}

impl Nested<'_> {
    /// Counts a value, before those that are in it.
    fn count_value<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.scan.values += 1;
        let Bounds { values, depth, .. } = self.scan.bounds;
        if self.scan.values > values {
            self.scan.exceeded = Some(Exceeded::Values(values));
        } else if self.depth > depth {
            self.scan.exceeded = Some(Exceeded::Depth(depth));
        }
        // Any error ends the scan; which bound it was is kept aside, since serde's errors carry text only.
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
        self.count_value()
    }

    fn visit_bool<E: serde::de::Error>(mut self, _: bool) -> Result<(), E> {
        self.count_value()
    }

    fn visit_i64<E: serde::de::Error>(mut self, _: i64) -> Result<(), E> {
        self.count_value()
    }

    fn visit_u64<E: serde::de::Error>(mut self, _: u64) -> Result<(), E> {
        self.count_value()
    }

    fn visit_f64<E: serde::de::Error>(mut self, _: f64) -> Result<(), E> {
        self.count_value()
    }

    fn visit_str<E: serde::de::Error>(mut self, _: &str) -> Result<(), E> {
        self.count_value()
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.count_value()?;
        while items.next_element_seed(self.next())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        self.count_value()?;
        // Keys are not counted, since each has a value that is.
        while entries.next_key_seed(Key)?.is_some() {
            entries.next_value_seed(self.next())?;
        }
        Ok(())
    }
}

/// A key of an object, which is read and dropped.
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
