//! The verifier's report: its checks, and what the file says of itself.

use std::borrow::Cow;

use jiff::Timestamp;
use room::fold::LastAdoption;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DRAWN, LOGGED, SEAL, SEALED, checks::named, file::utc, own::OWN_LOG};
use crate::evidence::Hash;

/// The checks of a file of an earlier version that a receipt takes the place of.
const CARRIED: [&str; 5] = [SEAL, "log entry", "inclusion", "checkpoint", "rendering"];

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It was made, and what it checks is so.
    Ok,
    /// It was made, and what it checks is not so.
    Failed,
    /// It could not be made, for the reason in its detail.
    Skipped,
}

impl CheckOutcome {
    /// All outcomes, in the order of their declaration.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Failed, Self::Skipped];

    /// Returns the outcome as it is printed. A failure is in capitals, so that nobody overlooks it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        }
    }
}

/// One check of a file, with what came out of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// `file`, `record`, `logged`, `follows`, `receipt`, `sealed`, `witnessed`, `other head`, `drawn`, `older file`; of files of earlier versions `file`,
    /// `seal`, `record`, `log entry`, `inclusion`, `entries`, `checkpoint`, `logged`, `rendering`, `older file`;
    /// on the server that has signed the file, also `own log`
    #[schema(value_type = String)]
    pub name: Cow<'static, str>,
    /// The outcome of the check.
    pub outcome: CheckOutcome,
    /// What the check has found, in words.
    pub detail: String,
}

/// A file with the checks that were made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Examined {
    /// What is known of the file without any check.
    pub facts: Facts,
    /// The checks, in the order in which they rest on each other.
    pub checks: Vec<Check>,
}

/// What is known of a file without any check: its type, size and hash, and what its record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Facts {
    /// `PDF`, `JSON` or `CSV`
    #[schema(value_type = String)]
    pub kind: Cow<'static, str>,
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256 of the bytes, in lower-case hex.
    pub sha256: String,
    /// What its record says of itself. Absent if the record cannot be read; true only if the file verifies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
}

/// What a record says of itself, which is only as true as the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Told {
    /// The id of the room.
    pub room_id: String,
    /// The title that the room had.
    pub room_title: String,
    /// The id of the snapshot.
    pub snapshot_id: String,
    /// The title of the snapshot.
    pub snapshot_title: String,
    /// When the snapshot was taken.
    #[schema(value_type = String, format = "date-time")]
    pub taken_at: Timestamp,
    /// The e-mail address of the person who took it.
    pub taken_by: String,
    /// The role that this person had in the room at that time.
    pub role: String,
    /// The log's name in its checkpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The number of entries of the log that it shows.
    pub position: u64,
    /// The entry of the log that tells of the file's body. Absent in files of earlier versions, which carry the entry that
    /// announces their record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logged: Option<LoggedAt>,
    /// What the entries of the record list as having been otherwise in the tables than in the log. Absent if no operator
    /// has had the log adopted again, or if the record holds no entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopted_again: Option<AdoptedAgain>,
    /// Where its log went on from an earlier copy of the database, without entries that were signed before, as the
    /// entries of the record tell. Absent if it did not, or if the record holds no entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub continued: Vec<String>,
    /// Where its log was adopted, if it was, and if the record has the entries that say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Adopted>,
    /// The key that the file says its checkpoint is signed with. A forged file can print any key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The entry that tells of a file's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoggedAt {
    /// The position of the entry in the log, from 0.
    pub entry: u64,
    /// The time of the entry.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
}

/// What differed between the log and the tables when an operator had the log adopted again, as the log lists it. From
/// there on the log tells what the tables said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdoptedAgain {
    /// The number of differences.
    pub total: u64,
    /// The first of them in words, with the entry that lists each.
    pub differences: Vec<String>,
}

/// Where the log of a record was last adopted: before, it did not tell everything, and the tables of the database did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Adopted {
    /// The position of the entry that completed the adoption, from 0. From the next one on, the log tells everything.
    pub entry: u64,
    /// When it was adopted.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// The same in words, as the PDF has them.
    pub detail: String,
}

impl Told {
    /// Returns the position of the log's entry that tells of the file, or announces its record.
    pub fn entry(&self) -> u64 {
        self.logged.as_ref().map_or(self.position, |logged| logged.entry)
    }
}

impl From<LastAdoption> for Adopted {
    fn from(adopted: LastAdoption) -> Self {
        Self { entry: adopted.seq, at: adopted.at, detail: ::report::adoption(adopted) }
    }
}

/// What a verification has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// The file is what it says it is.
    Verified,
    /// Something contradicts the file: it was changed, or is not what was asked for.
    Failed,
    /// Nothing contradicts the file, and what would prove it is not there: a key, entries, the program that drew it.
    CannotBeJudged,
}

impl Judgement {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 3] = [Self::Verified, Self::Failed, Self::CannotBeJudged];
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Whether the file is what it says it is, and the older one too if two were compared.
    pub verified: bool,
    /// What the verification has come to.
    pub judgement: Judgement,
    /// The same in words, with the names of the checks that stand in the way.
    pub verdict: String,
    /// One sentence that can be read out: what the file proves, or that the log of this server contradicts what the server
    /// has signed in it. Absent if neither is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
    /// The file that was verified. Of two, this is the newer one.
    #[serde(flatten)]
    pub file: Examined,
    /// The older file, if two were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older: Option<Examined>,
}

