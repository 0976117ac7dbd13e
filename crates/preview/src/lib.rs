//! Draws a page of a file as a PNG of a bounded size, which holds nothing of the file but what is seen, and says
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
    /// A PDF, of which one page is drawn.
    Pdf,
    /// A picture in JPEG format.
    Jpeg,
    /// A picture in PNG format.
    Png,
}

/// What is drawn of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// The page, counted from 1. A picture has one.
    pub page: u32,
    /// How large: 1, or [`View::CLOSEST`] to read what is small.
    pub zoom: u16,
}

impl View {
    /// The first page, as it is shown first.
    pub const FIRST: Self = Self { page: 1, zoom: 1 };
    /// The largest zoom that a page is drawn at, as a multiple of the first.
    pub const CLOSEST: u16 = 2;
}

/// A page that was drawn.
#[derive(Debug)]
pub struct Drawn {
    /// The page as a PNG, without anything else that the file holds.
    pub png: Vec<u8>,
    /// How many pages the file has.
    pub pages: u32,
}

/// Draws a page of a file as a PNG.
///
/// # Errors
///
/// If the file is encrypted, cannot be read, or has no such page.
pub fn draw(kind: Kind, file: Vec<u8>, view: View) -> Result<Drawn, Fault> {
    let format = match kind {
        Kind::Pdf => return page::draw(file, view),
        Kind::Jpeg => image::ImageFormat::Jpeg,
        Kind::Png => image::ImageFormat::Png,
    };
    if view.page > 1 {
        return Err(Fault::NoSuchPage);
    }
    Ok(Drawn { png: picture::draw(&file, format, view.zoom)?, pages: 1 })
}
