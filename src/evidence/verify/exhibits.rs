//! What is laid before the verifier.

use ::report::{Edition, Fonts, Opened, Rendered, ReportError};

use crate::evidence::{Hash, PublicKeys};

/// What is laid before the verifier.
pub struct Exhibits<'a> {
    /// The file.
    pub file: &'a [u8],
    /// An older file of the same room.
    pub older: Option<&'a [u8]>,
    /// The text of a proof that the log of the one extends that of the other.
    pub consistency: Option<&'a str>,
    /// The SHA-256 that the file is to have.
    pub sha256: Option<Hash>,
    /// The keys that are trusted by who asks.
    pub keys: Option<&'a PublicKeys>,
    /// The keys whose genuine files are read as what they are, up to the size that a server of ours writes. All
    /// others are read within the bounds for strangers, whoever trusts them: anybody can make a key.
    pub ours: Option<&'a PublicKeys>,
    /// What draws the file again.
    pub drawer: &'a (dyn Drawer + Sync),
}

/// What draws a report again.
pub trait Drawer {
    /// The name of its font set.
    fn fonts(&self) -> &str;

    /// Draws the report that a file was opened as, in an edition.
    fn draw(&self, opened: &Opened, edition: Edition) -> Result<Rendered, ReportError>;
}

impl Drawer for Fonts {
    fn fonts(&self) -> &str {
        self.name()
    }

    fn draw(&self, opened: &Opened, edition: Edition) -> Result<Rendered, ReportError> {
        ::report::render(edition, &opened.record, opened.proof.as_deref(), opened.format, self, &mut |_| ())
    }
}
