//! Stores and removes the rows that repeat what a log tells.

use std::sync::LazyLock;

use room::fold::{Part, PlatformPart, PlatformState, State, Upload};

use super::{
    PLATFORM_TABLES, PrivateTexts, TABLES, Table, Values,
    of_platform::{account_row, key_row, type_row},
    of_room::{
        approval_row, body_row, decision_row, file_row, hold_row, party_row, position_row, request_row, room_row,
        slot_row, snapshot_row, statements_row, version_row, vessel_row,
    },
    search,
};
use crate::{
    db::{Param, Tx},
    error::{Error, Result},
};

/// The statements by which the rows of a table are changed, one row each.
pub(super) struct Statements {
    pub(super) table: &'static Table,
    upsert: String,
    delete: String,
}

/// The statements for [`TABLES`] and then for [`PLATFORM_TABLES`], made once, so that the drivers know them again.
static STATEMENTS: LazyLock<Vec<Statements>> =
    LazyLock::new(|| TABLES.iter().chain(&PLATFORM_TABLES).map(Statements::of).collect());

impl Statements {
    fn of(table: &'static Table) -> Self {
        let id = table.columns.first().map_or("", |(name, _)| name);
        let told = || table.columns.iter().filter(|(_, kind)| !kind.is_kept()).map(|(name, _)| *name);
        let kept = table.columns.iter().filter(|(_, kind)| kind.is_kept()).map(|(name, _)| *name);
        let places = (1..=told().count()).map(|place| format!("?{place}"));
        // What is kept beside the log is stored by whoever has it, after the row is there.
        let columns: Vec<_> = told().chain(kept.clone()).collect();
        let values: Vec<_> = places.chain(kept.map(|_| "''".to_owned())).collect();
        let changes: Vec<_> = told().skip(1).map(|name| format!("{name} = excluded.{name}")).collect();
        let (name, columns, values, changes) = (table.name, columns.join(", "), values.join(", "), changes.join(", "));
        Self {
            table,
            upsert: format!(
                "INSERT INTO {name} ({columns}) VALUES ({values}) ON CONFLICT ({id}) DO UPDATE SET {changes}"
            ),
            delete: format!("DELETE FROM {name} WHERE {id} = ?1"),
        }
    }

    async fn put(&self, tx: &mut Tx, row: &Values) -> Result<()> {
        let told = row.iter().zip(self.table.columns).filter(|(_, (_, kind))| !kind.is_kept());
        let params: Vec<_> = told.map(|(value, _)| value as &dyn Param).collect();
        tx.exec(&self.upsert, &params).await.map(drop)
    }

    async fn remove(&self, tx: &mut Tx, id: &str) -> Result<()> {
        tx.exec(&self.delete, &[&id]).await.map(drop)
    }
}

/// What becomes of one row: what it is then, or `None` if it goes.
pub(super) struct Change {
    pub(super) table: &'static str,
    pub(super) id: String,
    pub(super) row: Option<Values>,
}

impl Change {
    pub(super) fn of(table: &'static str, id: &impl ToString, row: Option<Values>) -> Self {
        Self { table, id: id.to_string(), row }
    }
}

/// Returns what becomes of the rows of these parts of a room. `texts` has the private texts that they name.
pub(super) fn changes_in_room(state: &State, parts: &[Part], texts: &PrivateTexts) -> Vec<Change> {
    let rows = parts.iter().flat_map(|part| changes_of(state, *part, texts));
    rows.chain(search::changes(state, parts)).collect()
}

/// Returns what becomes of the rows of these parts of the platform. A new account has no password yet.
pub(super) fn changes_in_platform(state: &PlatformState, parts: &[PlatformPart]) -> Vec<Change> {
    parts.iter().map(|part| change_of(state, part)).collect()
}

/// Stores a row of this table, in place of the one that has its id.
pub async fn put(tx: &mut Tx, table: &str, row: &Values) -> Result<()> {
    statements(table)?.put(tx, row).await
}

