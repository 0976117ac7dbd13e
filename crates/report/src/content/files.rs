//! The CSV files: their names, their descriptions and their rows.

use super::cell::Value;
use super::context::Context;
use super::facts::{ROOM_FIELDS, SNAPSHOT_FIELDS};
use super::field::Field;
use super::{activity, clocks, papers, parties, standing, vessels};

/// A file of the CSV snapshot.
pub(crate) struct File<'a> {
    /// Name of the file.
    pub(crate) name: &'static str,
    /// Description of its content, in a few words.
    pub(crate) holds: &'static str,
    /// Names of its columns.
    pub(crate) header: Vec<&'static str>,
    /// Rows, each of which exists only while it is written.
    pub(crate) rows: Box<dyn ExactSizeIterator<Item = Vec<Value>> + 'a>,
}

/// Returns the files of a record, in the order of the PDF's sections.
pub(crate) fn files(context: &Context) -> Vec<File<'_>> {
    let record = &context.record;
    let mut room = facts(ROOM_FIELDS, &record.room);
    room.extend(record.standing.iter().flat_map(|standing| facts(standing::FIELDS, standing)));
    let mut files = vec![
        facts_file("snapshot.csv", "facts of the snapshot: key, value", facts(SNAPSHOT_FIELDS, context)),
        facts_file("room.csv", "facts of the room: key, value", room),
    ];
    if let Some(standing) = &record.standing {
        let (blockers, expiring) = (&standing.blockers, &standing.expiring_soon);
        files.extend([
            table_file(
                "blockers.csv",
                "what keeps the operation from its next phase",
                standing::blocker_fields(),
                blockers,
            ),
            facts_file("clocks.csv", "the trade's clocks: key, value", facts(clocks::FIELDS, &standing.clocks)),
            table_file("expiring.csv", "documents that run out, the earliest first", clocks::expiry_fields(), expiring),
        ]);
    }
    if !record.predates_documents() {
        files.push(table_file("vessels.csv", "the vessels", vessels::fields(), &record.vessels));
    }
    if let Some(documents) = &record.documents {
        let (versions, decisions) = (papers::versions(documents), papers::decisions(documents));
        files.extend([
            table_file(
                "documents.csv",
                "the documents of the vessels and of the room",
                papers::document_fields(context.edition.rules()),
                documents,
            ),
            table_file(
                "versions.csv",
                "what was uploaded for them, oldest first",
                papers::version_fields(context.edition.rules()),
                versions,
            ),
            table_file(
                "decisions.csv",
                "what was decided on versions, oldest first",
                papers::decision_fields(),
                decisions,
            ),
        ]);
    }
    if let Some(approvals) = &record.approvals {
        files.push(table_file("approvals.csv", "clearances of the vessels", vessels::approval_fields(), approvals));
    }
    files.push(table_file("parties.csv", "who takes part", parties::fields(), &record.parties));
    if let Some(entries) = &record.activity {
        let holds = "the room's log, oldest entry first; `meta` is JSON";
        files.push(table_file("activity.csv", holds, activity::fields(), entries));
    }
    files
}

/// Returns a file that has a line for each row.
fn table_file<'a, R: 'a>(
    name: &'static str,
    holds: &'static str,
    fields: Vec<Field<R>>,
    rows: impl IntoIterator<Item = R>,
) -> File<'a> {
    let header = fields.iter().map(|field| field.name).collect();
    let rows: Vec<R> = rows.into_iter().collect();
    let rows = rows.into_iter().map(move |row| fields.iter().map(|field| (field.value)(&row)).collect());
    File { name, holds, header, rows: Box::new(rows) }
}

/// Returns a file that has a line for each fact.
fn facts_file<'a>(name: &'static str, holds: &'static str, facts: Vec<Vec<Value>>) -> File<'a> {
    File { name, holds, header: vec!["key", "value"], rows: Box::new(facts.into_iter()) }
}

fn facts<R>(fields: &[Field<R>], of: &R) -> Vec<Vec<Value>> {
    fields.iter().map(|field| vec![field.name.into(), (field.value)(of)]).collect()
}
