//! The documents of each vessel and of the STS operation: status, version, validity, who decided. Hashes are in the
//! appendix, by the number of the exhibit.

use std::rc::Rc;

use super::told::Told;
use super::{fill, say};
use crate::content::block::{Block, Part};
use crate::content::cell::{Anchor, Cell, Look};
use crate::content::documents::{is_untouched, owners};
use crate::content::table::{Table, left};
use crate::content::verdicts;
use crate::record::{DocumentFacts, VersionFacts};
use crate::words;

/// The number of superseded decisions that are drawn of a version, beyond those that count.
const SUPERSEDED: usize = 3;

type Row<'a> = (Rc<Told<'a>>, &'a DocumentFacts);

pub(super) fn parts<'a>(told: &Rc<Told<'a>>) -> Vec<Part<'a>> {
    let record = told.record;
    let Some(documents) = &record.documents else {
        let said = say("documents_and_their");
        return vec![Part { heading: say("documents").to_owned(), blocks: vec![Block::aside(said)] }];
    };
    let owners = owners(record, documents);
    let weight = told.rules.weight / 2 / owners.len().max(1);
    let part = |(owner, heading): (Option<&str>, String)| {
        let of_owner: Vec<_> = documents.iter().filter(|document| document.vessel_id.as_deref() == owner).collect();
        let done =
            of_owner.iter().filter(|document| document.status == "approved" || document.waiver.is_some()).count();
        let [all, done] = [of_owner.len(), done].map(|count| count as u64);
        let caption =
            fill("of_which_approved", &[("1", &words::number_of(all, "document")), ("2", &words::count(done))]);
        // In a new room most documents have no file: one line for each keeps the report readable.
        let (missing, touched): (Vec<_>, Vec<_>) = of_owner.into_iter().partition(|document| is_untouched(document));
        let mut blocks = Vec::new();
        if !touched.is_empty() || missing.is_empty() {
            let rows = touched.into_iter().map(|document| (Rc::clone(told), document));
            blocks.push(table().captioned(caption).bounded(weight, told.rules).dense().with(rows));
        }
        if !missing.is_empty() {
            let table = untouched().captioned(say("nothing_was_uploaded")).bounded(weight / 4, told.rules);
            blocks.push(table.dense().with(missing));
        }
        Part { heading, blocks }
    };
    owners.into_iter().map(part).collect()
}

fn table<'a>() -> Table<Row<'a>> {
    Table {
        columns: vec![
            left(say("document"), 29.0, |(_, document)| {
                Cell::default()
                    .with(Look::Strong, &document.name)
                    .with(Look::Muted, terms(document))
                    .at(Anchor::Document(document.id.clone()))
            }),
            left(say("status"), 14.0, |(told, document)| status(told, document)),
            left(say("valid_until"), 14.0, |(told, document)| {
                document.in_force().map(|version| validity(told, version)).unwrap_or_default()
            }),
            left(say("version_in_force"), 21.0, |(told, document)| {
                document.in_force().map(|version| in_force(told, version)).unwrap_or_default()
            }),
            left(say("decided_by_utc"), 22.0, |(told, document)| {
                document.in_force().map(|version| decisions(told, version)).unwrap_or_default()
            }),
        ],
        empty: say("no_document_was"),
    }
}

/// The table of documents without a file, with a line for each.
fn untouched<'a>() -> Table<&'a DocumentFacts> {
    Table {
        columns: vec![
            left(say("code"), 17.0, |document: &&DocumentFacts| {
                Cell::text(&document.document_type).at(Anchor::Document(document.id.clone()))
            }),
            left(say("document"), 49.0, |document| Cell::text(&document.name)),
            left(say("requirement"), 17.0, |document| Cell::text(words::from_identifier(&document.requirement))),
            left(say("gate"), 17.0, |document| Cell::text(words::from_identifier(&document.gate))),
        ],
        empty: say("nothing_is_missing"),
    }
}

fn terms(document: &DocumentFacts) -> String {
    let [requirement, gate] =
        [&document.requirement, &document.gate].map(|id| words::from_identifier(id).to_lowercase());
    fill("terms_of_document", &[("1", &document.document_type), ("requirement", &requirement), ("gate", &gate)])
}

