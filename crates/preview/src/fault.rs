//! Why a file has no preview.

/// Why a file has no preview.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The PDF needs a password.
    #[error("the PDF needs a password")]
    NeedsPassword,
    /// The PDF is encrypted in a way that cannot be undone.
    #[error("the PDF is encrypted")]
    Encrypted,
    /// The file is no PDF, or is damaged beyond reading.
    #[error("the PDF cannot be read")]
    Unreadable,
    /// The PDF has no page.
    #[error("the PDF has no page")]
    NoPage,
    /// The file has pages, but fewer than that.
    #[error("the file has no such page")]
    NoSuchPage,
    /// The picture cannot be read or is too large, or the preview cannot be written.
    #[error("the picture: {0}")]
    Picture(#[from] image::ImageError),
}
