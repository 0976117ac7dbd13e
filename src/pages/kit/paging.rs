//! Links from the part of a list that is shown to the parts before and after it.

use maud::{Markup, html};

use crate::db::Page;

/// Returns links to both neighbours and which rows these are; nothing if the list has only one part. `query` is the
/// page's query without `limit` and `offset`, as `&name=value…`.
pub(crate) fn neighbours(path: &str, query: &str, part: Page, total: i64) -> Markup {
    neighbours_of(path, query, (part, part.limit), total)
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
