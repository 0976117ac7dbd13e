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
    /// What stands in it.
    pub(crate) cell: fn(&R) -> Cell,
}

/// Who takes part.
pub(crate) const PARTIES: Table<PartyFacts> = Table {
    columns: &[
        Column { heading: "Role", share: 11.0, cell: |p| Cell::text(words::from_identifier(&p.role)) },
        Column { heading: "Name", share: 24.0, cell: |p| Cell::text(&p.name) },
        Column { heading: "Company", share: 22.0, cell: |p| Cell::text(p.company.as_deref().unwrap_or_default()) },
        Column { heading: "E-mail", share: 27.0, cell: |p| Cell::text(&p.email) },
        Column { heading: "Added (UTC)", share: 16.0, cell: |p| Cell::text(words::time(p.added_at)) },
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
        Column { heading: "No.", share: 6.5, cell: |e| Cell::number(e.seq) },
        Column { heading: "Time (UTC)", share: 16.0, cell: |e| Cell::text(words::time(e.timestamp)) },
        Column { heading: "Who", share: 24.0, cell: |e| Cell::text(&e.actor) },
        Column { heading: "What", share: 18.0, cell: |e| Cell::text(words::from_identifier(&e.action)) },
        Column { heading: "Details", share: 35.5, cell: |e| Cell::pairs(words::details(&e.meta)) },
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

/// A table with its rows, as the PDF draws it: a row's text exists only while it is laid out.
pub(crate) trait Rows {
    /// Heading and share of the width of each column.
    fn columns(&self) -> Vec<(&'static str, f32)>;
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
    fn columns(&self) -> Vec<(&'static str, f32)> {
        self.table.columns.iter().map(|column| (column.heading, column.share)).collect()
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
