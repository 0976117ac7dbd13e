//! A value of a row that repeats what a log tells.

use std::fmt;

use bytes::BytesMut;
use room::Time;
use rusqlite::types::ToSqlOutput;
use tokio_postgres::types::{IsNull, Type};

use crate::db::Param;

/// A value of one column, whatever the database stores it as.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value: NULL in SQL.
    Null,
    /// Text, also that of an id or a word.
    Text(String),
    /// An integer of 64 bits.
    Integer(i64),
    /// A length, in metres.
    Real(f64),
    /// Either yes or no.
    Bool(bool),
    /// An instant, to the microsecond.
    Time(Time),
    /// Bytes, which are written in hexadecimal.
    Bytes(Vec<u8>),
    /// What a column holds that is not of its type. Only reading makes it, and it differs from whatever a log tells.
    Unreadable,
}

impl Value {
    /// Returns the value of a column of text, as the thing displays itself.
    #[expect(clippy::needless_pass_by_value, reason = "values and references alike")]
    pub fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    /// Returns the value of a column that may be NULL.
    pub fn of<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, make)
    }

    /// Returns the value of a column of text that may be NULL.
    pub fn maybe(text: Option<impl ToString>) -> Self {
        Self::of(text, Self::text)
    }

    /// Returns the bytes that a log tells in hexadecimal. Something else stays text, which no column of bytes holds.
    pub fn hex(hexadecimal: &str) -> Self {
        hex::decode(hexadecimal).map_or_else(|_| Self::text(hexadecimal), Self::Bytes)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("nothing"),
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Time(time) => time.fmt(f),
            Self::Bytes(bytes) => f.write_str(&hex::encode(bytes)),
            Self::Unreadable => f.write_str("what cannot be read"),
        }
    }
}

impl Param for Value {
    fn to_sqlite(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.param().to_sqlite()
    }

    fn to_postgres(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.param().to_postgres(ty, out)
    }

    fn fits(&self, ty: &Type) -> bool {
        self.param().fits(ty)
    }
}

impl Value {
    fn param(&self) -> &dyn Param {
        match self {
            Self::Null | Self::Unreadable => &None::<String>,
            Self::Text(text) => text,
            Self::Integer(number) => number,
            Self::Real(number) => number,
            Self::Bool(value) => value,
            Self::Time(time) => time,
            Self::Bytes(bytes) => bytes,
        }
    }
}
