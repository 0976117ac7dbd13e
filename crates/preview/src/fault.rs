//! What can keep a file from having a preview.

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
