//! The tables of the report: columns, widths and values, for PDF and CSV.

use super::cell::{Cell, Field, Value};
use crate::record::{EntryFacts, PartyFacts};
use crate::words;

/// A table of rows of one kind.
pub(crate) struct Table<R: 'static> {
    /// The columns of the PDF.
    pub(crate) columns: &'static [Column<R>],
    /// The columns of the CSV file.
    pub(crate) fields: &'static [Field<R>],
    /// The sentence that stands in for a table without rows.
    pub(crate) empty: &'static str,
}

/// A column of the PDF.
pub(crate) struct Column<R> {
    /// Its heading.
    pub(crate) heading: &'static str,
    /// Its share of the width.
    pub(crate) share: f32,
    /// On which side of it text stands.
    pub(crate) align: Align,
    /// What stands in it.
    pub(crate) cell: fn(&R) -> Cell,
}

/// On which side of its column text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A column as the PDF sets its header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heading {
    /// Its words.
    pub(crate) text: &'static str,
    /// Its share of the width.
    pub(crate) share: f32,
    /// On which side everything in it stands.
    pub(crate) align: Align,
}

/// Who takes part.
pub(crate) const PARTIES: Table<PartyFacts> = Table {
    columns: &[
        left("Role", 11.0, |p| Cell::text(words::from_identifier(&p.role))),
        left("Name", 23.0, |p| Cell::text(&p.name)),
        left("Company", 22.0, |p| Cell::text(p.company.as_deref().unwrap_or_default())),
        left("E-mail", 27.0, |p| Cell::text(&p.email)),
        left("Added (UTC)", 17.0, |p| Cell::text(words::time(p.added_at))),
    ],
    fields: &[
        Field { name: "id", value: |p| p.id.as_str().into() },
        Field { name: "role", value: |p| p.role.as_str().into() },
        Field { name: "name", value: |p| p.name.as_str().into() },
        Field { name: "company", value: |p| p.company.as_deref().into() },
        Field { name: "email", value: |p| p.email.as_str().into() },
        Field { name: "added_at", value: |p| p.added_at.into() },
    ],
    empty: "Nobody was in the room when this snapshot was taken.",
};

/// The entries of the room's log.
pub(crate) const ACTIVITY: Table<EntryFacts> = Table {
    columns: &[
        right("No.", 6.0, |e| Cell::text(e.seq.to_string())),
        left("Time (UTC)", 18.0, |e| Cell::text(words::time(e.timestamp))),
        left("Who", 21.0, |e| Cell::text(&e.actor)),
        left("What", 15.0, |e| Cell::text(words::from_identifier(&e.action))),
        left("Details", 40.0, |e| Cell::pairs(words::details(&e.meta))),
    ],
    fields: &[
        Field { name: "seq", value: |e| e.seq.into() },
        Field { name: "timestamp", value: |e| e.timestamp.into() },
        Field { name: "actor", value: |e| e.actor.as_str().into() },
        Field { name: "action", value: |e| e.action.as_str().into() },
        Field { name: "meta", value: |e| Value::Text(e.meta.to_string()) },
        Field { name: "id", value: |e| e.id.as_str().into() },
    ],
    empty: "The room's log had no entries when this snapshot was taken.",
};

/// A column of text.
const fn left<R>(heading: &'static str, share: f32, cell: fn(&R) -> Cell) -> Column<R> {
    Column { heading, share, align: Align::Left, cell }
}

/// A column of numbers.
const fn right<R>(heading: &'static str, share: f32, cell: fn(&R) -> Cell) -> Column<R> {
    Column { heading, share, align: Align::Right, cell }
}

/// A table with its rows, as the PDF draws it: a row's text exists only while it is laid out.
pub(crate) trait Rows {
    /// The columns.
    fn columns(&self) -> Vec<Heading>;
    /// How many rows there are.
    fn len(&self) -> usize;
    /// The cells of a row.
    fn row(&self, index: usize) -> Vec<Cell>;
    /// The sentence that stands in for a table without rows.
    fn empty(&self) -> &'static str;
}

struct Filled<'a, R: 'static> {
    table: &'static Table<R>,
    rows: &'a [R],
}

impl<R> Table<R> {
    /// This table with its rows.
    pub(crate) fn rows<'a>(&'static self, rows: &'a [R]) -> Box<dyn Rows + 'a> {
        Box::new(Filled { table: self, rows })
    }
}

impl<R> Rows for Filled<'_, R> {
    fn columns(&self) -> Vec<Heading> {
        let heading = |column: &Column<R>| Heading { text: column.heading, share: column.share, align: column.align };
        self.table.columns.iter().map(heading).collect()
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, index: usize) -> Vec<Cell> {
        self.table.columns.iter().map(|column| (column.cell)(&self.rows[index])).collect()
    }

    fn empty(&self) -> &'static str {
        self.table.empty
    }
}
