//! What stands above the list of documents: views by status, and the search.

use maud::{Markup, html};
use room::{DocumentState, DocumentStatus};

use super::{
    filter::{OPERATION, Show, of_word},
    shown::List,
};

impl List<'_> {
    /// Whether a document is shown.
    pub(super) fn takes(&self, document: &DocumentState) -> bool {
        self.asked.is_about(document) && self.asked.show.is_none_or(|show| self.stands_so(document, show))
    }

    fn stands_so(&self, document: &DocumentState, show: Show) -> bool {
        match show {
            Show::Mine => self.mine.contains(&document.slot.id),
            // What nobody waits for is not missed.
            Show::Status(DocumentStatus::Missing) => document.needed && document.status == DocumentStatus::Missing,
            Show::Status(status) => document.status == status,
        }
    }

    /// Where they stand, with how many there are of each: what is there to be seen, in one click.
    pub(super) fn views(&self) -> Markup {
        let about: Vec<_> = self.room.state.documents.iter().filter(|document| self.asked.is_about(document)).collect();
        let view = |show: Option<Show>, words: &str, count: usize| {
            html! {
                li {
                    a href={ (self.path) (self.asked.query_of(show)) }
                        aria-current=[(self.asked.show == show).then_some("true")] {
                        (words) " " span.num { (count) }
                    }
                }
            }
        };
        html! {
            nav.views aria-label="Where documents stand" {
                ul {
                    (view(None, "All", about.len()))
                    @for show in Show::ALL {
                        @let count = about.iter().filter(|document| self.stands_so(document, show)).count();
                        @if count > 0 || self.asked.show == Some(show) { (view(Some(show), &show.words(), count)) }
                    }
                }
            }
        }
    }

    /// The search by name and by whose they are.
    pub(super) fn search(&self) -> Markup {
        let of = self.asked.of.map(of_word).unwrap_or_default();
        html! {
            form.search method="get" action=(self.path) role="search" {
                @if let Some(show) = self.asked.show { input type="hidden" name="show" value=(show.word()); }
                div.field {
                    label for="search-q" { "Name" }
                    input id="search-q" name="q" type="search" value=(self.asked.name) autocomplete="off";
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
                @if self.asked.leaves_out() { a href=(self.path) { "Show all" } }
            }
        }
    }
}
