//! What a report is rendered from, and what comes out.

use crate::content::Context;

/// A finished report of any format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Content of the file.
    pub bytes: Vec<u8>,
    /// Characters that were printed as their code points, sorted and without duplicates. Only PDFs have any.
    pub uncovered: Vec<char>,
}

/// What every format is rendered from: the record, and its bytes as they were given.
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) context: Context,
}
