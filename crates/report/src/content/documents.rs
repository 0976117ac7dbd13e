//! The documents in the PDF: a table for each vessel, and one for the room's own.

use super::block::{Block, Part};
use super::cell::{Cell, Look};
use super::context::Context;
use super::section::Body;
use super::table::{self, Table, left};
use super::verdicts;
use crate::edition::Rules;
use crate::record::{DocumentFacts, Record, VersionFacts};
use crate::words;

/// A row of the table: a document with its version in force, if it has one, or another version of it.
struct Row<'a> {
    document: &'a DocumentFacts,
    version: Option<&'a VersionFacts>,
    in_force: bool,
    decisions: usize,
}

/// Returns the tables of documents.
pub(super) fn section(context: &Context) -> Body<'_> {
    let record = &context.record;
    if record.predates_documents() {
        return Body::Unknown;
    }
    let Some(documents) = &record.documents else { return Body::LeftOut("Documents and their versions were") };
    let rules = context.edition.rules();
    let drawn = versions_drawn(documents, rules);
    // The report says where it draws less than the record has.
    let cut = documents.iter().any(|document| document.versions.len() > drawn);
    let part = |(owner, heading): (Option<&str>, String)| {
        // In a new room most documents have no file: one line for each keeps the report readable.
        let (untouched, touched): (Vec<_>, Vec<_>) =
            documents.iter().filter(|d| d.vessel_id.as_deref() == owner).partition(|document| is_untouched(document));
        let mut blocks = Vec::new();
        if !touched.is_empty() || untouched.is_empty() {
            blocks.push(table().with(touched.into_iter().flat_map(|document| rows(document, drawn, rules))));
        }
        if !untouched.is_empty() {
            blocks.push(Block::Text(Look::Text, "Nothing was uploaded for these:".to_owned()));
            blocks.push(missing().with(untouched));
        }
        Part { heading, blocks }
    };
    let mut parts: Vec<Part<'_>> = owners(record, documents).into_iter().map(part).collect();
    if let Some(first) = parts.first_mut().filter(|_| cut) {
        let newest =
            if drawn == 1 { "version is".to_owned() } else { format!("{} versions are", words::count(drawn as u64)) };
        let said = format!("Of each document, the newest {newest} drawn here. The attached record has the others.");
        first.blocks.insert(0, Block::Text(Look::Text, said));
    }
    Body::Parts(parts)
}

/// Whether nothing has happened to a document yet, so that one line says all of it.
pub(super) fn is_untouched(document: &DocumentFacts) -> bool {
    document.versions.is_empty() && document.waiver.is_none()
}

/// Returns the owners of the documents with the headings of their tables: the vessels in their order, then the room.
/// Every document has an owner here, even if the record does not hold its vessel.
pub(super) fn owners<'a>(record: &'a Record, documents: &'a [DocumentFacts]) -> Vec<(Option<&'a str>, String)> {
    let mut owners = Vec::new();
    for vessel in &record.vessels {
        let role = words::from_identifier(&vessel.role).to_lowercase();
        let status = if vessel.status == "active" { String::new() } else { format!(", {}", vessel.status) };
        owners.push((Some(vessel.id.as_str()), format!("Documents of {} ({role}{status})", vessel.name)));
    }
    for id in documents.iter().filter_map(|document| document.vessel_id.as_deref()) {
        if !owners.iter().any(|(owner, _)| *owner == Some(id)) {
            owners.push((Some(id), format!("Documents of vessel {id}")));
        }
    }
    owners.push((None, "Documents of the operation".to_owned()));
    owners
}

/// Returns at most `most` rows of a document, its version in force first, and then the others from the newest on.
fn rows<'a>(document: &'a DocumentFacts, most: usize, rules: &Rules) -> Vec<Row<'a>> {
    let decisions = rules.decisions;
    let counts = document.in_force();
    let others = document.versions.iter().rev().filter(|version| counts.is_none_or(|counts| counts.id != version.id));
    let others = others.map(|version| Row { document, version: Some(version), in_force: false, decisions });
    std::iter::once(Row { document, version: counts, in_force: true, decisions }).chain(others).take(most).collect()
}

/// Returns how many versions are drawn of each document: all, or as many as the edition has room for.
fn versions_drawn(documents: &[DocumentFacts], rules: &Rules) -> usize {
    let most = documents.iter().map(|document| document.versions.len()).max().unwrap_or(0).max(1);
    if rules.weight == usize::MAX {
        return most;
    }
    let columns = table().columns;
    let mut weight = 0;
    let nth = |document, n: usize| rows(document, n + 1, rules).into_iter().nth(n);
    let fits = |n: &usize| {
        let rows = documents.iter().filter_map(|document| nth(document, *n));
        weight += rows.map(|row| table::weight_of(&columns, &row, rules)).sum::<usize>();
        weight <= rules.weight
    };
    // All documents get the same number of versions: one that is uploaded again and again takes no room from the
    // others. One version is always drawn.
    (0..most).take_while(fits).count().max(1)
}

