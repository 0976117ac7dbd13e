//! The entries of the room's log.

use std::rc::Rc;

use super::block::Block;
use super::cell::{Cell, Look, Value};
use super::context::Context;
use super::field::Field;
use super::overridden::{self, Names};
use super::section::Body;
use super::table::{self, Table, left, right};
use crate::edition::Rules;
use crate::record::EntryFacts;
use crate::words;

/// An entry as a row of the table, with the names of what it may be about.
struct Row<'a> {
    entry: &'a EntryFacts,
    names: Rc<Names<'a>>,
}

/// Returns the entries of the log. If there are more than the edition draws, these are the newest ones.
pub(super) fn section(context: &Context) -> Body<'_> {
    let Some(entries) = &context.record.activity else { return Body::LeftOut("Activity was") };
    let names = Rc::new(Names::of(&context.record));
    let row = |entry| Row { entry, names: Rc::clone(&names) };
    let drawn = newest(entries, context.edition.rules(), &row);
    let mut blocks = vec![table().with(drawn.iter().map(row))];
    if drawn.len() < entries.len() {
        let [drawn, all] = [drawn.len(), entries.len()].map(|count| words::count(count as u64));
        let said = format!("Drawn here are the newest {drawn} of {all} entries. The attached record has all of them.");
        blocks.insert(0, Block::Text(Look::Text, said));
    }
    Body::Blocks(blocks)
}

fn newest<'a>(entries: &'a [EntryFacts], rules: &Rules, row: &impl Fn(&'a EntryFacts) -> Row<'a>) -> &'a [EntryFacts] {
    // The edition that draws everything is spared the work of weighing it.
    if rules.weight == usize::MAX {
        return entries;
    }
    let columns = table().columns;
    let mut weight = 0;
    let fits = |entry: &&'a EntryFacts| {
        weight += table::weight_of(&columns, &row(entry), rules);
        weight <= rules.weight
    };
    let drawn = entries.iter().rev().take(rules.entries).take_while(fits).count();
    &entries[entries.len() - drawn..]
}

/// The table of entries: what was done, by whom and when.
fn table<'a>() -> Table<Row<'a>> {
    Table {
        columns: vec![
            right("No.", 6.0, |r| Cell::text(r.entry.seq.to_string())),
            left("Time (UTC)", 18.0, |r| Cell::text(words::time(r.entry.timestamp))),
            left("Who", 21.0, |r| Cell::text(&r.entry.actor)),
            left("What", 15.0, |r| Cell::text(words::from_identifier(&r.entry.action))),
            left("Details", 40.0, details),
        ],
        empty: "The room's log had no entries when this snapshot was taken.",
    }
}

fn details(row: &Row<'_>) -> Cell {
    let meta = &row.entry.meta;
    Cell::pairs(words::details(meta).into_iter().chain(overridden::pairs(meta, &row.names)))
}

/// The fields of `activity.csv`.
pub(super) fn fields<'a>() -> Vec<Field<&'a EntryFacts>> {
    vec![
        Field { name: "seq", value: |e| e.seq.into() },
        Field { name: "timestamp", value: |e| e.timestamp.into() },
        Field { name: "actor", value: |e| e.actor.as_str().into() },
        Field { name: "action", value: |e| e.action.as_str().into() },
        Field { name: "meta", value: |e| Value::Text(e.meta.to_string()) },
        Field { name: "id", value: |e| e.id.as_str().into() },
    ]
}
