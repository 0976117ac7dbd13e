//! `/docs`: the routes of the API as a table for people. `web` serves it; it needs no session.

use maud::{Markup, html};

use super::kit::layout::{HtmlPage, Part, Viewer};
use crate::http::BASE;

/// A line of the table: a route of the API.
pub struct RouteLine {
    /// The HTTP method of the route.
    pub method: String,
    /// The path below `/api/v1`.
    pub path: &'static str,
    /// What the route does, in one sentence.
    pub summary: String,
    /// Who may use the route.
    pub access: String,
}

/// Returns the page that describes these routes.
pub fn docs(routes: &[RouteLine]) -> Markup {
    let main = html! {
        h1 { "API" }
        p {
            "Sign in with " code { "POST " (BASE) "/auth/login" } " and send the token as " code { "Authorization: Bearer …" }
            ". Bodies, parameters and answers are described in " a href="/api/openapi.json" { "/api/openapi.json" }
            " (OpenAPI 3.1). Errors are problem details (RFC 9457)."
        }
        section { table.list.prose {
            thead {
                tr {
                    th scope="col" { "Method" }
                    th scope="col" { "Path" }
                    th scope="col" { "What it does" }
                    th scope="col" { "Who may" }
                }
            }
            tbody {
                @for RouteLine { method, path, summary, access } in routes {
                    tr {
                        td data-label="Method" { code { (method) } }
                        // Long paths may be broken after each slash, so that the table fits a narrow window.
                        th scope="row" { code.path { @for part in path.split_inclusive('/') { (part) wbr; } } }
                        td data-label="What it does" { (summary) }
                        td data-label="Who may" { (access) }
                    }
                }
            }
        } }
    };
    HtmlPage::new("API", main).in_part(Part::Elsewhere, Viewer::Anyone).into_markup()
}
