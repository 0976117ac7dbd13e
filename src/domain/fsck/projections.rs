//! Holds the rows of a room against the fold of its log: every column of every row.

use std::collections::HashSet;

use room::fold::{PlatformState, State};

use super::{
    finding::{Finding, Kind, Location},
    labels,
};
use crate::{
    db::{
        self,
        projections::{self, PLATFORM_TABLES, PrivateTexts, Rows, TABLES, Table, Value, Values},
    },
    domain::{fsck::run::Run, log::private},
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
    compare(run, location, (&TABLES, &expected, stored), |table, id| labels::of_room(table, id, state));
    Ok(())
}

/// Compares the rows of the platform with what its log tells. `stored` has the rows of each table, in the order of
/// [`PLATFORM_TABLES`].
pub(super) fn check_platform(run: &mut Run<'_>, location: &Location, state: &PlatformState, stored: Vec<Vec<Values>>) {
    let expected = projections::platform_rows_told(state);
    compare(run, location, (&PLATFORM_TABLES, &expected, stored), |table, id| labels::of_platform(table, id, state));
}

fn compare(
    run: &mut Run<'_>,
    location: &Location,
    (tables, expected, stored): (&[Table], &[Rows], Vec<Vec<Values>>),
    label_of: impl Fn(&str, &str) -> String,
) {
    // A row whose parent is missing or too many is not found by its parent either, and is the same fault.
    let mut blamed = HashSet::new();
    for ((table, expected), stored) in tables.iter().zip(expected).zip(stored) {
        for fault in differences(table, expected, stored) {
            let is_whole = fault.columns.is_empty();
            if is_whole && fault.parent.is_some_and(|parent| blamed.contains(&parent)) {
                blamed.insert(fault.id);
                continue;
            }
            if is_whole {
                blamed.insert(fault.id.clone());
            }
            let label = label_of(table.name, &fault.id);
            let what = match &*fault.columns {
                [column] => format!("{}.{column} of {label}", table.name),
                _ => format!("{} of {label}", table.name),
            };
            run.add(Finding::new(location, Kind::Row, what, fault.words));
        }
    }
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
struct Fault {
    id: String,
    /// The id of the row that this one belongs to, if there is another table of such rows.
    parent: Option<String>,
    /// The columns that differ; none if the whole row is missing or too many.
    columns: Vec<&'static str>,
    words: String,
}

fn differences(table: &Table, expected: &Rows, stored: Vec<Values>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut missing = expected.clone();
    for row in stored {
        let id = projections::id_of(&row);
        let Some(told) = missing.remove(&id) else {
            let words = "the log does not tell of this row".to_owned();
            faults.push(Fault { id, parent: parent_of(table, &row), columns: Vec::new(), words });
            continue;
        };
        let differing = table.columns.iter().zip(told.iter().zip(&row)).filter(|(_, (told, row))| told != row);
        let differing: Vec<_> = differing.map(|((column, _), (told, row))| (*column, words_for(told, row))).collect();
        let words = match &*differing {
            [] => continue,
            [(_, words)] => words.clone(),
            several => {
                several.iter().map(|(column, words)| format!("{column}: {words}")).collect::<Vec<_>>().join("; ")
            }
        };
        let columns = differing.into_iter().map(|(column, _)| column).collect();
        faults.push(Fault { id, parent: None, columns, words });
    }
    // A request may have gone without an entry: it has run out, or whoever made it is no admin any more. Nothing can be
    // done by way of a request that is not there.
    if table.name != "confirmations" {
        faults.extend(missing.into_iter().map(|(id, told)| Fault {
            id,
            parent: parent_of(table, &told),
            columns: Vec::new(),
            words: "the log tells of it, and its row is missing".to_owned(),
        }));
    }
    faults
}

fn parent_of(table: &Table, row: &Values) -> Option<String> {
    let column = match table.name {
        "document_versions" => "document_id",
        "decisions" => "version_id",
        "snapshot_files" | "snapshot_seals" => "snapshot_id",
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
