//! Times, sizes, numbers and words of a vocabulary, written for people. The exact value is shown on hover.

use std::time::Duration;

use jiff::{Timestamp, civil};
use maud::{Markup, html};
use room::{ApprovalStatus, Day, Roles, Time};

/// Returns a text, or a dash for one that there is not. Narrow lists leave out cells with nothing but the dash.
pub(crate) fn or_dash(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { (text) } @else { span.dash { "–" } } }
}

/// Returns an address, which a narrow column breaks at its `@` before it breaks a word.
pub(crate) fn address(email: &str) -> Markup {
    html! {
        @if let Some((local, domain)) = email.rsplit_once('@') { (local) "@" wbr; (domain) } @else { (email) }
    }
}

/// Returns an instant as `1 Dec 2026, 06:30 UTC`. The script adds the viewer's own time to what is shown on hover.
pub(crate) fn time(at: Time) -> Markup {
    html! { time datetime=(at) title=(at) { (minute(at)) } }
}

/// Returns how far off an instant is: `in 3 d 4 h`, `2 h ago`.
pub(crate) fn away(at: Time, now: Time) -> Markup {
    html! { time.away datetime=(at) title={ (minute(at)) " (" (at) ")" } { (distance(at, now)) } }
}

/// As [`away`], without markup.
pub(crate) fn distance(at: Time, now: Time) -> String {
    let apart = span(at.apart(now));
    match apart.as_str() {
        "now" => apart,
        _ if at > now => format!("in {apart}"),
        _ => format!("{apart} ago"),
    }
}

/// Returns the day of an instant in UTC, as `Tuesday, 1 December 2026`.
pub(crate) fn date(at: Time) -> String {
    Timestamp::from(at).strftime("%A, %-d %B %Y").to_string()
}

/// Returns a day as a certificate names it: `1 Dec 2026`.
pub(crate) fn day(day: Day) -> Markup {
    html! { time datetime=(day) title=(day) { (civil::Date::from(day).strftime("%-d %b %Y").to_string()) } }
}

/// Returns the time of day in UTC, as `06:30`.
pub(crate) fn clock(at: Time) -> Markup {
    html! { time datetime=(at) title=(at) { (Timestamp::from(at).strftime("%H:%M").to_string()) } }
}

/// Returns an instant as `1 Dec 2026, 06:30 UTC`, for attributes and options, which take no markup.
pub(crate) fn minute(at: Time) -> String {
    Timestamp::from(at).strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// Returns an instant as a field of type `datetime-local` takes it: in UTC, to the minute.
pub(crate) fn for_field(at: Time) -> String {
    Timestamp::from(at).strftime("%Y-%m-%dT%H:%M").to_string()
}

/// Returns how far two instants are apart: `9 h`, `3 d 4 h`.
pub(crate) fn apart(one: Time, other: Time) -> String {
    span(one.apart(other))
}

fn span(apart: Duration) -> String {
    let minutes = apart.as_secs() / 60;
    let (days, hours, rest) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, rest) {
        (0, 0, 0) => "now".into(),
        (0, 0, rest) => format!("{rest} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, rest) => format!("{hours} h {rest} min"),
        (days, 0, _) => format!("{days} d"),
        // From two weeks on, hours are more exact than an ETA ever is.
        (days, hours, _) if days < 14 => format!("{days} d {hours} h"),
        (days, ..) => format!("{days} d"),
    }
}

/// Returns a size as `1.4 MB`, with the exact number of bytes on hover.
pub(crate) fn size(bytes: i64) -> Markup {
    html! { span.size title={ (bytes) " bytes" } { (size_in_words(bytes)) } }
}

/// Returns a size as `1.4 MB`, without markup.
pub(crate) fn size_in_words(bytes: i64) -> String {
    room::sentence::size(bytes.unsigned_abs())
}

/// Returns a limit in whole mebibytes, as `50 MiB`.
pub(crate) fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes / 1024 / 1024)
}

/// Returns somebody's roles for people: `Owner, broker`.
pub(crate) fn roles(roles: Roles) -> String {
    label(&roles.words().join(", "))
}

/// Returns a word of a vocabulary for people: `Under review` for `under_review`.
pub(crate) fn label(word: &str) -> String {
    match word {
        "approved_with_subjects" => "Approved on subjects".into(),
        "lpg_lng" => "LPG/LNG".into(),
        "chem" => "Chemicals".into(),
        "med" => "Medium".into(),
        "pdf" | "json" | "csv" => word.to_uppercase(),
        "sqlite" => "SQLite".into(),
        "postgresql" => "PostgreSQL".into(),
        "wanted" => "A decision, a reply or a paper is wanted of you".into(),
        "paper_rejected" => "A paper of yours was rejected".into(),
        "eta_moved" => "The ETA moved".into(),
        "gate_opened" => "You can enter the next phase".into(),
        "notice_due" => "The notice to the coastal State is due".into(),
        word => crate::http::sentence(&word.replace('_', " ")).trim_end_matches('.').to_owned(),
    }
}

/// Returns what a party replies on a vessel: whoever approves of it clears it.
pub(crate) fn reply(status: ApprovalStatus) -> &'static str {
    match status {
        ApprovalStatus::Pending => "Pending",
        ApprovalStatus::Approved => "Cleared",
        ApprovalStatus::ApprovedWithSubjects => "Cleared on subjects",
        ApprovalStatus::Rejected => "Declined",
    }
}

/// Returns a number with its noun: `1 document`, `2 documents`.
pub(crate) fn count(number: usize, one: &str) -> String {
    room::sentence::count(number as u64, one)
}
