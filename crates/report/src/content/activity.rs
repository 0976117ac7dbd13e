//! The entries of the room's log.

use super::block::Block;
use super::cell::{Cell, Look, Value};
use super::context::Context;
use super::field::Field;
use super::section::Body;
use super::table::{self, Table, left, right};
use crate::edition::Rules;
use crate::record::EntryFacts;
use crate::words;

/// Returns the entries of the log. If there are more than the edition draws, these are the newest ones.
pub(super) fn section(context: &Context) -> Body<'_> {
    let Some(entries) = &context.record.activity else { return Body::LeftOut("Activity was") };
    let drawn = newest(entries, context.edition.rules());
    let mut blocks = vec![table().with(drawn)];
    if drawn.len() < entries.len() {
        let [drawn, all] = [drawn.len(), entries.len()].map(|count| words::count(count as u64));
        let said = format!("Drawn here are the newest {drawn} of {all} entries. The attached record has all of them.");
        blocks.insert(0, Block::Text(Look::Text, said));
    }
    Body::Blocks(blocks)
}

fn newest<'a>(entries: &'a [EntryFacts], rules: &Rules) -> &'a [EntryFacts] {
    // The edition that draws everything is spared the work of weighing it.
    if rules.weight == usize::MAX {
        return entries;
    }
    let columns = table().columns;
    let mut weight = 0;
    let fits = |entry: &&'a EntryFacts| {
        weight += table::weight(&columns, entry, rules);
        weight <= rules.weight
    };
    let drawn = entries.iter().rev().take(rules.entries).take_while(fits).count();
    &entries[entries.len() - drawn..]
}

/// The table of entries: what was done, by whom and when.
pub(super) fn table<'a>() -> Table<&'a EntryFacts> {
    Table {
        columns: vec![
            right("No.", 6.0, |e| Cell::text(e.seq.to_string())),
            left("Time (UTC)", 18.0, |e| Cell::text(words::time(e.timestamp))),
            left("Who", 21.0, |e| Cell::text(&e.actor)),
            left("What", 15.0, |e| Cell::text(words::from_identifier(&e.action))),
            left("Details", 40.0, |e| Cell::pairs(words::details(&e.meta))),
        ],
        empty: "The room's log had no entries when this snapshot was taken.",
    }
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
