//! Time zones of those who get mails.

use jiff::{Timestamp, tz::TimeZone};
use room::Time;

/// Returns the time zone of this name. UTC if there is none, or if this program does not know it.
pub fn of(name: Option<&str>) -> TimeZone {
    name.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// Returns an instant as people read it: in a time zone, and in UTC, by which operations are run.
pub fn in_words(at: Time, zone: &TimeZone) -> String {
    let at = Timestamp::from(at);
    let utc = at.to_zoned_datetime(TimeZone::UTC);
    let full = "%-d %B %Y, %H:%M";
    let Some(name) = zone.iana_name().filter(|_| *zone != TimeZone::UTC) else {
        return utc.strftime(&format!("{full} UTC")).to_string();
    };
    let local = at.to_zoned_datetime(zone.clone());
    let of_utc = if utc.date() == local.date() { "%H:%M UTC" } else { "%-d %B, %H:%M UTC" };
    format!("{} {name} ({})", local.strftime(full), utc.strftime(of_utc))
}
