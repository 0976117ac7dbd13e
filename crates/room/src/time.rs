//! Time: UTC, to the microsecond, so that both databases give back what they were given; and days.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, ToSpan, Unit, civil, tz::Offset};
use serde::{Deserialize, Serialize};

/// An instant in UTC, in whole microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Timestamp", into = "Timestamp")]
pub struct Time(Timestamp);

impl Time {
    /// Before anything that is stored; within PostgreSQL's calendar.
    pub const EARLIEST: Self = Self(Timestamp::UNIX_EPOCH);
    /// After anything that is stored.
    pub const LATEST: Self = Self(Timestamp::constant(253_000_000_000, 0));

    /// This instant plus a pause.
    ///
    /// Stops at [`Time::LATEST`].
    #[must_use]
    pub fn after(self, pause: Duration) -> Self {
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        self.0.checked_add(pause).map_or(Self::LATEST, Self::from)
    }

    /// This instant less a pause.
    #[must_use]
    pub fn before(self, pause: Duration) -> Self {
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        self.0.checked_sub(pause).map_or(Self::EARLIEST, Self::from)
    }

    /// How long ago `earlier` was; zero where it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.duration_since(earlier.0).try_into().unwrap_or_default()
    }

    /// How far the two are apart, whichever is earlier.
    pub fn apart(self, other: Self) -> Duration {
        self.0.duration_since(other.0).unsigned_abs()
    }

    /// Microseconds since 1970, the form PostgreSQL is spoken to in.
    pub fn as_microsecond(self) -> i64 {
        self.0.as_microsecond()
    }

    /// The instant so many microseconds after 1970, where the calendar has it.
    pub fn from_microsecond(microseconds: i64) -> Option<Self> {
        Timestamp::from_microsecond(microseconds).ok().map(Self)
    }

    /// The day in UTC that this instant falls on.
    pub fn day(self) -> Day {
        Day(Offset::UTC.to_datetime(self.0).date())
    }

    /// The same day and time of another year; the 28th for a 29th of February that it lacks.
    ///
    /// Stops at [`Time::LATEST`].
    #[must_use]
    pub fn years_later(self, years: u32) -> Self {
        // More than the calendar has is no span of jiff's.
        let later = Offset::UTC.to_datetime(self.0).checked_add(i64::from(years.min(9_999)).years());
        later.ok().and_then(|later| Offset::UTC.to_timestamp(later).ok()).map_or(Self::LATEST, Self::from)
    }

    /// To the minute, for titles: `2026-11-23 19:04 UTC`.
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

/// RFC 3339 with `Z` and six decimals always, so that the text sorts as the time does.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl FromStr for Time {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<Timestamp>().map(Self::from)
    }
}

/// A day of the calendar, as a certificate names it: stored and sent as `2027-03-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(civil::Date);

impl Day {
    /// The day so many days later.
    #[must_use]
    pub fn days_later(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.clamp(-1_000_000, 1_000_000).days()))
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
