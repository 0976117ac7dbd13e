//! What others have edited meanwhile, as the log tells it: a change that starts from an older state is refused, with
//! what is otherwise now, who changed it and when.
//!
//! The check is made under the log's lock, so that nothing changes between it and the entry. Only if it refuses the
//! change are entries read: back from the state of now, until that is reached which the change starts from.

use room::{ApprovalId, ApprovalStatus, DocumentId, PartyId, Time, VesselId, changes::fields_of};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::operation::OpenLog;
use crate::{
    db::{self, Tx, activity::Entry},
    domain::input::{Basis, Tag, basis::are_same},
    error::{ChangedField, Error, Meanwhile, Result},
};

/// How many of the last entries of a log are looked through for what has changed: the log is locked meanwhile.
const LOOKED_THROUGH: u64 = 2_000;

/// Something that people edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited<'a> {
    /// The details of the room of the log.
    Room,
    /// A vessel of the room.
    Vessel(VesselId),
    /// A party of the room.
    Party(PartyId),
    /// An approval of a vessel.
    Approval(ApprovalId),
    /// The waiver of a document.
    Waiver(DocumentId),
    /// A type of the catalogue, by its code.
    DocumentType(&'a str),
    /// An account, by its address.
    User(&'a str),
}

/// Changes of fields that one entry tells of.
struct Edit {
    by: String,
    at: Time,
    /// Each field with what it was, `None` if that is not known, and with what it became.
    fields: Vec<(String, Option<Value>, Value)>,
}

impl Edited<'_> {
    fn noun(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Vessel(_) => "vessel",
            Self::Party(_) => "party",
            Self::Approval(_) => "approval",
            Self::Waiver(_) => "waiver",
            Self::DocumentType(_) => "document type",
            Self::User(_) => "account",
        }
    }

    /// Returns the actions of the entries that tell of its changes.
    fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Room => &["room_updated"],
            Self::Vessel(_) => &["vessel_updated"],
            Self::Party(_) => &["party_updated"],
            Self::Approval(_) => &["approval_given", "approval_changed", "approval_revoked"],
            Self::Waiver(_) => &["document_waived", "document_waiver_withdrawn"],
            Self::DocumentType(_) => &["document_type_updated"],
            Self::User(_) => &["user_updated", "user_role_changed", "user_disabled", "user_enabled"],
        }
    }

    /// Returns whether an entry with one of these actions tells of it, and not of another one.
    fn is_told_by(self, meta: &Value) -> bool {
        match self {
            Self::Room => true,
            Self::Vessel(id) => meta["vessel_id"] == json!(id),
            Self::Party(id) => meta["party_id"] == json!(id),
            Self::Approval(id) => meta["approval_id"] == json!(id),
            Self::Waiver(id) => meta["document_id"] == json!(id),
            Self::DocumentType(code) => meta["code"] == code,
            Self::User(email) => meta["email"] == email,
        }
    }

    /// Returns the edits that the last entries of the log tell of, newest first.
    async fn edits(self, tx: &mut Tx, log: &OpenLog) -> Result<Vec<Edit>> {
        let from = log.head().size().saturating_sub(LOOKED_THROUGH);
        let mut entries = db::activity::with_actions(tx, log.log(), from, self.actions()).await?;
        entries.retain(|entry| self.is_told_by(&entry.meta));
        let mut edits: Vec<Edit> = Vec::new();
        for entry in entries {
            let Entry { actor: by, at, .. } = &entry;
            let mut fields = Vec::new();
            for (field, from, to) in told(&entry) {
                // What this entry made of a field is what the next one found.
                let later = edits.last_mut().into_iter().flat_map(|edit: &mut Edit| &mut edit.fields);
                later.filter(|(other, ..)| *other == field).for_each(|(_, found, _)| {
                    found.get_or_insert_with(|| to.clone());
                });
                fields.push((field, from, to));
            }
            edits.push(Edit { by: by.clone(), at: *at, fields });
        }
        // Before the first entry of a log there was nothing.
        if from == 0 {
            let unknown = edits.iter_mut().flat_map(|edit| &mut edit.fields).filter(|(_, from, _)| from.is_none());
            unknown.for_each(|(_, from, _)| *from = Some(Value::Null));
        }
        Ok(edits)
    }
}

