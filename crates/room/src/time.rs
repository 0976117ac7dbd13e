//! Instants in UTC, to the microsecond, which is what both databases store without loss; and days of the calendar.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{
    RoundMode, SignedDuration, Timestamp, TimestampRound, ToSpan, Unit, civil, fmt::temporal::Pieces, tz::Offset,
};
use serde::{Deserialize, Serialize};

/// An instant in UTC, in whole microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Timestamp", into = "Timestamp")]
pub struct Time(Timestamp);

impl Time {
    /// An instant before everything that is stored, within PostgreSQL's calendar: 1970.
    pub const EARLIEST: Self = Self(Timestamp::UNIX_EPOCH);
    /// An instant after everything that is stored, in the year 9987.
    pub const LATEST: Self = Self(Timestamp::constant(253_000_000_000, 0));

    /// Returns this instant plus `pause`, at most [`Time::LATEST`].
    #[must_use]
    pub fn after(self, pause: Duration) -> Self {
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        self.0.checked_add(pause).map_or(Self::LATEST, Self::from)
    }

    /// Returns this instant less `pause`, at least [`Time::EARLIEST`] if the calendar has no such instant.
    #[must_use]
    pub fn before(self, pause: Duration) -> Self {
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        self.0.checked_sub(pause).map_or(Self::EARLIEST, Self::from)
    }

    /// Returns how long ago `earlier` was; zero if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.duration_since(earlier.0).try_into().unwrap_or_default()
    }

    /// Returns how far the two instants are apart, whichever is earlier.
    pub fn apart(self, other: Self) -> Duration {
        self.0.duration_since(other.0).unsigned_abs()
    }

    /// Returns the microseconds since 1970, the form in which an instant is given to PostgreSQL.
    pub fn as_microsecond(self) -> i64 {
        self.0.as_microsecond()
    }

    /// Returns the instant so many microseconds after 1970, or `None` if the calendar does not have it.
    pub fn from_microsecond(microseconds: i64) -> Option<Self> {
        Timestamp::from_microsecond(microseconds).ok().map(Self)
    }

    /// Returns the day in UTC on which this instant falls.
    pub fn day(self) -> Day {
        Day(Offset::UTC.to_datetime(self.0).date())
    }

    /// Returns the same day and time so many years later, at most [`Time::LATEST`]. A 29th of February becomes the 28th
    /// in a year without one.
    #[must_use]
    pub fn years_later(self, years: u32) -> Self {
        // jiff panics on spans of more years than its calendar has, 19,998; no retention is as long as 9,999.
        let later = Offset::UTC.to_datetime(self.0).checked_add(i64::from(years.min(9_999)).years());
        later.ok().and_then(|later| Offset::UTC.to_timestamp(later).ok()).map_or(Self::LATEST, Self::from)
    }

    /// Formats the instant to the minute, for titles: `2026-11-23 19:04 UTC`.
    pub fn to_the_minute(self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M UTC").to_string()
    }
}

impl From<Timestamp> for Time {
    fn from(exact: Timestamp) -> Self {
        let to_microseconds = TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::Floor);
        Self(exact.round(to_microseconds).unwrap_or(exact))
    }
}

impl From<Time> for Timestamp {
    fn from(time: Time) -> Self {
        time.0
    }
}

/// Formats as RFC 3339 with `Z` and always six decimals: SQLite stores this text, which sorts as the time does.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl FromStr for Time {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        let time = text.parse::<Timestamp>()?;
        // What is stored ends in `Z`, and is read often.
        if !text.ends_with('Z') && !Pieces::parse(text)?.to_numeric_offset().is_none_or(is_in_use) {
            return Err(jiff::Error::from_args(format_args!("no clock has this offset")));
        }
        Ok(Self::from(time))
    }
}

/// Returns whether clocks somewhere on Earth have this offset: 12 hours behind UTC to 14 hours ahead. jiff knows 25.
fn is_in_use(offset: Offset) -> bool {
    (-12 * 60 * 60..=14 * 60 * 60).contains(&offset.seconds())
}

/// A day of the calendar, as a certificate gives it; stored and sent as `2027-03-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(civil::Date);

impl Day {
    /// Returns the day so many days later, at most the last one of the calendar.
    #[must_use]
    pub fn days_later(self, days: i64) -> Self {
        // jiff panics on spans longer than its calendar; a million days are 2,738 years.
        Self(self.0.saturating_add(days.clamp(-1_000_000, 1_000_000).days()))
    }

    /// Returns the instant at which the day begins in UTC, at most [`Time::LATEST`].
    pub fn begin(self) -> Time {
        Offset::UTC.to_timestamp(self.0.at(0, 0, 0, 0)).map_or(Time::LATEST, Time::from)
    }
}

impl From<Day> for civil::Date {
    fn from(day: Day) -> Self {
        day.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse().map(Self)
    }
}
