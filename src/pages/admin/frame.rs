//! The heading and the tabs above each page of the administration.

use maud::{Markup, html};

use crate::{
    http::Caller,
    pages::kit::layout::{HtmlPage, Part},
};

/// The tabs of the administration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Users,
    DocumentTypes,
    Holds,
    Mail,
    System,
}

impl Tab {
    const ALL: [Self; 5] = [Self::Users, Self::DocumentTypes, Self::Holds, Self::Mail, Self::System];

    /// Returns the path of the tab, and its label.
    fn link(self) -> (&'static str, &'static str) {
        match self {
            Self::Users => ("/admin/users", "Users"),
            Self::DocumentTypes => ("/admin/document-types", "Document types"),
            Self::Holds => ("/admin/holds", "Holds"),
            Self::Mail => ("/admin/mail", "Mail"),
            Self::System => ("/admin/system", "System"),
        }
    }
}

/// Returns a page of a tab, or of something below it.
pub(super) fn page(caller: &Caller, tab: Tab, title: &str, main: &Markup) -> HtmlPage {
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
    HtmlPage::new(format!("{title} – Administration"), main).in_part(Part::Administration, caller)
}
