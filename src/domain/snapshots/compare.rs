//! Compares two moments of a room by the records of them, and returns what changed in the room between them.

use room::{Log, RoomId, SnapshotId, Time};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{position::Moment, record};
use crate::{
    app::App,
    db::{self, Tx, snapshots::Snapshot},
    domain::snapshots,
    error::{Error, Result},
    portion::weight,
};

/// The differences between two records.
#[derive(Debug, Serialize, ToSchema)]
pub struct Comparison {
    /// Fields of the room that differ, its phase among them.
    pub room: Vec<FieldChange>,
    /// Progress, blockers and clocks; null if a record is from before they were held.
    pub standing: Option<Vec<FieldChange>>,
    /// The parties that take part in the room.
    pub parties: SectionChange,
    /// The vessels; null if a record is from before they were held.
    pub vessels: Option<SectionChange>,
    /// The documents with their versions and decisions; null if a record was taken without them.
    pub documents: Option<SectionChange>,
    /// The parties' approvals of the vessels; null if a record was taken without them.
    pub approvals: Option<SectionChange>,
    /// How many more entries the room's log has in the second record.
    pub log_entries: i64,
    /// How many differences are not listed because the response would be too large; records of snapshots have them.
    pub left_out: usize,
}

/// The bytes of JSON that are left for differences, and how many differences did not fit.
struct Budget {
    bytes: usize,
    left_out: usize,
}

impl Budget {
    fn keep<T: Serialize>(&mut self, rows: &mut Vec<T>) {
        rows.retain(|row| {
            let rest = self.bytes.checked_sub(weight(row) + 1);
            self.bytes = rest.unwrap_or(self.bytes);
            self.left_out += usize::from(rest.is_none());
            rest.is_some()
        });
    }

    fn keep_section(&mut self, section: &mut SectionChange) {
        for row in &mut section.changed {
            // Name and id are sent with the changes, so they count too.
            self.bytes = self.bytes.saturating_sub(row.name.len() + row.id.len());
            self.keep(&mut row.changes);
        }
        section.changed.retain(|row| !row.changes.is_empty());
        self.keep(&mut section.added);
        self.keep(&mut section.removed);
    }
}

impl Comparison {
    /// Leaves out the differences that do not fit into so many bytes of JSON, and counts them.
    #[must_use]
    pub fn within(mut self, bytes: usize) -> Self {
        let mut budget = Budget { bytes, left_out: 0 };
        budget.keep(&mut self.room);
        if let Some(standing) = &mut self.standing {
            budget.keep(standing);
        }
        budget.keep_section(&mut self.parties);
        for section in [&mut self.vessels, &mut self.documents, &mut self.approvals].into_iter().flatten() {
            budget.keep_section(section);
        }
        self.left_out += budget.left_out;
        self
    }
}

/// A field that differs between two records.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FieldChange {
    /// The name of the field, with its path in the row: `versions[2].decisions[1].verdict`.
    pub field: String,
    /// The value in the first record; null if the field is missing there.
    #[schema(value_type = Value)]
    pub from: Option<Value>,
    /// The value in the second record; null if the field is missing there.
    #[schema(value_type = Value)]
    pub to: Option<Value>,
}

/// What differs in a section whose rows have ids.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct SectionChange {
    /// Rows that only the second record has.
    #[schema(value_type = Vec<Object>)]
    pub added: Vec<Value>,
    /// Rows that only the first record has.
    #[schema(value_type = Vec<Object>)]
    pub removed: Vec<Value>,
    /// Rows that both records have, and that differ.
    pub changed: Vec<RowChange>,
}

/// A row that both records have, and that differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowChange {
    /// The id of the row.
    pub id: String,
    /// The name of the row, or the address of the party that made it.
    pub name: String,
    /// The fields that differ.
    pub changes: Vec<FieldChange>,
}

/// One of the two moments of a room that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that a snapshot shows.
    Snapshot(SnapshotId),
    /// One of the room's log.
    Moment(Moment),
}

/// What a side was found to be.
#[derive(Debug)]
pub struct Found {
    /// The snapshot, if it is one.
    pub snapshot: Option<Snapshot>,
    /// The number of entries of the room's log before it.
    pub size: u64,
    /// The instant at which it shows the room.
    pub at: Time,
}

/// Compares two moments of a room. Returns what they are, with their differences.
///
/// # Errors
///
/// Fails if there is no such snapshot, and as [`Moment::find`] does, with the faults of the first side under `from_` and
/// those of the second under `to_`.
pub async fn compare(app: &App, room: RoomId, [from, to]: [Side; 2]) -> Result<([Found; 2], Comparison)> {
    let (from, before) = found(app, room, from).await.map_err(|error| error.under("from_"))?;
    let (to, after) = found(app, room, to).await.map_err(|error| error.under("to_"))?;
    Ok(([from, to], between(&before, &after)))
}

/// Compares two moments of a room as [`compare`] does, the earlier with the later one.
///
/// # Errors
///
/// As [`compare`].
pub async fn compare_in_order(app: &App, room: RoomId, [one, other]: [Side; 2]) -> Result<([Found; 2], Comparison)> {
    let (one, of_one) = found(app, room, one).await.map_err(|error| error.under("from_"))?;
    let (other, of_other) = found(app, room, other).await.map_err(|error| error.under("to_"))?;
    if (one.size, one.at) <= (other.size, other.at) {
        Ok(([one, other], between(&of_one, &of_other)))
    } else {
        Ok(([other, one], between(&of_other, &of_one)))
    }
}

