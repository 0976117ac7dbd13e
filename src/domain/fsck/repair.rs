//! Writes rows anew that are not what the log tells, in one operation that appends what it has changed.

use std::collections::{BTreeMap, HashSet};

use room::{
    Event, Log, RoomId,
    fold::{Fold, PlatformFold, PlatformState, State},
};

use super::projections::{self, Fault};
use crate::{
    app::App,
    db::{
        self, Tx,
        projections::{
            PLATFORM_TABLES, PrivateTexts, Rows, TABLES, Table,
            anew::{self, Wrong},
        },
    },
    domain::log::{Actor, OpenLog, operation, private, reading::read_entries},
    error::{Error, Result},
};

/// How many rows the entry of a repair names. It counts all of them.
const MOST_NAMED: usize = 200;

/// The rows that were written anew or removed: table and id.
pub(super) type Repaired = HashSet<(&'static str, String)>;

/// Writes the rows of a log anew that are not what it tells and can be made so. Returns which these were.
///
/// # Errors
///
/// Fails, and changes nothing, if the log cannot be folded, or the database refuses a row, for example because one of
/// another room stands in its way.
pub(super) async fn write_anew(app: &App, log: Log) -> Result<Repaired> {
    operation(app, log, &Actor::Operator, async move |tx, log| {
        let repaired = match log.log() {
            Log::Room(room) => room_anew(tx, log, room).await?,
            Log::Platform => platform_anew(tx, log).await?,
        };
        if !repaired.is_empty() {
            log.append(tx, &entry_of(&repaired)).await?;
        }
        Ok(repaired)
    })
    .await
}

fn entry_of(repaired: &Repaired) -> Event {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (table, _) in repaired {
        *counts.entry((*table).to_owned()).or_default() += 1;
    }
    let mut rows: Vec<_> = repaired.iter().map(|(table, id)| format!("{table} {id}")).collect();
    rows.sort_unstable();
    rows.truncate(MOST_NAMED);
    Event::RowsRepaired { tables: counts, rows }
}

async fn room_anew(tx: &mut Tx, log: &OpenLog, room: RoomId) -> Result<Repaired> {
    let fold = read_entries(tx, Log::Room(room), log.head(), Fold::new(room), |_| ()).await?;
    let state: State = folded(fold.map(Fold::into_state))?;
    let (texts, all_there) = private_texts(tx, &state).await?;
    let told = db::projections::room_rows_told(&state, &texts);
    let mut wrong = Vec::new();
    for (table, told) in TABLES.iter().zip(&told) {
        let stored = db::projections::rows(tx, table, room).await?;
        wrong.push(projections::differences(table, told, stored));
    }
    // Without its text, a row with a private reason could only be written without the reason, which may be there still.
    let may_go = |table: &Table| all_there || !["holds", "confirmations"].contains(&table.name);
    let is_wrong = TABLES.iter().zip(&wrong).any(|(table, faults)| {
        anew::is_whole(table.name) && may_go(table) && faults.iter().any(|fault| fault.can_be_written(table))
    });
    let triggers = anew::lift_triggers(tx).await?;
    let mut repaired = Repaired::new();
    let whole = || TABLES.iter().zip(&told).filter(|(table, _)| anew::is_whole(table.name) && may_go(table));
    if is_wrong {
        let rows: Vec<_> = whole().map(|(table, rows)| (table, rows.values().collect())).collect();
        anew::write_whole(tx, room, &rows).await?;
        let faults = TABLES.iter().zip(&wrong).filter(|(table, _)| anew::is_whole(table.name) && may_go(table));
        repaired.extend(faults.flat_map(|(table, faults)| faults.iter().map(|fault| (table.name, fault.id.clone()))));
    }
    for ((table, told), faults) in TABLES.iter().zip(&told).zip(&wrong) {
        if !anew::is_whole(table.name) {
            repaired.extend(correct(tx, table, told, faults).await?);
        }
    }
    anew::put_back(tx, triggers).await?;
    Ok(repaired)
}

async fn platform_anew(tx: &mut Tx, log: &OpenLog) -> Result<Repaired> {
    let fold = read_entries(tx, Log::Platform, log.head(), PlatformFold::of_platform(), |_| ()).await?;
    let state: PlatformState = folded(fold.map(PlatformFold::into_state))?;
    let mut repaired = Repaired::new();
    for (table, told) in PLATFORM_TABLES.iter().zip(&db::projections::platform_rows_told(&state)) {
        let stored = db::projections::rows_of_platform(tx, table).await?;
        let faults = projections::differences(table, told, stored);
        repaired.extend(correct(tx, table, told, &faults).await?);
    }
    Ok(repaired)
}

fn folded<S>(fold: std::result::Result<Option<S>, String>) -> Result<S> {
    let state = fold.map_err(|why| Error::conflict(format!("its log cannot be folded: {why}")))?;
    state.ok_or_else(|| Error::conflict("its log does not tell everything"))
}

/// Returns the private texts that the state names and that are there, and whether all are.
async fn private_texts(tx: &mut Tx, state: &State) -> Result<(PrivateTexts, bool)> {
    let mut texts = PrivateTexts::new();
    let mut all_there = true;
    for hash in db::projections::private_hashes(state) {
        match private::find(tx, &hash).await? {
            Some(text) => drop(texts.insert(hash, text)),
            None => all_there = false,
        }
    }
    Ok((texts, all_there))
}

/// Puts the rows of one table right, one by one: what is there beside the log stays.
async fn correct(tx: &mut Tx, table: &'static Table, told: &Rows, faults: &[Fault]) -> Result<Repaired> {
    let mut repaired = Repaired::new();
    for fault in faults.iter().filter(|fault| fault.can_be_written(table)) {
        let wrong = Wrong { table: table.name, id: &fault.id, told: told.get(&fault.id) };
        anew::correct(tx, &wrong).await?;
        repaired.insert((table.name, fault.id.clone()));
    }
    Ok(repaired)
}
