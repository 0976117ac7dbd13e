//! The content of one cell, in the PDF ([`Cell`]) or in a CSV file ([`Value`]).

use jiff::Timestamp;
use jiff::civil::Date;

/// The look of a text, which the PDF turns into a font and a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Regular, without any emphasis.
    Text,
    /// Emphasized: what a reader looks for first.
    Strong,
    /// What a reader must not miss: a gate that was overridden, a rejection.
    Alert,
    /// Subdued: what a reader looks at last.
    Muted,
    /// A hash or an identifier: monospaced.
    Code,
}

/// A cell of the PDF: pieces of text, one under the other.
#[derive(Debug, Default, Clone)]
pub(crate) struct Cell {
    /// Pieces from top to bottom.
    pub(crate) pieces: Vec<Piece>,
    /// Place that this cell is, if links lead to it.
    pub(crate) anchor: Option<Anchor>,
}

/// A piece of a cell's text, with or without a label.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// Look of the text.
    pub(crate) look: Look,
    /// Label in front of the text, if it has one.
    pub(crate) label: Option<String>,
    /// Text of the piece.
    pub(crate) text: String,
    /// Place in the document that its first line leads to, if it leads anywhere.
    pub(crate) link: Option<Anchor>,
}

/// A place in the document that links lead to, by the number or id of what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Anchor {
    /// The row of a document, by its id.
    Document(String),
    /// The row of an exhibit, by its number.
    Exhibit(usize),
    /// The list that belongs to an entry, by the entry's number.
    List(u64),
    /// The entry with this number.
    Entry(u64),
}

impl Anchor {
    /// Returns where a link leads to, in words for those who do not see the page (ISO 14289-1, 7.18.5).
    pub(crate) fn described(&self) -> String {
        match self {
            Self::Document(_) => "To the document in this report".to_owned(),
            Self::Exhibit(number) => format!("To exhibit {number}"),
            Self::List(entry) => format!("To the list of entry {entry}"),
            Self::Entry(number) => format!("To entry {number} of the chronology"),
        }
    }
}

impl Cell {
    /// Returns a cell of ordinary text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::default().with(Look::Text, text)
    }

    /// Returns a cell with a hash or an identifier.
    pub(crate) fn code(text: impl Into<String>) -> Self {
        Self::default().with(Look::Code, text)
    }

    /// Returns a cell of labelled values, one under the other.
    pub(crate) fn pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        pairs.into_iter().fold(Self::default(), |cell, (label, text)| cell.labelled(label, text))
    }

    /// Returns the cell with another piece below.
    pub(crate) fn with(mut self, look: Look, text: impl Into<String>) -> Self {
        self.pieces.push(Piece { look, label: None, text: text.into(), link: None });
        self
    }

    /// Returns the cell with another piece below, which leads to a place in the document.
    pub(crate) fn linked(mut self, look: Look, text: impl Into<String>, to: Anchor) -> Self {
        self.pieces.push(Piece { look, label: None, text: text.into(), link: Some(to) });
        self
    }

    /// Returns the cell as the place that links lead to.
    pub(crate) fn at(mut self, anchor: Anchor) -> Self {
        self.anchor = Some(anchor);
        self
    }

    /// Returns the cell with another piece below, if there is one.
    pub(crate) fn with_some(self, look: Look, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.with(look, text),
            None => self,
        }
    }

    /// Returns the cell with a labelled value below.
    pub(crate) fn labelled(mut self, label: impl Into<String>, text: impl Into<String>) -> Self {
        self.pieces.push(Piece { look: Look::Text, label: Some(label.into()), text: text.into(), link: None });
        self
    }

    /// Whether the cell would look empty.
    pub(crate) fn is_empty(&self) -> bool {
        let blank = |text: &str| text.chars().all(char::is_whitespace);
        self.pieces.iter().all(|piece| piece.label.is_none() && blank(&piece.text))
    }
}

/// A cell of a CSV file.
#[derive(Debug)]
pub(crate) enum Value {
    /// Text, which somebody may have written: a spreadsheet must not take it for a formula.
    Text(String),
    /// A whole number of our own.
    Number(u64),
    /// A measure, with a fraction.
    Decimal(f64),
    /// No value: an empty cell.
    Absent,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Text(at.to_string())
    }
}

impl From<Date> for Value {
    fn from(day: Date) -> Self {
        Self::Text(day.to_string())
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Text(yes.to_string())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Decimal(number)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}
