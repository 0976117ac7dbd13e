//! The types that can be parameters and columns, and how each is passed to and from both drivers.
//!
//! The drivers' own traits cannot be implemented here for the values of [`room`], and those values know no driver. So
//! [`Param`] and [`Column`] are ours, and [`Sent`] and [`Received`] pass them on to `tokio_postgres`.

use std::{error::Error, fmt};

use bytes::BytesMut;
use room::Time;
use rusqlite::types::{FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, WrongType};

/// The error with which a driver reports a value that it cannot send or read.
type Failure = Box<dyn Error + Sync + Send>;

/// A value that both drivers can send.
pub trait Param: Sync {
    /// Returns the value as SQLite takes it.
    fn to_sqlite(&self) -> rusqlite::Result<ToSqlOutput<'_>>;
    /// Writes the value as a parameter of the type `ty`.
    fn to_postgres(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure>;
    /// Returns whether the value can be a parameter of this type.
    fn fits(&self, ty: &Type) -> bool;
}

/// A value that both drivers can read.
pub trait Column: Sized {
    /// Reads the value from a column of SQLite.
    fn from_sqlite(value: ValueRef<'_>) -> FromSqlResult<Self>;
    /// Reads the value from a column of the type `ty`; `None` is `NULL`.
    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Result<Self, Failure>;
    /// Returns whether a column of this type can be read.
    fn accepts(ty: &Type) -> bool;
}

/// A parameter on its way to `tokio_postgres`.
pub(in crate::db) struct Sent<'a>(pub(in crate::db) &'a dyn Param);

impl fmt::Debug for Sent<'_> {
    /// Shows nothing: a parameter may be a secret, and drivers print what they refuse.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parameter")
    }
}

impl ToSql for Sent<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        self.0.to_postgres(ty, out)
    }

    /// Always `true`: this type stands for all parameters, and [`Self::to_sql_checked`] asks the one at hand.
    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        if self.0.fits(ty) { self.0.to_postgres(ty, out) } else { Err(Box::new(WrongType::new::<Self>(ty.clone()))) }
    }
}

/// A column as `tokio_postgres` reads it.
pub(in crate::db) struct Received<T>(pub(in crate::db) T);

impl<'a, T: Column> FromSql<'a> for Received<T> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        T::from_postgres(ty, Some(raw)).map(Self)
    }

    fn from_sql_null(ty: &Type) -> Result<Self, Failure> {
        T::from_postgres(ty, None).map(Self)
    }

    fn accepts(ty: &Type) -> bool {
        T::accepts(ty)
    }
}

/// Implements [`Param`] for types that both drivers know themselves.
macro_rules! driver_params {
    ($($name:ty),+ $(,)?) => {$(
        impl Param for $name {
            fn to_sqlite(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                rusqlite::ToSql::to_sql(self)
            }

            fn to_postgres(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
                ToSql::to_sql(self, ty, out)
            }

            fn fits(&self, ty: &Type) -> bool {
                <Self as ToSql>::accepts(ty)
            }
        }
    )+};
}

driver_params!(bool, i64, f64, String, &str, Vec<u8>, &[u8]);

/// Implements [`Column`] for types that both drivers know themselves.
macro_rules! driver_columns {
    ($($name:ty),+ $(,)?) => {$(
        impl Column for $name {
            fn from_sqlite(value: ValueRef<'_>) -> FromSqlResult<Self> {
                rusqlite::types::FromSql::column_result(value)
            }

            fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Result<Self, Failure> {
                FromSql::from_sql_nullable(ty, raw)
            }

            fn accepts(ty: &Type) -> bool {
                <Self as FromSql<'_>>::accepts(ty)
            }
        }
    )+};
}

driver_columns!(bool, i64, f64, String, Vec<u8>);

impl<T: Param> Param for Option<T> {
    fn to_sqlite(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.as_ref().map_or_else(|| Ok(rusqlite::types::Null.into()), Param::to_sqlite)
    }

    fn to_postgres(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        self.as_ref().map_or(Ok(IsNull::Yes), |value| value.to_postgres(ty, out))
    }

    /// `None` fits every type, since every type has a `NULL`.
    fn fits(&self, ty: &Type) -> bool {
        self.as_ref().is_none_or(|value| value.fits(ty))
    }
}

impl<T: Column> Column for Option<T> {
    fn from_sqlite(value: ValueRef<'_>) -> FromSqlResult<Self> {
        if value == ValueRef::Null { Ok(None) } else { T::from_sqlite(value).map(Some) }
    }

    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Result<Self, Failure> {
        raw.map(|raw| T::from_postgres(ty, Some(raw))).transpose()
    }

    fn accepts(ty: &Type) -> bool {
        T::accepts(ty)
    }
}

impl<T: Param> Param for &T {
    fn to_sqlite(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        (*self).to_sqlite()
    }

    fn to_postgres(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        (*self).to_postgres(ty, out)
    }

    fn fits(&self, ty: &Type) -> bool {
        (*self).fits(ty)
    }
}

/// Implements [`Param`] and [`Column`] for values that are stored as the text that they display.
macro_rules! text_columns {
    ($($name:ident),+ $(,)?) => {$(
        impl Param for room::$name {
            fn to_sqlite(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.to_string().into())
            }

            fn to_postgres(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
                self.to_string().to_sql(ty, out)
            }

            fn fits(&self, ty: &Type) -> bool {
                <String as ToSql>::accepts(ty)
            }
        }

        impl Column for room::$name {
            fn from_sqlite(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(|_| FromSqlError::InvalidType)
            }

            fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Result<Self, Failure> {
                let text: &str = FromSql::from_sql_nullable(ty, raw)?;
                text.parse().map_err(|_| concat!("not a ", stringify!($name)).into())
            }

            fn accepts(ty: &Type) -> bool {
                <&str as FromSql<'_>>::accepts(ty)
            }
        }
    )+};
}

room::each_id!(text_columns);

text_columns! {
    AccountDeed, ApprovalStatus, CargoProfile, Criticality, Day, Deed, FileKind, FileNotice, Frequency, Phase, Requirement, Role, Roles,
    RoomStatus, Scope, Side, SnapshotStatus, SnapshotType, Verdict, VesselRole, VesselStatus,
}

/// Microseconds from 1970 to 2000, when PostgreSQL's count of time starts.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// Stored as text that sorts by time on SQLite, and as `timestamptz` on PostgreSQL.
impl Param for Time {
    fn to_sqlite(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }

    fn to_postgres(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        postgres_protocol::types::timestamp_to_sql(self.as_microsecond() - POSTGRES_EPOCH, out);
        Ok(IsNull::No)
    }

    fn fits(&self, ty: &Type) -> bool {
        <Self as Column>::accepts(ty)
    }
}

impl Column for Time {
    fn from_sqlite(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|_| FromSqlError::InvalidType)
    }

    fn from_postgres(_: &Type, raw: Option<&[u8]>) -> Result<Self, Failure> {
        let microseconds = postgres_protocol::types::timestamp_from_sql(raw.ok_or("a time that is NULL")?)?;
        microseconds
            .checked_add(POSTGRES_EPOCH)
            .and_then(Self::from_microsecond)
            .ok_or_else(|| "a time outside the calendar".into())
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}
