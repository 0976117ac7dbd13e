//! What a format is rendered from, and what comes out.

use crate::content::Context;

/// A finished report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The file.
    pub bytes: Vec<u8>,
    /// The characters that were printed as their code point, sorted and distinct; PDF only.
    pub uncovered: Vec<char>,
}

/// What every format needs to know about the record it draws.
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) context: Context,
}
