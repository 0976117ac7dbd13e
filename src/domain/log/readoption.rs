//! Adopting a log again that tells everything, by an operator who takes what the rows say instead.
//!
//! Nothing does this by itself: whoever has forged rows could else have them signed. An operator may know that the rows
//! are right, after a backup or a repair by hand. The log then lists every difference, for everybody who reads it, and
//! has the state of the rows after that list.
//!
//! What stands in no row stays as the log tells it: who has opened which file, and the hashes of records.

use room::{
    Difference, Event, Log, RoomId, RowFault,
    fold::{Adoption, Fold, PlatformFold, PlatformState, State, Subject},
};
use sha2::{Digest, Sha256};

use super::{
    actor::Actor,
    adoption, keys,
    operation::{OpenLog, operation},
    platform_adoption, private, reading, room_rows,
};
use crate::{
    app::App,
    db::{
        self, Tx,
        projections::{self, Differing, PLATFORM_TABLES, PrivateTexts, Rows, Table, Value, Values},
    },
    error::{Error, Result},
};

/// The longest value, id or name that an entry shows whole, in characters. Of a longer one the beginning is shown.
const LONGEST_VALUE: usize = 1_000;

/// Whether the logs are adopted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The differences are only counted.
    Count,
    /// The logs that differ from their rows are adopted again.
    Adopt,
}

/// What became of a log, or would become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// Nothing differs, or the log does not tell everything.
    LeftAlone,
    /// So many columns and rows differ.
    Differs(usize),
    /// It cannot be adopted again, for this reason.
    Refused(String),
}

/// Adopts each log again that tells everything and whose rows differ from it, or counts what differs. Returns the logs
/// that differ and those that cannot be adopted, that of the platform first.
pub async fn adopt_again(app: &App, by: &Actor, mode: Mode) -> Result<Vec<(Log, Again)>> {
    let mut found = Vec::new();
    let mut note = |log: Log, again: Again| {
        if again != Again::LeftAlone {
            found.push((log, again));
        }
    };
    let platform = again(app, Log::Platform, by, mode).await?;
    // The platform's log tells of a key before it signs anything, also where its rows told of other keys. If it could
    // not be adopted, its rows are no measure of what it tells.
    if mode == Mode::Adopt && !matches!(platform, Again::Refused(_)) {
        keys::register(app).await?;
    }
    note(Log::Platform, platform);
    let mut after = String::new();
    loop {
        let page = app.db.read(async |tx| db::logs::last_entries(tx, &after).await).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after.clone_from(&last.key);
        for last in page {
            // A log of nothing has no state; `fsck` names it.
            let Ok(room) = last.key.parse() else { continue };
            note(Log::Room(room), again(app, Log::Room(room), by, mode).await?);
        }
    }
}

async fn again(app: &App, log: Log, by: &Actor, mode: Mode) -> Result<Again> {
    let done = operation(app, log, by, async move |tx, open| match log {
        Log::Room(room) => room_again(tx, open, room, mode).await,
        Log::Platform => platform_again(tx, open, mode).await,
    });
    match done.await {
        Err(error) if adoption::ends_all(&error) => Err(error),
        // Nothing of the log's transaction stays.
        Err(error) => Ok(Again::Refused(error.to_string())),
        Ok(again) => Ok(again),
    }
}

async fn room_again(tx: &mut Tx, log: &mut OpenLog, room: RoomId, mode: Mode) -> Result<Again> {
    let Some(told) = folded(tx, log, Log::Room(room), Fold::new(room)).await? else { return Ok(Again::LeftAlone) };
    let mut stored = Vec::new();
    let tables = projections::adoptable();
    for table in tables {
        stored.push(projections::rows(tx, table, room).await?);
    }
    let texts = private::texts(tx, projections::private_hashes(&told)).await?;
    let differing = differing(tables, &projections::room_rows_told(&told, &texts), stored.clone());
    let total = count(&differing);
    if total == 0 || mode == Mode::Count {
        return Ok(outcome(total));
    }
    let state = state_of_room(tx, room, &told).await?;
    let texts = private::texts(tx, projections::private_hashes(&state)).await?;
    check(tables, &projections::room_rows_told(&state, &texts), stored)?;
    // Without the private texts, their hashes are shown.
    let [before, after] = [&told, &state].map(|state| projections::room_rows_told(state, &PrivateTexts::new()));
    append(tx, log, listed(tables, &differing, [&before, &after]), &state).await?;
    projections::search::write_anew(tx, room).await?;
    Ok(outcome(total))
}

async fn platform_again(tx: &mut Tx, log: &mut OpenLog, mode: Mode) -> Result<Again> {
    let fold = PlatformFold::of_platform();
    let Some(told) = folded(tx, log, Log::Platform, fold).await? else { return Ok(Again::LeftAlone) };
    let mut stored = Vec::new();
    for table in &PLATFORM_TABLES {
        stored.push(projections::rows_of_platform(tx, table).await?);
    }
    let before = projections::platform_rows_told(&told);
    let differing = differing(&PLATFORM_TABLES, &before, stored.clone());
    let total = count(&differing);
    if total == 0 || mode == Mode::Count {
        return Ok(outcome(total));
    }
    let state = state_of_platform(tx, &told).await?;
    let after = projections::platform_rows_told(&state);
    check(&PLATFORM_TABLES, &after, stored)?;
    append(tx, log, listed(&PLATFORM_TABLES, &differing, [&before, &after]), &state).await?;
    Ok(outcome(total))
}