/// Returns the changes of fields that an entry tells of: each with what it was, if the entry says that, and what it
/// became. Fields have the names of the API.
fn told(entry: &Entry) -> Vec<(String, Option<Value>, Value)> {
    let meta = &entry.meta;
    let one = |field: &str, from: Value, to: Value| vec![(field.to_owned(), Some(from), to)];
    match entry.action.as_str() {
        "user_disabled" => one("disabled", json!(false), json!(true)),
        "user_enabled" => one("disabled", json!(true), json!(false)),
        "user_role_changed" => one("role", meta["from"].clone(), meta["to"].clone()),
        "document_waived" => vec![("reason".to_owned(), None, meta["reason"].clone())],
        "document_waiver_withdrawn" => vec![("reason".to_owned(), None, Value::Null)],
        "approval_given" => of_reply(&meta["status"], &meta["comment"], true),
        "approval_changed" => of_reply(&meta["to"], &meta["comment"], false),
        "approval_revoked" => of_reply(&json!(ApprovalStatus::Pending), &Value::Null, false),
        _ => {
            let changes = meta["changes"].as_object().into_iter().flatten();
            changes.map(|(field, change)| (field.clone(), Some(change["from"].clone()), change["to"].clone())).collect()
        }
    }
}

/// Returns the fields that a party's reply on a vessel sets; `is_first` if there was none before.
fn of_reply(status: &Value, comment: &Value, is_first: bool) -> Vec<(String, Option<Value>, Value)> {
    let word = serde_json::from_value(status.clone()).unwrap_or(ApprovalStatus::Pending);
    let (subjects, reason) = word.subjects_or_reason(comment.as_str().map(str::to_owned));
    let fields = [("status", status.clone()), ("subjects", json!(subjects)), ("reason", json!(reason))];
    fields.into_iter().map(|(field, to)| (field.to_owned(), is_first.then_some(Value::Null), to)).collect()
}

/// Refuses a change of what is edited if others have changed it since the state that the change starts from: `present` is
/// what there is now, `given` the fields that are to have other values.
///
/// A change that starts from the values of fields is refused only for a field that others have changed to another value
/// than it is to have.
pub async fn refuse_overtaken(
    tx: &mut Tx,
    log: &OpenLog,
    edited: Edited<'_>,
    present: &impl Serialize,
    (basis, given): (&Basis, &Map<String, Value>),
) -> Result<()> {
    let present = fields_of(present);
    let now = |field: &String| present.get(field).unwrap_or(&Value::Null);
    match basis {
        Basis::Anything => Ok(()),
        Basis::Tags(tags) if tags.contains(&Tag::of(&present)) => Ok(()),
        Basis::Tags(tags) => {
            let edits = edited.edits(tx, log).await?;
            let before = walk_back(&edits, &present, tags).unwrap_or_else(|| present.clone());
            let changed =
                present.keys().filter(|field| !are_same(before.get(*field).unwrap_or(&Value::Null), now(field)));
            Err(meanwhile(edited, changed.cloned().collect(), &present, &edits))
        }
        Basis::Fields(was) => {
            let is_overtaken = |(field, to): &(&String, &Value)| {
                was.get(*field).is_some_and(|was| !are_same(was, now(field))) && !are_same(to, now(field))
            };
            let overtaken: Vec<_> = given.iter().filter(is_overtaken).map(|(field, _)| field.clone()).collect();
            if overtaken.is_empty() {
                return Ok(());
            }
            let edits = edited.edits(tx, log).await?;
            Err(meanwhile(edited, overtaken, &present, &edits))
        }
    }
}

/// Returns the fields as they were in the last state with one of these tags. `None` if the edits do not lead there.
fn walk_back(edits: &[Edit], present: &Map<String, Value>, tags: &[Tag]) -> Option<Map<String, Value>> {
    let mut fields = present.clone();
    for edit in edits {
        for (field, from, to) in &edit.fields {
            if !are_same(fields.get(field).unwrap_or(&Value::Null), to) {
                return None;
            }
            fields.insert(field.clone(), from.clone()?);
        }
        if tags.contains(&Tag::of(&fields)) {
            return Some(fields);
        }
    }
    None
}

fn meanwhile(edited: Edited<'_>, changed: Vec<String>, present: &Map<String, Value>, edits: &[Edit]) -> Error {
    let fields = changed.into_iter().map(|field| {
        let last = edits.iter().find(|edit| edit.fields.iter().any(|(other, ..)| *other == field));
        let now = present.get(&field).cloned().unwrap_or_default();
        ChangedField { now, last: last.map(|edit| (edit.by.clone(), edit.at)), field }
    });
    Error::ChangedMeanwhile(Box::new(Meanwhile { what: edited.noun(), fields: fields.collect() }))
}
