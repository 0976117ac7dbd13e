//! What stands above the list of documents: the views by status, and the search.

use maud::{Markup, html};
use room::{DocumentState, DocumentStatus};

use super::{
    filter::{OPERATION, StatusFilter, VesselFilter},
    shown::List,
};

impl List<'_> {
    /// Returns whether a document is listed.
    pub(super) fn lists(&self, document: &DocumentState) -> bool {
        self.query.fits(document) && self.query.show.is_none_or(|show| self.has_status(document, show))
    }

    fn has_status(&self, document: &DocumentState, filter: StatusFilter) -> bool {
        match filter {
            StatusFilter::Mine => self.mine.contains(&document.slot.id),
            // A waived or optional document without a version has the status, too, but nobody waits for it.
            StatusFilter::Status(DocumentStatus::Missing) => {
                document.needed && document.status == DocumentStatus::Missing
            }
            StatusFilter::Status(status) => document.status == status,
        }
    }

    /// Returns a link for each status that documents have, with how many have it.
    pub(super) fn render_views(&self) -> Markup {
        let about: Vec<_> = self.room.state.documents.iter().filter(|document| self.query.fits(document)).collect();
        let view = |show: Option<StatusFilter>, words: &str, count: usize| {
            html! {
                li {
                    a href={ (self.path) (self.query.to_query_with(show)) }
                        aria-current=[(self.query.show == show).then_some("true")] {
                        (words) " " span.num { (count) }
                    }
                }
            }
        };
        html! {
            nav.views aria-label="Where documents stand" {
                ul {
                    (view(None, "All", about.len()))
                    @for show in StatusFilter::ALL {
                        @let count = about.iter().filter(|document| self.has_status(document, show)).count();
                        // The present view stays, even if it has become empty: otherwise nothing would be marked as
                        // current.
                        @if count > 0 || self.query.show == Some(show) { (view(Some(show), &show.words(), count)) }
                    }
                }
            }
        }
    }

    /// Returns the search by name and by vessel.
    pub(super) fn render_search(&self) -> Markup {
        let of = self.query.of.map(VesselFilter::word).unwrap_or_default();
        html! {
            form.search method="get" action=(self.path) role="search" {
                // The view stays as it is when somebody searches in it.
                @if let Some(show) = self.query.show { input type="hidden" name="show" value=(show.word()); }
                div.field {
                    label for="search-q" { "Name" }
                    input id="search-q" name="q" type="search" value=(self.query.name) autocomplete="off";
                }
                div.field {
                    label for="search-of" { "Of" }
                    select id="search-of" name="of" {
                        option value="" { "Everything" }
                        @for vessel in &self.room.state.vessels {
                            @let id = vessel.id.to_string();
                            option value=(id) selected[id == of] { (vessel.details.name) }
                        }
                        option value=(OPERATION) selected[of == OPERATION] { "The operation" }
                    }
                }
                button.secondary type="submit" { "Search" }
                @if self.query.is_filtered() { a href=(self.path) { "Show all" } }
            }
        }
    }
}
