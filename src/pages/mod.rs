//! HTML for people: one file per page. The pages run no script and ask no other host.

mod verify;

use axum::{
    Router,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use maud::{DOCTYPE, Markup, html};

use crate::app::App;

const STYLE: &str = include_str!("../../assets/pages.css");
/// A page may have its stylesheet, send its form to where it came from, and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Every page.
pub fn router() -> Router<App> {
    let style = async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE);
    Router::new().route("/pages.css", get(style)).merge(verify::router())
}

/// A page of this title.
struct Page {
    title: &'static str,
    main: Markup,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let Self { title, main } = self;
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    title { (title) " – STS Clearance" }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    link rel="stylesheet" href="/pages.css";
                }
                body { main { h1 { (title) } (main) } }
            }
        };
        let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
        (headers, page.into_string()).into_response()
    }
}
