//! `/docs`: the API for people, a table of what there is.

use maud::{Markup, html};

use super::kit::layout::{Page, Part, Viewer};
use crate::http::BASE;

/// A route as the table tells of it.
pub struct Told {
    /// Method.
    pub method: String,
    /// Path under the base.
    pub path: &'static str,
    /// What it does.
    pub summary: String,
    /// Who may use it.
    pub access: String,
}

/// The page.
pub fn docs(routes: &[Told]) -> Markup {
    let main = html! {
        h1 { "API" }
        p {
            "Sign in with " code { "POST " (BASE) "/auth/login" } " and send the token as " code { "Authorization: Bearer …" }
            ". Bodies, parameters and answers are described in " a href="/api/openapi.json" { "/api/openapi.json" }
            " (OpenAPI 3.1). Errors are problem details (RFC 9457)."
        }
        table.list {
            thead {
                tr {
                    th scope="col" { "Method" }
                    th scope="col" { "Path" }
                    th scope="col" { "What it does" }
                    th scope="col" { "Who may" }
                }
            }
            tbody {
                @for Told { method, path, summary, access } in routes {
                    tr {
                        td data-label="Method" { code { (method) } }
                        th scope="row" { code.path { @for part in path.split_inclusive('/') { (part) wbr; } } }
                        td data-label="What it does" { (summary) }
                        td data-label="Who may" { (access) }
                    }
                }
            }
        }
    };
    Page::new("API", main).of(Part::Elsewhere, Viewer::Anyone).into_markup()
}
