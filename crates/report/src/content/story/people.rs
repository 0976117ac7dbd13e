//! The people of the room: names, companies and roles, and each address once.

use std::rc::Rc;

use super::clearance::acting_for;
use super::say;
use super::told::Told;
use crate::content::block::Part;
use crate::content::cell::{Cell, Look};
use crate::content::parties::resembles;
use crate::content::table::{Table, left};
use crate::record::PartyFacts;
use crate::words;

pub(super) fn parts<'a>(told: &Rc<Told<'a>>) -> Vec<Part<'a>> {
    let caption = say("the_parties_of");
    let table = table().captioned(caption).bounded(told.rules.weight / 4, told.rules).dense();
    vec![Part { heading: say("people").to_owned(), blocks: vec![table.with(&told.record.parties)] }]
}

fn table<'a>() -> Table<&'a PartyFacts> {
    Table {
        columns: vec![
            left(say("name"), 22.0, |party| Cell::default().with(Look::Strong, &party.name)),
            left(say("company"), 22.0, |party| Cell::text(party.company.as_deref().unwrap_or_default())),
            left(say("role"), 22.0, |party| {
                Cell::text(words::from_identifier(&party.role)).with(Look::Muted, acting_for(party.side.as_deref()))
            }),
            left(say("e_mail"), 24.0, |party| Cell::text(&party.email).with_some(Look::Alert, resembles(party))),
            left(say("added_utc"), 16.0, |party| Cell::text(words::minute(party.added_at))),
        ],
        empty: say("nobody_was_in"),
    }
}
