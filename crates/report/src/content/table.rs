//! The tables of the PDF: their columns, and the rows in them.

use super::block::{Align, Block, Heading, Mark, Rows};
use super::cell::Cell;
use crate::edition::Rules;
use crate::words;

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
pub(super) fn weight_of<R>(columns: &[Column<R>], row: &R, rules: &Rules) -> usize {
    let pieces = columns.iter().flat_map(|column| (column.cell)(row).pieces);
    // What is longer is cut by characters, of which each has four bytes at the most.
    pieces
        .map(|piece| piece.text.len().min(rules.text.saturating_mul(4)) + piece.label.map_or(0, |label| label.len()))
        .sum()
}

/// A table that says what it shows, or is set in a way of its own.
pub(crate) struct Styled<R> {
    table: Table<R>,
    caption: Option<String>,
    mark: Option<fn(&R) -> Mark>,
    is_dense: bool,
    weight: Option<(usize, &'static Rules)>,
}

/// A table with its rows.
struct Filled<R> {
    columns: Vec<Column<R>>,
    rows: Vec<R>,
    mark: Option<fn(&R) -> Mark>,
    is_dense: bool,
}

impl<R> Table<R> {
    /// Returns the table with its rows, or the sentence that stands in for it.
    pub(super) fn with<'a>(self, rows: impl IntoIterator<Item = R>) -> Block<'a>
    where
        R: 'a,
    {
        self.styled().with(rows)
    }

    /// Returns the table with a sentence above it that says what it shows.
    pub(super) fn captioned(self, caption: impl Into<String>) -> Styled<R> {
        Styled { caption: Some(caption.into()), ..self.styled() }
    }

    fn styled(self) -> Styled<R> {
        Styled { table: self, caption: None, mark: None, is_dense: false, weight: None }
    }
}

impl<R> Styled<R> {
    /// Returns the table with a mark in front of each row.
    pub(super) fn marked(self, mark: fn(&R) -> Mark) -> Self {
        Self { mark: Some(mark), ..self }
    }

    /// Returns the table with its rows close to each other.
    pub(super) fn dense(self) -> Self {
        Self { is_dense: true, ..self }
    }

    /// Returns the table with as many rows as have so many bytes of text. Its caption says how many more there are.
    pub(super) fn bounded(self, weight: usize, rules: &'static Rules) -> Self {
        Self { weight: Some((weight, rules)), ..self }
    }

    /// Returns the table with its rows, or the sentence that stands in for it.
    pub(super) fn with<'a>(self, rows: impl IntoIterator<Item = R>) -> Block<'a>
    where
        R: 'a,
    {
        let Self { table, mut caption, mark, is_dense, weight } = self;
        let mut rows: Vec<R> = rows.into_iter().collect();
        if rows.is_empty() {
            return Block::aside(table.empty);
        }
        if let Some((most, rules)) = weight {
            let mut sum = 0;
            let fits = |row: &&R| {
                sum += weight_of(&table.columns, row, rules);
                sum <= most
            };
            // One row is always drawn.
            let drawn = rows.iter().take_while(fits).count().max(1);
            if drawn < rows.len() {
                let [drawn, all] = [drawn, rows.len()].map(|count| words::count(count as u64));
                let more = format!("Drawn here are {drawn} of {all}. The attached record has all of them.");
                caption = Some(caption.map_or_else(|| more.clone(), |caption| format!("{caption} {more}")));
            }
            rows.truncate(drawn);
        }
        let filled = Box::new(Filled { columns: table.columns, rows, mark, is_dense });
        match caption {
            Some(caption) => Block::Captioned(caption, filled),
            None => Block::Table(filled),
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

    fn mark(&self, index: usize) -> Option<Mark> {
        self.mark.map(|mark| mark(&self.rows[index]))
    }

    fn is_dense(&self) -> bool {
        self.is_dense
    }
}