/// Returns a side, and what is drawn of it, in which all schemas have the same sections.
async fn found(app: &App, room: RoomId, side: Side) -> Result<(Found, Value)> {
    let (snapshot, at, drawn) = match side {
        Side::Snapshot(id) => {
            let snapshot = app.db.read(async |tx| snapshots::find(tx, room, id).await).await?;
            let record = record::of(app, &snapshot).await?.canonical;
            let read = move || report::record::read(&record).map(Box::new);
            let drawn = aside(move || read().map_err(|error| error.to_string())).await?;
            let at = snapshot.shown_at.unwrap_or(snapshot.created_at);
            (Some(snapshot), at, drawn)
        }
        Side::Moment(moment) => {
            let (log, now) = (Log::Room(room), app.now());
            let find = async |tx: &mut Tx| {
                let head = db::logs::head(tx, log).await?.ok_or(Error::NotFound("room"))?;
                moment.find(tx, log, &head.range, now).await
            };
            let position = app.db.read(find).await?;
            (None, position.at, Box::new(record::drawn_at(app, room, &position).await?))
        }
    };
    let drawn = aside(move || serde_json::to_value(&drawn).map_err(|error| error.to_string())).await?;
    let entries = drawn["log"]["size"].as_u64().unwrap_or_default();
    Ok((Found { snapshot, size: entries, at }, drawn))
}

/// Reads or renders a record on a thread of its own, which takes long for a large room.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(error.to_string()))?;
    done.map_err(|error| Error::internal(format!("the record of a moment: {error}")))
}

/// Returns the differences between two records, which may be of different schemas.
pub fn between(first: &Value, second: &Value) -> Comparison {
    let section = |name: &str| match (first.get(name), second.get(name)) {
        (Some(first), Some(second)) => Some(sections(first, second)),
        _ => None,
    };
    let size = |record: &Value| record["log"]["size"].as_i64().unwrap_or_default();
    Comparison {
        room: fields(&first["room"], &second["room"]),
        standing: first.get("standing").zip(second.get("standing")).map(|(first, second)| fields(first, second)),
        parties: section("parties").unwrap_or_default(),
        vessels: section("vessels"),
        documents: section("documents"),
        approvals: section("approvals"),
        log_entries: size(second) - size(first),
        left_out: 0,
    }
}

fn sections(first: &Value, second: &Value) -> SectionChange {
    let (first, second) = (rows(first), rows(second));
    let same = |rows: &'_ [Value], id: &Value| rows.iter().position(|row| row["id"] == *id);
    let only = |rows: &[Value], others: &[Value]| {
        rows.iter().filter(|row| same(others, &row["id"]).is_none()).cloned().collect()
    };
    let both = second.iter().filter_map(|after| Some((&first[same(first, &after["id"])?], after)));
    SectionChange {
        added: only(second, first),
        removed: only(first, second),
        changed: both
            .filter(|(before, after)| before != after)
            .map(|(before, after)| RowChange {
                id: after["id"].as_str().unwrap_or_default().to_owned(),
                name: name_of(after).to_owned(),
                changes: fields(before, after),
            })
            .collect(),
    }
}

fn rows(section: &Value) -> &[Value] {
    section.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn name_of(row: &Value) -> &str {
    ["name", "by"].into_iter().find_map(|field| row[field].as_str()).unwrap_or_default()
}

fn fields(first: &Value, second: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    walk("", Some(first), Some(second), &mut changes);
    changes
}

/// Adds a change for each field that differs below this path. Objects are compared by the names of their fields, lists
/// by the ids of their elements.
fn walk(path: &str, first: Option<&Value>, second: Option<&Value>, changes: &mut Vec<FieldChange>) {
    match (first, second) {
        (first, second) if first == second => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let added = after.keys().filter(|name| !before.contains_key(*name));
            for name in before.keys().chain(added) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(&path, before.get(name), after.get(name), changes);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => walk_list(path, before, after, changes),
        (from, to) => changes.push(FieldChange { field: path.to_owned(), from: from.cloned(), to: to.cloned() }),
    }
}

/// Compares two lists. Elements with an id are compared with those of the same id, under their index in the second
/// list, from 1. Other elements are compared whole: those that both lists have are no difference.
fn walk_list(path: &str, before: &[Value], after: &[Value], changes: &mut Vec<FieldChange>) {
    let same =
        |one: &Value, other: &Value| one == other || (one.get("id").is_some() && one.get("id") == other.get("id"));
    let mut gone: Vec<_> = before.iter().collect();
    let mut came = Vec::new();
    for (index, to) in after.iter().enumerate() {
        match gone.iter().position(|from| same(from, to)) {
            // Taken out of `gone`, since an element that is in one list twice and in the other once is a difference.
            Some(at) => walk(&format!("{path}[{}]", index + 1), Some(gone.remove(at)), Some(to), changes),
            None => came.push(to),
        }
    }
    let change = |from: Option<&Value>, to: Option<&Value>| FieldChange {
        field: path.to_owned(),
        from: from.cloned(),
        to: to.cloned(),
    };
    changes.extend(gone.into_iter().map(|from| change(Some(from), None)));
    changes.extend(came.into_iter().map(|to| change(None, Some(to))));
}
