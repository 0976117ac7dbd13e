//! The formats of a report.

/// A format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A document to read, print and send: PDF/A-3 with the record attached.
    Pdf,
    /// The record itself, in an envelope that says how to check it.
    Json,
    /// Tables for a spreadsheet: a zip with one CSV file per table.
    Csv,
}

impl Format {
    /// Returns the extension of a file of this format, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Json => "json",
            Self::Csv => "zip",
        }
    }

    /// Returns the media type of a file of this format.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Json => "application/json",
            Self::Csv => "application/zip",
        }
    }
}
