//! Names of fields and their values, for people: for pages that show what changed.

use maud::{Markup, html};
use room::sentence::{self, Piece};
use serde_json::Value;

use super::show;

/// Returns the name of a field with its path: `Version 2, decision 1, verdict` for `versions[2].decisions[1].verdict`.
pub(crate) fn field(path: &str) -> String {
    let parts: Vec<_> = path.split('.').map(sentence::field).collect();
    crate::http::sentence(&parts.join(", ")).trim_end_matches('.').to_owned()
}

/// Returns the value of a field. An object is shown by the part of it that says most.
pub(crate) fn value(path: &str, value: &Value) -> Markup {
    html! { @for piece in sentence::value(path, value) { (plain(&piece)) } }
}

/// Returns a piece of a sentence that says no more than it is.
pub(super) fn plain(piece: &Piece<'_>) -> Markup {
    match piece {
        Piece::Words(words) => html! { (words) },
        Piece::Name(name) => html! { strong { (name) } },
        Piece::Label(word) => html! { (show::label(word)) },
        Piece::Number(number) => html! { span.num { (number) } },
        Piece::Code(code) => html! { code { (code) } },
        Piece::Person(address) => html! { (address) },
        Piece::Time(at) => html! { (show::time(*at)) },
        Piece::Size(bytes) => show::size(*bytes),
        Piece::List(path, rows) => {
            html! { @for (i, row) in rows.iter().enumerate() { @if i > 0 { "; " } (value(path, row)) } }
        }
        // The document is gone: the entry itself has the names of that day.
        Piece::Document { vessel, document_type, .. } => {
            html! { @if !vessel.is_empty() { (vessel) ": " } (document_type) }
        }
        Piece::Snapshot { title: "", .. } => html! { "that was deleted since" },
        Piece::Snapshot { title, .. } => html! { "“" (title) "”" },
        Piece::Overridden(_, number) => html! { (sentence::count(*number, "blocker")) },
    }
}
