//! What can go wrong when a report is rendered or fonts are loaded.

use std::path::PathBuf;

use crate::record::{SCHEMA, SCHEMA_1};

/// Why a record could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The bytes are not a record.
    #[error("the record cannot be read: {0}")]
    Malformed(serde_json::Error),
    /// The record is of a schema that this version does not know.
    #[error("the record has schema `{found}`, this version reads `{SCHEMA}` and `{SCHEMA_1}`")]
    Schema {
        /// The schema that the record names.
        found: String,
    },
    /// The PDF could not be exported.
    #[error("the PDF cannot be exported: {0}")]
    Pdf(String),
    /// A CSV table could not be written.
    #[error("a CSV table cannot be written: {0}")]
    Csv(#[from] ::csv::Error),
    /// The zip archive could not be written.
    #[error("the zip archive cannot be written: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// The output could not be written.
    #[error("the report cannot be written: {0}")]
    Io(#[from] std::io::Error),
}

/// Why a directory of fonts could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    /// The directory or one of its files could not be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not a font.
    #[error("`{}` is not a font that can be used: remove it from the directory", path.display())]
    NotAFont {
        /// The file.
        path: PathBuf,
    },
}
