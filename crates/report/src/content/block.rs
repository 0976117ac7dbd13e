//! What the PDF is made of: parts under a heading, and in them sentences, facts and tables.

use super::cell::{Cell, Look};
use super::context::Context;

/// What stands under one heading.
pub(crate) struct Part<'a> {
    /// The heading.
    pub(crate) heading: String,
    /// What stands under it, in order.
    pub(crate) blocks: Vec<Block<'a>>,
}

/// What a part is made of.
pub(crate) enum Block<'a> {
    /// A paragraph.
    Text(Look, String),
    /// Labels and values.
    Facts(&'static [Fact]),
    /// Rows under a header.
    Table(Box<dyn Rows + 'a>),
}

/// A label and its value in the PDF; none where the record has nothing to say.
pub(crate) struct Fact {
    /// The label.
    pub(crate) label: &'static str,
    /// The value.
    pub(crate) cell: fn(&Context) -> Option<Cell>,
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

impl Part<'_> {
    /// How many rows its tables have.
    pub(crate) fn rows(&self) -> usize {
        let rows = |block: &Block<'_>| if let Block::Table(rows) = block { rows.len() } else { 0 };
        self.blocks.iter().map(rows).sum()
    }
}

impl Block<'_> {
    /// A sentence that stands in for something.
    pub(super) fn aside(text: impl Into<String>) -> Self {
        Self::Text(Look::Muted, text.into())
    }
}