fn table<'a>() -> Table<Row<'a>> {
    Table {
        columns: vec![
            left(
                "Document",
                18.0,
                |r| if r.in_force { slot(r.document) } else { Cell::text(&r.document.document_type) },
            ),
            left("Status", 17.0, |r| {
                let status = if r.in_force { status(r.document) } else { not_in_force(r) };
                r.version.into_iter().fold(status, validity)
            }),
            left("Version and file", 24.0, |r| r.version.map(file).unwrap_or_default()),
            left("SHA-256", 16.2, |r| r.version.map(|v| Cell::code(&v.sha256)).unwrap_or_default()),
            left("Decisions (UTC)", 24.8, |r| r.version.map(|v| verdicts::cell(v, r.decisions)).unwrap_or_default()),
        ],
        empty: "No document was asked for when this snapshot was taken.",
    }
}

/// The table of documents without a file, with a line for each.
fn missing<'a>() -> Table<&'a DocumentFacts> {
    Table {
        columns: vec![
            left("Code", 20.0, |d| Cell::default().with(Look::Strong, &d.document_type)),
            left("Document", 40.0, |d| Cell::text(&d.name)),
            left("Requirement", 14.0, |d| Cell::text(words::from_identifier(&d.requirement))),
            left("Criticality", 12.0, |d| Cell::text(words::from_identifier(&d.criticality))),
            left("Gate", 14.0, |d| Cell::text(words::from_identifier(&d.gate))),
        ],
        empty: "Nothing is missing.",
    }
}

/// Returns what the document is, and from which phase on it is needed.
fn slot(document: &DocumentFacts) -> Cell {
    let [requirement, criticality, gate] =
        [&document.requirement, &document.criticality, &document.gate].map(|id| words::from_identifier(id));
    Cell::default()
        .with(Look::Strong, &document.document_type)
        .with(Look::Text, &document.name)
        .with(Look::Muted, format!("{requirement}, {} criticality", criticality.to_lowercase()))
        .with(Look::Muted, format!("Gate: {gate}"))
}

/// Returns the status of a document, and why it is not needed if it was waived.
fn status(document: &DocumentFacts) -> Cell {
    let status = words::from_identifier(&document.status);
    let Some(waiver) = &document.waiver else { return Cell::default().with(Look::Strong, status) };
    Cell::default()
        .with(Look::Strong, "Waived")
        .with(Look::Text, &waiver.reason)
        .with(Look::Muted, format!("by {}, {}", waiver.by, words::time(waiver.at)))
        .with(Look::Muted, format!("Otherwise: {}", status.to_lowercase()))
}

/// Returns why a version is not the one that counts: it was withdrawn, or a newer one has replaced it.
fn not_in_force(row: &Row<'_>) -> Cell {
    if let Some(withdrawn) = row.version.and_then(|version| version.withdrawn.as_ref()) {
        return Cell::default()
            .with(Look::Strong, "Withdrawn, counts no more")
            .with(Look::Text, &withdrawn.reason)
            .with(Look::Muted, format!("by {}, {}", withdrawn.by, words::time(withdrawn.at)));
    }
    let newer = row.document.in_force().map_or(0, |version| version.number);
    Cell::default().with(Look::Muted, format!("Replaced by version {newer}"))
}

/// Adds until when the version is valid, and whether that was assumed, or why nobody has said it.
fn validity(status: Cell, version: &VersionFacts) -> Cell {
    let assumed = version.expiry_assumed.then_some("(assumed from the type's usual validity)");
    match version.expires_on {
        Some(day) => status.labelled("Valid until", day.to_string()).with_some(Look::Muted, assumed),
        None => match (version.expiry.as_deref(), &version.date_waived) {
            (Some("not_given"), _) => status.with(Look::Strong, "No date given"),
            (_, Some(waiver)) => status
                .labelled("Needs no date", &waiver.reason)
                .with(Look::Muted, format!("by {}, {}", waiver.by, words::time(waiver.at))),
            _ => status.with(Look::Muted, "Does not run out"),
        },
    }
}

/// Returns what was uploaded, by whom and when.
fn file(version: &VersionFacts) -> Cell {
    let cell = Cell::default()
        .with(Look::Strong, format!("Version {}", version.number))
        .with(Look::Text, &version.file_name)
        .with(Look::Muted, format!("{} bytes", words::count(version.file_size)))
        .with(Look::Muted, format!("{} ({})", version.uploaded_by, words::from_identifier(&version.uploaded_by_role)))
        .with(Look::Muted, words::time(version.uploaded_at));
    match &version.notes {
        Some(notes) => cell.labelled("Note", notes),
        None => cell,
    }
}
