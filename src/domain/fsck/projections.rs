//! Holds the rows of a room against the fold of its log: every column of every row.

use std::collections::HashSet;

use room::fold::{PlatformState, State};

use super::{
    database,
    finding::{Finding, Kind, Location, Remedy},
    labels,
    repair::{self, Repaired},
    run::{Mode, Run},
};
use crate::{
    db::{
        self,
        projections::{self, Differing, PLATFORM_TABLES, PrivateTexts, Rows, TABLES, Table, Value, Values},
    },
    domain::log::private,
    error::Result,
};

/// The longest value that a finding shows, in characters.
const LONGEST_VALUE: usize = 120;

/// Compares the rows of a room with what its log tells. `stored` has the rows of each table, in the order of
/// [`TABLES`], as of the instant that `state` is the fold of.
pub(super) async fn check(
    run: &mut Run<'_>,
    location: &Location,
    state: &State,
    stored: Vec<Vec<Values>>,
) -> Result<()> {
    let texts = private_texts(run, location, state).await?;
    let expected = projections::room_rows_told(state, &texts);
    let faults = faults(&TABLES, &expected, stored);
    report(run, location, faults, |table, id| labels::of_room(table, id, state)).await
}

/// Compares the rows of the platform with what its log tells. `stored` has the rows of each table, in the order of
/// [`PLATFORM_TABLES`].
pub(super) async fn check_platform(
    run: &mut Run<'_>,
    location: &Location,
    state: &PlatformState,
    stored: Vec<Vec<Values>>,
) -> Result<()> {
    let faults = faults(&PLATFORM_TABLES, &projections::platform_rows_told(state), stored);
    report(run, location, faults, |table, id| labels::of_platform(table, id, state)).await
}

/// Returns the rows that are not what the log tells, each fault once, with their tables.
fn faults(tables: &'static [Table], expected: &[Rows], stored: Vec<Vec<Values>>) -> Vec<(&'static Table, Fault)> {
    // A row whose parent is missing or too many is not found by its parent either, and is the same fault.
    let mut blamed = HashSet::new();
    let mut faults = Vec::new();
    for ((table, expected), stored) in tables.iter().zip(expected).zip(stored) {
        for fault in differences(table, expected, stored) {
            let is_whole = fault.columns.is_empty();
            let is_new = !is_whole || fault.parent.as_ref().is_none_or(|parent| !blamed.contains(parent));
            // After the question: the file of a snapshot has the id of its snapshot.
            if is_whole {
                blamed.insert(fault.id.clone());
            }
            if is_new {
                faults.push((table, fault));
            }
        }
    }
    faults
}

