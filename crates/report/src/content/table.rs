//! What a table is: columns and their widths for the PDF, fields for a CSV file.

use super::cell::{Cell, Value};
use super::section::Block;
use crate::edition::Rules;

/// A table of the PDF, of rows of one kind.
pub(crate) struct Table<R> {
    /// Its columns.
    pub(super) columns: Vec<Column<R>>,
    /// The sentence that stands in for a table without rows.
    pub(super) empty: &'static str,
}

/// A column of the PDF.
pub(super) struct Column<R> {
    heading: Heading,
    cell: fn(&R) -> Cell,
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

/// A column of a CSV file, or a row of one that holds facts.
pub(crate) struct Field<R> {
    /// Its name: the same as in the record.
    pub(super) name: &'static str,
    /// Its value.
    pub(super) value: fn(&R) -> Value,
}

/// A column of text.
pub(super) fn left<R>(text: &'static str, share: f32, cell: fn(&R) -> Cell) -> Column<R> {
    Column { heading: Heading { text, share, align: Align::Left }, cell }
}

/// A column of numbers.
pub(super) fn right<R>(text: &'static str, share: f32, cell: fn(&R) -> Cell) -> Column<R> {
    Column { heading: Heading { text, share, align: Align::Right }, cell }
}

/// How many bytes of text an edition draws of a row.
pub(super) fn weight<R>(columns: &[Column<R>], row: &R, rules: &Rules) -> usize {
    let pieces = columns.iter().flat_map(|column| (column.cell)(row).pieces);
    // What is longer is cut by characters, of which each has four bytes at the most.
    pieces
        .map(|piece| piece.text.len().min(rules.text.saturating_mul(4)) + piece.label.map_or(0, |label| label.len()))
        .sum()
}

/// A table with its rows, as the PDF draws it: a row's text exists only while it is laid out.
pub(crate) trait Rows {
    /// The columns.
    fn columns(&self) -> Vec<Heading>;
    /// How many rows there are: never none.
    fn len(&self) -> usize;
    /// The cells of a row.
    fn row(&self, index: usize) -> Vec<Cell>;
}

struct Filled<R> {
    columns: Vec<Column<R>>,
    rows: Vec<R>,
}

impl<R> Table<R> {
    /// This table with its rows, or the sentence that stands in for it.
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
