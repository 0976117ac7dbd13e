//! The people of the room: names, companies and roles, and each address once.

use std::rc::Rc;

use super::clearance::acting_for;
use super::told::Told;
use crate::content::block::Part;
use crate::content::cell::{Cell, Look};
use crate::content::parties::resembles;
use crate::content::table::{Table, left};
use crate::record::PartyFacts;
use crate::words;

pub(super) fn parts<'a>(told: &Rc<Told<'a>>) -> Vec<Part<'a>> {
    let caption = "The parties of the room at the moment that this report shows.";
    let table = table().captioned(caption).bounded(told.rules.weight / 4, told.rules).dense();
    vec![Part { heading: "People".to_owned(), blocks: vec![table.with(&told.record.parties)] }]
}

fn table<'a>() -> Table<&'a PartyFacts> {
    Table {
        columns: vec![
            left("Name", 22.0, |party| Cell::default().with(Look::Strong, &party.name)),
            left("Company", 22.0, |party| Cell::text(party.company.as_deref().unwrap_or_default())),
            left("Role", 22.0, |party| {
                Cell::text(words::from_identifier(&party.role)).with(Look::Muted, acting_for(party.side.as_deref()))
            }),
            left("E-mail", 24.0, |party| Cell::text(&party.email).with_some(Look::Alert, resembles(party))),
            left("Added (UTC)", 16.0, |party| Cell::text(words::minute(party.added_at))),
        ],
        empty: "Nobody was in the room.",
    }
}
