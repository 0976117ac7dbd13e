//! Administration: accounts, the catalogue of documents, holds, and how the server does.

mod document_types;
mod holds;

use axum::response::Redirect;
use maud::{Markup, html};

use super::layout::{Page, Part};
use crate::{
    http::{Access::May, Caller, PageRoutes},
    policy::Action::ConfigView,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/admin", May(ConfigView), async || Redirect::to("/admin/document-types"))
        .merge(document_types::routes())
        .merge(holds::routes())
}

/// The tabs of the administration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    DocumentTypes,
    Holds,
}

impl Tab {
    const ALL: [Self; 2] = [Self::DocumentTypes, Self::Holds];

    /// Its address, and what it is called.
    fn link(self) -> (&'static str, &'static str) {
        match self {
            Self::DocumentTypes => ("/admin/document-types", "Document types"),
            Self::Holds => ("/admin/holds", "Holds"),
        }
    }
}

/// A page of a tab, or of something under it.
fn page(caller: &Caller, tab: Tab, title: &str, main: &Markup) -> Page {
    let main = html! {
        h1 { "Administration" }
        nav.tabs aria-label="Administration" {
            ul {
                @for other in Tab::ALL {
                    @let (path, words) = other.link();
                    li { a href=(path) aria-current=[(other == tab).then_some("page")] { (words) } }
                }
            }
        }
        (main)
    };
    Page::new(format!("{title} – Administration"), main).of(Part::Administration, caller)
}
