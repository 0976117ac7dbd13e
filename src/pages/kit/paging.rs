//! The parts of a list before and after the one that is shown.

use maud::{Markup, html};

use crate::db::Page;

/// Links to both neighbours, and which part this is; nothing where the list has one part. `query` is that of the page
/// less its `limit` and `offset`, as `&name=value…`.
pub(crate) fn neighbours(path: &str, query: &str, part: Page, total: i64) -> Markup {
    neighbours_of(path, query, (part, part.limit), total)
}

/// Links to both neighbours of a part of which only so many rows are shown.
pub(crate) fn neighbours_of(path: &str, query: &str, (part, shown): (Page, i64), total: i64) -> Markup {
    let Page { limit, offset } = part;
    let link = |offset: i64| format!("{path}?limit={limit}&offset={offset}{query}");
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
