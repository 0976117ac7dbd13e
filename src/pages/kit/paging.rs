//! Links from the part of a list that is shown to the parts before and after it.

use maud::{Markup, html};

use crate::db::{Page, seek::Seek};

/// Returns links to both neighbours and which rows these are; nothing if the list has only one part. `query` is the
/// page's query without `limit` and `offset`, as `&name=value…`.
pub(crate) fn neighbours(path: &str, query: &str, part: Page, total: i64) -> Markup {
    neighbours_of(path, query, (part, part.limit), total)
}

/// As [`neighbours`], for a list that may grow or shrink while it is read: the links lead on from the first and the last
/// row that are shown, whose ids these are.
pub(crate) fn neighbours_from(
    (path, query): (&str, &str),
    seek: &Seek,
    part: Page,
    (ids, total): (&[String], i64),
) -> Markup {
    let limit = seek.page.limit;
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
        return neighbours(path, query, Page { limit, ..part }, total);
    };
    let link = |word: &str, id: &str| format!("{path}?limit={limit}&{word}={id}{query}");
    let reached = part.offset.saturating_add(i64::try_from(ids.len()).unwrap_or(i64::MAX)).min(total);
    html! {
        @if part.offset > 0 || reached < total {
            nav.pages aria-label="Parts of the list" {
                @if part.offset > 0 { a href=(link("before", first)) rel="prev" { "← Before" } }
                span.num { ((part.offset + 1).min(total)) "–" (reached) " of " (total) }
                @if reached < total { a href=(link("after", last)) rel="next" { "After →" } }
            }
        }
    }
}

/// As [`neighbours`], for a part of which only `shown` rows fitted into the page.
pub(crate) fn neighbours_of(path: &str, query: &str, (part, shown): (Page, i64), total: i64) -> Markup {
    let Page { limit, offset } = part;
    let link = |offset: i64| format!("{path}?limit={limit}&offset={offset}{query}");
    // The next part begins after the last row that is shown, not after `limit`: rows that did not fit come first there.
    let last = offset.saturating_add(shown).min(total);
    html! {
        @if offset > 0 || last < total {
            nav.pages aria-label="Parts of the list" {
                @if offset > 0 { a href=(link((offset - limit).max(0))) rel="prev" { "← Before" } }
                span.num { ((offset + 1).min(total)) "–" (last) " of " (total) }
                @if last < total { a href=(link(last)) rel="next" { "After →" } }
            }
        }
    }
}