/// Reports the rows that are not what the log tells, after they were written anew if this run repairs.
async fn report(
    run: &mut Run<'_>,
    location: &Location,
    faults: Vec<(&'static Table, Fault)>,
    label_of: impl Fn(&str, &str) -> String,
) -> Result<()> {
    let repairs = run.mode == Mode::Repair && faults.iter().any(|(table, fault)| fault.can_be_written(table));
    let repaired = if repairs { repair::write_anew(run.app, location.log).await } else { Ok(Repaired::new()) };
    if let Err(error) = repaired.as_ref()
        && database::is_of_the_check(error)
    {
        return repaired.map(drop);
    }
    for (table, fault) in faults {
        let label = label_of(table.name, &fault.id);
        let what = match &*fault.columns {
            [column] => format!("{}.{column} of {label}", table.name),
            _ => format!("{} of {label}", table.name),
        };
        let remedy = match (run.mode, &repaired) {
            (Mode::Repair, Ok(repaired)) if repaired.contains(&(table.name, fault.id.clone())) => Remedy::Repaired,
            (Mode::Look, _) if fault.can_be_written(table) => Remedy::Repair,
            _ => Remedy::None,
        };
        let words = match &repaired {
            Err(error) if fault.can_be_written(table) => format!("{}; writing it anew failed: {error}", fault.words),
            _ => fault.words,
        };
        run.add(Finding::new(location, Kind::Row, what, words).with(remedy));
    }
    Ok(())
}

/// Reads the private texts that the log has the hashes of. Those that are missing, or are not what was hashed, are
/// reported.
async fn private_texts(run: &mut Run<'_>, location: &Location, state: &State) -> Result<PrivateTexts> {
    let mut texts = PrivateTexts::new();
    for hash in projections::private_hashes(state) {
        let wanted = hash.clone();
        let found = run.app.db.read(async move |tx| db::private_texts::find(tx, &wanted).await).await?;
        let fault = match found {
            None => "it is missing",
            Some((salt, text)) if private::hash_of(&salt, &text) == hash => {
                texts.insert(hash, text);
                continue;
            }
            Some(_) => "it is not the text that the log has the hash of",
        };
        run.add(Finding::new(location, Kind::Row, format!("the private text {hash}"), fault));
    }
    Ok(texts)
}

/// A row that is not what the log tells.
pub(super) struct Fault {
    /// The id of the row.
    pub(super) id: String,
    /// Whether the row is there, and the log does not tell of it.
    is_extra: bool,
    /// The id of the row that this one belongs to, if there is another table of such rows.
    parent: Option<String>,
    /// The columns that differ; none if the whole row is missing or too many.
    columns: Vec<&'static str>,
    words: String,
}

impl Fault {
    /// Returns whether what the log tells is all that it takes to put the row right. What is kept beside the log, such
    /// as the hash of a password or the record of a snapshot, cannot be made from it.
    pub(super) fn can_be_written(&self, table: &Table) -> bool {
        let is_kept = |name: &str| table.columns.iter().any(|(column, kind)| *column == name && kind.is_kept());
        if !self.columns.is_empty() {
            return !self.columns.iter().any(|column| is_kept(column));
        }
        self.is_extra || (table.name != "snapshots" && !table.columns.iter().any(|(column, _)| is_kept(column)))
    }
}

/// Compares the rows of one table with what the log tells of it.
pub(super) fn differences(table: &Table, expected: &Rows, stored: Vec<Values>) -> Vec<Fault> {
    projections::differing(table, expected, stored).into_iter().map(|differing| fault_of(table, differing)).collect()
}

fn fault_of(table: &Table, differing: Differing) -> Fault {
    let columns = differing.columns();
    let Differing { id, told, stored } = differing;
    let (parent, words) = match (&told, &stored) {
        (Some(told), Some(row)) => {
            let words = |at: &usize| words_for(&told[*at], &row[*at]);
            let several = || columns.iter().map(|at| format!("{}: {}", table.columns[*at].0, words(at)));
            let words = if let [at] = &*columns { words(at) } else { several().collect::<Vec<_>>().join("; ") };
            (None, words)
        }
        (Some(told), None) => (parent_of(table, told), "the log tells of it, and its row is missing".to_owned()),
        (None, row) => {
            (row.as_ref().and_then(|row| parent_of(table, row)), "the log does not tell of this row".to_owned())
        }
    };
    let columns = columns.into_iter().map(|at| table.columns[at].0).collect();
    Fault { id, is_extra: told.is_none(), parent, columns, words }
}

fn parent_of(table: &Table, row: &Values) -> Option<String> {
    let column = match table.name {
        "document_versions" => "document_id",
        "version_statements" | "decisions" => "version_id",
        "snapshot_positions" | "snapshot_bodies" | "snapshot_files" | "snapshot_seals" => "snapshot_id",
        _ => return None,
    };
    let at = table.columns.iter().position(|(name, _)| *name == column)?;
    row.get(at).map(ToString::to_string)
}

fn words_for(told: &Value, row: &Value) -> String {
    format!("the log says {}, the row says {}", shown(told), shown(row))
}

fn shown(value: &Value) -> String {
    if *value == Value::Null {
        return value.to_string();
    }
    let value = value.to_string();
    let shown: String = value.chars().take(LONGEST_VALUE).collect();
    if shown.len() < value.len() { format!("`{shown}…`") } else { format!("`{shown}`") }
}
