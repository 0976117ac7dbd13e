//! What can be found at a start, with the sentence for each, and the word by which an operator says that it is known.

use std::path::PathBuf;

use crate::{
    config::mask_password,
    error::{Error, Result},
};

/// What an operator says to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The database is empty, although there are keys, files or signed heads.
    NewDatabase,
    /// SQLite finds its file damaged.
    Damage,
    /// The logs are signed with a key that is not this server's.
    OtherKey,
    /// The database is behind what was signed.
    Behind,
    /// The files that the database names are not in the store.
    NoFiles,
    /// The store does not do what it is told.
    WeakStore,
}

impl Known {
    /// All of them, in the order in which they are looked for.
    pub const ALL: [Self; 6] =
        [Self::NewDatabase, Self::Damage, Self::OtherKey, Self::Behind, Self::NoFiles, Self::WeakStore];

    /// Returns the word for the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::NewDatabase => "new-database",
            Self::Damage => "damage",
            Self::OtherKey => "other-key",
            Self::Behind => "behind",
            Self::NoFiles => "no-files",
            Self::WeakStore => "weak-store",
        }
    }

    /// Returns what the start does then, for the help.
    pub fn help(self) -> &'static str {
        match self {
            Self::NewDatabase => "Begin an empty database, although keys, files or signed heads of another are here",
            Self::Damage => "Serve a database that SQLite finds damaged, as far as it can be read",
            Self::OtherKey => "Serve logs that another key has signed to those who read; nothing is signed",
            Self::Behind => {
                "Serve logs that are behind what was signed of them to those who read; they take no entries"
            }
            Self::NoFiles => "Serve without the files that the database names",
            Self::WeakStore => "Keep files in a store that does not do what it is told",
        }
    }
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// There is no database, or an empty one, and there are traces of another.
    NoDatabase { url: String, traces: String, was_signed: bool },
    /// SQLite finds its file damaged.
    Damage { url: String, fault: String },
    /// The key is another than the one that has signed the logs.
    OtherKey { url: String, signers: String, key: String },
    /// There is no key, and the logs are signed.
    NoKey { url: String, signers: String, file: PathBuf },
    /// Logs are behind what was signed of them.
    Behind { logs: usize, first: String, why: String },
    /// None of the newest files is in the store.
    NoFiles { directory: PathBuf, first: String },
    /// The store does not do what it is told.
    WeakStore { directory: PathBuf, fault: String },
}

impl Found {
    /// Returns the word by which an operator says that it is known.
    fn known(&self) -> Known {
        match self {
            Self::NoDatabase { .. } => Known::NewDatabase,
            Self::Damage { .. } => Known::Damage,
            Self::OtherKey { .. } | Self::NoKey { .. } => Known::OtherKey,
            Self::Behind { .. } => Known::Behind,
            Self::NoFiles { .. } => Known::NoFiles,
            Self::WeakStore { .. } => Known::WeakStore,
        }
    }

    /// Ends the start with the sentence, unless this is among what is `known`: then the log tells it.
    ///
    /// # Errors
    ///
    /// Fails with the sentence.
    pub(super) fn unless(self, known: &[Known]) -> Result<()> {
        // It names the database, whose address may have a password.
        let sentence = mask_password(&self.sentence());
        if !known.contains(&self.known()) {
            return Err(Error::setup(sentence));
        }
        tracing::warn!(accepted = self.known().word(), "{sentence}");
        Ok(())
    }

    fn sentence(&self) -> String {
        let accept = format!("`serve --accept {}`", self.known().word());
        match self {
            Self::NoDatabase { url, traces, was_signed: false } => format!(
                "the database {url} is empty, and {traces} say that there was one; bring it back from a backup, or name the \
                 right one (`--database-url`); {accept} begins with an empty one"
            ),
            Self::NoDatabase { url, traces, was_signed: true } => format!(
                "the database {url} is empty, and {traces} say that there was one; bring it back from a backup, or name the \
                 right one (`--database-url`); if it is lost for good, `sts-clearance log continue` begins an empty one, \
                 whose logs tell what was lost"
            ),
            Self::Damage { url, fault } => format!(
                "the database {url} is damaged: {fault}; bring it back from a backup; `sts-clearance fsck` tells what can be \
                 read, and {accept} serves that"
            ),
            Self::OtherKey { url, signers, key } => format!(
                "the logs of the database {url} are signed with {signers}, for which the key of this server, `{key}`, does \
                 not vouch: it would sign nothing; servers on one database share one key, by STS_LOG_KEY or the same \
                 `log_key_file`; a key of yours that is lost is named in `trusted_log_keys`; {accept} serves those who read"
            ),
            Self::NoKey { url, signers, file } => format!(
                "the logs of the database {url} are signed with {signers}, and there is no key {}; bring it back from a \
                 backup, or give it as STS_LOG_KEY; if it is lost for good, name it in `trusted_log_keys`, and a new one is \
                 made; {accept} serves those who read",
                file.display()
            ),
            Self::Behind { logs, first, why } => format!(
                "the database is behind what was signed: {logs} logs lack signed entries, such as {first}: {why}; bring a \
                 newer copy back (`sts-clearance restore`), or have them go on without what is lost (`sts-clearance log \
                 continue`); {accept} serves those who read"
            ),
            Self::NoFiles { directory, first } => format!(
                "the file store {} has none of the newest files that the database names, such as {first}; bring them back \
                 from a backup, or name the right directory (`--files-url`); {accept} starts without them",
                directory.display()
            ),
            Self::WeakStore { directory, fault } => format!(
                "the file store {} does not do what it is told: {fault}; give another one (`--files-url`); {accept} uses it \
                 all the same",
                directory.display()
            ),
        }
    }
}
