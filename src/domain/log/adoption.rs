//! The adoption of the logs from before events had versions: from there on they tell everything.
//!
//! A log is adopted once. What its rows tell then is signed as its state, so adopting it again would sign rows that
//! somebody has forged meanwhile. A log that tells everything is therefore left alone, whatever the table of migrations
//! says; only the way down, which ends the adoption with an entry of its own, opens it to another one, and an operator
//! who asks for it (`readoption.rs`).
//!
//! Each start looks at the last entry of every log, and so goes on with what an earlier one did not finish. Each log is
//! adopted in a transaction of its own. A log that cannot be adopted is named, and keeps no other from it.

use std::collections::BTreeMap;

use room::{
    Event, Log, RoomId,
    fold::{Adoption, Fold, Seen, State},
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    actor::Actor,
    keys,
    operation::{OpenLog, operation},
    platform_adoption::{PlatformAdoption, adopt_platform},
    reading, room_rows,
};
use crate::{
    app::App,
    db::{self, Tx, activity::Entry, logs::LastEntry, migrations::ADOPTION},
    error::{Error, Result},
    evidence::CompactRange,
};

/// What a start did about the logs from before events had versions.
#[derive(Debug, Default)]
pub struct Adopted {
    /// What became of the log of the platform.
    pub platform: PlatformAdoption,
    /// The number of rooms whose logs were adopted.
    pub rooms: usize,
    /// The number of logs that tell everything already, if the step of the schema that adopts logs was taken once more;
    /// 0 at any other start.
    pub left_alone: usize,
    /// The logs that should be adopted, and cannot be.
    pub refused: Vec<Refused>,
}

/// A log that cannot be adopted.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The room whose log it is.
    pub room: RoomId,
    /// Why it cannot be adopted.
    pub why: String,
}

/// What became of the log of one room.
enum Verdict {
    Adopted,
    /// It tells everything: another server was faster.
    LeftAlone,
    Refused(String),
}

/// What is known of a log from its last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastWord {
    /// It tells everything, and is not adopted.
    TellsAll,
    /// It has to be read: it ends before events had versions, or with the end of an adoption.
    ToBeRead,
}

impl LastWord {
    fn of_entry(last: &LastEntry) -> Self {
        let version = match (last.action.as_deref(), &last.meta_json) {
            (Some("room_adopted"), None) => Event::VERSION,
            // What is continued is told before that.
            (Some("adoption_ended" | "log_continued") | None, _) | (_, None) => 1,
            (Some(_), Some(meta)) => serde_json::from_str(meta).as_ref().map_or(1, Event::version_of),
        };
        if version == 1 { Self::ToBeRead } else { Self::TellsAll }
    }
}

/// Adopts every log that does not tell everything. `steps` are the steps of the schema that this start has taken.
pub async fn adopt_logs(app: &App, by: &Actor, steps: &[&str]) -> Result<Adopted> {
    // First of all: whatever else is appended to the platform's log, such as the key below, needs it to be adopted.
    let mut adopted = Adopted { platform: adopt_platform(app, by).await?, ..Adopted::default() };
    // The log of the platform tells of every key that signs, also of the one that has just signed its beginning.
    let mut is_key_told = matches!(adopted.platform, PlatformAdoption::Begun | PlatformAdoption::Adopted);
    if is_key_told {
        keys::register(app).await?;
    }
    let mut after = String::new();
    loop {
        let page = app.db.read(async |tx| db::logs::last_entries(tx, &after).await).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.key);
        for last in page {
            if LastWord::of_entry(&last) == LastWord::TellsAll {
                adopted.left_alone += 1;
                continue;
            }
            // A log of nothing has no state; `fsck` names it.
            let Ok(room) = last.key.parse() else { continue };
            // The platform's log tells of a key before it signs anything.
            if !is_key_told {
                keys::register(app).await?;
                is_key_told = true;
            }
            match adopt(app, by, room).await? {
                Verdict::Adopted => adopted.rooms += 1,
                Verdict::LeftAlone => {}
                Verdict::Refused(why) => adopted.refused.push(Refused { room, why }),
            }
        }
    }
    if !steps.contains(&ADOPTION) {
        adopted.left_alone = 0;
    }
    adopted.log();
    Ok(adopted)
}

