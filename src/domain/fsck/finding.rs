//! The result of a check: its findings, and how much it has looked at.

use std::{collections::BTreeMap, fmt};

use room::Log;
use serde::Serialize;

/// A log that is being checked, with the title of its room.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    /// The log: the platform's or that of a room.
    pub log: Log,
    /// The title of the room. `None` for the platform's log, or if the room's row is missing.
    pub title: Option<String>,
}

/// What kind of thing is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The database as a whole, by its own check.
    Database,
    /// A table, index, trigger or function of the database.
    Schema,
    /// A log as a whole: its head or its size.
    Log,
    /// An entry of a log.
    Entry,
    /// An inner node of a log's tree.
    Node,
    /// The signed checkpoint of a log.
    Checkpoint,
    /// The largest head of a log that is remembered to have been signed, which is not in the database.
    Head,
    /// A public key that checkpoints may be signed with.
    Key,
    /// The rows of a snapshot, except for its record.
    Snapshot,
    /// The proof of a snapshot.
    Proof,
    /// The record of a snapshot.
    Record,
    /// The row of a version of a document. Its file is a finding of its own.
    Version,
    /// A row of a table that repeats what the log tells.
    Row,
    /// A file in the store.
    File,
}

impl Kind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::Database,
        Self::Schema,
        Self::Log,
        Self::Entry,
        Self::Node,
        Self::Checkpoint,
        Self::Head,
        Self::Key,
        Self::Snapshot,
        Self::Proof,
        Self::Record,
        Self::Version,
        Self::Row,
        Self::File,
    ];

    /// Returns the kind as it is printed and serialized.
    pub fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Schema => "schema",
            Self::Log => "log",
            Self::Entry => "entry",
            Self::Node => "node",
            Self::Checkpoint => "checkpoint",
            Self::Head => "head",
            Self::Key => "key",
            Self::Snapshot => "snapshot",
            Self::Proof => "proof",
            Self::Record => "record",
            Self::Version => "version",
            Self::Row => "row",
            Self::File => "file",
        }
    }
}

/// What can be done about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Nothing needs to be done: it is no damage.
    NotNeeded,
    /// `fsck --repair` draws the file again, or writes the row anew from the log.
    Repair,
    /// `log continue` has the log go on without what is missing, unless a newer copy of the database has it.
    Continue,
    /// It has been repaired in this run.
    Repaired,
    /// This program cannot repair it. A backup may have what is lost.
    None,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The kind of thing that is affected.
    pub kind: Kind,
    /// `platform`, or the id of the room. `None` for a file that belongs to no log.
    pub log: Option<String>,
    /// The title of the room, if the log is that of one.
    pub title: Option<String>,
    /// Which thing is affected: `entry 17`, a snapshot, the key of a file.
    pub what: String,
    /// What is wrong with it, in words.
    pub fault: String,
    /// What can be done about it.
    pub remedy: Remedy,
}

impl Finding {
    /// Returns a finding of damage that cannot be repaired.
    pub fn new(location: &Location, kind: Kind, what: impl Into<String>, fault: impl Into<String>) -> Self {
        Self {
            kind,
            log: Some(location.log.key()),
            title: location.title.clone(),
            what: what.into(),
            fault: fault.into(),
            remedy: Remedy::None,
        }
    }

    /// Returns the same finding with another remedy.
    #[must_use]
    pub fn with(self, remedy: Remedy) -> Self {
        Self { remedy, ..self }
    }

    /// Returns whether something is still damaged. Only that counts for the exit code.
    pub fn is_damage(&self) -> bool {
        matches!(self.remedy, Remedy::Repair | Remedy::Continue | Remedy::None)
    }
}

/// Writes the finding on one line: its kind, its place, what is wrong, and what can be done.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.word();
        match self.log.as_deref() {
            None => write!(f, "{kind}: ")?,
            Some("platform") => write!(f, "{kind} of the platform: ")?,
            Some(room) => match &self.title {
                Some(title) => write!(f, "{kind} of room {room} \"{}\": ", one_line(title))?,
                None => write!(f, "{kind} of room {room}: ")?,
            },
        }
        write!(f, "{}: {}; ", one_line(&self.what), one_line(&self.fault))?;
        f.write_str(match self.remedy {
            Remedy::NotNeeded => "this is no damage",
            Remedy::Repair if self.kind == Kind::Row => "`fsck --repair` writes it anew from the log",
            Remedy::Repair => "`fsck --repair` draws it again",
            Remedy::Continue => "`sts-clearance log continue` has the log go on without it",
            Remedy::Repaired => "repaired",
            Remedy::None => "it cannot be repaired",
        })
    }
}

/// Replaces control characters by spaces: titles of rooms come from users, and must not forge lines of the report or
/// control a terminal.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// How much a check has looked at so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The number of logs.
    pub logs: u64,
    /// The number of entries in them.
    pub entries: u64,
    /// The number of records of snapshots.
    pub records: u64,
    /// The number of files of snapshots and documents.
    pub files: u64,
}

/// The result of a whole check.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// How much was looked at, whether sound or not.
    pub checked: Checked,
    /// The number of damaged things of each kind, by [`Kind::word`].
    pub damaged: BTreeMap<&'static str, u64>,
    /// The number of things that were repaired.
    pub repaired: u64,
    /// The findings, as many as are kept: the totals above count all of them.
    pub findings: Vec<Finding>,
}

impl Outcome {
    /// Returns the number of damaged things of all kinds.
    pub fn damage(&self) -> u64 {
        self.damaged.values().sum()
    }
}
