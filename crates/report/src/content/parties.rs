//! The parties of the room, for PDF and CSV.

use super::cell::{Cell, Look};
use super::field::Field;
use super::table::{Table, left};
use crate::record::PartyFacts;
use crate::words;

/// The table of parties.
pub(super) fn table<'a>() -> Table<&'a PartyFacts> {
    Table {
        columns: vec![
            left("Role", 15.0, |p| {
                Cell::text(words::from_identifier(&p.role)).with_some(Look::Muted, p.side.as_deref().map(words::side))
            }),
            left("Name", 21.0, |p| Cell::text(&p.name)),
            left("Company", 21.0, |p| Cell::text(p.company.as_deref().unwrap_or_default())),
            left("E-mail", 26.0, |p| Cell::text(&p.email).with_some(Look::Muted, resembles(p))),
            left("Added (UTC)", 17.0, |p| Cell::text(words::time(p.added_at))),
        ],
        empty: "Nobody was in the room when this snapshot was taken.",
    }
}

/// Returns the warning about a party that might be taken for another. `None` if there is no such danger.
pub(super) fn resembles(party: &PartyFacts) -> Option<String> {
    let others = party.resembles.join(", ");
    (!others.is_empty()).then(|| format!("Looks like {others}, and is another party."))
}

/// The fields of `parties.csv`.
pub(super) fn fields<'a>() -> Vec<Field<&'a PartyFacts>> {
    vec![
        Field { name: "id", value: |p| p.id.as_str().into() },
        Field { name: "role", value: |p| p.role.as_str().into() },
        Field { name: "name", value: |p| p.name.as_str().into() },
        Field { name: "company", value: |p| p.company.as_deref().into() },
        Field { name: "email", value: |p| p.email.as_str().into() },
        Field { name: "side", value: |p| p.side.as_deref().into() },
        Field { name: "added_at", value: |p| p.added_at.into() },
    ]
}