impl Adopted {
    fn log(&self) {
        if self.rooms > 0 {
            tracing::info!(rooms = self.rooms, "adopted the logs of these rooms: they tell everything from here on");
        }
        if self.left_alone > 0 {
            tracing::warn!(
                logs = self.left_alone,
                "these logs tell everything already and are not adopted again; if rows were changed by hand, `fsck` \
                 names them"
            );
        }
        for Refused { room, why } in &self.refused {
            tracing::warn!(%room, %why, "the log of this room is not adopted; `fsck` names what is wrong with it");
        }
    }
}

/// Adopts the log of a room, if nothing is wrong with it.
async fn adopt(app: &App, by: &Actor, room: RoomId) -> Result<Verdict> {
    let adopted = operation(app, Log::Room(room), by, async move |tx, log| adopt_in(tx, log, room).await).await;
    match adopted {
        Err(error) if ends_all(&error) => Err(error),
        // A row that cannot be read, for example. Nothing of the room's transaction stays.
        Err(error) => Ok(Verdict::Refused(error.to_string())),
        Ok(verdict) => Ok(verdict),
    }
}

/// Returns whether an error says nothing of the log that was to be adopted: any other would meet the same.
pub(super) fn ends_all(error: &Error) -> bool {
    error.is_of_the_moment()
}

async fn adopt_in(tx: &mut Tx, log: &mut OpenLog, room: RoomId) -> Result<Verdict> {
    // Under the lock, whatever the last entry was before it: another server may have been faster.
    let (fold, seen) = match read_entries(tx, room, log.head()).await? {
        Ok(read) => read,
        Err(why) => return Ok(Verdict::Refused(why)),
    };
    if fold.state().is_some() {
        return Ok(Verdict::LeftAlone);
    }
    if !fold.may_be_adopted() {
        return Ok(Verdict::Refused("parts of the state that it was adopted with are missing".to_owned()));
    }
    let state = State { seen, ..room_rows::state(tx, room).await? };
    let parts = Adoption::events_of(&state).map_err(|error| Error::internal(format!("a state: {error}")))?;
    for part in &parts {
        log.append(tx, part).await?;
    }
    Ok(Verdict::Adopted)
}

/// Who has opened which file when.
type SeenFiles = BTreeMap<String, BTreeMap<Uuid, Seen>>;

/// Folds a log up to its head, and collects who has opened which file. Returns the reason in words if the log is not
/// one that could be adopted.
async fn read_entries(tx: &mut Tx, room: RoomId, head: &CompactRange) -> Result<Result<(Fold, SeenFiles), String>> {
    let mut seen = SeenFiles::new();
    let note = |entry: &Entry| note_seen(&mut seen, entry);
    let fold = reading::read_entries(tx, Log::Room(room), head, Fold::new(room), note).await?;
    Ok(fold.map(|fold| (fold, seen)))
}

/// Notes what an entry tells of a file that was opened. The entries of every version tell it by these names.
fn note_seen(seen: &mut SeenFiles, entry: &Entry) {
    let field = match &*entry.action {
        "document_downloaded" | "document_previewed" => "version_id",
        "snapshot_downloaded" | "snapshot_previewed" => "snapshot_id",
        _ => return,
    };
    let Some(file) = entry.meta.get(field).and_then(Value::as_str).and_then(|id| id.parse().ok()) else { return };
    let files = seen.entry(entry.actor.clone()).or_default();
    let seen = files.entry(file).or_insert(Seen { first: entry.at, last: entry.at, times: 0 });
    // Times could run backwards before events had versions.
    seen.first = seen.first.min(entry.at);
    seen.last = seen.last.max(entry.at);
    seen.times += 1;
}

/// Ends the adoption of every log of a room, before the schema goes back to that of an earlier version of the program,
/// which appends entries that do not tell everything.
pub(super) async fn end(tx: &mut Tx, app: &App, by: &Actor) -> Result<()> {
    let mut after = String::new();
    loop {
        let page = db::logs::last_entries(tx, &after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.key);
        for last in page.iter().filter(|last| LastWord::of_entry(last) == LastWord::TellsAll) {
            let Ok(room) = last.key.parse() else { continue };
            let mut log = OpenLog::lock(tx, app, Log::Room(room), by).await?;
            log.append(tx, &Event::AdoptionEnded {}).await?;
        }
    }
}