fn outcome(total: usize) -> Again {
    if total == 0 { Again::LeftAlone } else { Again::Differs(total) }
}

/// Returns what a log tells. `None` if it does not tell everything; its adoption is not this one.
async fn folded<S: Subject>(tx: &mut Tx, open: &OpenLog, log: Log, empty: Fold<S>) -> Result<Option<S>> {
    let read = reading::read_entries(tx, log, open.head(), empty, |_| ()).await?;
    read.map(Fold::into_state).map_err(Error::Refused)
}

/// Returns the state of a room as its rows have it, and what stands in no row as the log tells it.
async fn state_of_room(tx: &mut Tx, room: RoomId, told: &State) -> Result<State> {
    let mut state = State { seen: told.seen.clone(), ..room_rows::state(tx, room).await? };
    for (id, snapshot) in &mut state.snapshots {
        if let Some(told) = told.snapshots.get(id) {
            snapshot.record_sha256.clone_from(&told.record_sha256);
            snapshot.shows.clone_from(&told.shows);
            snapshot.body.clone_from(&told.body);
        }
    }
    for (subject, request) in &mut state.requests {
        // A row that was made to look like a request whose reason all may read must not make the reason public.
        let is_told = told.requests.get(subject).is_some_and(|told| told.reason == request.reason);
        if let Some(reason) = request.reason.take_if(|_| !is_told) {
            request.reason_hash = Some(private::keep(tx, &reason).await?);
        }
    }
    Ok(state)
}

/// Returns the state of the platform as its rows have it. Rows have no order; keys stay in that of the log.
async fn state_of_platform(tx: &mut Tx, told: &PlatformState) -> Result<PlatformState> {
    let mut state = platform_adoption::state_in_rows(tx).await?;
    state.keys.sort_by_key(|key| {
        let at = told.keys.iter().position(|told| told.public_key == key.public_key);
        at.unwrap_or(usize::MAX)
    });
    Ok(state)
}

/// A row that differs, with its table.
type InTable<'a> = (&'a Table, Differing);

fn differing<'a>(tables: &'a [Table], told: &[Rows], stored: Vec<Vec<Values>>) -> Vec<InTable<'a>> {
    let tables = tables.iter().zip(told).zip(stored);
    let found = tables.flat_map(|((table, told), stored)| {
        projections::differing(table, told, stored).into_iter().map(move |differing| (table, differing))
    });
    found.collect()
}

/// Returns how many columns and whole rows differ.
fn count(differing: &[InTable<'_>]) -> usize {
    differing.iter().map(|(_, differing)| differing.columns().len().max(1)).sum()
}

/// Refuses a state that the rows would differ from, too: what a row says against a rule of the fold cannot be adopted.
fn check(tables: &[Table], told: &[Rows], stored: Vec<Vec<Values>>) -> Result<()> {
    let differing = differing(tables, told, stored);
    let Some((table, first)) = differing.first() else { return Ok(()) };
    let column = first.columns().first().map_or("", |at| table.columns[*at].0);
    Err(Error::Refused(format!(
        "the row {} of `{}` says what no log can tell (`{column}`); put it right by hand first",
        first.id, table.name
    )))
}

/// Lists the differences. `shown` has the rows as the log told them, and as it is going to tell them.
fn listed(tables: &[Table], differing: &[InTable<'_>], [before, after]: [&[Rows]; 2]) -> Vec<Difference> {
    let rows_of = |name: &str, rows: &'_ [Rows], id: &str| {
        tables.iter().position(|table| table.name == name).and_then(|at| rows.get(at)?.get(id).cloned())
    };
    let mut list = Vec::new();
    for (table, Differing { id, told, stored }) in differing {
        let whole = |fault| Difference {
            table: table.name.to_owned(),
            id: shortened(id),
            fault,
            column: None,
            log: None,
            row: None,
        };
        match (told, stored) {
            (Some(_), None) => list.push(whole(RowFault::Missing)),
            (None, _) => list.push(whole(RowFault::Added)),
            (Some(told), Some(stored)) => {
                let shown = [before, after].map(|rows| rows_of(table.name, rows, id).unwrap_or_default());
                let columns = (0..told.len()).filter(|at| told[*at] != stored[*at]);
                list.extend(columns.map(|at| {
                    let [log, row] = [0, 1].map(|which: usize| shown[which].get(at).and_then(as_text));
                    Difference { column: Some(table.columns[at].0.to_owned()), log, row, ..whole(RowFault::Changed) }
                }));
            }
        }
    }
    list
}

/// Returns a value as text. `None` for NULL.
fn as_text(value: &Value) -> Option<String> {
    (*value != Value::Null).then(|| shortened(&value.to_string()))
}

/// Returns a text, or of a long one the beginning and the SHA-256 of the whole.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… (SHA-256 {})", &text[..end], hex::encode(Sha256::digest(text))),
    }
}

async fn append<S: Subject>(tx: &mut Tx, log: &mut OpenLog, differences: Vec<Difference>, state: &S) -> Result<()> {
    let events: Vec<Event> = Adoption::events_again(differences, state)
        .map_err(|error| Error::internal(format!("the entries of an adoption: {error}")))?;
    for event in &events {
        log.append(tx, event).await?;
    }
    Ok(())
}
