//! What a check finds, and what it has looked at.

use std::{collections::BTreeMap, fmt};

use room::Log;
use serde::Serialize;

/// A log and, where it is a room's, the room's title.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The log.
    pub log: Log,
    /// The title.
    pub title: Option<String>,
}

/// What kind of thing is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A log as a whole: its head, its size.
    Log,
    /// An entry of a log.
    Entry,
    /// An inner node of a log's tree.
    Node,
    /// The signed checkpoint of a log.
    Checkpoint,
    /// A public key that checkpoints may be signed with.
    Key,
    /// A snapshot's rows, but for its record.
    Snapshot,
    /// A snapshot's proof.
    Proof,
    /// A snapshot's record.
    Record,
    /// A version of a document, but for its file.
    Version,
    /// A file of the store.
    File,
}

impl Kind {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Log,
        Self::Entry,
        Self::Node,
        Self::Checkpoint,
        Self::Key,
        Self::Snapshot,
        Self::Proof,
        Self::Record,
        Self::Version,
        Self::File,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Entry => "entry",
            Self::Node => "node",
            Self::Checkpoint => "checkpoint",
            Self::Key => "key",
            Self::Snapshot => "snapshot",
            Self::Proof => "proof",
            Self::Record => "record",
            Self::Version => "version",
            Self::File => "file",
        }
    }
}

/// What can be done about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Nothing needs to be: it is no damage.
    NotNeeded,
    /// `fsck --repair` mends it.
    Repair,
    /// It has been mended.
    Repaired,
    /// Nothing that this program knows of; a backup may have it.
    None,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Of what kind.
    pub kind: Kind,
    /// `platform`, or the room's id; none for what belongs to no log.
    pub log: Option<String>,
    /// The room's title.
    pub title: Option<String>,
    /// Which one: `entry 17`, a snapshot, the key of a file.
    pub what: String,
    /// What is wrong with it.
    pub fault: String,
    /// What can be done.
    pub remedy: Remedy,
}

impl Finding {
    /// A damage that cannot be repaired.
    pub fn new(place: &Place, kind: Kind, what: impl Into<String>, fault: impl Into<String>) -> Self {
        Self {
            kind,
            log: Some(place.log.key()),
            title: place.title.clone(),
            what: what.into(),
            fault: fault.into(),
            remedy: Remedy::None,
        }
    }

    /// Likewise, with what can be done.
    #[must_use]
    pub fn with(self, remedy: Remedy) -> Self {
        Self { remedy, ..self }
    }

    /// Whether something is damaged still.
    pub fn is_damage(&self) -> bool {
        matches!(self.remedy, Remedy::Repair | Remedy::None)
    }
}

/// One line: kind, place, what is wrong, what can be done.
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
            Remedy::Repair => "`fsck --repair` draws it again",
            Remedy::Repaired => "repaired",
            Remedy::None => "it cannot be repaired",
        })
    }
}

/// Whoever named a room shall not write lines of their own.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// How much has been looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Logs.
    pub logs: u64,
    /// Entries of them.
    pub entries: u64,
    /// Records of snapshots.
    pub records: u64,
    /// Files of snapshots and documents.
    pub files: u64,
}

/// What a check has come to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// How much was looked at.
    pub checked: Checked,
    /// Number of damaged things of each kind.
    pub damaged: BTreeMap<&'static str, u64>,
    /// Number of things that were repaired.
    pub repaired: u64,
    /// What was found, as far as it was kept.
    pub findings: Vec<Finding>,
}

impl Outcome {
    /// Number of damaged things.
    pub fn damage(&self) -> u64 {
        self.damaged.values().sum()
    }
}
