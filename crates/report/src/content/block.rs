//! What the PDF is made of: parts under a heading, which hold sentences, facts and tables.

use super::cell::{Cell, Look};
use super::context::Context;

/// A heading with what stands under it.
pub(crate) struct Part<'a> {
    /// Text of the heading.
    pub(crate) heading: String,
    /// Blocks under it, in order.
    pub(crate) blocks: Vec<Block<'a>>,
}

/// A piece of a part.
pub(crate) enum Block<'a> {
    /// A paragraph of text.
    Text(Look, String),
    /// A list of labels with their values.
    Facts(&'static [Fact]),
    /// A table with a header.
    Table(Box<dyn Rows + 'a>),
}

/// A label and its value in the PDF. Without a value in the record, the line is left out.
pub(crate) struct Fact {
    /// Text of the label.
    pub(crate) label: &'static str,
    /// Reads the value from the record.
    pub(crate) cell: fn(&Context) -> Option<Cell>,
}

/// A table with its rows, as the PDF draws it.
///
/// A trait, because each table has rows of its own type, and because the text of a row exists only while it is laid
/// out: a table of 50,000 rows is never in memory as text.
pub(crate) trait Rows {
    /// Returns the headings of the columns.
    fn columns(&self) -> Vec<Heading>;
    /// Returns the number of rows, which is never 0.
    fn len(&self) -> usize;
    /// Returns the cells of a row.
    fn row(&self, index: usize) -> Vec<Cell>;
}

/// The side of its column on which text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Left, as text is.
    Left,
    /// Right, as numbers are.
    Right,
}

/// The header of a column in the PDF.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heading {
    /// Words of the heading.
    pub(crate) text: &'static str,
    /// Share of the page's width, relative to those of the other columns.
    pub(crate) share: f32,
    /// Side on which everything in the column stands.
    pub(crate) align: Align,
}

impl Part<'_> {
    /// Returns the number of rows in all its tables.
    pub(crate) fn rows(&self) -> usize {
        let rows = |block: &Block<'_>| if let Block::Table(rows) = block { rows.len() } else { 0 };
        self.blocks.iter().map(rows).sum()
    }
}

impl Block<'_> {
    /// Returns a sentence that stands in for something that is missing.
    pub(super) fn aside(text: impl Into<String>) -> Self {
        Self::Text(Look::Muted, text.into())
    }
}
