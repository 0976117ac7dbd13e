//! A file in, a picture of its first page out: PNG, of a bounded size, and nothing of the file but what is seen.
//!
//! The file may be a stranger's, and made to do harm. Whatever it makes the drawing do is the caller's to bear, who draws
//! in a process that may die: files that need no end of time, memory or stack are not looked for here.

mod fault;
mod page;
mod picture;

pub use fault::Fault;
pub use picture::{MOST_ACROSS, MOST_DOWN};

/// A name for how previews are drawn, which changes where they may come out otherwise.
pub const DRAWER: &str = "p1";

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A PDF, of which the first page is drawn.
    Pdf,
    /// A JPEG picture.
    Jpeg,
    /// A PNG picture.
    Png,
}

/// Draws a file's first page.
pub fn draw(kind: Kind, file: Vec<u8>) -> Result<Vec<u8>, Fault> {
    match kind {
        Kind::Pdf => page::draw(file),
        Kind::Jpeg => picture::draw(&file, image::ImageFormat::Jpeg),
        Kind::Png => picture::draw(&file, image::ImageFormat::Png),
    }
}
