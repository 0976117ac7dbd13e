//! The errors of rendering and opening reports, and of loading fonts.

use std::path::PathBuf;

use crate::bounds::Exceeded;
use crate::names::RECORD_FILE;
use crate::schema::{SCHEMA, SCHEMA_1, SCHEMA_2, SCHEMA_3};

/// Why a record could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The bytes are not a record.
    #[error("the record cannot be read: {0}")]
    Malformed(serde_json::Error),
    /// The record is of a schema that this version does not know.
    #[error(
        "the record has schema `{found}`, this version reads `{SCHEMA}`, `{SCHEMA_3}`, `{SCHEMA_2}` and `{SCHEMA_1}`"
    )]
    Schema {
        /// The schema that the record names.
        found: String,
    },
    /// The PDF could not be written.
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

/// Why a file could not be opened as a report.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The content is of none of the three formats.
    #[error("this is no PDF, JSON or zip of STS Clearance")]
    Unknown,
    /// The PDF is not put together as this crate does it.
    #[error(
        "the PDF is not as STS Clearance writes one: it is none of ours, or damaged, or another program has saved it again"
    )]
    Pdf,
    /// The PDF has an incremental update at its end.
    #[error("something was added to the PDF after it was written")]
    Extended,
    /// The JSON is damaged, or it is no envelope.
    #[error("the JSON envelope cannot be read: {0}")]
    Json(serde_json::Error),
    /// The envelope is of a format that this version does not know.
    #[error("the JSON envelope has another format: `{found}`")]
    Envelope {
        /// The format that the envelope names.
        found: String,
    },
    /// The PDF has more attachments than are looked at.
    #[error("the PDF has more attachments than any snapshot")]
    Attached,
    /// The zip is damaged, or packed in a way that this crate does not use.
    #[error("the zip cannot be read: {0}")]
    Zip(&'static str),
    /// Two files in the zip have the same name.
    #[error("the zip holds two files of the same name")]
    TwiceInZip,
    /// The file names itself one that takes a receipt, and is not put together as such files are.
    #[error("the {0} differs from its template: its parts are not put together exactly as STS Clearance does it")]
    Template(&'static str),
    /// A file in the zip is not the one that the list of sums names.
    #[error("the zip holds other files than `SHA256SUMS` lists: {0}")]
    Sums(&'static str),
    /// The file was drawn with its proof inside, so there is no body that a receipt could be for.
    #[error("this file was drawn with its proof, and has no receipt that could be taken off")]
    NoBody,
    /// The file contains no record.
    #[error("the {from} holds no `{RECORD_FILE}`")]
    Missing {
        /// Kind of file that should contain it.
        from: &'static str,
    },
    /// Two attachments of the PDF have the same name.
    #[error("`{name}` is there twice")]
    Twice {
        /// The name that is there twice.
        name: &'static str,
    },
    /// A part could not be unpacked.
    #[error("`{name}` cannot be unpacked: {source}")]
    Unpack {
        /// The file or attachment by its name, such as `record.json`.
        name: &'static str,
        /// Cause of the failure.
        source: std::io::Error,
    },
    /// A part is larger than any that is written.
    #[error("`{name}` is larger than the {most} bytes that are read of a file that no server known here has signed")]
    TooLarge {
        /// The file or attachment by its name, such as `record.json`.
        name: &'static str,
        /// Number of bytes that are read.
        most: usize,
    },
    /// A part contains more than is read of it.
    #[error("`{name}` is too much to be read: {exceeded}")]
    TooMuch {
        /// The file or attachment by its name, such as `record.json`.
        name: &'static str,
        /// What the part has too much of.
        exceeded: Exceeded,
    },
    /// A part that must be text is not UTF-8.
    #[error("`{name}` is not text in UTF-8")]
    NotText {
        /// The file or attachment by its name, such as `record.json`.
        name: &'static str,
    },
}

/// Why a receipt could not be added to a body.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The text is empty, has more bytes than a receipt may have, or holds control characters other than line feeds.
    #[error("this is no text of a receipt: it is empty, longer than 65,536 bytes, or holds control characters")]
    Text,
    /// The bytes are no file that a body is.
    #[error("no receipt can be added: {0}")]
    Body(#[from] OpenError),
    /// The bytes are of another format, have a receipt already, or would become too large.
    #[error("no receipt can be added: this is no body of that format without a receipt")]
    Unfit,
}

/// Why a directory of fonts could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    /// The directory or one of its files could not be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// Path of the directory or file.
        path: PathBuf,
        /// Cause of the failure.
        source: std::io::Error,
    },
    /// A file is not a font.
    #[error("`{}` is not a font that can be used: remove it from the directory", path.display())]
    NotAFont {
        /// Path of the file.
        path: PathBuf,
    },
}
