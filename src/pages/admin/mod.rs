//! Administration: accounts, the catalogue of documents, holds, and how the server does.

mod document_types;
mod holds;
mod requests;
mod system;
mod users;

use axum::response::Redirect;
use maud::{Markup, html};

use super::kit::layout::{Page, Part};
use crate::{
    http::{Access::May, Caller, PageRoutes},
    policy::Action::ConfigView,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/admin", May(ConfigView), async || Redirect::to("/admin/users"))
        .merge(users::routes())
        .merge(requests::routes())
        .merge(document_types::routes())
        .merge(holds::routes())
        .merge(system::routes())
}

/// The tabs of the administration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Users,
    DocumentTypes,
    Holds,
    System,
}

impl Tab {
    const ALL: [Self; 4] = [Self::Users, Self::DocumentTypes, Self::Holds, Self::System];

    /// Its address, and what it is called.
    fn link(self) -> (&'static str, &'static str) {
        match self {
            Self::Users => ("/admin/users", "Users"),
            Self::DocumentTypes => ("/admin/document-types", "Document types"),
            Self::Holds => ("/admin/holds", "Holds"),
            Self::System => ("/admin/system", "System"),
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