impl Report {
    /// Returns the report of a file, and of an older one if two were compared.
    pub(super) fn of(file: Examined, older: Option<Examined>) -> Self {
        let faults = file.in_the_way().map(|check| (check, ""));
        let of_older = older.iter().flat_map(Examined::in_the_way).map(|check| (check, " of the older"));
        let mut in_the_way: Vec<_> = faults.chain(of_older).collect();
        // Name the causes only: a check is mostly skipped because one that it rests on has failed.
        let has_failed = in_the_way.iter().any(|(check, _)| check.outcome == CheckOutcome::Failed);
        if has_failed {
            in_the_way.retain(|(check, _)| check.outcome == CheckOutcome::Failed);
        }
        let named: Vec<_> = in_the_way.iter().map(|(check, whose)| format!("{}{whose}", check.name)).collect();
        let named = named.join(", ");
        let (judgement, verdict) = match (named.is_empty(), has_failed) {
            (true, _) => (Judgement::Verified, "verified".to_owned()),
            (false, true) => (Judgement::Failed, format!("does not verify: {named}")),
            (false, false) => (Judgement::CannotBeJudged, format!("cannot be judged: {named}")),
        };
        let verified = judgement == Judgement::Verified;
        let sentence = match judgement {
            Judgement::Verified => file.sentence(),
            // If something else has failed too, it is not for the log of this server to be doubted.
            Judgement::Failed if in_the_way.iter().all(|(check, _)| check.name == OWN_LOG) => {
                let contradicted = if file.is_contradicted() { Some(&file) } else { older.as_ref() };
                contradicted.map(Examined::contradiction)
            }
            Judgement::Failed | Judgement::CannotBeJudged => None,
        };
        Self { verified, judgement, verdict, sentence, file, older }
    }
}

impl Examined {
    /// Returns the checks because of which the file does not verify.
    fn in_the_way(&self) -> impl Iterator<Item = &Check> {
        let ok = |name: &str| self.checks.iter().any(|check| check.name == name && check.outcome == CheckOutcome::Ok);
        let is_logged = ok(LOGGED);
        self.checks.iter().filter(move |check| match check.outcome {
            CheckOutcome::Ok => false,
            CheckOutcome::Failed => true,
            // That a file could not be drawn again does not count: then it is the server's word that its pages show the
            // record. Nor does it count that it was not held against the log of a server, or that it has no seal where the
            // log says why. The others rest on what a file
            // of an earlier version carries, in place of which it has a receipt.
            CheckOutcome::Skipped => {
                !([DRAWN, SEALED, OWN_LOG].contains(&&*check.name) || is_logged && CARRIED.contains(&&*check.name))
            }
        })
    }

    /// Returns what the file proves, if it was logged by its body.
    fn sentence(&self) -> Option<String> {
        let told = self.facts.told.as_ref()?;
        let logged = told.logged.as_ref()?;
        let drawn = self.checks.iter().find(|check| check.name == DRAWN)?;
        let pages = match drawn.outcome {
            CheckOutcome::Ok => "was confirmed by drawing them again",
            CheckOutcome::Failed | CheckOutcome::Skipped => "is the server's word",
        };
        Some(format!(
            "The server {} logged this report on {} as entry {} of the room {}; the record in it follows from the {} \
             entries up to the moment that it shows; that its pages show this record {pages}.",
            told.log.as_deref().and_then(|origin| super::server_of(&told.room_id, origin)).unwrap_or("of the log"),
            utc(logged.at),
            logged.entry,
            named(&told.room_title),
            told.position
        ))
    }

    /// Whether the log of the server that has signed the file contradicts it.
    fn is_contradicted(&self) -> bool {
        self.checks.iter().any(|check| check.name == OWN_LOG && check.outcome == CheckOutcome::Failed)
    }

    /// Returns what it means that the server's log contradicts a file in which nothing else has failed.
    fn contradiction(&self) -> String {
        let told = self.facts.told.as_ref();
        let [snapshot, room] = told.map_or(["", ""], |told| [&*told.snapshot_title, &*told.room_title]).map(named);
        format!(
            "This server cannot confirm the report {snapshot} of the room {room}: the report carries the signature of this \
             server, and the log that the server has now contradicts it. Nothing else was found wrong with the report. \
             Either the log was changed, or lost entries, after the report was made, or somebody else has signed with the \
             key of the server. Keep the file, and tell who runs the server."
        )
    }
}

impl Facts {
    /// Returns the facts of a file. Its format is known to be one of the three, so its first byte is enough.
    pub(super) fn of(bytes: &[u8], sha256: Hash) -> Self {
        let kind = match bytes.first() {
            Some(b'%') => "PDF",
            Some(b'{') => "JSON",
            _ => "CSV",
        };
        Self { kind: kind.into(), size: bytes.len() as u64, sha256: hex::encode(sha256), told: None }
    }
}
