//! What stands above each tab of the administration.

use maud::{Markup, html};

use crate::{
    http::Caller,
    pages::kit::layout::{Page, Part},
};

/// The tabs of the administration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
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
pub(super) fn page(caller: &Caller, tab: Tab, title: &str, main: &Markup) -> Page {
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
