//! Draws the first page of a file as a PNG of a bounded size, which holds nothing of the file but what is seen, and says
//! what a file does not show.
//!
//! The file may be a stranger's, and made to do harm. This crate does not defend against files that need endless time,
//! memory or stack: the caller draws in a child process that may die.

mod examine;
mod fault;
mod page;
mod picture;

pub use examine::{Entry, MainPart, Notice, examine_office, examine_pdf};
pub use fault::Fault;

/// The name of the way previews are drawn. It changes whenever a preview might look different.
pub const DRAWER: &str = "p1";

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A PDF, whose first page is drawn.
    Pdf,
    /// A picture in JPEG format.
    Jpeg,
    /// A picture in PNG format.
    Png,
}

/// Draws a file's first page as a PNG.
///
/// # Errors
///
/// If the file is encrypted, cannot be read, or has no page.
pub fn draw(kind: Kind, file: Vec<u8>) -> Result<Vec<u8>, Fault> {
    match kind {
        Kind::Pdf => page::draw(file),
        Kind::Jpeg => picture::draw(&file, image::ImageFormat::Jpeg),
        Kind::Png => picture::draw(&file, image::ImageFormat::Png),
    }
}
