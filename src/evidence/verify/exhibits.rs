//! What a verifier is given: the file, what to compare it with, and what draws it again.

use ::report::{Edition, Fonts, Opened, Rendered, ReportError};
use seal::Authorities;

use crate::evidence::{Hash, Policy, PublicKeys};

/// Everything that a verification depends on: nothing else is read, neither a database nor the network.
pub struct Exhibits<'a> {
    /// The bytes of the file to verify.
    pub file: &'a [u8],
    /// The bytes of an older file of the same room, if two are compared.
    pub older: Option<&'a [u8]>,
    /// The text of a proof that the file's log extends that of the older file.
    pub consistency: Option<&'a str>,
    /// The text of a receipt that the server gives for the file: of one of an earlier version, which carries none.
    pub receipt: Option<&'a str>,
    /// A signed head of the file's log, or of its server's log of heads, that the caller has from elsewhere.
    pub checkpoint: Option<&'a str>,
    /// The SHA-256 that the file should have, if one was given.
    pub sha256: Option<Hash>,
    /// The public keys that the caller trusts. Without any, a file never verifies.
    pub keys: Option<&'a PublicKeys>,
    /// The public keys of this server. A record that one of them has announced may be as large as a server writes them.
    /// All others have to keep the bounds for strangers, even if the caller trusts their key: anybody can make a key.
    pub ours: Option<&'a PublicKeys>,
    /// Which witnesses have to have seen the log. Its keys of logs are among `keys` already.
    pub policy: Option<&'a Policy>,
    /// The certificates and authorities that the caller trusts for the seals of PDFs.
    pub seal: SealTrust<'a>,
    /// Draws the file again, in this process or in a child.
    pub drawer: &'a (dyn Drawer + Sync),
}

/// What a caller trusts for the seals of PDFs.
#[derive(Debug, Clone, Copy, Default)]
pub struct SealTrust<'a> {
    /// The SHA-256 of the certificates with one of which a seal has to be made. `None` if that does not matter.
    pub certificates: Option<&'a [Hash]>,
    /// The authorities that may attest a time, or have issued the seal's certificate. `None` if none were given: then
    /// nothing is said of whom to trust.
    pub authorities: Option<&'a Authorities>,
}

impl<'a> Exhibits<'a> {
    /// The file and the keys that are trusted, which count as this server's too, and nothing beside them.
    pub fn of(file: &'a [u8], keys: Option<&'a PublicKeys>, drawer: &'a (dyn Drawer + Sync)) -> Self {
        Self {
            file,
            older: None,
            consistency: None,
            receipt: None,
            checkpoint: None,
            sha256: None,
            keys,
            ours: keys,
            policy: None,
            seal: SealTrust::default(),
            drawer,
        }
    }
}

/// Draws a report again. A trait, so that a server can leave the work to a child process.
pub trait Drawer {
    /// Returns the name of its font set.
    fn fonts(&self) -> &str;

    /// Returns the edition in which it draws what a renderer of this name drew: the body of a file with a receipt. `None`
    /// if it draws otherwise.
    fn edition_of(&self, renderer: &str) -> Option<Edition>;

    /// Draws the report that a file was opened as, in the edition that drew the file: the body, if it has a receipt.
    fn draw(&self, opened: &Opened, edition: Edition) -> Result<Rendered, ReportError>;
}

impl Drawer for Fonts {
    fn fonts(&self) -> &str {
        self.name()
    }

    fn edition_of(&self, renderer: &str) -> Option<Edition> {
        ::report::edition_of(renderer, self).ok()?
    }

    fn draw(&self, opened: &Opened, edition: Edition) -> Result<Rendered, ReportError> {
        if opened.body.is_some() {
            return ::report::body(edition, &opened.record, opened.format, self, &mut |_| ());
        }
        ::report::render(edition, &opened.record, opened.proof.as_deref(), opened.format, self, &mut |_| ())
    }
}