fn status(told: &Told<'_>, document: &DocumentFacts) -> Cell {
    let status = words::from_identifier(&document.status);
    match &document.waiver {
        Some(waiver) => Cell::default()
            .with(Look::Strong, say("waived"))
            .with(Look::Text, format!("“{}”", waiver.reason))
            .with(Look::Muted, format!("{}, {}", told.name(&waiver.by), words::minute(waiver.at))),
        None if ["rejected", "expired"].contains(&document.status.as_str()) => {
            Cell::default().with(Look::Alert, status)
        }
        None => Cell::default().with(Look::Strong, status).with_some(Look::Muted, awaited(told, document)),
    }
}

/// Returns whose approval a document awaits. `None` if it awaits nobody's.
fn awaited(told: &Told<'_>, document: &DocumentFacts) -> Option<String> {
    if document.awaits_another_side {
        return Some(say("own_side_alone").into());
    }
    let each = document.awaited.iter().map(|(role, parties)| {
        let role = words::from_identifier(role).to_lowercase();
        let names: Vec<_> = parties.iter().map(|address| told.name(address)).collect();
        match (names.is_empty(), told.is_closed()) {
            (true, _) => fill("nobody_to_approve", &[("role", &role)]),
            (false, closed) => {
                let from = format!("{} ({role})", names.join(", "));
                fill(if closed { "no_reply_from" } else { "awaiting_reply_from" }, &[("1", &from)])
            }
        }
    });
    let each: Vec<_> = each.collect();
    (!each.is_empty()).then(|| each.join("; "))
}

fn validity(told: &Told<'_>, version: &VersionFacts) -> Cell {
    match (version.expires_on, version.expiry.as_deref(), &version.date_waived) {
        (Some(day), ..) => {
            let assumed = version.expiry_assumed.then_some(say("assumed_not_given"));
            Cell::text(day.to_string()).with_some(Look::Muted, assumed)
        }
        (None, Some("not_given"), _) => Cell::default().with(Look::Alert, say("without_a_date")),
        (None, _, Some(waiver)) => {
            Cell::text("Needs no date").with(Look::Muted, format!("“{}”, {}", waiver.reason, told.name(&waiver.by)))
        }
        (None, ..) => Cell::default().with(Look::Muted, say("does_not_expire")),
    }
}

fn in_force(told: &Told<'_>, version: &VersionFacts) -> Cell {
    let number = told.exhibit(&version.id).unwrap_or_default();
    let by = format!("{}, {}", told.name(&version.uploaded_by), words::minute(version.uploaded_at));
    Cell::default()
        .linked(
            Look::Strong,
            fill("exhibit_version", &[("number", &number), ("1", &version.number)]),
            Anchor::Exhibit(number),
        )
        .with(Look::Muted, by)
        .with_some(Look::Text, version.notes.as_deref().map(|notes| format!("“{notes}”")))
}

/// Returns the decisions that count, newest first, and the last ones that they replaced.
fn decisions(told: &Told<'_>, version: &VersionFacts) -> Cell {
    let mut superseded = 0;
    let mut cell = Cell::default();
    for verdict in verdicts::of_version(version).rev() {
        superseded += usize::from(verdict.superseded);
        if verdict.superseded && superseded > SUPERSEDED {
            continue;
        }
        let decision = verdict.decision;
        let word = verdict_in_words(&decision.verdict);
        let (look, word) = match (verdict.superseded, decision.verdict.as_str()) {
            (true, _) => (Look::Muted, fill("replaced", &[("1", &word.to_lowercase())])),
            (false, "rejected") => (Look::Alert, word),
            (false, _) => (Look::Strong, word),
        };
        let by = format!(
            "{} ({}), {}",
            told.name(&decision.by),
            words::from_identifier(&decision.role).to_lowercase(),
            words::minute(decision.decided_at)
        );
        cell = cell
            .with(look, word)
            .with(Look::Muted, by)
            .with_some(Look::Text, decision.comment.as_deref().map(|comment| format!("“{comment}”")));
    }
    let more = superseded.saturating_sub(SUPERSEDED);
    cell.with_some(Look::Muted, (more > 0).then(|| fill("earlier_ones_are", &[("more", &more)])))
}

/// Returns a verdict as the trade says it: `Approved on subjects`.
pub(super) fn verdict_in_words(verdict: &str) -> String {
    match verdict {
        "approved_with_subjects" => say("approved_on_subjects").to_owned(),
        other => words::from_identifier(other),
    }
}
