//! The chronology: the log, an entry a line, in the sentences of the activity page.

use std::rc::Rc;

use super::telling;
use super::told::Told;
use super::{fill, say};
use crate::content::block::{Block, Part};
use crate::content::cell::{Anchor, Cell, Look};
use crate::content::section;
use crate::content::table::{Table, left, right, weight_of};
use crate::record::EntryFacts;
use crate::words;

type Row<'a> = (Rc<Told<'a>>, &'a EntryFacts);

pub(super) fn parts<'a>(told: &Rc<Told<'a>>) -> Vec<Part<'a>> {
    let blocks = match told.entries() {
        None => vec![Block::aside(say("the_log_was_left_out"))],
        Some(entries) => {
            let drawn = drawn(told, entries);
            let rows = drawn.iter().map(|entry| (Rc::clone(told), entry));
            vec![table().captioned(caption(told, drawn.len(), entries.len())).dense().with(rows)]
        }
    };
    vec![Part { heading: say("chronology").to_owned(), blocks }]
}

/// Returns what the table shows: all entries, or the newest ones of those that the record or the log has.
fn caption(told: &Told<'_>, drawn: usize, held: usize) -> String {
    let mut said = vec![say("the_room_s_log").to_owned()];
    if drawn < held {
        let [drawn, held] = [drawn, held].map(|number| words::count(number as u64));
        said.push(fill("drawn_here_are", &[("drawn", &drawn), ("held", &held)]));
    }
    if let Some(limit) = told.record.limits.iter().find(|limit| limit.section == "activity") {
        said.push(fill("the_record_holds", &[("1", &section::newest(limit))]));
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
            right(say("number"), 6.0, |(_, entry)| Cell::text(entry.seq.to_string()).at(Anchor::Entry(entry.seq))),
            left(say("time_utc"), 19.5, |(_, entry)| Cell::text(words::time(entry.timestamp))),
            left(say("what_happened"), 74.5, |(told, entry)| {
                let cell = Cell::text(telling::sentence(told, entry));
                match telling::list(told, entry) {
                    Some(_) => cell.linked(Look::Text, say("list_in_the"), Anchor::List(entry.seq)),
                    None => cell,
                }
            }),
        ],
        empty: say("the_room_s"),
    }
}