/// Removes the row of this table that has this id, if there is one.
pub async fn delete(tx: &mut Tx, table: &str, id: &str) -> Result<()> {
    statements(table)?.remove(tx, id).await
}

pub(super) fn statements(table: &str) -> Result<&'static Statements> {
    let found = STATEMENTS.iter().find(|statements| statements.table.name == table);
    found.ok_or_else(|| Error::internal(format!("{table} is no table that repeats a log")))
}

/// Stores and removes rows, each in place of the one that has its id.
pub(super) async fn write(tx: &mut Tx, changes: &[Change]) -> Result<()> {
    // Parts come after those that they refer to, so what goes is removed in the opposite order.
    for gone in changes.iter().rev().filter(|change| change.row.is_none()) {
        delete(tx, gone.table, &gone.id).await?;
    }
    for Change { table, row, .. } in changes {
        if let Some(row) = row {
            put(tx, table, row).await?;
        }
    }
    Ok(())
}

fn changes_of(state: &State, part: Part, texts: &PrivateTexts) -> Vec<Change> {
    let room = state.room.id;
    vec![match part {
        Part::Room => Change::of("rooms", &room, Some(room_row(&state.room))),
        Part::Party(id) => Change::of("parties", &id, state.parties.get(&id).map(|party| party_row(room, party))),
        Part::Vessel(id) => Change::of("vessels", &id, state.vessels.get(&id).map(|vessel| vessel_row(room, vessel))),
        Part::Document(id) => Change::of("documents", &id, state.documents.get(&id).map(|slot| slot_row(room, slot))),
        Part::Version(document, id) => {
            let upload = state.upload(document, id);
            Change::of("document_versions", &id, upload.map(|upload| version_row(&upload.version)))
        }
        Part::Statements(document, id) => {
            let upload = state.upload(document, id);
            Change::of("version_statements", &id, upload.and_then(|upload| statements_row(&upload.version)))
        }
        Part::Decision(document, version, id) => {
            let row = state.upload(document, version).and_then(|Upload { decisions, .. }| {
                let at = decisions.iter().rposition(|decision| decision.id == id)?;
                Some(decision_row(i64::try_from(at).unwrap_or(i64::MAX), &decisions[at]))
            });
            Change::of("decisions", &id, row)
        }
        Part::Approval(id) => {
            let approval = state.approvals.get(&id);
            Change::of("approvals", &id, approval.map(|approval| approval_row(room, approval)))
        }
        Part::Snapshot(id) => {
            let snapshot = state.snapshots.get(&id);
            let file = snapshot.and_then(|snapshot| snapshot.file.as_ref());
            return vec![
                Change::of("snapshots", &id, snapshot.map(|snapshot| snapshot_row(room, id, snapshot))),
                Change::of("snapshot_positions", &id, snapshot.and_then(|snapshot| position_row(id, snapshot))),
                Change::of("snapshot_bodies", &id, snapshot.and_then(|snapshot| body_row(id, snapshot))),
                Change::of("snapshot_files", &id, file.map(|file| file_row(id, file))),
            ];
        }
        Part::Hold(id) => Change::of("holds", &id, state.holds.get(&id).map(|hold| hold_row(room, id, hold, texts))),
        Part::Request(id) => {
            let request = state.requests.get(&id);
            Change::of("confirmations", &id, request.map(|request| request_row(room, id, request, texts)))
        }
    }]
}

fn change_of(state: &PlatformState, part: &PlatformPart) -> Change {
    match part {
        PlatformPart::Account(id) => {
            Change::of("users", &id, state.users.get(id).map(|account| account_row(*id, account)))
        }
        PlatformPart::DocumentType(code) => {
            Change::of("document_types", code, state.document_types.get(code).map(type_row))
        }
        PlatformPart::Key(public_key) => {
            let key = state.keys.iter().find(|key| key.public_key == *public_key);
            Change::of("log_keys", public_key, key.map(key_row))
        }
    }
}
