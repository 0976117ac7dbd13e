//! A file in, a picture of its first page out: PNG, of a bounded size, and nothing of the file but what is seen.
//!
//! The file may be a stranger's, and made to do harm. Whatever it makes the drawing do is the caller's to bear, who draws
//! in a process that may die: files that need no end of time, memory or stack are not looked for here.

mod page;
mod picture;

/// The most that a preview has across, in pixels.
pub const MOST_ACROSS: u16 = 1000;
/// The most that it has down.
pub const MOST_DOWN: u16 = 2000;

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

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A password that is not known.
    #[error("the PDF is encrypted")]
    Encrypted,
    /// No PDF, or one that nobody can read.
    #[error("the PDF cannot be read")]
    Unreadable,
    /// A PDF without pages.
    #[error("the PDF has no page")]
    NoPage,
    /// A picture that cannot be read, or is too large; or a preview that cannot be written.
    #[error("the picture: {0}")]
    Picture(#[from] image::ImageError),
}

/// Draws a file's first page.
pub fn draw(kind: Kind, file: Vec<u8>) -> Result<Vec<u8>, Fault> {
    match kind {
        Kind::Pdf => page::draw(file),
        Kind::Jpeg => picture::draw(&file, image::ImageFormat::Jpeg),
        Kind::Png => picture::draw(&file, image::ImageFormat::Png),
    }
}
