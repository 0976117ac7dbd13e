//! What stands in one cell: of the PDF ([`Cell`]) or of a CSV file ([`Value`]).

/// How the text of a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Ordinary text.
    Text,
    /// A hash or an identifier: monospaced.
    Code,
}

/// A cell of the PDF: lines, each with a label or without.
#[derive(Debug)]
pub(crate) struct Cell {
    /// How the text looks.
    pub(crate) look: Look,
    /// Label and text.
    pub(crate) lines: Vec<(Option<String>, String)>,
}

impl Cell {
    /// Ordinary text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { look: Look::Text, lines: vec![(None, text.into())] }
    }

    /// A hash or an identifier.
    pub(crate) fn code(text: impl Into<String>) -> Self {
        Self { look: Look::Code, lines: vec![(None, text.into())] }
    }

    /// Labelled values, one under the other.
    pub(crate) fn pairs(pairs: Vec<(String, String)>) -> Self {
        let lines = pairs.into_iter().map(|(label, text)| (Some(label), text)).collect();
        Self { look: Look::Text, lines }
    }

    /// Whether there is nothing to see.
    pub(crate) fn is_empty(&self) -> bool {
        let blank = |text: &str| text.chars().all(char::is_whitespace);
        self.lines.iter().all(|(label, text)| label.is_none() && blank(text))
    }
}

/// A cell of a CSV file.
#[derive(Debug)]
pub(crate) enum Value {
    /// Text that somebody may have written: never taken for a formula.
    Text(String),
    /// A number of ours.
    Number(u64),
    /// Nothing.
    Absent,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Absent, Self::from)
    }
}

impl From<jiff::Timestamp> for Value {
    fn from(at: jiff::Timestamp) -> Self {
        Self::Text(at.to_string())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// A column of a CSV file, or a row of one that holds facts.
pub(crate) struct Field<R> {
    /// Its name: the same as in the record.
    pub(crate) name: &'static str,
    /// Its value.
    pub(crate) value: fn(&R) -> Value,
}
