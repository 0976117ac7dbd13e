//! The position of a room's log that a snapshot shows, or that is compared: its head, or an earlier one that is asked for.

use room::{Log, Time};

use crate::{
    db::{self, Tx, activity::Entry},
    domain::input::Fields,
    error::{Error, Result},
    evidence::{CompactRange, Question},
};

/// The position that a snapshot is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The head of the log, now.
    Now,
    /// After this entry, and those that its operation has appended with it.
    Entry(u64),
    /// After the last operation up to this time.
    Time(Time),
}

/// A position, and the instant at which it shows the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The number of entries before it.
    pub size: u64,
    /// The root of the tree over them, in hexadecimal.
    pub root: String,
    /// The instant at which clocks and expiries are reckoned.
    pub at: Time,
}

impl Moment {
    /// Reads what was asked for, of which at most one may be given.
    pub fn read(fields: &mut Fields, at_entry: Option<u64>, as_of: Option<&str>) -> Self {
        match (at_entry, as_of) {
            (None, None) => Self::Now,
            (Some(entry), None) => Self::Entry(entry),
            (None, Some(text)) => fields.time("as_of", text).map_or(Self::Now, Self::Time),
            (Some(_), Some(_)) => {
                fields.fault("as_of", "cannot be given together with `at_entry`");
                Self::Now
            }
        }
    }

    /// Finds the position in the log, whose head is this one now: the transaction has it locked, or sees it.
    ///
    /// # Errors
    ///
    /// Fails with the field at fault if the moment is ahead, or before the room was opened, and with a conflict if it is
    /// before the log tells everything.
    pub async fn find(self, tx: &mut Tx, of: Log, range: &CompactRange, now: Time) -> Result<Position> {
        let head = range.size();
        let (size, at) = match self {
            Self::Now => (head, now),
            Self::Entry(entry) if entry >= head => {
                return Err(Error::field("at_entry", format!("must be below {head}, the number of entries")));
            }
            Self::Entry(entry) => operation_of(tx, of, entry, head).await?,
            Self::Time(time) if time > now => return Err(Error::field("as_of", "must not be in the future")),
            Self::Time(time) => {
                let size = db::activity::size_at(tx, of, time).await?;
                if size == 0 {
                    return Err(Error::field("as_of", "must not be before the room was opened"));
                }
                (size, time)
            }
        };
        if size < head && size < db::activity::adopted(tx, of).await? {
            return Err(Error::conflict(
                "at that moment the log did not tell everything: it is from an earlier version, and was adopted later",
            ));
        }
        let root = if size == head {
            range.root()
        } else {
            db::logs::answer(tx, of, Question::Root { size }).await?.pop().unwrap_or_default()
        };
        Ok(Position { size, root: hex::encode(root), at })
    }
}

/// Returns the position after all entries of the operation that has appended this one, and their time.
async fn operation_of(tx: &mut Tx, log: Log, entry: u64, head: u64) -> Result<(u64, Time)> {
    let missing = || Error::LogNotSound(format!("entry {entry} is missing"));
    let mut read = async |at: u64| -> Result<Option<Entry>> {
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        Ok(db::activity::range(tx, log, at, at.saturating_add(1)).await?.pop())
    };
    let at = read(entry).await?.ok_or_else(missing)?.at;
    let mut size = entry + 1;
    while size < head {
        let next = read(size).await?.ok_or_else(missing)?;
        if next.meta["continues"] != true {
            break;
        }
        size += 1;
    }
    Ok((size, at))
}
