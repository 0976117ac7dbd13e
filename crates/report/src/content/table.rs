//! The tables of the PDF: their columns, and the rows in them.

use super::block::{Align, Block, Heading, Rows};
use super::cell::Cell;
use crate::edition::Rules;

/// A table of the PDF, before it has rows. All of them are of one type.
pub(crate) struct Table<R> {
    /// Columns from left to right.
    pub(super) columns: Vec<Column<R>>,
    /// Sentence that stands in for a table without rows.
    pub(super) empty: &'static str,
}

/// A column: its heading, and how a row fills it.
pub(super) struct Column<R> {
    heading: Heading,
    cell: fn(&R) -> Cell,
}

/// Returns a column of text.
pub(super) fn left<R>(text: &'static str, share: f32, cell: fn(&R) -> Cell) -> Column<R> {
    Column { heading: Heading { text, share, align: Align::Left }, cell }
}

/// Returns a column of numbers.
pub(super) fn right<R>(text: &'static str, share: f32, cell: fn(&R) -> Cell) -> Column<R> {
    Column { heading: Heading { text, share, align: Align::Right }, cell }
}

/// Returns the bytes of text that an edition draws of a row.
pub(super) fn weight<R>(columns: &[Column<R>], row: &R, rules: &Rules) -> usize {
    let pieces = columns.iter().flat_map(|column| (column.cell)(row).pieces);
    // What is longer is cut by characters, of which each has four bytes at the most.
    pieces
        .map(|piece| piece.text.len().min(rules.text.saturating_mul(4)) + piece.label.map_or(0, |label| label.len()))
        .sum()
}

/// A table with its rows.
struct Filled<R> {
    columns: Vec<Column<R>>,
    rows: Vec<R>,
}

impl<R> Table<R> {
    /// Returns the table with its rows, or the sentence that stands in for it.
    pub(super) fn with<'a>(self, rows: impl IntoIterator<Item = R>) -> Block<'a>
    where
        R: 'a,
    {
        let rows: Vec<R> = rows.into_iter().collect();
        if rows.is_empty() {
            Block::aside(self.empty)
        } else {
            Block::Table(Box::new(Filled { columns: self.columns, rows }))
        }
    }
}

impl<R> Rows for Filled<R> {
    fn columns(&self) -> Vec<Heading> {
        self.columns.iter().map(|column| column.heading).collect()
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, index: usize) -> Vec<Cell> {
        self.columns.iter().map(|column| (column.cell)(&self.rows[index])).collect()
    }
}
