//! The entries of the room's log.

use super::cell::{Cell, Value};
use super::table::{Field, Table, left, right};
use crate::record::EntryFacts;
use crate::words;

/// What was done, by whom and when.
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
