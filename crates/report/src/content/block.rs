//! What the PDF is made of: parts under a heading, which hold sentences, facts and tables.

use super::cell::{Cell, Look};
use super::context::Context;
use crate::text::Ink;

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
    /// A table with a header, and the sentence above it that says what it shows.
    Captioned(String, Box<dyn Rows + 'a>),
    /// A list of labels with values that were made for it.
    Pairs(Vec<(String, Cell)>),
    /// A bar of counts, of which those that are 0 are left out, with a legend that begins with what they are counts of.
    Bar(String, Vec<Share>),
}

/// A part of a bar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    /// What is counted, in words.
    pub(crate) label: &'static str,
    /// How many there are.
    pub(crate) count: usize,
    /// Colour of the part.
    pub(crate) ink: Ink,
}

/// The mark in front of a row, on the line that joins all rows of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The beginning of a phase.
    Phase,
    /// An event within one.
    Event,
    /// An event, or the beginning of a phase, that a reader must not miss.
    Alert,
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
    /// Returns the mark of a row. Either all rows of a table have one, or none.
    fn mark(&self, _index: usize) -> Option<Mark> {
        None
    }
    /// Whether rows stand close to each other, as those of a long list do.
    fn is_dense(&self) -> bool {
        false
    }
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
        let rows = |block: &Block<'_>| match block {
            Block::Table(rows) | Block::Captioned(_, rows) => rows.len(),
            _ => 0,
        };
        self.blocks.iter().map(rows).sum()
    }
}

impl Block<'_> {
    /// Returns a sentence that stands in for something that is missing.
    pub(super) fn aside(text: impl Into<String>) -> Self {
        Self::Text(Look::Muted, text.into())
    }
}
