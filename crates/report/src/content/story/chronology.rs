//! The chronology: the log, an entry a line, in the sentences of the activity page.

use std::rc::Rc;

use super::telling;
use super::told::Told;
use crate::content::block::{Block, Part};
use crate::content::cell::{Anchor, Cell, Look};
use crate::content::section;
use crate::content::table::{Table, left, right, weight_of};
use crate::record::EntryFacts;
use crate::words;

type Row<'a> = (Rc<Told<'a>>, &'a EntryFacts);

pub(super) fn parts<'a>(told: &Rc<Told<'a>>) -> Vec<Part<'a>> {
    let blocks = match told.entries() {
        None => vec![Block::aside(
            "The log was left out of this snapshot on request. That does not mean that there was none.",
        )],
        Some(entries) => {
            let drawn = drawn(told, entries);
            let rows = drawn.iter().map(|entry| (Rc::clone(told), entry));
            vec![table().captioned(caption(told, drawn.len(), entries.len())).dense().with(rows)]
        }
    };
    vec![Part { heading: "Chronology".to_owned(), blocks }]
}

/// Returns what the table shows: all entries, or the newest ones of those that the record or the log has.
fn caption(told: &Told<'_>, drawn: usize, held: usize) -> String {
    let mut said = vec!["The room's log, oldest entry first. Times are in UTC.".to_owned()];
    if drawn < held {
        let [drawn, held] = [drawn, held].map(|number| words::count(number as u64));
        said.push(format!("Drawn here are the newest {drawn} of {held} entries. The attached record has all of them."));
    }
    if let Some(limit) = told.record.limits.iter().find(|limit| limit.section == "activity") {
        said.push(format!("The record holds {}. Older ones are in the room itself.", section::newest(limit)));
    }
    said.join(" ")
}

/// Returns the newest entries whose sentences the edition has room for.
fn drawn<'a>(told: &Rc<Told<'a>>, entries: &'a [EntryFacts]) -> &'a [EntryFacts] {
    let columns = table().columns;
    let mut weight = 0;
    let fits = |entry: &&'a EntryFacts| {
        weight += weight_of(&columns, &(Rc::clone(told), *entry), told.rules);
        weight <= told.rules.weight
    };
    let drawn = entries.iter().rev().take(told.rules.entries).take_while(fits).count();
    &entries[entries.len() - drawn..]
}

fn table<'a>() -> Table<Row<'a>> {
    Table {
        columns: vec![
            right("No.", 6.0, |(_, entry)| Cell::text(entry.seq.to_string()).at(Anchor::Entry(entry.seq))),
            left("Time (UTC)", 19.5, |(_, entry)| Cell::text(words::time(entry.timestamp))),
            left("What happened", 74.5, |(told, entry)| {
                let cell = Cell::text(telling::sentence(told, entry));
                match telling::list(told, entry) {
                    Some(_) => cell.linked(Look::Text, "List in the appendix", Anchor::List(entry.seq)),
                    None => cell,
                }
            }),
        ],
        empty: "The room's log had no entries.",
    }
}
